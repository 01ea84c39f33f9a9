use serde_json::json;

use super::{EMAIL, Twin, attribute, text, with_code};
use crate::cognito::verify_token;

#[tokio::test]
async fn a_code_from_the_inbox_gives_tokens() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let asked = json!({"USERNAME": "Student@Example.com", "PREFERRED_CHALLENGE": "EMAIL_OTP"});
    let challenge = twin.begin(&lab.client, asked).await;
    assert_eq!(challenge["ChallengeName"], "EMAIL_OTP");
    assert_eq!(challenge["AvailableChallenges"], json!(["EMAIL_OTP"]));
    assert_eq!(
        challenge["ChallengeParameters"],
        json!({
            "CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL",
            "CODE_DELIVERY_DESTINATION": "s***@e***",
        })
    );
    let mail = twin.mails().pop().expect("a mail");
    let code = mail.code.expect("a code");
    assert_eq!((mail.to.as_str(), code.len()), (EMAIL, 8));
    assert!(mail.text.contains(&code) && code.bytes().all(|b| b.is_ascii_digit()));

    let answer = twin
        .ok(
            "RespondToAuthChallenge",
            with_code(&lab.client, &challenge, &code),
        )
        .await;
    let result = &answer["AuthenticationResult"];
    assert_eq!(
        (&result["ExpiresIn"], &result["TokenType"]),
        (&json!(3600), &json!("Bearer"))
    );

    let user = twin
        .ok(
            "AdminGetUser",
            json!({"UserPoolId": lab.pool, "Username": EMAIL}),
        )
        .await;
    let sub = attribute(&user, "sub").expect("a sub");
    let arn = format!(
        "arn:aws:cognito-idp:us-east-1:111122223333:userpool/{}",
        lab.pool
    );
    let access = verify_token(
        &twin.app,
        std::slice::from_ref(&arn),
        &text(&result["AccessToken"]),
    )
    .unwrap();
    let issuer = format!("https://cognito-idp.us-east-1.amazonaws.com/{}", lab.pool);
    let expected = [
        ("sub", sub.as_str()),
        ("iss", &issuer),
        ("client_id", &lab.client),
        ("token_use", "access"),
        ("scope", "aws.cognito.signin.user.admin"),
        ("username", &sub),
    ];
    for (name, value) in expected {
        assert_eq!(access[name], value, "{name}");
    }
    let mut names: Vec<_> = access.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "auth_time",
            "client_id",
            "event_id",
            "exp",
            "iat",
            "iss",
            "jti",
            "origin_jti",
            "scope",
            "sub",
            "token_use",
            "username",
        ]
    );
    let id = verify_token(&twin.app, &[arn], &text(&result["IdToken"])).unwrap();
    assert_eq!(
        (&id["aud"], &id["token_use"]),
        (&json!(lab.client), &json!("id"))
    );
    assert_eq!(
        (&id["email"], &id["email_verified"]),
        (&json!(EMAIL), &json!(true))
    );
    assert_eq!(
        (&id["cognito:username"], &id["sub"]),
        (&json!(sub), &json!(sub))
    );
    assert_eq!(
        (&id["origin_jti"], &id["event_id"]),
        (&access["origin_jti"], &access["event_id"])
    );

    let me = twin
        .ok("GetUser", json!({"AccessToken": result["AccessToken"]}))
        .await;
    assert_eq!(me["Username"], sub);
    assert_eq!(attribute(&me, "email").as_deref(), Some(EMAIL));
    let (code, _) = twin
        .refused("GetUser", json!({"AccessToken": result["IdToken"]}))
        .await;
    assert_eq!(code, "NotAuthorizedException");

    let refreshed = twin
        .ok(
            "InitiateAuth",
            json!({
                "ClientId": lab.client,
                "AuthFlow": "REFRESH_TOKEN_AUTH",
                "AuthParameters": {"REFRESH_TOKEN": result["RefreshToken"]},
            }),
        )
        .await;
    let result = &refreshed["AuthenticationResult"];
    assert_eq!(result.get("RefreshToken"), None);
    twin.ok("GetUser", json!({"AccessToken": result["AccessToken"]}))
        .await;
}

