//! Authorizers, and the methods that they protect.

use serde_json::{Value, json};

use super::{Api, Twin, merged, patch, text};

const POOL: &str = "arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_AbCdEfGhI";
pub(super) const NO_AUTHORIZER: &str = "400 BadRequestException: Invalid authorizer ID specified. Setting the authorization \
                             type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.";

fn create(api: &str, changes: Value) -> Value {
    let input = json!({
        "restApiId": api, "name": "pool", "type": "COGNITO_USER_POOLS", "providerARNs": [POOL],
        "identitySource": "method.request.header.Authorization",
    });
    merged(&input, changes)
}

#[tokio::test]
async fn authorizers_are_checked() {
    let twin = Twin::new();
    let Api { id, .. } = twin.api().await;
    for (changes, refusal) in [
        (
            json!({"type": "TOKEN"}),
            "400 BadRequestException: Invalid Authorizer URI",
        ),
        (json!({"providerARNs": []}), "400 "),
        (
            json!({"providerARNs": ["us-east-1_AbCdEfGhI"]}),
            "400 BadRequestException: Invalid Cognito User Pool ARN",
        ),
        (
            json!({"providerARNs": [POOL.replace("us-east-1_", "eu-west-1_")]}),
            "400 ",
        ),
        (
            json!({"providerARNs": [POOL.replace(":userpool", ":pool")]}),
            "400 ",
        ),
        (json!({"identitySource": "Authorization"}), "400 "),
        (json!({"identitySource": "method.request.header."}), "400 "),
        (
            json!({"identitySource": "method.request.querystring.token"}),
            "400 ",
        ),
        (json!({"identityValidationExpression": "("}), "400 "),
        (json!({"authorizerResultTtlInSeconds": 3601}), "400 "),
        (
            json!({"restApiId": "absent"}),
            "404 NotFoundException: Invalid API identifier",
        ),
    ] {
        let seen = twin
            .refused("CreateAuthorizer", create(&id, changes.clone()))
            .await;
        assert!(seen.starts_with(refusal), "{changes}: {seen}");
    }
    let made = twin.ok("CreateAuthorizer", create(&id, json!({}))).await;
    // AWS does not show it for user pools, whoever sends it.
    assert_eq!(made.get("authorizerResultTtlInSeconds"), None);
    let sent = json!({"name": "with a TTL", "authorizerResultTtlInSeconds": 60});
    let sent = twin.ok("CreateAuthorizer", create(&id, sent)).await;
    assert_eq!(sent.get("authorizerResultTtlInSeconds"), None);
    let with_ttl = json!({"restApiId": id, "authorizerId": sent["id"]});
    twin.ok("DeleteAuthorizer", with_ttl).await;
    assert_eq!(
        twin.refused("CreateAuthorizer", create(&id, json!({})))
            .await,
        "400 BadRequestException: Authorizer name must be unique. Authorizer pool already exists in this RestApi."
    );
    let place = json!({"restApiId": id, "authorizerId": made["id"]});
    assert_eq!(twin.ok("GetAuthorizer", place.clone()).await, made);
    assert_eq!(
        twin.ok("GetAuthorizers", json!({"restApiId": id})).await["items"],
        json!([made])
    );

    let other = POOL.replace("AbC", "XyZ");
    let patches = json!([
        patch("add", "/providerARNs", &other),
        patch("remove", "/providerARNs", POOL),
        patch("replace", "/authorizerResultTtlInSeconds", "0"),
        patch(
            "replace",
            "/identitySource",
            "method.request.header.X-Token"
        ),
    ]);
    let changed = twin
        .ok(
            "UpdateAuthorizer",
            merged(&place, json!({"patchOperations": patches})),
        )
        .await;
    assert_eq!(changed["providerARNs"], json!([other]));
    assert_eq!(changed.get("authorizerResultTtlInSeconds"), None);
    for bad in [
        patch("remove", "/providerARNs", &other),
        patch("replace", "/providerARNs", &other),
        patch("replace", "/authorizerResultTtlInSeconds", "x"),
        patch("replace", "/nonsense", "x"),
    ] {
        let refusal = twin
            .refused(
                "UpdateAuthorizer",
                merged(&place, json!({"patchOperations": [bad]})),
            )
            .await;
        assert!(refusal.starts_with("400 BadRequestException"), "{refusal}");
    }
    assert_eq!(twin.ok("GetAuthorizer", place.clone()).await, changed);
    twin.ok("DeleteAuthorizer", place.clone()).await;
    assert_eq!(
        twin.refused("GetAuthorizer", place).await,
        "404 NotFoundException: Invalid Authorizer identifier specified"
    );
}

