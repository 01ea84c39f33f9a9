//! Resources that the user owns before `up`: a hosted zone and a certificate.

use serde_json::json;

use super::twin::{self, Account, request, send, texts};

/// Creates the zone and the certificate if the lab names them, and returns the lab's text with their ids. Aliases are
/// unique among all accounts, so the domain contains the account's id.
pub(crate) fn provide(account: &Account, lab: &str) -> String {
    if !lab.contains("ZONE") {
        return lab.to_owned();
    }
    let domain = format!("{}.example.com", account.id);
    let zone = zone(account, &domain);
    let asked = json!({ "account": account.id, "domain_names": [format!("*.{domain}")] });
    let made = twin::local(&account.endpoint, "POST", "/acm", Some(&asked)).json();
    let certificate = made["certificate_arn"].as_str().expect("an ARN");
    lab.replace("DOMAIN", &domain)
        .replace("CERTIFICATE", certificate)
        .replace("ZONE", &zone)
}

/// Creates a hosted zone and returns its id.
fn zone(account: &Account, domain: &str) -> String {
    let body = format!(
        "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>{domain}</Name>\
         <CallerReference>the user's</CallerReference></CreateHostedZoneRequest>"
    );
    let made = route53(account, "/hostedzone", &body);
    let ids = texts(&made, "Id");
    let id = ids.iter().find_map(|id| id.strip_prefix("/hostedzone/"));
    id.expect("a zone's id").to_owned()
}

/// A change by Route 53, whose requests are XML; returns the answer.
pub(crate) fn route53(account: &Account, path: &str, body: &str) -> String {
    let request = request("POST", &format!("{}/2013-04-01{path}", account.endpoint))
        .header("authorization", account.scope("route53"));
    let answer = send(request, body);
    assert!(answer.status < 300, "{path}: {}", answer.body);
    answer.body
}
