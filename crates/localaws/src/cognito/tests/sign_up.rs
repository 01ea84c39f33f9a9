//! Signing up, confirming, and getting over a forgotten password.

use serde_json::{Value, json};

use super::{EMAIL, Twin, merge, text};

const PASSWORD: &str = "Str0ng-Passw0rd!";
const LATER: &str = "An0ther-Passw0rd!";

/// A pool that people can join, and a client for passwords.
async fn open(twin: &Twin, pool: Value, client: Value) -> (String, String) {
    let mut settings = json!({"AutoVerifiedAttributes": ["email"]});
    merge(&mut settings, pool);
    let pool = twin.pool(settings).await;
    let mut settings = json!({
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"], "PreventUserExistenceErrors": "LEGACY",
    });
    merge(&mut settings, client);
    let client = twin.client(&pool, settings).await;
    (pool, client)
}

fn of(client: &str, changes: Value) -> Value {
    let mut input = json!({"ClientId": client, "Username": EMAIL});
    merge(&mut input, changes);
    input
}

fn password(client: &str, password: &str) -> Value {
    json!({
        "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": EMAIL, "PASSWORD": password},
    })
}

fn fault(code: &str, message: &str) -> (String, String) {
    (code.to_owned(), message.to_owned())
}

#[tokio::test]
async fn who_signs_up_confirms_with_the_mailed_code() {
    let twin = Twin::new();
    let (pool, client) = open(&twin, json!({}), json!({})).await;
    let wanted = of(&client, json!({"Password": PASSWORD}));
    let made = twin.ok("SignUp", wanted.clone()).await;
    let details =
        json!({"Destination": "s***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"});
    assert_eq!(
        (&made["UserConfirmed"], &made["CodeDeliveryDetails"]),
        (&json!(false), &details)
    );
    let who = json!({"UserPoolId": pool, "Username": EMAIL});
    let user = twin.ok("AdminGetUser", who.clone()).await;
    assert_eq!(
        (&user["Username"], &user["UserStatus"]),
        (&made["UserSub"], &json!("UNCONFIRMED"))
    );
    assert_eq!(
        twin.refused("SignUp", wanted).await,
        fault("UsernameExistsException", "User already exists")
    );
    // Only who knows the password hears why.
    assert_eq!(
        twin.refused("InitiateAuth", password(&client, PASSWORD))
            .await,
        fault("UserNotConfirmedException", "User is not confirmed.")
    );
    assert_eq!(
        twin.refused("InitiateAuth", password(&client, LATER))
            .await
            .0,
        "NotAuthorizedException"
    );

    let old = twin.last_code();
    let mail = twin.mails().pop().unwrap();
    assert_eq!(mail.subject, "Your verification code");
    assert_eq!(mail.text, format!("Your confirmation code is {old}"));
    let again = twin
        .ok("ResendConfirmationCode", of(&client, json!({})))
        .await;
    assert_eq!(again["CodeDeliveryDetails"], details);
    let code = twin.last_code();
    let with = |code: &str| of(&client, json!({"ConfirmationCode": code}));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(
        twin.refused("ConfirmSignUp", with(wrong)).await,
        fault(
            "CodeMismatchException",
            "Invalid verification code provided, please try again."
        )
    );
    twin.ok("ConfirmSignUp", with(&code)).await;
    let user = twin.ok("AdminGetUser", who).await;
    assert_eq!(user["UserStatus"], "CONFIRMED");
    let verified = json!({"Name": "email_verified", "Value": "true"});
    assert!(
        user["UserAttributes"]
            .as_array()
            .unwrap()
            .contains(&verified)
    );
    let tokens = twin.ok("InitiateAuth", password(&client, PASSWORD)).await;
    assert!(tokens["AuthenticationResult"]["AccessToken"].is_string());
    assert_eq!(
        twin.refused("ConfirmSignUp", with(&code)).await,
        fault(
            "NotAuthorizedException",
            "User cannot be confirmed. Current status is CONFIRMED"
        )
    );
    assert_eq!(
        twin.refused("ResendConfirmationCode", of(&client, json!({})))
            .await,
        fault("InvalidParameterException", "User is already confirmed.")
    );
}

