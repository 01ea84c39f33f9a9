use serde_json::{Value, json};

use super::{EMAIL, Twin, attribute, text};
use crate::cognito::client::secret_hash;

const TEMPORARY: &str = "Temp0rary-password";
const NEW: &str = "N3w-password";

/// A client for passwords, and a user with a temporary one.
async fn invited(twin: &Twin) -> (String, String) {
    let pool = twin.pool(json!({})).await;
    let flows = json!([
        "ALLOW_USER_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    ]);
    let client = twin
        .client(&pool, json!({"ExplicitAuthFlows": flows}))
        .await;
    let user = twin
        .user(&pool, json!({"TemporaryPassword": TEMPORARY}))
        .await;
    assert_eq!(user["UserStatus"], "FORCE_CHANGE_PASSWORD");
    (pool, client)
}

fn with_password(client: &str, password: &str) -> Value {
    json!({
        "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": EMAIL, "PASSWORD": password},
    })
}

#[tokio::test]
async fn a_temporary_password_has_to_be_changed() {
    let twin = Twin::new();
    let (pool, client) = invited(&twin).await;
    let (kind, message) = twin
        .refused("InitiateAuth", with_password(&client, "wrong"))
        .await;
    assert_eq!(kind, "NotAuthorizedException");
    assert_eq!(message, "Incorrect username or password.");

    let challenge = twin
        .ok("InitiateAuth", with_password(&client, TEMPORARY))
        .await;
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(challenge["ChallengeParameters"]["requiredAttributes"], "[]");
    let mut input = json!({
        "ClientId": client, "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": challenge["Session"],
        "ChallengeResponses": {
            "USERNAME": EMAIL, "NEW_PASSWORD": "weak", "userAttributes.given_name": "Ada",
        },
    });
    let (kind, message) = twin.refused("RespondToAuthChallenge", input.clone()).await;
    assert_eq!(kind, "InvalidPasswordException");
    assert_eq!(
        message,
        "Password did not conform with policy: Password not long enough"
    );
    input["ChallengeResponses"]["NEW_PASSWORD"] = json!(NEW);
    let answer = twin.ok("RespondToAuthChallenge", input).await;
    assert!(answer["AuthenticationResult"]["RefreshToken"].is_string());

    let user = twin
        .ok(
            "AdminGetUser",
            json!({"UserPoolId": pool, "Username": EMAIL}),
        )
        .await;
    assert_eq!(user["UserStatus"], "CONFIRMED");
    assert_eq!(attribute(&user, "given_name").as_deref(), Some("Ada"));
    let answer = twin.ok("InitiateAuth", with_password(&client, NEW)).await;
    assert!(answer["AuthenticationResult"]["AccessToken"].is_string());
    let mut admin = with_password(&client, NEW);
    admin["AuthFlow"] = json!("ADMIN_USER_PASSWORD_AUTH");
    admin["UserPoolId"] = json!(pool);
    let answer = twin.ok("AdminInitiateAuth", admin).await;
    assert!(answer["AuthenticationResult"]["AccessToken"].is_string());
}

#[tokio::test]
async fn a_temporary_password_closes_sign_in_with_a_code() {
    let twin = Twin::new();
    let (pool, client) = invited(&twin).await;
    let asked = json!({"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"});
    let choice = twin.begin(&client, asked.clone()).await;
    assert_eq!(choice["ChallengeName"], "SELECT_CHALLENGE");
    assert_eq!(
        choice["AvailableChallenges"],
        json!(["PASSWORD", "PASSWORD_SRP"])
    );
    assert!(twin.mails().is_empty());
    // The way out: a permanent password.
    let input = json!({"UserPoolId": pool, "Username": EMAIL, "Password": NEW, "Permanent": true});
    twin.ok("AdminSetUserPassword", input).await;
    assert_eq!(
        twin.begin(&client, asked).await["ChallengeName"],
        "EMAIL_OTP"
    );
}

#[tokio::test]
async fn a_temporary_password_expires() {
    let twin = Twin::new();
    let (pool, client) = invited(&twin).await;
    let place = twin.place(&pool);
    twin.app.write(|world| {
        for user in place.get_mut(world).unwrap().users.values_mut() {
            let until = user
                .password
                .as_mut()
                .unwrap()
                .temporary_until
                .as_mut()
                .unwrap();
            *until -= 7 * 86_400_000;
        }
    });
    let (kind, message) = twin
        .refused("InitiateAuth", with_password(&client, TEMPORARY))
        .await;
    assert_eq!(kind, "NotAuthorizedException");
    assert!(
        message.starts_with("Temporary password has expired"),
        "{message}"
    );
    let input = json!({
        "UserPoolId": pool, "Username": EMAIL, "MessageAction": "RESEND",
        "TemporaryPassword": TEMPORARY,
    });
    twin.ok("AdminCreateUser", input).await;
    let challenge = twin
        .ok("InitiateAuth", with_password(&client, TEMPORARY))
        .await;
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(twin.last_code(), TEMPORARY);
}

#[tokio::test]
async fn user_auth_takes_a_password_at_once_or_asks_for_it() {
    let twin = Twin::new();
    let (pool, client) = invited(&twin).await;
    let input = json!({"UserPoolId": pool, "Username": EMAIL, "Password": NEW, "Permanent": true});
    twin.ok("AdminSetUserPassword", input).await;
    let mut asked = json!({"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "PASSWORD"});
    let challenge = twin.begin(&client, asked.clone()).await;
    assert_eq!(challenge["ChallengeName"], "PASSWORD");
    let input = json!({
        "ClientId": client, "ChallengeName": "PASSWORD", "Session": challenge["Session"],
        "ChallengeResponses": {"USERNAME": EMAIL, "PASSWORD": NEW},
    });
    let answer = twin.ok("RespondToAuthChallenge", input).await;
    assert!(answer["AuthenticationResult"]["AccessToken"].is_string());
    asked["PASSWORD"] = json!(NEW);
    let answer = twin.begin(&client, asked).await;
    assert!(answer["AuthenticationResult"]["AccessToken"].is_string());
}

#[tokio::test]
async fn a_client_with_a_secret_wants_its_hash() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let created = twin
        .ok(
            "CreateUserPoolClient",
            json!({
                "UserPoolId": lab.pool, "ClientName": "server", "GenerateSecret": true,
                "ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            }),
        )
        .await;
    let client = text(&created["UserPoolClient"]["ClientId"]);
    let secret = text(&created["UserPoolClient"]["ClientSecret"]);
    let begin = |hash: Option<&str>| {
        let mut parameters = json!({"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"});
        if let Some(hash) = hash {
            parameters["SECRET_HASH"] = json!(hash);
        }
        json!({"ClientId": client, "AuthFlow": "USER_AUTH", "AuthParameters": parameters})
    };
    let refusals = [
        (
            None,
            format!("Client {client} is configured with secret but SECRET_HASH was not received"),
        ),
        (
            Some("bm9wZQ=="),
            format!("Unable to verify secret hash for client {client}"),
        ),
    ];
    for (hash, message) in refusals {
        let refusal = twin.refused("InitiateAuth", begin(hash)).await;
        assert_eq!(refusal, ("NotAuthorizedException".into(), message));
    }
    let hash = secret_hash(&secret, EMAIL, &client);
    let challenge = twin.ok("InitiateAuth", begin(Some(&hash))).await;
    let mut input = super::with_code(&client, &challenge, &twin.last_code());
    let (kind, _) = twin.refused("RespondToAuthChallenge", input.clone()).await;
    assert_eq!(kind, "NotAuthorizedException");
    input["ChallengeResponses"]["SECRET_HASH"] = json!(hash);
    let result = twin.ok("RespondToAuthChallenge", input).await["AuthenticationResult"].clone();
    let mut input = json!({"ClientId": client, "RefreshToken": result["RefreshToken"]});
    let (kind, _) = twin
        .refused("GetTokensFromRefreshToken", input.clone())
        .await;
    assert_eq!(kind, "NotAuthorizedException");
    input["ClientSecret"] = json!(secret);
    twin.ok("GetTokensFromRefreshToken", input).await;
}

#[test]
fn the_secret_hash_is_amazons() {
    // openssl: printf 'useridclient' | openssl dgst -sha256 -hmac secret -binary | base64
    assert_eq!(
        secret_hash("secret", "userid", "client"),
        "pv16DdbohKOJRxUM+AYALznnjC9WXBj1vTIFMcPdHio="
    );
}
