use serde_json::{Value, json};

use super::{EMAIL, Twin, text};
use crate::{
    app::now_ms,
    cognito::{srp::client::Client, totp},
};

const PASSWORD: &str = "Str0ng-password";

/// A pool with passwords only, a client for it, and the lab's user with a password.
async fn with_password(twin: &Twin) -> (String, String) {
    let policies = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}});
    let pool = twin.pool(json!({"Policies": policies})).await;
    let flows = json!(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"]);
    let client = twin
        .client(&pool, json!({"ExplicitAuthFlows": flows}))
        .await;
    twin.user(&pool, json!({})).await;
    let input = json!({
        "UserPoolId": pool, "Username": EMAIL, "Password": PASSWORD, "Permanent": true,
    });
    twin.ok("AdminSetUserPassword", input).await;
    (pool, client)
}

fn by_password(client: &str) -> Value {
    json!({
        "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": EMAIL, "PASSWORD": PASSWORD},
    })
}

fn respond(client: &str, name: &str, session: &Value, responses: Value) -> Value {
    json!({
        "ClientId": client, "ChallengeName": name, "Session": session,
        "ChallengeResponses": responses,
    })
}

#[tokio::test]
async fn a_proof_counts_once_and_for_its_own_exchange() {
    let twin = Twin::new();
    let (pool, client) = with_password(&twin).await;
    let proving = Client::new();
    let begin = json!({
        "ClientId": client, "AuthFlow": "USER_SRP_AUTH",
        "AuthParameters": {"USERNAME": EMAIL, "SRP_A": proving.public()},
    });
    let first = twin.ok("InitiateAuth", begin.clone()).await;
    let second = twin.ok("InitiateAuth", begin.clone()).await;
    assert!(first.get("Session").is_none());
    let answer = |asked: &Value, block: &Value| {
        let (asked, block) = (&asked["ChallengeParameters"], text(block));
        let user = text(&asked["USER_ID_FOR_SRP"]);
        let token = crate::cognito::by_password::session_of(&block).expect("a block");
        let proof = proving.proof(
            &pool,
            &user,
            PASSWORD,
            &text(&asked["SALT"]),
            &text(&asked["SRP_B"]),
            token.as_bytes(),
            "Tue Nov 24 08:15:00 UTC 2026",
        );
        json!({
            "ClientId": client, "ChallengeName": "PASSWORD_VERIFIER",
            "ChallengeResponses": {
                "USERNAME": user, "PASSWORD_CLAIM_SECRET_BLOCK": block,
                "TIMESTAMP": "Tue Nov 24 08:15:00 UTC 2026", "PASSWORD_CLAIM_SIGNATURE": proof,
            },
        })
    };
    let block = |asked: &Value| asked["ChallengeParameters"]["SECRET_BLOCK"].clone();
    // Of the other exchange: refused, and that one is over.
    let crossed = answer(&first, &block(&second));
    let (kind, _) = twin.refused("RespondToAuthChallenge", crossed).await;
    assert_eq!(kind, "NotAuthorizedException");
    let late = answer(&second, &block(&second));
    let (_, message) = twin.refused("RespondToAuthChallenge", late).await;
    assert!(message.contains("only be used once"), "{message}");

    let right = answer(&first, &block(&first));
    twin.ok("RespondToAuthChallenge", right.clone()).await;
    let (_, message) = twin.refused("RespondToAuthChallenge", right).await;
    assert!(message.contains("only be used once"), "{message}");

    let mut bad = begin;
    bad["AuthParameters"]["SRP_A"] = json!("0");
    let (kind, _) = twin.refused("InitiateAuth", bad).await;
    assert_eq!(kind, "InvalidParameterException");
}

