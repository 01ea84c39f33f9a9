//! `geo:`, `waf:` and `domain:` of the edge, and what goes wrong with each.

use serde_json::{Value, json};

use super::{deploy_seconds, output};
use crate::{
    harness::{Site, standings},
    twin::{self, Answer},
};

const NAME: &str = "api.example.com";

/// A lab with `options` below `edge:`.
fn lab(options: &str) -> Site {
    let site = Site::ready("cloudfront-edge");
    site.ok("local start");
    deploy_seconds(&site, 0.0);
    edge(&site, options);
    site
}

fn edge(site: &Site, options: &str) {
    let file = site.read("lab.yaml");
    let (rest, _) = file.split_once("\nedge:").expect("an edge");
    site.write(
        "lab.yaml",
        format!("{rest}\nedge:\n  comment: d-cloudfront-edge\n{options}"),
    );
}

fn waf(site: &Site, operation: &str, input: &Value) -> Value {
    let target = format!("AWSWAF_20190729.{operation}");
    let answer = twin::json_call(&site.endpoint(), "wafv2", &target, input);
    assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
    answer.json()
}

fn acm(site: &Site, operation: &str, input: &Value) -> Value {
    let target = format!("CertificateManager.{operation}");
    let answer = twin::json_call(&site.endpoint(), "acm", &target, input);
    assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
    answer.json()
}

/// A call of Route 53, whose requests are XML.
fn route53(site: &Site, method: &str, path: &str, body: &str) -> Answer {
    let endpoint = site.endpoint();
    let scope = twin::Account::new(&endpoint, "000000000000").scope("route53");
    let request = twin::request(method, &format!("{endpoint}/2013-04-01{path}"));
    let request = request.header("authorization", scope);
    let answer = twin::send(request, body);
    assert!(answer.status < 300, "{method} {path}: {}", answer.body);
    answer
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text
        .split_once(from)
        .unwrap_or_else(|| panic!("no {from} in {text}"));
    rest.split(to).next().unwrap_or_default()
}

fn new_zone(site: &Site) -> String {
    let zone = "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
                <Name>example.com</Name><CallerReference>a</CallerReference></CreateHostedZoneRequest>";
    let made = route53(site, "POST", "/hostedzone", zone);
    between(&made.body, "<Id>/hostedzone/", "<").to_owned()
}

fn change(site: &Site, zone: &str, action: &str, set: &str) {
    let batch = format!(
        "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch>\
         <Changes><Change><Action>{action}</Action><ResourceRecordSet>{set}</ResourceRecordSet></Change></Changes>\
         </ChangeBatch></ChangeResourceRecordSetsRequest>"
    );
    route53(site, "POST", &format!("/hostedzone/{zone}/rrset/"), &batch);
}

fn plain_record(name: &str, kind: &str, value: &str) -> String {
    format!(
        "<Name>{name}</Name><Type>{kind}</Type><TTL>60</TTL><ResourceRecords><ResourceRecord>\
         <Value>{value}</Value></ResourceRecord></ResourceRecords>"
    )
}

/// Names and types of a zone's records.
fn records(site: &Site, zone: &str) -> Vec<String> {
    let all = route53(site, "GET", &format!("/hostedzone/{zone}/rrset"), "");
    let sets = all.body.split("<ResourceRecordSet>").skip(1);
    sets.map(|set| {
        format!(
            "{} {}",
            between(set, "<Type>", "<"),
            between(set, "<Name>", "<")
        )
    })
    .collect()
}

/// A viewer's request by the lab's own domain.
fn visit(site: &Site, path: &str, country: Option<&str>) -> Answer {
    let request = twin::request("GET", &format!("{}{path}", site.endpoint())).header("host", NAME);
    let request = match country {
        Some(country) => request.header("x-localaws-country", country),
        None => request,
    };
    twin::send(request, "")
}