#[tokio::test]
async fn a_pool_decides_who_may_sign_up() {
    let twin = Twin::new();
    let closed = json!({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}});
    let (_, client) = open(&twin, closed, json!({})).await;
    let wanted = |client: &str, changes: Value| {
        let mut input = of(client, json!({"Password": PASSWORD}));
        merge(&mut input, changes);
        input
    };
    assert_eq!(
        twin.refused("SignUp", wanted(&client, json!({}))).await,
        fault(
            "NotAuthorizedException",
            "SignUp is not permitted for this user pool"
        )
    );

    let named = json!({
        "Schema": [{"Name": "name", "Required": true}],
        "Policies": {"PasswordPolicy": {"MinimumLength": 12}},
    });
    let (_, client) = open(&twin, named, json!({"WriteAttributes": ["email", "name"]})).await;
    let attribute = |name: &str| json!({"UserAttributes": [{"Name": name, "Value": "true"}]});
    for (changes, code, message) in [
        (
            json!({}),
            "InvalidParameterException",
            "Attributes did not conform to the schema: name: The attribute is required\n",
        ),
        (
            attribute("email_verified"),
            "NotAuthorizedException",
            "A client attempted to write unauthorized attribute",
        ),
        (
            attribute("nickname"),
            "NotAuthorizedException",
            "A client attempted to write unauthorized attribute",
        ),
        (
            json!({"Password": "short", "UserAttributes": [{"Name": "name", "Value": "A"}]}),
            "InvalidPasswordException",
            "Password did not conform with policy: Password not long enough",
        ),
        (
            json!({"Username": "nobody"}),
            "InvalidParameterException",
            "Username should be an email.",
        ),
        (
            json!({"SecretHash": "x"}),
            "NotAuthorizedException",
            &format!("Client {client} is not configured for secret but secret was received"),
        ),
    ] {
        assert_eq!(
            twin.refused("SignUp", wanted(&client, changes.clone()))
                .await,
            fault(code, message),
            "{changes}"
        );
    }
    assert!(twin.mails().is_empty());
}

#[tokio::test]
async fn without_verified_addresses_an_administrator_confirms() {
    let twin = Twin::new();
    let (pool, client) = open(&twin, json!({"AutoVerifiedAttributes": []}), json!({})).await;
    let made = twin
        .ok("SignUp", of(&client, json!({"Password": PASSWORD})))
        .await;
    assert!(made.get("CodeDeliveryDetails").is_none() && twin.mails().is_empty());
    let who = json!({"UserPoolId": pool, "Username": EMAIL});
    twin.ok("AdminConfirmSignUp", who.clone()).await;
    let user = twin.ok("AdminGetUser", who.clone()).await;
    assert_eq!(user["UserStatus"], "CONFIRMED");
    let verified = json!({"Name": "email_verified", "Value": "true"});
    assert!(
        !user["UserAttributes"]
            .as_array()
            .unwrap()
            .contains(&verified)
    );
    twin.ok("InitiateAuth", password(&client, PASSWORD)).await;
    assert_eq!(
        twin.refused("ForgotPassword", of(&client, json!({}))).await,
        fault(
            "InvalidParameterException",
            "Cannot reset password for the user as there is no registered/verified email or phone_number"
        )
    );
    assert_eq!(
        twin.refused("AdminConfirmSignUp", who).await.0,
        "NotAuthorizedException"
    );
}