#[tokio::test]
async fn required_mfa_lets_nobody_in_before_it_is_set_up() {
    let twin = Twin::new();
    let (pool, client) = with_password(&twin).await;
    let config = |software: bool| {
        json!({
            "UserPoolId": pool, "MfaConfiguration": "ON",
            "SoftwareTokenMfaConfiguration": {"Enabled": software},
        })
    };
    let (kind, _) = twin.refused("SetUserPoolMfaConfig", config(false)).await;
    assert_eq!(kind, "InvalidParameterException");
    twin.ok("SetUserPoolMfaConfig", config(true)).await;

    let setup = twin.ok("InitiateAuth", by_password(&client)).await;
    assert_eq!(setup["ChallengeName"], "MFA_SETUP");
    let who = json!({"USERNAME": EMAIL});
    let skipped = respond(&client, "MFA_SETUP", &setup["Session"], who.clone());
    let (kind, _) = twin.refused("RespondToAuthChallenge", skipped).await;
    assert_eq!(kind, "NotAuthorizedException");

    let input = json!({"Session": setup["Session"]});
    let associated = twin.ok("AssociateSoftwareToken", input.clone()).await;
    let (_, message) = twin.refused("AssociateSoftwareToken", input).await;
    assert!(message.contains("only be used once"), "{message}");
    let right = totp::shown(&text(&associated["SecretCode"]), now_ms() / 1000);
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };
    let verify = |given: &str| json!({"Session": associated["Session"], "UserCode": given});
    let (kind, _) = twin.refused("VerifySoftwareToken", verify(wrong)).await;
    assert_eq!(kind, "EnableSoftwareTokenMFAException");
    let verified = twin.ok("VerifySoftwareToken", verify(&right)).await;
    let input = respond(&client, "MFA_SETUP", &verified["Session"], who);
    let done = twin.ok("RespondToAuthChallenge", input).await;
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());

    // From now on the code is asked for, and each is taken once.
    let asked = twin.ok("InitiateAuth", by_password(&client)).await;
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    let answer = |given: &str| {
        let given = json!({"USERNAME": EMAIL, "SOFTWARE_TOKEN_MFA_CODE": given});
        respond(&client, "SOFTWARE_TOKEN_MFA", &asked["Session"], given)
    };
    let (kind, _) = twin.refused("RespondToAuthChallenge", answer(wrong)).await;
    assert_eq!(kind, "CodeMismatchException");
    let (kind, _) = twin.refused("RespondToAuthChallenge", answer(&right)).await;
    assert_eq!(kind, "ExpiredCodeException");
}

#[tokio::test]
async fn what_a_domain_or_provider_may_not_be() {
    let twin = Twin::new();
    let pool = twin.pool(json!({})).await;
    let domain = |name: &str| json!({"UserPoolId": pool, "Domain": name});
    let (kind, message) = twin
        .refused("CreateUserPoolDomain", domain("my-cognito"))
        .await;
    assert_eq!(kind, "InvalidParameterException");
    assert!(message.contains("reserved word: cognito"), "{message}");
    twin.ok("CreateUserPoolDomain", domain("mine")).await;
    let (_, message) = twin.refused("CreateUserPoolDomain", domain("other")).await;
    assert!(message.contains("already has a domain"), "{message}");
    let (kind, _) = twin.refused("DeleteUserPoolDomain", domain("other")).await;
    assert_eq!(kind, "InvalidParameterException");

    let provider = json!({
        "UserPoolId": pool, "ProviderName": "Google", "ProviderType": "Google",
        "ProviderDetails": {"client_id": "x", "client_secret": "y"},
    });
    let (_, message) = twin
        .refused("CreateIdentityProvider", provider.clone())
        .await;
    assert!(message.contains("authorize_scopes"), "{message}");
    let mut whole = provider;
    whole["ProviderDetails"]["authorize_scopes"] = json!("openid");
    let made = twin.ok("CreateIdentityProvider", whole).await;
    let mapping = &made["IdentityProvider"]["AttributeMapping"];
    assert_eq!(mapping, &json!({"username": "sub"}));
    // Clients name only providers that are there.
    let with = |name: &str| {
        json!({
            "UserPoolId": pool, "ClientName": "x", "SupportedIdentityProviders": ["COGNITO", name],
        })
    };
    twin.ok("CreateUserPoolClient", with("Google")).await;
    let (kind, message) = twin.refused("CreateUserPoolClient", with("Facebook")).await;
    assert_eq!(kind, "InvalidParameterException");
    assert!(message.contains("The provider Facebook does not exist"));
}
