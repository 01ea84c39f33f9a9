//! Domain names of the owner's, with certificates.

use super::*;
use crate::acm;

impl Twin {
    /// The ARN of a certificate that is issued.
    fn certificate(&self, region: &str, names: &[&str]) -> String {
        let setting = json!({"account": ACCOUNT, "region": region, "domain_names": names});
        let made = acm::set(&self.app, setting.to_string().as_bytes()).unwrap();
        made["certificate_arn"].as_str().unwrap().to_owned()
    }
}

fn named(config: &Value, aliases: &[&str], certificate: Value) -> Value {
    let aliases = json!({"Quantity": aliases.len(), "Items": aliases});
    with(
        config,
        [("/Aliases", aliases), ("/ViewerCertificate", certificate)],
    )
}

fn sni(arn: &str) -> Value {
    json!({"ACMCertificateArn": arn, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"})
}

#[tokio::test]
async fn the_edge_answers_to_an_alias() {
    let twin = Twin::new();
    let api = twin.api("hello").await;
    let arn = twin.certificate("us-east-1", &["api.example.com", "*.lab.example.com"]);
    let good = named(
        &config(&api),
        &["API.example.com", "*.lab.example.com"],
        sni(&arn),
    );
    let (id, _) = twin.made(&good).await;
    let got = twin
        .call("GET", &format!("distribution/{id}"), "", "")
        .await;
    for (element, wanted) in [
        ("CertificateSource", "acm"),
        ("ACMCertificateArn", &arn),
        ("MinimumProtocolVersion", "TLSv1.2_2021"),
        ("CNAME", "API.example.com"),
    ] {
        assert_eq!(got.element(element), wanted);
    }
    for host in [
        "api.example.com",
        "Api.Example.Com:4588",
        "x.lab.example.com",
    ] {
        let seen = twin.view(host, "/demo", &[]).await;
        assert_eq!((seen.status, seen.body.as_str()), (200, "hello"), "{host}");
    }
    assert!(
        is_alias(&twin.app, "x.lab.example.com") && !is_alias(&twin.app, "x.y.lab.example.com")
    );
    // To whom it redirects is who asked.
    let policy = (
        "/DefaultCacheBehavior/ViewerProtocolPolicy",
        json!("redirect-to-https"),
    );
    twin.update(&id, &with(&good, [policy])).await;
    let seen = twin
        .view("api.example.com", "/demo", &[("x-forwarded-proto", "http")])
        .await;
    assert_eq!(seen.header("location"), "https://api.example.com/demo");
    // Edges know a new name when it is deployed.
    twin.deploy_in(3600.0);
    assert_eq!(
        twin.update(&id, &named(&good, &["x.lab.example.com"], sni(&arn)))
            .await,
        "200"
    );
    assert!(is_alias(&twin.app, "api.example.com"));
    twin.deploy_in(0.0);
    assert!(!is_alias(&twin.app, "api.example.com") && is_alias(&twin.app, "x.lab.example.com"));
}

#[tokio::test]
async fn certificates_and_names_that_are_refused() {
    let twin = Twin::new();
    let good = config("abc.execute-api.us-east-1.amazonaws.com");
    let arn = twin.certificate("us-east-1", &["*.example.com"]);
    let elsewhere = twin.certificate("eu-west-1", &["*.example.com"]);
    let invalid = "400 InvalidViewerCertificate: ";
    let alias = &["api.example.com"][..];
    let bad = |changes: Value| {
        let mut certificate = sni(&arn);
        certificate
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        certificate
    };
    for (aliases, certificate, wanted) in [
        (
            alias,
            json!({"CloudFrontDefaultCertificate": true}),
            format!("{invalid}To add an alternate domain name"),
        ),
        (
            alias,
            sni(&elsewhere),
            format!(
                "{invalid}The specified SSL certificate doesn't exist, isn't in us-east-1 region"
            ),
        ),
        (
            alias,
            sni(&arn.replace("certificate/", "certificate/0")),
            format!("{invalid}The specified SSL certificate doesn't exist"),
        ),
        (
            &["api.example.org"],
            sni(&arn),
            format!("{invalid}The certificate that is attached to your distribution doesn't cover"),
        ),
        (
            &["a.b.example.com"],
            sni(&arn),
            format!("{invalid}The certificate that is attached"),
        ),
        (
            alias,
            json!({ "ACMCertificateArn": arn }),
            invalid.to_owned(),
        ),
        (
            alias,
            bad(json!({"CloudFrontDefaultCertificate": true})),
            invalid.to_owned(),
        ),
        (
            alias,
            bad(json!({"SSLSupportMethod": "vip"})),
            "501 NotImplementedException: labctl's local AWS does not serve SSLSupportMethod vip"
                .to_owned(),
        ),
        (
            &["a_b"],
            sni(&arn),
            "400 InvalidArgument: The parameter CNAME".to_owned(),
        ),
    ] {
        let outcome = twin
            .create(&named(&good, aliases, certificate.clone()))
            .await;
        assert!(
            outcome.starts_with(&wanted),
            "{aliases:?} {certificate}: {outcome}"
        );
    }
    let (first, _) = twin.made(&named(&good, alias, sni(&arn))).await;
    let other = with(&good, [("/CallerReference", json!("other"))]);
    let taken = twin
        .create(&named(
            &other,
            &["other.example.com", "API.example.com"],
            sni(&arn),
        ))
        .await;
    let wanted = "409 CNAMEAlreadyExists: One or more of the CNAMEs you provided are already associated with a different resource.";
    assert_eq!(taken, wanted);
    let (second, _) = twin.made(&other).await;
    assert_eq!(
        twin.update(&second, &named(&other, alias, sni(&arn))).await,
        wanted
    );
    // Its own name is no other's, and one with a star is another name.
    assert_eq!(
        twin.update(&first, &named(&good, alias, sni(&arn))).await,
        "200"
    );
    assert_eq!(
        twin.update(&second, &named(&other, &["*.example.com"], sni(&arn)))
            .await,
        "200"
    );
    let in_use = twin.app.read(|world| {
        world.accounts[ACCOUNT]
            .cloudfront
            .with_certificate(ACCOUNT, &arn)
    });
    assert_eq!(in_use.len(), 2);
}
