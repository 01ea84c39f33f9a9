//! The Cognito authorizer on the data plane.

use serde_json::{Value, json};

use super::{Api, Twin, merged, patch, text};

const EMAIL: &str = "student@example.com";
const UNAUTHORIZED: &str = r#"{"message":"Unauthorized"}"#;
const SCOPE: &str = "aws.cognito.signin.user.admin";

pub(super) struct Tokens {
    access: String,
    pub(super) id: String,
}

impl Twin {
    /// A pool with a user; its ARN, and the user's tokens.
    pub(super) async fn pool(&self) -> (String, Tokens) {
        let pool = self
            .cognito("CreateUserPool", json!({
                "PoolName": "demo",
                "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}},
                "UsernameAttributes": ["email"],
            }))
            .await;
        let id = &pool["UserPool"]["Id"];
        let client = self
            .cognito(
                "CreateUserPoolClient",
                json!({
                    "UserPoolId": id, "ClientName": "spa", "ExplicitAuthFlows": ["ALLOW_USER_AUTH"],
                }),
            )
            .await;
        let client = &client["UserPoolClient"]["ClientId"];
        let attributes = json!([
            {"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"},
        ]);
        let user = json!({
            "UserPoolId": id, "Username": EMAIL, "UserAttributes": attributes, "MessageAction": "SUPPRESS",
        });
        self.cognito("AdminCreateUser", user).await;
        let begun = self
            .cognito(
                "InitiateAuth",
                json!({
                    "ClientId": client, "AuthFlow": "USER_AUTH",
                    "AuthParameters": {"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"},
                }),
            )
            .await;
        let code = self
            .app
            .read(|world| world.inbox.last().and_then(|mail| mail.code.clone()));
        let done = self
            .cognito(
                "RespondToAuthChallenge",
                json!({
                    "ClientId": client, "ChallengeName": "EMAIL_OTP", "Session": begun["Session"],
                    "ChallengeResponses": {"USERNAME": EMAIL, "EMAIL_OTP_CODE": code},
                }),
            )
            .await;
        let result = &done["AuthenticationResult"];
        let tokens = Tokens {
            access: text(&result["AccessToken"]),
            id: text(&result["IdToken"]),
        };
        (text(&pool["UserPool"]["Arn"]), tokens)
    }

    pub(super) async fn authorizer(&self, api: &Api, pool: &str, changes: Value) -> String {
        let input = json!({
            "restApiId": api.id, "name": "pool", "type": "COGNITO_USER_POOLS", "providerARNs": [pool],
            "identitySource": "method.request.header.Authorization",
        });
        text(&self.ok("CreateAuthorizer", merged(&input, changes)).await["id"])
    }
}

pub(super) fn protected(authorizer: &str, scopes: &[&str]) -> Value {
    json!({
        "authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizer, "authorizationScopes": scopes,
    })
}

