//! Planting, reading receipts, and carrying out the commands in them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    harness::{Said, Site},
    twin,
};

pub(super) const ROLE: &str = "d-lambda-nonvpc-cmp-demo-function-role";
pub(super) const FOLDER: &str = ".labctl/cognito-authorizer";
pub(super) const OURS: (&str, &str) = ("labctl:lab", "cognito-authorizer");

pub(super) fn ours() -> Value {
    json!({ OURS.0: OURS.1 })
}

pub(super) fn logs(endpoint: &str, operation: &str, input: &Value) -> Value {
    let target = format!("Logs_20140328.{operation}");
    let answer = twin::json_call(endpoint, "logs", &target, input);
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap_or(Value::Null)
}

pub(super) fn cognito(endpoint: &str, operation: &str, input: &Value) -> Value {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let answer = twin::json_call(endpoint, "cognito-idp", &target, input);
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap_or(Value::Null)
}

pub(super) fn api(endpoint: &str, method: &str, path: &str, input: &Value) -> Value {
    let input = (method != "DELETE").then_some(input);
    let answer = twin::rest(endpoint, "apigateway", method, path, input);
    assert!(answer.status < 300, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap_or(Value::Null)
}

pub(super) fn pool(endpoint: &str, input: &Value) -> String {
    let made = cognito(endpoint, "CreateUserPool", input);
    made["UserPool"]["Id"].as_str().expect("an id").to_owned()
}

/// An API with a deployed method, and a stage with these tags. Answers its id.
pub(super) fn rest_api(endpoint: &str, name: &str, tags: &Value, stage_tags: &Value) -> String {
    let made = api(
        endpoint,
        "POST",
        "/restapis",
        &json!({ "name": name, "tags": tags }),
    );
    let id = made["id"].as_str().expect("an id").to_owned();
    let root = made["rootResourceId"].as_str().expect("a root");
    let method = format!("/restapis/{id}/resources/{root}/methods/GET");
    api(
        endpoint,
        "PUT",
        &method,
        &json!({ "authorizationType": "NONE" }),
    );
    let mock = json!({ "type": "MOCK" });
    api(endpoint, "PUT", &format!("{method}/integration"), &mock);
    let deployed = api(
        endpoint,
        "POST",
        &format!("/restapis/{id}/deployments"),
        &json!({}),
    );
    let stage =
        json!({ "stageName": "planted", "deploymentId": deployed["id"], "tags": stage_tags });
    api(endpoint, "POST", &format!("/restapis/{id}/stages"), &stage);
    id
}

/// The only receipt among events.
#[track_caller]
pub(super) fn receipt(said: &Said) -> Value {
    let mut all = said
        .events()
        .into_iter()
        .filter(|e| e["event"] == "receipt");
    let receipt = all.next().expect("a receipt");
    assert_eq!(all.next(), None);
    receipt
}

/// `kind name` of what a receipt lists.
pub(super) fn listed(receipt: &Value, list: &str) -> BTreeSet<String> {
    let all = receipt[list].as_array().expect("a list");
    let text = |v: &Value| v.as_str().expect("a text").to_owned();
    let names: BTreeSet<String> = all
        .iter()
        .map(|l| format!("{} {}", text(&l["kind"]), text(&l["name"])))
        .collect();
    assert_eq!(names.len(), all.len(), "{receipt:#}");
    names
}

pub(super) fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

/// `labctl` against an endpoint, as on AWS.
pub(super) fn at(site: &Site, endpoint: &str, line: &str) -> Said {
    Said::of(
        site.command(line.split(' '))
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_ACCESS_KEY_ID", "000000000000")
            .env("AWS_SECRET_ACCESS_KEY", "secret"),
    )
}

/// Carries out every survivor's command, in the order of the receipt.
pub(super) fn remove_survivors(site: &Site, endpoint: &str, receipt: &Value) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let cli = std::env::split_paths(&path).any(|folder| folder.join("aws").is_file());
    for survivor in receipt["survivors"].as_array().expect("a list") {
        let command = survivor["command"].as_str().expect("a command");
        let place = format!(" --region us-east-1 --endpoint-url {endpoint}");
        for one in command.split(" && ") {
            assert!(one.starts_with("aws ") && one.ends_with(&place), "{one}");
        }
        if cli {
            let mut shell = site.program("sh");
            let shell = shell
                .args(["-c", command])
                .env("AWS_ACCESS_KEY_ID", "000000000000")
                .env("AWS_SECRET_ACCESS_KEY", "secret");
            Said::of(shell).code(0);
        } else {
            command
                .split(" && ")
                .for_each(|one| carry_out(endpoint, one));
        }
    }
}

