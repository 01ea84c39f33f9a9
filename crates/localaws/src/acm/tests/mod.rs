//! The service as the wire layer drives it, with Route 53's records.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{path::PathBuf, sync::Arc};

use serde_json::{Value, json};

use super::{handle, set};
use crate::{
    app::{App, Config},
    call::{Call, Service},
    route53,
    world::World,
};

const ACCOUNT: &str = "111122223333";

struct Twin {
    app: Arc<App>,
}

impl Twin {
    fn new() -> Self {
        let config = Config::at(PathBuf::new());
        Self {
            app: Arc::new(App::new(config, World::default())),
        }
    }

    fn any(&self, service: Service, operation: &str, input: Value) -> Result<Value, String> {
        let call = Call {
            service,
            operation: operation.to_owned(),
            input,
            account: ACCOUNT.to_owned(),
            caller: None,
            region: "us-east-1".to_owned(),
            request_id: String::new(),
        };
        let answer = match service {
            Service::Route53 => route53::handle(&self.app, &call),
            _ => handle(&self.app, &call),
        };
        answer.map_err(|e| format!("{} {}: {}", e.status, e.code, e.message))
    }

    fn ok(&self, operation: &str, input: Value) -> Value {
        self.any(Service::Acm, operation, input).unwrap()
    }

    fn refused(&self, operation: &str, input: Value) -> String {
        self.any(Service::Acm, operation, input).unwrap_err()
    }

    fn described(&self, arn: &Value) -> Value {
        self.ok("DescribeCertificate", json!({ "CertificateArn": arn }))["Certificate"].clone()
    }
}

