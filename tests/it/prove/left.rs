//! What `down` cannot delete: it prints the commands that do, without `--prove` as well.

use serde_json::{Value, json};

use super::tools::{carry_out, cognito};
use crate::{
    harness::{Said, Site},
    twin::{self, Rule},
};

/// The commands that `down` printed.
fn commands(said: &Said) -> Vec<&str> {
    let lines = said.out.lines().map(str::trim);
    lines.filter(|line| line.starts_with("aws ")).collect()
}

/// Each root of the lab, whatever is in the way.
#[test]
fn down_names_the_command_for_each_root_that_is_left() {
    let site = Site::ready("cloudfront-edge");
    site.ok("up --local");
    let endpoint = site.endpoint();
    let refused = ["*:Delete*", "*:Update*"].map(|operation| {
        let rule = json!({ "operation": operation, "action": "denied", "times": 0 });
        Rule::set(&endpoint, &rule)
    });
    let said = site.labctl("down").code(6);
    drop(refused);
    let commands = commands(&said);
    for command in [
        "aws apigateway delete-rest-api --rest-api-id ",
        "aws apigateway delete-usage-plan --usage-plan-id ",
        "aws apigateway delete-api-key --api-key ",
        "aws cognito-idp delete-user-pool --user-pool-id us-east-1_",
        "aws cloudfront delete-distribution --id ",
        "aws lambda delete-function --function-name ",
        "aws iam delete-role --role-name ",
        "aws logs delete-log-group --log-group-name ",
    ] {
        let is_it = |line: &&&str| line.contains(command) && line.contains(&endpoint);
        let count = commands.iter().filter(is_it).count();
        assert_eq!(count, 1, "{command}: {}", said.out);
    }
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), [""; 0]);
}

/// A pool that has our name and lost its tags is still ours to delete; a domain and a protection that somebody gave it
/// since are not. The commands remove it all.
#[test]
fn a_pool_without_tags_is_left_with_the_commands_that_remove_it() {
    let set = |tags: Value, protection: &str| json!({ "UserPoolTags": tags, "DeletionProtection": protection });
    for (what, domain, code) in [
        (set(json!({}), "ACTIVE"), true, 6),
        (set(json!({}), "ACTIVE"), false, 6),
        (set(json!({ "labctl:lab": "other" }), "ACTIVE"), true, 0),
    ] {
        let site = Site::tutorial();
        site.ok("up --local");
        let endpoint = site.endpoint();
        let state = site.state();
        let id = state["steps"]["user_pool"]["output"]["id"].clone();
        let mut update = what.clone();
        update["UserPoolId"] = id.clone();
        cognito(&endpoint, "UpdateUserPool", &update);
        if domain {
            let input = json!({ "UserPoolId": id, "Domain": "by-hand-4711" });
            cognito(&endpoint, "CreateUserPoolDomain", &input);
        }
        let said = site.labctl("down").code(code);
        let commands = commands(&said);
        if code == 0 {
            assert!(said.out.contains("left alone"), "{what}: {}", said.out);
            assert_eq!(commands, [""; 0]);
            assert_eq!(twin::everything(&endpoint).len(), 2, "a pool and a domain");
            continue;
        }
        assert_eq!(commands.len(), 1, "{what}: {}", said.out);
        for one in commands[0].split(" && ") {
            carry_out(&endpoint, one);
        }
        site.ok("down");
        assert_eq!(twin::everything(&endpoint), [""; 0], "{what}");
    }
}