/// A lab with all of the options, in a zone of its own; answers the zone's id.
pub(super) fn whole() -> (Site, String) {
    let site = lab("");
    let zone = new_zone(&site);
    let issued = json!({ "domain_names": [NAME] });
    let made = twin::local(&site.endpoint(), "POST", "/acm", Some(&issued)).json();
    let arn = made["certificate_arn"].as_str().expect("an ARN");
    let domain = format!("  domain: {{ name: {NAME}, zone: {zone}, certificate: '{arn}' }}\n");
    edge(
        &site,
        &format!("  geo: [AT, DE]\n  waf: rate-limit\n{domain}"),
    );
    (site, zone)
}

#[test]
fn a_domain_of_ones_own_needs_an_issued_certificate() {
    let site = lab("");
    let zone = new_zone(&site);
    let asked = json!({ "DomainName": NAME, "ValidationMethod": "DNS" });
    let arn = acm(&site, "RequestCertificate", &asked)["CertificateArn"].clone();
    let arn = arn.as_str().expect("an ARN").to_owned();
    let domain = format!(
        "  geo: [AT, DE]\n  domain: {{ name: {NAME}, zone: {zone}, certificate: '{arn}' }}\n"
    );
    edge(&site, &domain);
    site.labctl("up --local").code(1).complains(&[
        "InvalidViewerCertificate",
        "ACM has issued in us-east-1",
        "edge.domain",
    ]);
    site.labctl("verify")
        .code(1)
        .complains(&["not built", "labctl up"]);

    // The certificate is issued when its record is there; a stranger has the domain.
    let described = acm(
        &site,
        "DescribeCertificate",
        &json!({ "CertificateArn": arn }),
    );
    let record = &described["Certificate"]["DomainValidationOptions"][0]["ResourceRecord"];
    let text = |name: &str| record[name].as_str().expect("text").to_owned();
    let proof = plain_record(&text("Name"), "CNAME", &text("Value"));
    change(&site, &zone, "CREATE", &proof);
    let before = records(&site, &zone);
    let stranger = plain_record(NAME, "A", "192.0.2.1");
    change(&site, &zone, "CREATE", &stranger);
    site.labctl("up --local").code(1).complains(&[
        NAME,
        "not to this lab's distribution",
        "leaves it alone",
    ]);
    site.ok("down");
    assert_eq!(records(&site, &zone).len(), before.len() + 1);
    change(&site, &zone, "DELETE", &stranger);

    site.ok("up --local");
    site.ok("verify");
    assert!(records(&site, &zone).contains(&format!("A {NAME}.")));
    assert_eq!(visit(&site, "/status", None).body, "Hello from Lambda!");
    assert_eq!(visit(&site, "/status", Some("AT")).status, 200);
    assert_eq!(visit(&site, "/status", Some("FR")).status, 403);

    // The record is taken away by hand, and made again; a changed list of countries is deployed.
    let target = output(&site, "distribution", "domain_name");
    let alias = format!(
        "<Name>{NAME}</Name><Type>A</Type><AliasTarget><HostedZoneId>Z2FDTNDATAQYW2</HostedZoneId>\
         <DNSName>{target}</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>"
    );
    change(&site, &zone, "DELETE", &alias);
    let status = site.labctl("status --json").code(3).json();
    assert!(standings(&status).contains(&("record_set".to_owned(), "missing".to_owned())));
    edge(&site, &domain.replace("[AT, DE]", "[AT, FR]"));
    let said = site.labctl("status").code(3);
    assert!(
        said.out
            .contains("GeoRestriction: wanted AT, FR, seen AT, DE"),
        "{}",
        said.out
    );
    site.ok("up --local");
    assert_eq!(visit(&site, "/status", Some("FR")).status, 200);
    site.ok("status");

    // The domain goes from the lab, then the lab.
    edge(&site, "  geo: [AT]\n");
    site.ok("up --local");
    assert_eq!(records(&site, &zone), before);
    assert_ne!(visit(&site, "/status", None).status, 200);
    site.ok("verify");
    site.ok("down --prove");
    assert_eq!(records(&site, &zone), before);
    assert_eq!(twin::everything(&site.endpoint()), Vec::<String>::new());
}