#[test]
fn a_certificate_is_issued_when_its_records_are_there() {
    let twin = Twin::new();
    let request = json!({
        "DomainName": "api.example.com", "SubjectAlternativeNames": ["*.api.example.com", "API.example.com"],
        "ValidationMethod": "DNS", "IdempotencyToken": "t", "Tags": [{"Key": "a", "Value": "b"}],
    });
    let arn = twin.ok("RequestCertificate", request.clone())["CertificateArn"].clone();
    assert_eq!(
        twin.ok("RequestCertificate", request)["CertificateArn"],
        arn
    );
    let pending = twin.described(&arn);
    assert_eq!(pending["Status"], "PENDING_VALIDATION");
    assert_eq!(
        pending["SubjectAlternativeNames"],
        json!(["api.example.com", "*.api.example.com"])
    );
    let options = pending["DomainValidationOptions"].as_array().unwrap();
    let record = &options[0]["ResourceRecord"];
    assert_eq!(
        *record, options[1]["ResourceRecord"],
        "a star needs no record of its own"
    );

    let zone = json!({"Name": "example.com", "CallerReference": "r"});
    let zone = twin
        .any(Service::Route53, "CreateHostedZone", zone)
        .unwrap()["HostedZone"]["Id"]
        .clone();
    let change = |value: &Value| {
        let set = json!({"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{ "Value": value }]});
        let batch = json!({"Changes": [{"Action": "UPSERT", "ResourceRecordSet": set}]});
        let input = json!({"HostedZoneId": zone, "ChangeBatch": batch});
        twin.any(Service::Route53, "ChangeResourceRecordSets", input)
            .unwrap();
    };
    change(&json!("_wrong.acm-validations.aws."));
    assert_eq!(twin.described(&arn)["Status"], "PENDING_VALIDATION");
    change(&record["Value"]);
    let issued = twin.described(&arn);
    assert_eq!(issued["Status"], "ISSUED");
    assert!(issued["NotAfter"].as_f64() > issued["NotBefore"].as_f64());
    // Once issued it stays so; another one for the name needs no new record.
    change(&json!("_wrong.acm-validations.aws."));
    assert_eq!(twin.described(&arn)["Status"], "ISSUED");
    change(&record["Value"]);
    let again = json!({"DomainName": "api.example.com", "ValidationMethod": "DNS"});
    let again = twin.ok("RequestCertificate", again)["CertificateArn"].clone();
    assert_eq!(twin.described(&again)["Status"], "ISSUED");

    let all = twin.ok("ListCertificates", json!({}));
    assert_eq!(all["CertificateSummaryList"].as_array().unwrap().len(), 2);
    let pending = twin.ok(
        "ListCertificates",
        json!({"CertificateStatuses": ["PENDING_VALIDATION"]}),
    );
    assert_eq!(pending["CertificateSummaryList"], json!([]));
    let first = twin.ok("ListCertificates", json!({"MaxItems": 1}));
    let second = twin.ok(
        "ListCertificates",
        json!({"MaxItems": 1, "NextToken": first["NextToken"]}),
    );
    assert_ne!(
        first["CertificateSummaryList"],
        second["CertificateSummaryList"]
    );

    let one = json!({ "CertificateArn": arn });
    assert_eq!(
        twin.ok("ListTagsForCertificate", one.clone())["Tags"],
        json!([{"Key": "a", "Value": "b"}])
    );
    let tagged = |key: &str, value: &str| json!({"CertificateArn": arn, "Tags": [{"Key": key, "Value": value}]});
    twin.ok("AddTagsToCertificate", tagged("c", "d"));
    twin.ok("RemoveTagsFromCertificate", tagged("c", "other"));
    twin.ok("RemoveTagsFromCertificate", tagged("a", "b"));
    assert_eq!(
        twin.ok("ListTagsForCertificate", one.clone())["Tags"],
        json!([{"Key": "c", "Value": "d"}])
    );
    twin.ok("DeleteCertificate", one.clone());
    let gone = twin.refused("DescribeCertificate", one);
    assert!(gone.starts_with("400 ResourceNotFoundException"), "{gone}");
}

#[test]
fn certificates_that_are_refused() {
    let twin = Twin::new();
    for (more, wanted) in [
        (
            json!({"ValidationMethod": "EMAIL"}),
            "501 NotImplementedException: labctl's local AWS does not serve validation of certificates by EMAIL",
        ),
        (
            json!({"ValidationMethod": null}),
            "501 NotImplementedException",
        ),
        (
            json!({"KeyAlgorithm": "EC_prime256v1"}),
            "501 NotImplementedException",
        ),
        (
            json!({"CertificateAuthorityArn": "arn:x"}),
            "501 NotImplementedException",
        ),
        (
            json!({"DomainName": "-a.b"}),
            "400 InvalidParameterException",
        ),
        (
            json!({"Tags": [{"Key": "aws:x"}]}),
            "400 InvalidTagException",
        ),
        (
            json!({"SubjectAlternativeNames": (0..10).map(|n| format!("a{n}.b.c")).collect::<Vec<_>>()}),
            "400 LimitExceededException",
        ),
    ] {
        let mut input = json!({"DomainName": "a.b", "ValidationMethod": "DNS"});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let refused = twin.refused("RequestCertificate", input);
        assert!(refused.starts_with(wanted), "{more}: {refused}");
    }
    let refused = twin.refused("ImportCertificate", json!({}));
    assert_eq!(
        refused,
        "501 NotImplementedException: labctl's local AWS does not serve Acm.ImportCertificate"
    );
}

#[test]
fn certificates_of_tests() {
    let twin = Twin::new();
    let put = |setting: Value| set(&twin.app, setting.to_string().as_bytes());
    let made = put(json!({"account": ACCOUNT, "domain_names": ["api.example.com"]})).unwrap();
    assert_eq!(twin.described(&made["certificate_arn"])["Status"], "ISSUED");
    let elsewhere = put(json!({"region": "eu-west-1", "domain_names": ["a.b"]})).unwrap();
    let arn = elsewhere["certificate_arn"].as_str().unwrap();
    assert!(
        arn.starts_with("arn:aws:acm:eu-west-1:000000000000:certificate/"),
        "{arn}"
    );
    for bad in [
        json!({}),
        json!({"domain_names": []}),
        json!({"domain_names": ["a"]}),
        json!({"domain_names": ["a.b"], "account": "1"}),
        json!({"domain_names": ["a.b"], "region": "x/y"}),
        json!({"domain_names": ["a.b"], "more": 1}),
    ] {
        assert!(put(bad.clone()).is_err(), "{bad}");
    }
}
