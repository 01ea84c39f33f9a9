//! The receipt of a clean lab.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::tools::{FOLDER, ROLE, listed, receipt};
use crate::{
    harness::{FUNCTION, Site},
    twin,
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn a_clean_lab_ends_with_a_receipt_and_nothing_else_is_kept() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let state = site.state();
    let said = site.ok("down --prove --grace 0 --json");
    let receipt = receipt(&said);
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    let end = said.events().pop().expect("an end");
    assert_eq!(
        (&end["event"], &end["ok"]),
        (&json!("run_finished"), &json!(true))
    );

    assert_eq!(receipt["proven"], true);
    assert_eq!(receipt["lab"], "cognito-authorizer");
    assert_eq!(receipt["account"], "000000000000");
    assert_eq!(receipt["region"], "us-east-1");
    assert_eq!(receipt["endpoint"], endpoint.as_str());
    assert_eq!(receipt["caller"], "arn:aws:iam::000000000000:root");
    assert_eq!(receipt["labctl"], env!("CARGO_PKG_VERSION"));
    for list in ["survivors", "not_looked_at", "not_ours"] {
        assert_eq!(receipt[list], json!([]), "{list}");
    }
    let recorded: BTreeSet<String> = state["steps"]
        .as_object()
        .expect("steps")
        .values()
        .map(|r| {
            let text = |m: &str| r[m].as_str().expect("a text").to_owned();
            format!("{} {}", text("kind"), text("name"))
        })
        .collect();
    assert_eq!(listed(&receipt, "deleted"), recorded);
    let time = |v: &Value| v.as_str().expect("a time").to_owned();
    for deleted in receipt["deleted"].as_array().expect("a list") {
        assert!(deleted["physical_id"].is_string(), "{deleted}");
        assert!(time(&deleted["at"]) > time(&receipt["begun"]), "{deleted}");
        assert!(time(&deleted["at"]) < time(&receipt["ended"]), "{deleted}");
    }
    let id = |step: &str| {
        state["steps"][step]["output"]["id"]
            .as_str()
            .expect("an id")
    };
    let asked: BTreeSet<String> = receipt["looked_for"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|l| {
            assert_eq!(l["found"], 0, "{l}");
            let text = |m: &str| l[m].as_str().expect("a text").to_owned();
            format!(
                "{} {}:{} {}",
                text("by"),
                text("service"),
                text("operation"),
                text("filter")
            )
        })
        .collect();
    let (function, role) = (
        format!("FunctionName={FUNCTION}"),
        format!("RoleName={ROLE}"),
    );
    let (pool, api) = (
        format!("UserPoolId={}", id("user_pool")),
        format!("restApiId={}", id("api")),
    );
    let group = format!("logGroupName=/aws/lambda/{FUNCTION}");
    for look in [
        "tag tag:GetResources labctl:lab=cognito-authorizer".to_owned(),
        format!("name lambda:GetFunction {function}"),
        format!("parent lambda:GetPolicy {function}"),
        format!("name logs:DescribeLogGroups {group}"),
        format!("parent logs:DescribeLogGroups {group}, 1 times in 0 s"),
        format!("name iam:GetRole {role}"),
        format!("parent iam:ListRolePolicies {role}"),
        format!("parent iam:ListAttachedRolePolicies {role}"),
        "tag iam:ListRoles all".to_owned(),
        "name cognito-idp:ListUserPools Name=d-user-pool-demo".to_owned(),
        format!("id cognito-idp:DescribeUserPool {pool}"),
        format!("parent cognito-idp:ListUserPoolClients {pool}"),
        "name apigateway:GetRestApis name=d-apigw-cmp-demo or tag".to_owned(),
        format!("id apigateway:GetRestApi {api}"),
        format!("parent apigateway:GetStages {api}"),
        format!("parent apigateway:GetDeployments {api}"),
        format!("parent apigateway:GetAuthorizers {api}"),
    ] {
        assert!(asked.contains(&look), "{look} in {asked:#?}");
    }

    let file = PathBuf::from(receipt["file"].as_str().expect("a file"));
    let kept = fs::read_to_string(site.path("").join(&file)).expect("a receipt");
    let mut told = receipt.clone();
    told.as_object_mut()
        .expect("an object")
        .retain(|k, _| k != "event" && k != "file");
    assert_eq!(serde_json::from_str::<Value>(&kept).expect("JSON"), told);
    assert_eq!(mode(&site.path("").join(&file)), 0o600);
    assert_eq!(mode(&site.path(FOLDER)), 0o700);
    let left: Vec<_> = fs::read_dir(site.path(FOLDER))
        .expect("a folder")
        .flatten()
        .collect();
    assert_eq!(left.len(), 1, "only the receipt: {left:?}");

    let nothing = site.ok("down");
    assert!(nothing.out.contains("nothing there"), "{}", nothing.out);
    site.labctl("status").code(4);
    let again = self::receipt(&site.ok("down --local --prove --json"));
    assert_eq!(
        (&again["proven"], &again["deleted"]),
        (&json!(true), &json!([]))
    );
    site.ok("up --local");
    site.ok("down");
    assert!(site.path("").join(file).exists(), "receipts stay");
}
