//! What `down --prove` finds of an edge, with the commands that remove it (tests/outside runs them).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{deploy_seconds, options, output};
use crate::{harness::Site, twin};

fn receipt(site: &Site, line: &str, code: i32) -> Value {
    let events = site.labctl(line).code(code).events();
    let receipt = events.into_iter().find(|e| e["event"] == "receipt");
    receipt.expect("a receipt")
}

fn survivors(receipt: &Value) -> BTreeSet<String> {
    let all = receipt["survivors"].as_array().expect("a list").iter();
    all.map(|s| {
        format!(
            "{} {}",
            s["kind"].as_str().unwrap_or_default(),
            s["name"].as_str().unwrap_or_default()
        )
    })
    .collect()
}

#[test]
fn what_cannot_be_deleted_is_told_and_goes_with_the_next_down() {
    let (site, zone) = options::whole();
    deploy_seconds(&site, 0.0);
    site.ok("up --local");
    let refused = [
        "cloudfront:DeleteDistribution",
        "apigateway:DeleteApiKey",
        "apigateway:UpdateUsagePlan",
        "route53:ChangeResourceRecordSets",
    ];
    let refused = refused.map(|operation| {
        let rule = json!({ "operation": operation, "action": "denied", "times": 0 });
        twin::Rule::set(&site.endpoint(), &rule)
    });
    let receipt = receipt(&site, "down --prove --json", 6);
    drop(refused);
    let kinds = [
        "api_key labctl-cloudfront-edge-1",
        "distribution d-cloudfront-edge",
        "record_set api.example.com",
        "rest_api d-apigw-edge",
        "usage_plan labctl-cloudfront-edge",
        "web_acl labctl-cloudfront-edge",
    ];
    assert_eq!(survivors(&receipt), kinds.map(str::to_owned).into());
    let all = receipt["survivors"].as_array().expect("a list");
    let command = |kind: &str| {
        let found = all.iter().find(|s| s["kind"] == kind).expect("a survivor");
        found["command"].as_str().expect("a command").to_owned()
    };
    let id = output(&site, "distribution", "id");
    for (kind, parts) in [
        (
            "distribution",
            vec![
                "get-distribution-config",
                "update-distribution",
                "wait distribution-deployed",
                "delete-distribution",
                &id,
            ],
        ),
        (
            "record_set",
            vec!["change-resource-record-sets", "DELETE", &zone],
        ),
        (
            "usage_plan",
            vec![
                "update-usage-plan",
                "op=remove,path=/apiStages",
                "&& aws apigateway delete-usage-plan",
            ],
        ),
        (
            "web_acl",
            vec!["delete-web-acl", "--scope CLOUDFRONT", "--lock-token"],
        ),
        ("api_key", vec!["delete-api-key"]),
    ] {
        let command = command(kind);
        assert!(parts.iter().all(|part| command.contains(part)), "{command}");
    }
    let value = super::secret(&site, &output(&site, "api_key.1", "id"));
    assert!(!receipt.to_string().contains(&value));
    site.ok("down --prove");
}

/// Strangers' things with the lab's names are listed, and not taken for the lab's.
#[test]
fn strangers_are_not_ours() {
    let site = Site::ready("cloudfront-edge");
    site.ok("local start");
    let named = json!({ "name": "labctl-cloudfront-edge-1" });
    twin::rest(
        &site.endpoint(),
        "apigateway",
        "POST",
        "/apikeys",
        Some(&named),
    );
    let named = json!({ "name": "labctl-cloudfront-edge" });
    twin::rest(
        &site.endpoint(),
        "apigateway",
        "POST",
        "/usageplans",
        Some(&named),
    );
    let before = twin::everything(&site.endpoint());
    assert_eq!(before.len(), 2);
    site.ok("up --local");
    site.ok("verify");
    let receipt = receipt(&site, "down --prove --json", 0);
    let strangers: BTreeSet<&str> = receipt["not_ours"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|s| s["kind"].as_str())
        .collect();
    assert_eq!(
        strangers,
        BTreeSet::from(["api_key", "usage_plan"]),
        "{receipt:#}"
    );
    assert_eq!(twin::everything(&site.endpoint()), before);
}
