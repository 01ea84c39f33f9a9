use serde_json::json;

use super::{EMAIL, Twin, attribute, text, with_code};
use crate::cognito::{
    session::{ChallengeName, Session},
    verify_token,
};

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

/// A load of sign-ins that nobody completes must not fill the memory, nor take the place of the newest.
#[tokio::test]
async fn old_sessions_are_forgotten_when_there_are_too_many() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let place = twin.place(&lab.pool);
    let count = twin.app.write(|world| {
        let pool = place.get_mut(world).unwrap();
        let client = pool.client(&lab.client).unwrap().clone();
        for now in 1_000_000..1_030_000 {
            let session = Session::new(&client, None, EMAIL, ChallengeName::EmailOtp, now);
            let token = pool.open(session, None, now);
            let known = pool.session(&token, &client, ChallengeName::EmailOtp, now);
            assert!(known.is_ok());
        }
        // What is long past goes too, though there is room.
        let most = pool.sessions.len();
        for now in 100_000_000..100_000_256 {
            let session = Session::new(&client, None, EMAIL, ChallengeName::EmailOtp, now);
            pool.open(session, None, now);
        }
        (most, pool.sessions.len())
    });
    assert!((5_000..=10_256).contains(&count.0), "{count:?}");
    assert!(count.1 <= 256, "{count:?}");
}