#[tokio::test]
async fn an_alias_is_its_owners_from_confirmation_on() {
    let twin = Twin::new();
    let pool = json!({"UsernameAttributes": [], "AliasAttributes": ["email"]});
    let (pool, client) = open(&twin, pool, json!({})).await;
    let join = |name: &str| {
        json!({
            "ClientId": client, "Username": name, "Password": PASSWORD,
            "UserAttributes": [{"Name": "email", "Value": EMAIL}],
        })
    };
    let confirm = |name: &str, code: &str, force: bool| {
        json!({
            "ClientId": client, "Username": name, "ConfirmationCode": code,
            "ForceAliasCreation": force,
        })
    };
    twin.ok("SignUp", join("ann")).await;
    let code = twin.last_code();
    twin.ok("ConfirmSignUp", confirm("ann", &code, false)).await;
    twin.ok("SignUp", join("bob")).await;
    let code = twin.last_code();
    assert_eq!(
        twin.refused("ConfirmSignUp", confirm("bob", &code, false))
            .await
            .0,
        "AliasExistsException"
    );
    twin.ok("ConfirmSignUp", confirm("bob", &code, true)).await;
    let who = json!({"UserPoolId": pool, "Username": EMAIL});
    assert_eq!(twin.ok("AdminGetUser", who).await["Username"], "bob");
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_with_a_mailed_code() {
    let twin = Twin::new();
    let (pool, client) = open(&twin, json!({}), json!({})).await;
    twin.ok("SignUp", of(&client, json!({"Password": PASSWORD})))
        .await;
    let confirm = of(&client, json!({"ConfirmationCode": twin.last_code()}));
    twin.ok("ConfirmSignUp", confirm).await;

    let with = |code: &str, password: &str| {
        of(
            &client,
            json!({"ConfirmationCode": code, "Password": password}),
        )
    };
    let expired = fault(
        "ExpiredCodeException",
        "Invalid code provided, please request a code again.",
    );
    let refused = |input: Value| twin.refused("ConfirmForgotPassword", input);
    assert_eq!(refused(with("123456", LATER)).await, expired);
    let sent = twin.ok("ForgotPassword", of(&client, json!({}))).await;
    assert_eq!(sent["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
    let code = twin.last_code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(refused(with(wrong, LATER)).await.0, "CodeMismatchException");
    assert_eq!(
        refused(with(&code, "short")).await.0,
        "InvalidPasswordException"
    );
    twin.ok("ConfirmForgotPassword", with(&code, LATER)).await;
    // A code is good once.
    assert_eq!(refused(with(&code, LATER)).await, expired);
    twin.ok("InitiateAuth", password(&client, LATER)).await;
    assert_eq!(
        twin.refused("InitiateAuth", password(&client, PASSWORD))
            .await
            .0,
        "NotAuthorizedException"
    );

    twin.ok("ForgotPassword", of(&client, json!({}))).await;
    let code = twin.last_code();
    let place = twin.place(&pool);
    twin.app.write(|world| {
        let user = place.get_mut(world).unwrap().user_mut(EMAIL).unwrap();
        user.sign_up_code = user.password_code.clone();
        user.expire_codes();
    });
    assert_eq!(refused(with(&code, LATER)).await, expired);
}

#[tokio::test]
async fn a_client_that_hides_users_hides_them_here() {
    let twin = Twin::new();
    let hides = json!({"PreventUserExistenceErrors": "ENABLED"});
    let (pool, hidden) = open(&twin, json!({}), hides).await;
    let shown = json!({"PreventUserExistenceErrors": "LEGACY"});
    let shown = twin.client(&pool, shown).await;
    let code = json!({"ConfirmationCode": "123456", "Password": PASSWORD});
    for operation in ["ForgotPassword", "ResendConfirmationCode"] {
        let told = twin.ok(operation, of(&hidden, json!({}))).await;
        assert_eq!(
            told["CodeDeliveryDetails"]["Destination"], "s***@e***",
            "{operation}"
        );
    }
    for operation in ["ConfirmSignUp", "ConfirmForgotPassword"] {
        let told = twin.refused(operation, of(&hidden, code.clone())).await;
        assert_eq!(told.0, "ExpiredCodeException", "{operation}");
    }
    for operation in [
        "ForgotPassword",
        "ResendConfirmationCode",
        "ConfirmSignUp",
        "ConfirmForgotPassword",
    ] {
        let told = twin.refused(operation, of(&shown, code.clone())).await;
        assert_eq!(
            told,
            fault(
                "UserNotFoundException",
                "Username/client id combination not found."
            ),
            "{operation}"
        );
    }
    assert!(twin.mails().is_empty());
    // Whom an administrator made has to come first.
    twin.user(&pool, json!({"TemporaryPassword": PASSWORD}))
        .await;
    assert_eq!(
        twin.refused("ForgotPassword", of(&shown, json!({}))).await,
        fault(
            "NotAuthorizedException",
            "User password cannot be reset in the current state."
        )
    );
}

#[tokio::test]
async fn the_pools_own_words_are_mailed() {
    let twin = Twin::new();
    let words = json!({"VerificationMessageTemplate": {
        "DefaultEmailOption": "CONFIRM_WITH_CODE", "EmailSubject": "Welcome", "EmailMessage": "Type {####}, please",
    }});
    let (_, client) = open(&twin, words, json!({})).await;
    twin.ok("SignUp", of(&client, json!({"Password": PASSWORD})))
        .await;
    let mail = twin.mails().pop().unwrap();
    let code = text(&json!(mail.code));
    assert_eq!(
        (mail.subject.as_str(), mail.text),
        ("Welcome", format!("Type {code}, please"))
    );
}