#[tokio::test]
async fn a_session_bears_wrong_codes_and_one_right_one() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let asked = json!({"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"});
    let challenge = twin.begin(&lab.client, asked).await;
    let code = twin.last_code();
    let wrong = if code == "00000000" {
        "11111111"
    } else {
        "00000000"
    };
    for _ in 0..6 {
        let refusal = twin
            .refused(
                "RespondToAuthChallenge",
                with_code(&lab.client, &challenge, wrong),
            )
            .await;
        assert_eq!(
            refusal,
            (
                "CodeMismatchException".into(),
                "Invalid code or auth state for the user.".into()
            )
        );
    }
    twin.ok(
        "RespondToAuthChallenge",
        with_code(&lab.client, &challenge, &code),
    )
    .await;
    let (kind, message) = twin
        .refused(
            "RespondToAuthChallenge",
            with_code(&lab.client, &challenge, &code),
        )
        .await;
    assert_eq!(kind, "NotAuthorizedException");
    assert_eq!(
        message,
        "Invalid session for the user, session can only be used once."
    );
}

#[tokio::test]
async fn a_session_ends_after_the_clients_validity() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let client = twin
        .client(&lab.pool, json!({"AuthSessionValidity": 5}))
        .await;
    let asked = json!({"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"});
    let challenge = twin.begin(&client, asked).await;
    let place = twin.place(&lab.pool);
    let age = |minutes: i64| {
        twin.app.write(|world| {
            let pool = place.get_mut(world).unwrap();
            pool.sessions
                .values_mut()
                .for_each(|session| session.expires -= minutes * 60_000);
        });
    };
    age(4);
    let input = with_code(&client, &challenge, "x");
    let (kind, _) = twin.refused("RespondToAuthChallenge", input).await;
    assert_eq!(kind, "CodeMismatchException");
    age(1);
    let input = with_code(&client, &challenge, &twin.last_code());
    let refusal = twin.refused("RespondToAuthChallenge", input).await;
    assert_eq!(
        refusal,
        (
            "NotAuthorizedException".into(),
            "Invalid session for the user, session is expired.".into()
        )
    );
}

#[tokio::test]
async fn a_session_belongs_to_its_client_user_and_challenge() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let other = twin.client(&lab.pool, json!({})).await;
    let asked = json!({"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"});
    let challenge = twin.begin(&lab.client, asked).await;
    let code = twin.last_code();
    let good = with_code(&lab.client, &challenge, &code);
    let mut of_other_client = good.clone();
    of_other_client["ClientId"] = json!(other);
    let mut of_other_user = good.clone();
    of_other_user["ChallengeResponses"]["USERNAME"] = json!("other@example.com");
    let mut of_other_challenge = good.clone();
    of_other_challenge["ChallengeName"] = json!("SELECT_CHALLENGE");
    for input in [of_other_client, of_other_user, of_other_challenge] {
        let refusal = twin.refused("RespondToAuthChallenge", input).await;
        assert_eq!(
            refusal,
            (
                "NotAuthorizedException".into(),
                "Invalid session for the user.".into()
            )
        );
    }
    twin.ok("RespondToAuthChallenge", good).await;
}

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
        json!(["EMAIL_OTP", "PASSWORD"])
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

#[tokio::test]
async fn the_inbox_keeps_the_last_five_hundred() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let asked = json!({"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"});
    for _ in 0..3 {
        twin.begin(&lab.client, asked.clone()).await;
    }
    let oldest = twin.mails()[0].clone();
    twin.app.write(|world| world.inbox = vec![oldest; 500]);
    twin.begin(&lab.client, asked).await;
    let mails = twin.mails();
    assert_eq!(mails.len(), 500);
    assert_ne!(mails[499].code, mails[0].code);
}