#[tokio::test]
async fn a_protected_method_needs_its_authorizer() {
    let twin = Twin::new();
    let api = twin.api().await;
    let other = twin.api().await;
    let authorizer = text(
        &twin
            .ok("CreateAuthorizer", create(&api.id, json!({})))
            .await["id"],
    );
    let foreign = text(
        &twin
            .ok("CreateAuthorizer", create(&other.id, json!({})))
            .await["id"],
    );
    let place = json!({"restApiId": api.id, "resourceId": api.demo, "httpMethod": "GET"});
    let put = |id: Option<&str>| {
        merged(
            &place,
            json!({"authorizationType": "COGNITO_USER_POOLS", "authorizerId": id, "authorizationScopes": ["a"]}),
        )
    };
    for id in [None, Some(""), Some("absent"), Some(foreign.as_str())] {
        assert_eq!(
            twin.refused("PutMethod", put(id)).await,
            NO_AUTHORIZER,
            "{id:?}"
        );
    }
    let made = twin.ok("PutMethod", put(Some(&authorizer))).await;
    assert_eq!(made["authorizationScopes"], json!(["a"]));
    let delete = json!({"restApiId": api.id, "authorizerId": authorizer});
    assert_eq!(
        twin.refused("DeleteAuthorizer", delete.clone()).await,
        "409 ConflictException: Cannot delete authorizer 'pool', is referenced in method: GET//demo"
    );

    // Update by patches, all or none.
    let update = |patches: Value| merged(&place, json!({"patchOperations": patches}));
    let scoped = twin
        .ok(
            "UpdateMethod",
            update(json!([
                patch("add", "/authorizationScopes", "b"),
                patch("remove", "/authorizationScopes", "a"),
                patch("replace", "/apiKeyRequired", "true"),
            ])),
        )
        .await;
    assert_eq!(scoped["authorizationScopes"], json!(["b"]));
    assert_eq!(scoped["apiKeyRequired"], true);
    for (patches, refusal) in [
        // It is no Lambda authorizer.
        (
            json!([patch("replace", "/authorizationType", "CUSTOM")]),
            NO_AUTHORIZER,
        ),
        (
            json!([patch("replace", "/authorizationType", "AWS_IAM")]),
            "400 BadRequestException: Authorization scopes can only be set",
        ),
        (
            json!([patch("replace", "/authorizerId", "absent")]),
            NO_AUTHORIZER,
        ),
        (
            json!([patch("add", "/authorizationType", "NONE")]),
            "400 BadRequestException: Invalid patch operation specified. Must be one of: [replace]",
        ),
        (
            json!([patch("add", "/httpMethod", "PUT")]),
            "400 BadRequestException: Invalid patch path /httpMethod",
        ),
        (
            json!([patch("replace", "/requestModels/application/json", "Empty")]),
            "400 BadRequestException: Invalid patch path /requestModels/application/json",
        ),
        (
            json!([patch("replace", "/requestValidatorId", "fake-id")]),
            "400 BadRequestException: Invalid Request Validator identifier specified",
        ),
        (
            json!([
                patch("remove", "/authorizationScopes", "b"),
                patch("replace", "/x", "")
            ]),
            "400 ",
        ),
        // Scopes mean nothing without an authorizer.
        (
            json!([patch("replace", "/authorizationType", "NONE")]),
            "400 ",
        ),
    ] {
        let seen = twin.refused("UpdateMethod", update(patches.clone())).await;
        assert!(seen.starts_with(refusal), "{patches}: {seen}");
    }
    assert_eq!(twin.ok("GetMethod", place.clone()).await, scoped);
    let open = twin
        .ok(
            "UpdateMethod",
            update(json!([
                patch("remove", "/authorizationScopes", "b"),
                patch("replace", "/authorizationType", "NONE"),
            ])),
        )
        .await;
    assert!(open.get("authorizerId").is_none());
    let closed = twin
        .ok(
            "UpdateMethod",
            update(json!([
                patch("replace", "/authorizationType", "COGNITO_USER_POOLS"),
                patch("replace", "/authorizerId", &authorizer),
            ])),
        )
        .await;
    assert_eq!(closed["authorizerId"], authorizer);
    twin.ok("DeleteMethod", place).await;
    twin.ok("DeleteAuthorizer", delete).await;
}
