//! What AWS does not tell is not proven.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::tools::{at, names, receipt};
use crate::{
    harness::Site,
    unruly::{Whim, proxy},
};

#[test]
fn what_may_not_be_looked_at_is_not_proven() {
    let site = Site::tutorial();
    site.ok("local start");
    let denied =
        "content-type: application/x-amz-json-1.1\r\nx-amzn-errortype: AccessDeniedException\r\n";
    let endpoint = proxy(&site.endpoint(), move |request| {
        let body = r#"{"__type":"AccessDeniedException","message":"Not for you."}"#;
        let hit = request.contains("Tagging") || request.starts_with("GET /2015-03-31/functions");
        hit.then_some(Whim::Answer(403, denied, body))
    });
    let receipt = receipt(&at(&site, &endpoint, "down --prove --json").code(6));
    assert_eq!(receipt["proven"], false);
    assert_eq!(receipt["survivors"], json!([]));
    let unseen: BTreeSet<String> = receipt["not_looked_at"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|u| {
            let reason = u["reason"].as_str().expect("a reason");
            assert!(reason.contains("Not for you."), "{reason}");
            u["operation"].as_str().expect("an operation").to_owned()
        })
        .collect();
    assert_eq!(unseen, names(&["GetFunction", "GetPolicy", "GetResources"]));
}

/// The tagging API shows deleted things for a while: their own service is asked.
#[test]
fn a_lingering_tag_is_no_survivor_and_an_unknown_kind_is_not_proven() {
    let site = Site::tutorial();
    site.ok("local start");
    let page = |arns: &[&str]| {
        let all: Vec<Value> = arns
            .iter()
            .map(|arn| json!({ "ResourceARN": arn, "Tags": [] }))
            .collect();
        let page = json!({ "ResourceTagMappingList": all, "PaginationToken": "" });
        &*Box::leak(page.to_string().into_boxed_str())
    };
    let through = |page: &'static str| {
        let endpoint = proxy(&site.endpoint(), move |request| {
            let kind = "content-type: application/x-amz-json-1.1\r\n";
            request
                .contains("Tagging")
                .then_some(Whim::Answer(200, kind, page))
        });
        at(&site, &endpoint, "down --prove --json")
    };
    let lingering = receipt(
        &through(page(&[
            "arn:aws:lambda:us-east-1:000000000000:function:gone",
            "arn:aws:logs:us-east-1:000000000000:log-group:/gone",
            "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_AAAAAAAAA",
            "arn:aws:apigateway:us-east-1::/restapis/aaaaaaaaaa",
            "arn:aws:apigateway:us-east-1::/restapis/aaaaaaaaaa/stages/dev",
        ]))
        .code(0),
    );
    let confirmed = lingering["looked_for"].as_array().expect("a list");
    let by_tag = |operation: &str, found: u64| {
        confirmed
            .iter()
            .any(|l| l["by"] == "tag" && l["operation"] == operation && l["found"] == found)
    };
    assert!(by_tag("GetResources", 5), "{lingering:#}");
    for operation in [
        "GetFunction",
        "DescribeLogGroups",
        "DescribeUserPool",
        "GetRestApi",
        "GetStage",
    ] {
        assert!(by_tag(operation, 0), "{operation} in {lingering:#}");
    }
    let unknown = receipt(&through(page(&["arn:aws:s3:::planted"])).code(6));
    assert_eq!(
        unknown["not_looked_at"][0]["filter"],
        "arn:aws:s3:::planted"
    );
}
