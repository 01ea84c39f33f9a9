//! What was put there by hand is found, and strangers' things are not taken for the lab's.

use std::collections::BTreeSet;

use serde_json::json;

use super::tools::{
    OURS, ROLE, at, cognito, listed, logs, names, ours, pool, receipt, remove_survivors, rest_api,
};
use crate::{
    harness::{FUNCTION, Site},
    twin,
};

#[test]
fn what_is_planted_is_found_and_its_command_removes_it() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    // Strangers' things: other names, no tags of ours.
    twin::role(&endpoint, "bystander", &[("labctl:lab", "another-lab")]);
    twin::function(&endpoint, "bystander", "bystander", &json!({}));
    let api_of_stranger = rest_api(&endpoint, "bystander", &json!({}), &ours());
    pool(&endpoint, &json!({ "PoolName": "bystander" }));
    logs(
        &endpoint,
        "CreateLogGroup",
        &json!({ "logGroupName": "/bystander" }),
    );
    let bystanders = || {
        let mut all = twin::everything(&endpoint);
        all.retain(|line| line.contains("bystander"));
        all
    };
    let before = bystanders();
    assert_eq!(before.len(), 5, "{before:?}");
    // Ours, but not made by the run.
    twin::role(&endpoint, "planted", &[OURS]);
    for form in [
        format!(
            "Action=PutRolePolicy&RoleName=planted&PolicyName=inside&PolicyDocument={}",
            twin::percent(
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#
            )
        ),
        format!(
            "Action=AttachRolePolicy&RoleName=planted&PolicyArn={}",
            twin::percent("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
        ),
    ] {
        let done = twin::iam(&endpoint, &form);
        assert_eq!(done.status, 200, "{}", done.body);
    }
    twin::function(&endpoint, "planted", "planted", &ours());
    let group =
        json!({ "logGroupName": "/planted", "deletionProtectionEnabled": true, "tags": ours() });
    logs(&endpoint, "CreateLogGroup", &group);
    rest_api(&endpoint, "planted api", &ours(), &json!({}));
    let pool = pool(
        &endpoint,
        &json!({ "PoolName": "planted", "DeletionProtection": "ACTIVE", "UserPoolTags": ours() }),
    );
    let client = json!({ "UserPoolId": pool, "ClientName": "planted" });
    cognito(&endpoint, "CreateUserPoolClient", &client);

    let said = site.labctl("down --prove --grace 0 --json").code(6);
    let receipt = receipt(&said);
    assert_eq!(receipt["proven"], false);
    assert_eq!(
        listed(&receipt, "survivors"),
        names(&[
            "function planted",
            "log_group /planted",
            "rest_api planted api",
            "role planted",
            "stage planted",
            "user_pool planted",
        ])
    );
    assert_eq!(receipt["not_ours"], json!([]));
    assert_eq!(receipt["not_looked_at"], json!([]));
    let reason = |kind: &str| {
        let all = receipt["survivors"].as_array().expect("a list");
        let found = all.iter().find(|s| s["kind"] == kind).expect("a survivor");
        found["reason"].as_str().expect("a reason").to_owned()
    };
    for (kind, words) in [
        (
            "role",
            "carries this lab's tag, with 1 inline policy, 1 attached policy",
        ),
        ("user_pool", "carries this lab's tag, with 1 client"),
        (
            "rest_api",
            "carries this lab's tag, with 1 stage, 1 deployment",
        ),
        (
            "stage",
            &format!("carries this lab's tag; in API {api_of_stranger}"),
        ),
    ] {
        assert_eq!(reason(kind), words);
    }
    // Nothing was touched that only the sweep found.
    assert_eq!(bystanders(), before);

    remove_survivors(&site, &endpoint, &receipt);
    assert_eq!(bystanders(), before);
    let again = self::receipt(&site.ok("down --local --prove --json"));
    assert_eq!(again["proven"], true, "{again:#}");
    let left = twin::everything(&endpoint);
    assert_eq!(left, before, "only the bystanders");
}