/// What the AWS CLI does for the commands that labctl prints.
pub(super) fn carry_out(endpoint: &str, command: &str) {
    let words: Vec<&str> = command.split(' ').collect();
    let of = |option: &str| {
        let at = words.iter().position(|w| *w == option);
        words[at.unwrap_or_else(|| panic!("no {option} in {command}")) + 1]
    };
    let delete = |service: &str, path: String| {
        let gone = twin::rest(endpoint, service, "DELETE", &path, None);
        assert!(gone.status < 300, "{command}: {}", gone.body);
    };
    let iam = |form: String| {
        let done = twin::iam(endpoint, &form);
        assert_eq!(done.status, 200, "{command}: {}", done.body);
    };
    match (words[1], words[2]) {
        ("lambda", "delete-function") => {
            let name = of("--function-name");
            delete("lambda", format!("/2015-03-31/functions/{name}"));
        }
        ("lambda", "remove-permission") => {
            let (name, sid) = (of("--function-name"), of("--statement-id"));
            delete(
                "lambda",
                format!("/2015-03-31/functions/{name}/policy/{sid}"),
            );
        }
        ("logs", "delete-log-group") => {
            let input = json!({ "logGroupName": of("--log-group-name") });
            logs(endpoint, "DeleteLogGroup", &input);
        }
        ("logs", "put-log-group-deletion-protection") => {
            assert!(words.contains(&"--no-deletion-protection-enabled"));
            let id = of("--log-group-identifier");
            let input = json!({ "logGroupIdentifier": id, "deletionProtectionEnabled": false });
            logs(endpoint, "PutLogGroupDeletionProtection", &input);
        }
        ("iam", "delete-role-policy") => iam(format!(
            "Action=DeleteRolePolicy&RoleName={}&PolicyName={}",
            of("--role-name"),
            of("--policy-name")
        )),
        ("iam", "detach-role-policy") => iam(format!(
            "Action=DetachRolePolicy&RoleName={}&PolicyArn={}",
            of("--role-name"),
            twin::percent(of("--policy-arn"))
        )),
        ("iam", "delete-role") => iam(format!("Action=DeleteRole&RoleName={}", of("--role-name"))),
        ("cognito-idp", operation) => {
            let mut input = json!({ "UserPoolId": of("--user-pool-id") });
            let operation = match operation {
                "delete-user-pool" => "DeleteUserPool",
                "delete-user-pool-domain" => {
                    input["Domain"] = of("--domain").into();
                    "DeleteUserPoolDomain"
                }
                "update-user-pool" => {
                    input["DeletionProtection"] = of("--deletion-protection").into();
                    "UpdateUserPool"
                }
                _ => panic!("{command}"),
            };
            cognito(endpoint, operation, &input);
        }
        ("apigateway", "delete-rest-api") => {
            delete("apigateway", format!("/restapis/{}", of("--rest-api-id")));
        }
        ("apigateway", "delete-stage") => {
            let (id, stage) = (of("--rest-api-id"), of("--stage-name"));
            delete("apigateway", format!("/restapis/{id}/stages/{stage}"));
        }
        _ => panic!("{command}"),
    }
}
