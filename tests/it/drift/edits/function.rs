//! Of the function, its role and its log group.

use serde_json::json;

use super::{Edit, configure, edit, statement_id};
use crate::{
    drift::lab::Lab,
    harness::FUNCTION,
    twin::{EMPTY_ZIP, percent},
};

pub(in crate::drift) fn of_the_function() -> Vec<Edit> {
    let configuration = "lambda:UpdateFunctionConfiguration";
    let other_trust = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }],
    });
    let more = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "logs:*", "Resource": "*" }],
    });
    vec![
        edit(
            "retention",
            |lab| {
                let keep = json!({ "logGroupName": format!("/aws/lambda/{FUNCTION}"), "retentionInDays": 3 });
                Lab::ok(lab.aws.logs("PutRetentionPolicy", &keep));
            },
            "log_group.hello",
            &[["retentionInDays", "7", "3"]],
            &["logs:PutRetentionPolicy"],
        ),
        edit(
            "protection of the log group",
            |lab| {
                let group = format!("/aws/lambda/{FUNCTION}");
                let protect =
                    json!({ "logGroupIdentifier": group, "deletionProtectionEnabled": true });
                Lab::ok(lab.aws.logs("PutLogGroupDeletionProtection", &protect));
            },
            "log_group.hello",
            &[["deletionProtectionEnabled", "false", "true"]],
            &["logs:PutLogGroupDeletionProtection"],
        ),
        edit(
            "trust of the role",
            move |lab| {
                let trust = percent(&other_trust.to_string());
                lab.iam(&format!(
                    "Action=UpdateAssumeRolePolicy&RoleName={{role}}&PolicyDocument={trust}"
                ));
            },
            "role.hello",
            &[[
                "AssumeRolePolicyDocument",
                "*lambda.amazonaws.com*",
                "*ec2.amazonaws.com*",
            ]],
            &["iam:UpdateAssumeRolePolicy"],
        ),
        edit(
            "policy of the role",
            move |lab| {
                let more = percent(&more.to_string());
                lab.iam(&format!(
                    "Action=PutRolePolicy&RoleName={{role}}&PolicyName=write-own-logs&PolicyDocument={more}"
                ));
            },
            "role_policy.hello",
            &[["PolicyDocument", "*logs:PutLogEvents*", "*logs:*"]],
            &["iam:PutRolePolicy"],
        ),
        edit(
            "policy of the role taken away",
            |lab| lab.iam("Action=DeleteRolePolicy&RoleName={role}&PolicyName=write-own-logs"),
            "role_policy.hello",
            &[],
            &["iam:PutRolePolicy"],
        ),
        edit(
            "code",
            |lab| lab.change_function("/code", &json!({ "ZipFile": EMPTY_ZIP })),
            "function.hello",
            &[["CodeSha256", "*", "*"]],
            &["lambda:UpdateFunctionCode"],
        ),
        edit(
            "memory and time-out",
            |lab| configure(lab, json!({ "MemorySize": 512, "Timeout": 60 })),
            "function.hello",
            &[["MemorySize", "128", "512"], ["Timeout", "*", "60"]],
            &[configuration],
        ),
        edit(
            "handler",
            |lab| configure(lab, json!({ "Handler": "other.handler" })),
            "function.hello",
            &[["Handler", "lambda_function.lambda_handler", "other.handler"]],
            &[configuration],
        ),
        edit(
            "environment",
            |lab| {
                configure(
                    lab,
                    json!({ "Environment": { "Variables": { "MODE": "secret" } } }),
                );
            },
            "function.hello",
            &[["Environment", "nothing", "MODE"]],
            &[configuration],
        ),
        edit(
            "statement taken away",
            |lab| {
                let path = format!("/policy/{}", statement_id(lab));
                lab.lambda("DELETE", &path, None);
            },
            "permission.GET /demo",
            &[],
            &["lambda:AddPermission"],
        ),
        edit(
            "statement for everybody",
            |lab| {
                let id = statement_id(lab);
                lab.lambda("DELETE", &format!("/policy/{id}"), None);
                let open = json!({ "StatementId": id, "Action": "lambda:*", "Principal": "*" });
                lab.lambda("POST", "/policy", Some(&open));
            },
            "permission.GET /demo",
            &[
                ["Principal", "*apigateway.amazonaws.com*", "*"],
                ["Action", "lambda:InvokeFunction", "lambda:*"],
                ["SourceArn", "arn:aws:execute-api:*", "anything"],
            ],
            &["lambda:RemovePermission", "lambda:AddPermission"],
        ),
    ]
}