#[test]
fn a_stranger_with_the_lab_s_names_is_listed_and_no_survivor() {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    twin::role(&endpoint, ROLE, &[]);
    twin::function(&endpoint, FUNCTION, ROLE, &json!({}));
    let group = json!({ "logGroupName": format!("/aws/lambda/{FUNCTION}") });
    logs(&endpoint, "CreateLogGroup", &group);
    rest_api(&endpoint, "d-apigw-cmp-demo", &json!({}), &json!({}));
    pool(&endpoint, &json!({ "PoolName": "d-user-pool-demo" }));
    let before = twin::everything(&endpoint);
    let receipt = receipt(&at(&site, &endpoint, "down --prove --json").code(0));
    assert_eq!(receipt["proven"], true);
    assert_eq!(receipt["survivors"], json!([]));
    assert_eq!(
        listed(&receipt, "not_ours"),
        names(&[
            &format!("function {FUNCTION}"),
            &format!("log_group /aws/lambda/{FUNCTION}"),
            "rest_api d-apigw-cmp-demo",
            &format!("role {ROLE}"),
            "user_pool d-user-pool-demo",
        ])
    );
    for stranger in receipt["not_ours"].as_array().expect("a list") {
        let reason = stranger["reason"].as_str().expect("a reason");
        assert!(reason.starts_with("not ours, has the name"), "{stranger}");
    }
    assert_eq!(twin::everything(&endpoint), before);
    let shown = at(&site, &endpoint, "down --prove").code(0).out;
    assert!(shown.contains("if it is yours after all: aws "), "{shown}");
}

/// What lost its tags is not touched, but it is not kept quiet about.
#[test]
fn what_lost_its_tags_survives_and_is_told() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let arn = twin::percent(&format!(
        "arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}"
    ));
    let path = format!("/2017-03-31/tags/{arn}?tagKeys=labctl%3Alab");
    let untagged = twin::rest(&endpoint, "lambda", "DELETE", &path, None);
    assert_eq!(untagged.status, 204, "{}", untagged.body);
    let receipt = receipt(&site.labctl("down --prove --grace 0 --json").code(6));
    let function = format!("function {FUNCTION}");
    assert_eq!(listed(&receipt, "survivors"), names(&[&function]));
    assert!(!listed(&receipt, "deleted").contains(&function));
    remove_survivors(&site, &endpoint, &receipt);
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

/// labctl's statement in the policy of a function that is not the lab's.
#[test]
fn a_statement_in_a_stranger_s_function_is_found() {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    twin::role(&endpoint, "bystander", &[]);
    twin::function(&endpoint, FUNCTION, "bystander", &json!({}));
    let path = format!("/2015-03-31/functions/{FUNCTION}/policy");
    for sid in ["labctl-GET-demo-6a4cd0", "of-the-stranger"] {
        let statement = json!({
            "StatementId": sid,
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
        });
        let added = twin::rest(&endpoint, "lambda", "POST", &path, Some(&statement));
        assert_eq!(added.status, 201, "{}", added.body);
    }
    let receipt = receipt(&at(&site, &endpoint, "down --prove --json").code(6));
    assert_eq!(
        listed(&receipt, "survivors"),
        names(&["permission labctl-GET-demo-6a4cd0"])
    );
    remove_survivors(&site, &endpoint, &receipt);
    let policy = twin::rest(&endpoint, "lambda", "GET", &path, None).body;
    assert!(
        policy.contains("of-the-stranger") && !policy.contains("labctl-"),
        "{policy}"
    );
}

/// More than a page of everything that comes in pages.
#[test]
fn all_pages_are_read() {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    let mut planted = BTreeSet::new();
    for i in 0..120 {
        // All begin like the lab's own group.
        let name = format!("/aws/lambda/{FUNCTION}-{i:03}");
        logs(
            &endpoint,
            "CreateLogGroup",
            &json!({ "logGroupName": name, "tags": ours() }),
        );
        planted.insert(format!("log_group {name}"));
        twin::role(&endpoint, &format!("bystander-{i:03}"), &[]);
    }
    twin::role(&endpoint, "last", &[OURS]);
    planted.insert("role last".to_owned());
    let receipt = receipt(&at(&site, &endpoint, "down --prove --json").code(6));
    assert_eq!(listed(&receipt, "survivors"), planted);
}
