use serde_json::json;

use super::{EMAIL, Twin, with_code};

#[tokio::test]
async fn someone_unknown_gets_a_challenge_and_no_mail() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let asked = json!({"USERNAME": "nobody@nowhere.org", "PREFERRED_CHALLENGE": "EMAIL_OTP"});
    let challenge = twin.begin(&lab.client, asked.clone()).await;
    assert_eq!(challenge["ChallengeName"], "EMAIL_OTP");
    assert_eq!(
        challenge["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"],
        "n***@n***"
    );
    assert!(twin.mails().is_empty());
    let mut input = with_code(&lab.client, &challenge, "12345678");
    input["ChallengeResponses"]["USERNAME"] = json!("nobody@nowhere.org");
    let (kind, _) = twin.refused("RespondToAuthChallenge", input).await;
    assert_eq!(kind, "CodeMismatchException");

    let open = twin
        .client(&lab.pool, json!({"PreventUserExistenceErrors": "LEGACY"}))
        .await;
    let input = json!({"ClientId": open, "AuthFlow": "USER_AUTH", "AuthParameters": asked});
    let (kind, message) = twin.refused("InitiateAuth", input).await;
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("UserNotFoundException", "User does not exist.")
    );
}

#[tokio::test]
async fn without_a_preference_the_user_chooses() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let password = "Str0ng-password";
    let input = json!({
        "UserPoolId": lab.pool, "Username": EMAIL, "Password": password, "Permanent": true,
    });
    twin.ok("AdminSetUserPassword", input).await;
    let choice = twin.begin(&lab.client, json!({"USERNAME": EMAIL})).await;
    assert_eq!(choice["ChallengeName"], "SELECT_CHALLENGE");
    assert_eq!(
        choice["AvailableChallenges"],
        json!(["EMAIL_OTP", "PASSWORD", "PASSWORD_SRP"])
    );
    let select = |session: &serde_json::Value, responses: serde_json::Value| {
        json!({
            "ClientId": lab.client, "ChallengeName": "SELECT_CHALLENGE", "Session": session,
            "ChallengeResponses": responses,
        })
    };
    let responses = json!({"USERNAME": EMAIL, "ANSWER": "SMS_OTP"});
    let input = select(&choice["Session"], responses);
    let (kind, _) = twin.refused("RespondToAuthChallenge", input).await;
    assert_eq!(kind, "InvalidParameterException");

    let responses = json!({"USERNAME": EMAIL, "ANSWER": "EMAIL_OTP"});
    let input = select(&choice["Session"], responses);
    let challenge = twin.ok("RespondToAuthChallenge", input).await;
    assert_eq!(challenge["ChallengeName"], "EMAIL_OTP");
    assert_ne!(challenge["Session"], choice["Session"]);
    let input = with_code(&lab.client, &challenge, &twin.last_code());
    twin.ok("RespondToAuthChallenge", input).await;

    let choice = twin.begin(&lab.client, json!({"USERNAME": EMAIL})).await;
    let responses = json!({"USERNAME": EMAIL, "ANSWER": "PASSWORD", "PASSWORD": password});
    let input = select(&choice["Session"], responses);
    let answer = twin.ok("RespondToAuthChallenge", input).await;
    assert!(answer["AuthenticationResult"]["AccessToken"].is_string());
}

#[tokio::test]
async fn flows_need_to_be_enabled_on_the_client() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let bare = twin
        .client(&lab.pool, json!({"ExplicitAuthFlows": []}))
        .await;
    let begin = |flow: &str| {
        json!({
            "ClientId": bare, "AuthFlow": flow,
            "AuthParameters": {"USERNAME": EMAIL, "PASSWORD": "x"},
        })
    };
    let expected = [
        ("USER_AUTH", "USER_AUTH flow not enabled for this client"),
        (
            "USER_PASSWORD_AUTH",
            "USER_PASSWORD_AUTH flow not enabled for this client",
        ),
        (
            "ADMIN_USER_PASSWORD_AUTH",
            "Initiate Auth method not supported.",
        ),
    ];
    for (flow, message) in expected {
        let refusal = twin.refused("InitiateAuth", begin(flow)).await;
        assert_eq!(
            refusal,
            ("InvalidParameterException".into(), message.into())
        );
    }
    let mut admin = begin("ADMIN_USER_PASSWORD_AUTH");
    admin["UserPoolId"] = json!(lab.pool);
    let (kind, message) = twin.refused("AdminInitiateAuth", admin).await;
    assert_eq!(kind, "InvalidParameterException");
    assert_eq!(message, "Auth flow not enabled for this client");
    let input = json!({"ClientId": "absent", "AuthFlow": "USER_AUTH"});
    let (kind, message) = twin.refused("InitiateAuth", input).await;
    assert_eq!(kind, "ResourceNotFoundException");
    assert_eq!(message, "User pool client absent does not exist.");
}
