//! Of the API.

use serde_json::json;

use super::{AUTHORIZER, Edit, SCOPE, edit};
use crate::drift::lab::Lab;

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

pub(in crate::drift) fn of_the_api() -> Vec<Edit> {
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
            "header of the authorizer",
            move |lab| {
                lab.patch(
                    &of_authorizer(lab),
                    &[
                        (
                            "replace",
                            "/identitySource",
                            "method.request.header.X-Token",
                        ),
                        // Not shown for a user pool, so no drift.
                        ("replace", "/authorizerResultTtlInSeconds", "0"),
                    ],
                );
            },
            AUTHORIZER,
            &[[
                "identitySource",
                "method.request.header.Authorization",
                "method.request.header.X-Token",
            ]],
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
