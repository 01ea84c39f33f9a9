use serde_json::json;

use super::{Twin, text};

#[tokio::test]
async fn a_client_shows_its_defaults() {
    let twin = Twin::new();
    let pool = twin.pool(json!({})).await;
    let input = json!({"UserPoolId": pool, "ClientName": "spa"});
    let created = twin.ok("CreateUserPoolClient", input).await["UserPoolClient"].clone();
    let id = text(&created["ClientId"]);
    assert_eq!(id.len(), 26);
    let input = json!({"UserPoolId": pool, "ClientId": id});
    let described = twin.ok("DescribeUserPoolClient", input).await;
    let mut client = described["UserPoolClient"].clone();
    assert_eq!(client, created);
    for date in ["CreationDate", "LastModifiedDate"] {
        assert!(
            client
                .as_object_mut()
                .unwrap()
                .remove(date)
                .unwrap()
                .is_f64()
        );
    }
    assert_eq!(
        client,
        json!({
            "UserPoolId": pool, "ClientName": "spa", "ClientId": id,
            "RefreshTokenValidity": 30, "TokenValidityUnits": {}, "AuthSessionValidity": 3,
            "EnableTokenRevocation": true, "AllowedOAuthFlowsUserPoolClient": false,
            "EnablePropagateAdditionalUserContextData": false,
        })
    );
}

#[tokio::test]
async fn a_secret_is_made_on_request_and_survives_updates() {
    let twin = Twin::new();
    let pool = twin.pool(json!({})).await;
    let id = twin
        .client(
            &pool,
            json!({"GenerateSecret": true, "AuthSessionValidity": 10}),
        )
        .await;
    let read = json!({"UserPoolId": pool, "ClientId": id});
    let before = twin.ok("DescribeUserPoolClient", read.clone()).await["UserPoolClient"].clone();
    let updated = twin.ok("UpdateUserPoolClient", read.clone()).await["UserPoolClient"].clone();
    let after = twin.ok("DescribeUserPoolClient", read).await["UserPoolClient"].clone();
    assert_eq!(updated, after);
    assert!(text(&before["ClientSecret"]).len() >= 24);
    for kept in ["ClientSecret", "ClientName", "CreationDate"] {
        assert_eq!(before[kept], after[kept], "{kept}");
    }
    assert_eq!(
        (
            &before["AuthSessionValidity"],
            &after["AuthSessionValidity"]
        ),
        (&json!(10), &json!(3))
    );
    assert!(before["ExplicitAuthFlows"].is_array() && after.get("ExplicitAuthFlows").is_none());
    assert!(after.get("PreventUserExistenceErrors").is_none());
}

#[tokio::test]
async fn settings_that_contradict_each_other_are_refused() {
    let twin = Twin::new();
    let pool = twin.pool(json!({})).await;
    let rotation = json!({"Feature": "ENABLED", "RetryGracePeriodSeconds": 10});
    let cases = [
        json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH", "USER_PASSWORD_AUTH"]}),
        json!({
            "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"], "RefreshTokenRotation": rotation,
        }),
        json!({"AccessTokenValidity": 4, "TokenValidityUnits": {"AccessToken": "minutes"}}),
        json!({"IdTokenValidity": 2, "TokenValidityUnits": {"IdToken": "days"}}),
        json!({
            "AccessTokenValidity": 2, "RefreshTokenValidity": 60,
            "TokenValidityUnits": {"RefreshToken": "minutes"},
        }),
        json!({"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"]}),
    ];
    for changes in cases {
        let mut input = json!({"UserPoolId": pool, "ClientName": "x"});
        super::merge(&mut input, changes.clone());
        let (kind, _) = twin.refused("CreateUserPoolClient", input).await;
        assert_eq!(kind, "InvalidParameterException", "{changes}");
    }
    let good = json!({
        "ExplicitAuthFlows": ["ALLOW_USER_AUTH"], "RefreshTokenRotation": rotation,
        "AccessTokenValidity": 5, "TokenValidityUnits": {"AccessToken": "minutes"},
    });
    twin.client(&pool, good).await;
}

#[tokio::test]
async fn clients_are_listed_and_deleted() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let result = twin.sign_in(&lab.client).await;
    let list = twin
        .ok("ListUserPoolClients", json!({"UserPoolId": lab.pool}))
        .await;
    assert_eq!(
        list["UserPoolClients"],
        json!([{"ClientId": lab.client, "UserPoolId": lab.pool, "ClientName": "spa"}])
    );
    let input = json!({"UserPoolId": lab.pool, "ClientId": lab.client});
    twin.ok("DeleteUserPoolClient", input.clone()).await;
    for operation in [
        "DeleteUserPoolClient",
        "DescribeUserPoolClient",
        "UpdateUserPoolClient",
    ] {
        let (kind, message) = twin.refused(operation, input.clone()).await;
        assert_eq!(kind, "ResourceNotFoundException");
        assert_eq!(
            message,
            format!("User pool client {} does not exist.", lab.client)
        );
    }
    let input = json!({"ClientId": lab.client, "RefreshToken": result["RefreshToken"]});
    let (kind, _) = twin.refused("GetTokensFromRefreshToken", input).await;
    assert_eq!(kind, "ResourceNotFoundException");
}

#[tokio::test]
async fn choice_based_sign_in_needs_more_than_the_lite_tier() {
    let twin = Twin::new();
    let pool = twin
        .pool(json!({"UserPoolTier": "LITE", "Policies": {}}))
        .await;
    let id = twin.client(&pool, json!({"ExplicitAuthFlows": []})).await;
    let flows = json!({
        "UserPoolId": pool, "ClientName": "x", "ClientId": id,
        "ExplicitAuthFlows": ["ALLOW_USER_AUTH"],
    });
    for operation in ["CreateUserPoolClient", "UpdateUserPoolClient"] {
        let (kind, _) = twin.refused(operation, flows.clone()).await;
        assert_eq!(kind, "FeatureUnavailableInTierException");
    }
}
