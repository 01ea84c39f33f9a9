//! Deletion protection is turned off on what is the lab's only.

use serde_json::json;

use super::tools::{cognito, listed, logs, names, ours, pool, receipt, remove_survivors};
use crate::{
    harness::{FUNCTION, Site},
    twin,
};

#[test]
fn deletion_protection_of_what_is_ours_is_turned_off_and_told() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let state = site.state();
    let pool_id = state["steps"]["user_pool"]["output"]["id"]
        .as_str()
        .expect("an id");
    let group = format!("/aws/lambda/{FUNCTION}");
    let protect =
        |name: &str| json!({ "logGroupIdentifier": name, "deletionProtectionEnabled": true });
    logs(&endpoint, "PutLogGroupDeletionProtection", &protect(&group));
    // An update replaces everything, tags too.
    let update =
        json!({ "UserPoolId": pool_id, "DeletionProtection": "ACTIVE", "UserPoolTags": ours() });
    cognito(&endpoint, "UpdateUserPool", &update);
    // The same of somebody else's.
    let other = json!({ "logGroupName": "/bystander", "deletionProtectionEnabled": true });
    logs(&endpoint, "CreateLogGroup", &other);
    pool(
        &endpoint,
        &json!({ "PoolName": "bystander", "DeletionProtection": "ACTIVE" }),
    );
    let said = site.ok("down");
    for words in [
        format!("turned off deletion protection of our user pool {pool_id}"),
        format!("turned off deletion protection of our log group {group}"),
    ] {
        assert!(said.out.contains(&words), "{words} in:\n{}", said.out);
    }
    assert_eq!(
        twin::everything(&endpoint),
        ["UserPools: bystander", "logGroups: /bystander"]
    );
    let left = logs(&endpoint, "DescribeLogGroups", &json!({}));
    assert_eq!(left["logGroups"][0]["deletionProtectionEnabled"], true);
}

/// A log group of ours that lost its tags is left alone, protected as it is.
#[test]
fn deletion_protection_of_what_is_not_ours_stays() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let name = format!("/aws/lambda/{FUNCTION}");
    logs(
        &endpoint,
        "DeleteLogGroup",
        &json!({ "logGroupName": name }),
    );
    let foreign = json!({ "logGroupName": name, "deletionProtectionEnabled": true });
    logs(&endpoint, "CreateLogGroup", &foreign);
    let receipt = receipt(&site.labctl("down --prove --grace 0 --json").code(6));
    let left = logs(&endpoint, "DescribeLogGroups", &json!({}));
    assert_eq!(left["logGroups"][0]["deletionProtectionEnabled"], true);
    assert_eq!(
        listed(&receipt, "survivors"),
        names(&[&format!("log_group {name}")])
    );
    remove_survivors(&site, &endpoint, &receipt);
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}
