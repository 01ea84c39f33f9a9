//! What a Lambda authorizer may be, and which methods it protects.

use serde_json::{Value, json};

use super::{Api, Twin, authorizers::NO_AUTHORIZER, merged, patch};

#[tokio::test]
async fn lambda_authorizers_are_checked() {
    let twin = Twin::new();
    let Api { id, demo, .. } = twin.api().await;
    let function = "arn:aws:lambda:us-east-1:111122223333:function:auth";
    let uri = format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    );
    let create = |changes: Value| {
        let input = json!({
            "restApiId": id, "name": "auth", "type": "TOKEN", "authorizerUri": uri,
            "identitySource": "method.request.header.X-Token",
        });
        merged(&input, changes)
    };
    let request = |sources: Value, ttl: i64| {
        json!({
            "type": "REQUEST", "identitySource": sources, "authorizerResultTtlInSeconds": ttl,
        })
    };
    for bad in [
        json!({"authorizerUri": null}),
        json!({"authorizerUri": function}),
        json!({"authorizerUri": uri.replace("/invocations", "")}),
        json!({"authorizerCredentials": "arn:aws:iam::111122223333:user/u"}),
        json!({"identitySource": null}),
        json!({"identitySource": "method.request.header.A, method.request.header.B"}),
        json!({"identitySource": "method.request.querystring.token"}),
        json!({"identityValidationExpression": "["}),
        json!({"authorizerResultTtlInSeconds": -1}),
        request(Value::Null, 300),
        request(json!("method.request.body.x"), 0),
        request(json!("method.request.header.A,token"), 300),
    ] {
        let seen = twin.refused("CreateAuthorizer", create(bad.clone())).await;
        assert!(
            seen.starts_with("400 BadRequestException: "),
            "{bad}: {seen}"
        );
    }
    let token = twin.ok("CreateAuthorizer", create(json!({}))).await;
    assert_eq!(token["authType"], "custom");
    assert!(token.get("providerARNs").is_none());
    let sources =
        "method.request.header.A, method.request.querystring.b,stageVariables.c,context.path";
    let many = merged(&request(json!(sources), 300), json!({"name": "many"}));
    twin.ok("CreateAuthorizer", create(many)).await;
    let none = merged(&request(Value::Null, 0), json!({"name": "none"}));
    let none = twin.ok("CreateAuthorizer", create(none)).await;
    assert!(none.get("identitySource").is_none());

    let place = json!({"restApiId": id, "authorizerId": none["id"]});
    let update = |patches: Value| merged(&place, json!({"patchOperations": patches}));
    for bad in [
        patch("replace", "/authorizerResultTtlInSeconds", "1"),
        patch("replace", "/authorizerUri", function),
        patch("replace", "/type", "COGNITO_USER_POOLS"),
        patch("replace", "/type", "NONSENSE"),
    ] {
        let seen = twin.refused("UpdateAuthorizer", update(json!([bad]))).await;
        assert!(seen.starts_with("400 "), "{seen}");
    }
    let patches = json!([
        patch("replace", "/identitySource", "context.identity.sourceIp"),
        patch("replace", "/authorizerResultTtlInSeconds", "1"),
    ]);
    twin.ok("UpdateAuthorizer", update(patches)).await;

    let method = |kind: &str, authorizer: &Value| {
        json!({
            "restApiId": id, "resourceId": demo, "httpMethod": "GET", "authorizationType": kind,
            "authorizerId": authorizer,
        })
    };
    assert_eq!(
        twin.refused("PutMethod", method("COGNITO_USER_POOLS", &token["id"]))
            .await,
        NO_AUTHORIZER
    );
    assert_eq!(
        twin.refused("PutMethod", method("CUSTOM", &Value::Null))
            .await,
        NO_AUTHORIZER
    );
    let seen = twin
        .refused("PutMethod", method("AWS_IAM", &token["id"]))
        .await;
    assert!(
        seen.starts_with("400 BadRequestException: Authorizer ID can only be set"),
        "{seen}"
    );
    twin.ok("PutMethod", method("CUSTOM", &token["id"])).await;
}
