//! What a person may change by hand, one thing at a time.

use serde_json::{Value, json};

use super::lab::{Lab, USER};
use crate::{
    harness::FUNCTION,
    twin::{EMPTY_ZIP, percent},
};

/// One edit by hand, and what comes of it.
pub(super) struct Edit {
    pub(super) what: &'static str,
    pub(super) by_hand: Box<dyn Fn(&Lab)>,
    pub(super) step: &'static str,
    /// Field, wanted, seen; none: the thing is missing. `*`: anything.
    pub(super) fields: Vec<[&'static str; 3]>,
    pub(super) calls: Vec<&'static str>,
}

pub(super) fn edit(
    what: &'static str,
    by_hand: impl Fn(&Lab) + 'static,
    step: &'static str,
    fields: &[[&'static str; 3]],
    calls: &[&'static str],
) -> Edit {
    Edit {
        what,
        by_hand: Box::new(by_hand),
        step,
        fields: fields.to_vec(),
        calls: calls.to_vec(),
    }
}

pub(super) const AUTHORIZER: &str = "authorizer.d-authorizer-user-pool-demo";
pub(super) const SCOPE: &str = "aws.cognito.signin.user.admin";

pub(super) fn configure(lab: &Lab, change: Value) {
    lab.lambda("PUT", "/configuration", Some(&change));
}

pub(super) fn statement_id(lab: &Lab) -> String {
    let step = &lab.site.state()["steps"]["permission.GET /demo"];
    step["key"]["statement_id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

pub(super) fn of_the_function() -> Vec<Edit> {
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
            |lab| drop(lab.lambda("PUT", "/code", Some(&json!({ "ZipFile": EMPTY_ZIP })))),
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

pub(super) fn of_the_pool() -> Vec<Edit> {
    let pool = "cognito-idp:UpdateUserPool";
    let client = "cognito-idp:UpdateUserPoolClient";
    vec![
        edit(
            "protection",
            |lab| lab.change_pool(|p| p["DeletionProtection"] = json!("ACTIVE")),
            "user_pool",
            &[["DeletionProtection", "INACTIVE", "ACTIVE"]],
            &[pool],
        ),
        edit(
            "first factors",
            |lab| {
                lab.change_pool(|p| {
                    p["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"] = json!(["PASSWORD"]);
                });
            },
            "user_pool",
            &[["SignInPolicy", "EMAIL_OTP, PASSWORD", "PASSWORD"]],
            &[pool],
        ),
        edit(
            "sign-up by anybody",
            |lab| {
                lab.change_pool(|p| {
                    p["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] = json!(false);
                });
            },
            "user_pool",
            &[["AllowAdminCreateUserOnly", "true", "false"]],
            &[pool],
        ),
        edit(
            "tags",
            |lab| lab.change_pool(|p| p["UserPoolTags"] = json!({ "team": "other" })),
            "user_pool",
            &[["tag labctl:lab", "cognito-authorizer", "nothing"]],
            &["cognito-idp:TagResource"],
        ),
        edit(
            "flows",
            |lab| {
                lab.change_client(|c| c["ExplicitAuthFlows"] = json!(["ALLOW_USER_PASSWORD_AUTH"]));
            },
            "app_client",
            &[[
                "ExplicitAuthFlows",
                "ALLOW_REFRESH_TOKEN_AUTH, ALLOW_USER_AUTH",
                "ALLOW_USER_PASSWORD_AUTH",
            ]],
            &[client],
        ),
        edit(
            "rotation, which excludes the refresh flow",
            |lab| {
                lab.change_client(|c| {
                    c["ExplicitAuthFlows"] = json!(["ALLOW_USER_AUTH"]);
                    c["RefreshTokenRotation"] = json!({ "Feature": "ENABLED" });
                });
            },
            "app_client",
            &[
                [
                    "ExplicitAuthFlows",
                    "ALLOW_REFRESH_TOKEN_AUTH, ALLOW_USER_AUTH",
                    "ALLOW_USER_AUTH",
                ],
                ["RefreshTokenRotation", "DISABLED", "ENABLED"],
            ],
            &[client],
        ),
        edit(
            "lifetimes",
            |lab| {
                lab.change_client(|c| {
                    c["AccessTokenValidity"] = json!(5);
                    c["RefreshTokenValidity"] = json!(1);
                });
            },
            "app_client",
            &[
                ["AccessTokenValidity", "60", "5"],
                ["RefreshTokenValidity", "*", "1"],
            ],
            &[client],
        ),
        edit(
            "what a client may learn of users",
            |lab| {
                lab.change_client(|c| {
                    c["PreventUserExistenceErrors"] = json!("LEGACY");
                    c["EnableTokenRevocation"] = json!(false);
                });
            },
            "app_client",
            &[
                ["PreventUserExistenceErrors", "ENABLED", "LEGACY"],
                ["EnableTokenRevocation", "true", "false"],
            ],
            &[client],
        ),
        edit(
            "client deleted",
            |lab| {
                drop(lab.cognito("DeleteUserPoolClient", json!({ "ClientId": lab.site.state()["steps"]["app_client"]["output"]["client_id"] })));
            },
            "app_client",
            &[],
            &["cognito-idp:CreateUserPoolClient"],
        ),
        edit(
            "user disabled",
            |lab| drop(lab.cognito("AdminDisableUser", json!({ "Username": USER }))),
            "user.student@example.com",
            &[["Enabled", "true", "false"]],
            &["cognito-idp:AdminEnableUser"],
        ),
        edit(
            "address not verified",
            |lab| {
                let unverified = json!([{ "Name": "email_verified", "Value": "false" }]);
                let input = json!({ "Username": USER, "UserAttributes": unverified });
                lab.cognito("AdminUpdateUserAttributes", input);
            },
            "user.student@example.com",
            &[["email_verified", "true", "false"]],
            &["cognito-idp:AdminUpdateUserAttributes"],
        ),
        edit(
            "user deleted",
            |lab| drop(lab.cognito("AdminDeleteUser", json!({ "Username": USER }))),
            "user.student@example.com",
            &[],
            &["cognito-idp:AdminCreateUser"],
        ),
    ]
}

/// Takes the ownership tags off the API, or of what `within` it is.
fn untag(lab: &Lab, within: &str) {
    let arn = format!(
        "arn:aws:apigateway:us-east-1::/restapis/{}{within}",
        lab.api
    );
    let arn = arn.replace('/', "%2F").replace(':', "%3A");
    let keys = "tagKeys=labctl:lab&tagKeys=labctl:run";
    lab.gateway("DELETE", &format!("/tags/{arn}?{keys}"), None);
}

pub(super) fn of_the_api() -> Vec<Edit> {
    let (api, method) = ("apigateway:UpdateRestApi", "apigateway:UpdateMethod");
    let authorizer = "apigateway:UpdateAuthorizer";
    let path = |lab: &Lab| format!("/restapis/{}", lab.api);
    let of_authorizer = |lab: &Lab| format!("/restapis/{}/authorizers/{}", lab.api, lab.authorizer);
    vec![
        edit(
            "name and address of the API",
            move |lab| {
                lab.patch(
                    &path(lab),
                    &[
                        ("replace", "/name", "mine"),
                        ("replace", "/disableExecuteApiEndpoint", "true"),
                    ],
                );
            },
            "api",
            &[
                ["name", "d-apigw-cmp-demo", "mine"],
                ["disableExecuteApiEndpoint", "false", "true"],
            ],
            &[api],
        ),
        edit(
            "endpoint type",
            move |lab| {
                lab.patch(
                    &path(lab),
                    &[("replace", "/endpointConfiguration/types/REGIONAL", "EDGE")],
                );
            },
            "api",
            &[["endpointConfiguration", "REGIONAL", "EDGE"]],
            &[api],
        ),
        edit(
            "tags of the API",
            |lab| untag(lab, ""),
            "api",
            &[["tag labctl:lab", "cognito-authorizer", "nothing"]],
            &["apigateway:TagResource"],
        ),
        edit(
            "tags of the stage",
            |lab| untag(lab, "/stages/dev"),
            "stage",
            &[["tag labctl:lab", "cognito-authorizer", "nothing"]],
            &["apigateway:TagResource"],
        ),
        edit(
            "header and cache of the authorizer",
            move |lab| {
                lab.patch(
                    &of_authorizer(lab),
                    &[
                        (
                            "replace",
                            "/identitySource",
                            "method.request.header.X-Token",
                        ),
                        ("replace", "/authorizerResultTtlInSeconds", "0"),
                    ],
                );
            },
            AUTHORIZER,
            &[
                [
                    "identitySource",
                    "method.request.header.Authorization",
                    "method.request.header.X-Token",
                ],
                ["authorizerResultTtlInSeconds", "300", "0"],
            ],
            &[authorizer],
        ),
        edit(
            "authorizer detached",
            |lab| {
                lab.patch(
                    &lab.method,
                    &[
                        ("remove", "/authorizationScopes", SCOPE),
                        ("replace", "/authorizationType", "NONE"),
                    ],
                );
            },
            "method.GET /demo",
            &[
                ["authorizationType", "COGNITO_USER_POOLS", "NONE"],
                ["authorizerId", "*", "nothing"],
                ["authorizationScopes", SCOPE, "nothing"],
            ],
            &[method],
        ),
        edit(
            "scope removed",
            |lab| lab.patch(&lab.method, &[("remove", "/authorizationScopes", SCOPE)]),
            "method.GET /demo",
            &[["authorizationScopes", SCOPE, "nothing"]],
            &[method],
        ),
        edit(
            "scope added, key required",
            |lab| {
                lab.patch(
                    &lab.method,
                    &[
                        ("add", "/authorizationScopes", "email"),
                        ("replace", "/apiKeyRequired", "true"),
                    ],
                );
            },
            "method.GET /demo",
            &[
                [
                    "authorizationScopes",
                    SCOPE,
                    "aws.cognito.signin.user.admin, email",
                ],
                ["apiKeyRequired", "false", "true"],
            ],
            &[method],
        ),
        edit(
            "integration of another kind",
            |lab| {
                let mock = json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } });
                lab.gateway("PUT", &format!("{}/integration", lab.method), Some(&mock));
            },
            "integration.GET /demo",
            &[
                ["type", "AWS_PROXY", "MOCK"],
                ["httpMethod", "POST", "nothing"],
                ["uri", "*", "nothing"],
            ],
            &["apigateway:PutIntegration"],
        ),
        edit(
            "integration taken away",
            |lab| drop(lab.gateway("DELETE", &format!("{}/integration", lab.method), None)),
            "integration.GET /demo",
            &[],
            &["apigateway:PutIntegration"],
        ),
        edit(
            "stage moved to another deployment",
            |lab| {
                let made = lab.gateway(
                    "POST",
                    &format!("/restapis/{}/deployments", lab.api),
                    Some(&json!({})),
                );
                let id = made["id"].as_str().expect("an id");
                lab.patch(
                    &format!("/restapis/{}/stages/dev", lab.api),
                    &[("replace", "/deploymentId", id)],
                );
            },
            "stage",
            &[["deploymentId", "*", "*"]],
            &["apigateway:UpdateStage"],
        ),
        edit(
            "stage deleted",
            |lab| drop(lab.gateway("DELETE", &format!("/restapis/{}/stages/dev", lab.api), None)),
            "stage",
            &[],
            &["apigateway:CreateStage"],
        ),
    ]
}