#[test]
fn a_web_acl_stops_who_asks_too_often() {
    let site = lab("  waf: { rate_limit: 100 }\n");
    let quota = |web_acls: Value| {
        let set = twin::local(
            &site.endpoint(),
            "POST",
            "/wafv2",
            Some(&json!({ "web_acls": web_acls })),
        );
        assert_eq!(set.status, 200, "{}", set.body);
    };
    quota(json!(0));
    site.labctl("up --local").code(1).complains(&[
        "web_acl",
        "WAFLimitsExceededException",
        "a quota of the account is used up",
    ]);
    quota(json!(100));
    site.ok("up --local");
    site.ok("verify");

    let scope = json!({ "Scope": "CLOUDFRONT" });
    let acls = waf(&site, "ListWebACLs", &scope)["WebACLs"].clone();
    assert_eq!(acls.as_array().map(Vec::len), Some(1), "{acls:#}");
    let me = json!({ "Scope": "CLOUDFRONT", "Name": acls[0]["Name"], "Id": acls[0]["Id"] });
    let url = site.status()["outputs"]["invoke_url"]
        .as_str()
        .expect("a URL")
        .replace("/demo", "/status");
    let blocked = (0..150)
        .map(|_| twin::get(&url, None))
        .find(|answer| answer.status == 403);
    assert!(blocked.is_some_and(|page| page.body.contains("Request blocked")));

    // Changed by hand, it is told and mended; a limit of the file is taken over.
    let now = waf(&site, "GetWebACL", &me);
    let mut other = me.clone();
    other["LockToken"] = now["LockToken"].clone();
    other["DefaultAction"] = json!({ "Block": {} });
    other["Rules"] = json!([]);
    other["VisibilityConfig"] = now["WebACL"]["VisibilityConfig"].clone();
    waf(&site, "UpdateWebACL", &other);
    let said = site.labctl("status").code(3);
    for words in [
        "Rules: wanted rate-limit: blocked above 100 in 300 s by IP, seen nothing",
        "DefaultAction: wanted Allow, seen Block",
    ] {
        assert!(said.out.contains(words), "{}", said.out);
    }
    edge(&site, "  waf: rate-limit\n");
    site.ok("up --local");
    site.ok("status");
    let rules = waf(&site, "GetWebACL", &me)["WebACL"]["Rules"].clone();
    assert_eq!(
        rules[0]["Statement"]["RateBasedStatement"]["Limit"], 2000,
        "{rules:#}"
    );
    site.ok("verify");

    // What the distribution still uses goes after it has let go.
    edge(&site, "");
    site.ok("up --local");
    assert_eq!(waf(&site, "ListWebACLs", &scope)["WebACLs"], json!([]));
    edge(&site, "  waf: rate-limit\n");
    site.ok("up --local");
    site.ok("down --prove");
    assert_eq!(waf(&site, "ListWebACLs", &scope)["WebACLs"], json!([]));
}

/// A web ACL of somebody else with the lab's name is not touched.
#[test]
fn a_stranger_s_web_acl_stays() {
    let site = lab("  waf: rate-limit\n");
    let acl = json!({
        "Name": "labctl-cloudfront-edge",
        "Scope": "CLOUDFRONT",
        "DefaultAction": { "Allow": {} },
        "VisibilityConfig": { "SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": "a" },
    });
    waf(&site, "CreateWebACL", &acl);
    site.labctl("up --local")
        .code(1)
        .complains(&["web ACL", "leaves it alone"]);
    site.ok("down");
    let acls = waf(&site, "ListWebACLs", &json!({ "Scope": "CLOUDFRONT" }));
    assert_eq!(
        acls["WebACLs"].as_array().map(Vec::len),
        Some(1),
        "{acls:#}"
    );
}