#[tokio::test]
async fn scopes_decide_which_token_is_taken() {
    let twin = Twin::new();
    let (pool, tokens) = twin.pool().await;
    let (_, foreign) = twin.pool().await;
    let api = twin.api().await;
    let authorizer = twin.authorizer(&api, &pool, json!({})).await;
    twin.mock(
        &api,
        &api.demo,
        "GET",
        "hello",
        protected(&authorizer, &[SCOPE]),
    )
    .await;
    let plain = twin.resource(&api.id, &api.root, "plain").await;
    twin.mock(&api, &plain, "GET", "hello", protected(&authorizer, &[]))
        .await;
    let other = twin.resource(&api.id, &api.root, "other").await;
    twin.mock(
        &api,
        &other,
        "GET",
        "hello",
        protected(&authorizer, &["other/scope"]),
    )
    .await;
    twin.deploy(&api).await;

    let bearer = format!("Bearer {}", tokens.access);
    let altered = format!("{}x", tokens.access);
    for (path, token, status) in [
        ("/demo", tokens.access.as_str(), 200),
        ("/demo", &bearer, 200),
        ("/demo", &tokens.id, 401),
        ("/demo", &altered, 401),
        ("/demo", &foreign.access, 401),
        ("/demo", "garbage.garbage.garbage", 401),
        ("/demo", "", 401),
        ("/plain", &tokens.id, 200),
        ("/plain", &tokens.access, 401),
        ("/plain", &foreign.id, 401),
        ("/other", &tokens.access, 401),
    ] {
        let body = if status == 200 { "hello" } else { UNAUTHORIZED };
        let seen = twin.get(&api, path, &[("authorization", token)]).await;
        assert_eq!(seen, (status, body.to_owned()), "{path} {token}");
    }
    let seen = twin
        .send("GET", &format!("/_api/{}/dev/demo", api.id), &[], "")
        .await
        .unwrap();
    assert_eq!((seen.status, seen.body.as_str()), (401, UNAUTHORIZED));
    assert_eq!(seen.headers["x-amzn-errortype"], "UnauthorizedException");
    // A test passes the authorizer by.
    let place = json!({"restApiId": api.id, "resourceId": api.demo, "httpMethod": "GET"});
    assert_eq!(twin.ok("TestInvokeMethod", place).await["status"], 200);
    // Still so after a restart.
    let again = twin.restarted();
    assert_eq!(
        again
            .get(&api, "/demo", &[("authorization", &tokens.access)])
            .await
            .0,
        200
    );
    assert_eq!(again.get(&api, "/demo", &[]).await.0, 401);
}

#[tokio::test]
async fn the_authorizer_says_where_the_token_is_and_whose() {
    let twin = Twin::new();
    let (pool, tokens) = twin.pool().await;
    let api = twin.api().await;
    let changes = json!({
        "identitySource": "method.request.header.X-Token", "identityValidationExpression": "[a-z0-9]+",
    });
    let authorizer = twin.authorizer(&api, &pool, changes).await;
    twin.mock(&api, &api.demo, "GET", "hello", protected(&authorizer, &[]))
        .await;
    twin.deploy(&api).await;
    assert_eq!(
        twin.get(&api, "/demo", &[("x-token", &tokens.id)]).await.0,
        200
    );
    assert_eq!(
        twin.get(&api, "/demo", &[("authorization", &tokens.id)])
            .await
            .0,
        401
    );

    // The expression is about the audience, all of it; and a change needs a new deployment.
    let patches = [patch("replace", "/identityValidationExpression", "[a-z]")];
    let input =
        json!({"restApiId": api.id, "authorizerId": authorizer, "patchOperations": patches});
    twin.ok("UpdateAuthorizer", input).await;
    assert_eq!(
        twin.get(&api, "/demo", &[("x-token", &tokens.id)]).await.0,
        200
    );
    twin.deploy(&api).await;
    assert_eq!(
        twin.get(&api, "/demo", &[("x-token", &tokens.id)]).await.0,
        401
    );
}

#[tokio::test]
async fn protection_that_is_added_later_needs_a_deployment() {
    let twin = Twin::new();
    let (pool, _) = twin.pool().await;
    let api = twin.api().await;
    twin.mock(&api, &api.demo, "GET", "hello", json!({})).await;
    twin.deploy(&api).await;
    let authorizer = twin.authorizer(&api, &pool, json!({})).await;
    let place = json!({"restApiId": api.id, "resourceId": api.demo, "httpMethod": "GET"});
    let patches = json!([
        patch("replace", "/authorizationType", "COGNITO_USER_POOLS"),
        patch("replace", "/authorizerId", &authorizer),
        patch("add", "/authorizationScopes", SCOPE),
    ]);
    twin.ok(
        "UpdateMethod",
        merged(&place, json!({"patchOperations": patches})),
    )
    .await;
    assert_eq!(twin.get(&api, "/demo", &[]).await.0, 200);
    twin.deploy(&api).await;
    assert_eq!(twin.get(&api, "/demo", &[]).await.0, 401);
}
