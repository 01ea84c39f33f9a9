use serde_json::{Value, json};

use super::{EMAIL, Twin, attribute, text};

#[tokio::test]
async fn a_user_without_a_password_is_confirmed_where_codes_are_allowed() {
    let twin = Twin::new();
    let open = twin.pool(json!({})).await;
    let user = twin.user(&open, json!({})).await;
    assert_eq!(
        (&user["UserStatus"], &user["Enabled"]),
        (&json!("CONFIRMED"), &json!(true))
    );
    assert_eq!(attribute(&user, "sub"), Some(text(&user["Username"])));
    assert_eq!(text(&user["Username"]).len(), 36);

    let closed = twin.pool(json!({"Policies": {}})).await;
    let user = twin.user(&closed, json!({})).await;
    assert_eq!(user["UserStatus"], "FORCE_CHANGE_PASSWORD");
    let unverified = json!({"UserAttributes": [{"Name": "email", "Value": "b@example.com"}]});
    let mut changes = json!({"Username": "b@example.com"});
    super::merge(&mut changes, unverified);
    let user = twin.user(&open, changes).await;
    assert_eq!(user["UserStatus"], "FORCE_CHANGE_PASSWORD");
    assert!(twin.mails().is_empty());
}

#[tokio::test]
async fn an_address_is_taken_once_whatever_its_case() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let input = json!({"UserPoolId": lab.pool, "Username": "STUDENT@example.com"});
    let refusal = twin.refused("AdminCreateUser", input.clone()).await;
    assert_eq!(
        refusal,
        (
            "UsernameExistsException".into(),
            "An account with the given email already exists.".into()
        )
    );
    let by_alias = twin.ok("AdminGetUser", input.clone()).await;
    let by_name = json!({"UserPoolId": lab.pool, "Username": by_alias["Username"]});
    assert_eq!(twin.ok("AdminGetUser", by_name).await, by_alias);
    let described = twin
        .ok("DescribeUserPool", json!({"UserPoolId": lab.pool}))
        .await;
    assert_eq!(described["UserPool"]["EstimatedNumberOfUsers"], 1);
    twin.ok("AdminDeleteUser", input.clone()).await;
    let (kind, message) = twin.refused("AdminDeleteUser", input).await;
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("UserNotFoundException", "User does not exist.")
    );
}

#[tokio::test]
async fn a_case_sensitive_pool_tells_cases_apart() {
    let twin = Twin::new();
    let pool = twin
        .pool(json!({"UsernameConfiguration": {"CaseSensitive": true}}))
        .await;
    twin.user(&pool, json!({})).await;
    let input = json!({"UserPoolId": pool, "Username": "STUDENT@example.com"});
    assert_eq!(
        twin.refused("AdminGetUser", input).await.0,
        "UserNotFoundException"
    );
}

#[tokio::test]
async fn names_and_attributes_have_to_fit_the_pool() {
    let twin = Twin::new();
    let pool = twin
        .pool(json!({"Schema": [{"Name": "seat", "AttributeDataType": "Number"}]}))
        .await;
    let email = |name: &str, value: &str| json!([{"Name": name, "Value": value}]);
    let cases = [
        (
            json!({"Username": "student"}),
            "Username should be an email.",
        ),
        (
            json!({"Username": EMAIL, "UserAttributes": email("colour", "red")}),
            "Attributes did not conform to the schema: Type for attribute {colour} could not be determined",
        ),
        (
            json!({"Username": EMAIL, "UserAttributes": email("email", "student")}),
            "Invalid email address format.",
        ),
        (
            json!({"Username": EMAIL, "TemporaryPassword": "nouppercase1!"}),
            "Password did not conform with policy: Password must have uppercase characters",
        ),
    ];
    for (changes, message) in cases {
        let mut input = json!({"UserPoolId": pool});
        super::merge(&mut input, changes);
        assert_eq!(twin.refused("AdminCreateUser", input).await.1, message);
    }
    let input = json!({
        "UserPoolId": pool, "Username": EMAIL, "UserAttributes": email("custom:seat", "window"),
    });
    assert_eq!(
        twin.refused("AdminCreateUser", input).await.0,
        "InvalidParameterException"
    );
    let input = json!({
        "UserPoolId": pool, "Username": EMAIL, "UserAttributes": email("custom:seat", "7"),
    });
    let user = twin.ok("AdminCreateUser", input).await["User"].clone();
    // As Python writes a boolean.
    let verified = json!({"UserPoolId": pool, "Username": EMAIL, "UserAttributes": email("email_verified", "True")});
    twin.ok("AdminUpdateUserAttributes", verified).await;
    let got = json!({"UserPoolId": pool, "Username": EMAIL});
    let got = twin.ok("AdminGetUser", got).await;
    let listed = got["UserAttributes"].as_array().unwrap();
    let verified = listed.iter().find(|a| a["Name"] == "email_verified");
    assert_eq!(verified.unwrap()["Value"], "true");
    let yes = json!({"UserPoolId": pool, "Username": EMAIL, "UserAttributes": email("email_verified", "yes")});
    assert_eq!(
        twin.refused("AdminUpdateUserAttributes", yes).await.0,
        "InvalidParameterException"
    );
    assert_eq!(attribute(&user, "custom:seat").as_deref(), Some("7"));
    assert_eq!(attribute(&user, "email").as_deref(), Some(EMAIL));
}

#[tokio::test]
async fn an_invitation_goes_to_the_inbox() {
    let twin = Twin::new();
    let pool = twin.pool(json!({"Policies": {}})).await;
    let input = json!({
        "UserPoolId": pool, "Username": EMAIL, "DesiredDeliveryMediums": ["EMAIL"],
    });
    twin.ok("AdminCreateUser", input).await;
    let mail = twin.mails().pop().expect("an invitation");
    let password = mail.code.expect("a password");
    assert_eq!(
        (mail.to.as_str(), mail.subject.as_str()),
        (EMAIL, "Your temporary password")
    );
    assert!(mail.text.contains(EMAIL) && mail.text.contains(&password));
    let input = json!({
        "UserPoolId": pool, "Username": EMAIL, "MessageAction": "RESEND",
    });
    twin.ok("AdminCreateUser", input).await;
    assert_ne!(twin.last_code(), password);
    let permanent = json!({
        "UserPoolId": pool, "Username": EMAIL, "Password": "Str0ng-password", "Permanent": true,
    });
    twin.ok("AdminSetUserPassword", permanent).await;
    let input = json!({"UserPoolId": pool, "Username": EMAIL, "MessageAction": "RESEND"});
    assert_eq!(
        twin.refused("AdminCreateUser", input).await.0,
        "UnsupportedUserStateException"
    );
}

#[tokio::test]
async fn a_new_address_has_to_be_verified_again() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let update = |attributes: Value| json!({"UserPoolId": lab.pool, "Username": EMAIL, "UserAttributes": attributes});
    let attributes = json!([{"Name": "email", "Value": "new@example.com"}]);
    twin.ok("AdminUpdateUserAttributes", update(attributes))
        .await;
    assert_eq!(
        twin.refused("AdminUpdateUserAttributes", update(json!([])))
            .await
            .0,
        "UserNotFoundException"
    );
    let read = json!({"UserPoolId": lab.pool, "Username": "new@example.com"});
    let user = twin.ok("AdminGetUser", read).await;
    assert_eq!(attribute(&user, "email_verified").as_deref(), Some("false"));
    let attributes = json!([{"Name": "sub", "Value": "x"}]);
    let mut input = update(attributes);
    input["Username"] = json!("new@example.com");
    assert_eq!(
        twin.refused("AdminUpdateUserAttributes", input).await.0,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn aliases_move_only_by_force() {
    let twin = Twin::new();
    let input = json!({"PoolName": "alias", "AliasAttributes": ["email"]});
    let pool = text(&twin.ok("CreateUserPool", input).await["UserPool"]["Id"]);
    let create = |name: &str, force: bool| {
        json!({
            "UserPoolId": pool, "Username": name, "ForceAliasCreation": force,
            "MessageAction": "SUPPRESS",
            "UserAttributes": [
                {"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"},
            ],
        })
    };
    let (kind, _) = twin.refused("AdminCreateUser", create(EMAIL, false)).await;
    assert_eq!(kind, "InvalidParameterException");
    twin.ok("AdminCreateUser", create("ada", false)).await;
    let (kind, message) = twin.refused("AdminCreateUser", create("ada", false)).await;
    assert_eq!(kind, "UsernameExistsException");
    assert_eq!(message, "User account already exists");
    assert_eq!(
        twin.refused("AdminCreateUser", create("bob", false))
            .await
            .0,
        "AliasExistsException"
    );
    twin.ok("AdminCreateUser", create("bob", true)).await;
    let holder = twin
        .ok(
            "AdminGetUser",
            json!({"UserPoolId": pool, "Username": EMAIL}),
        )
        .await;
    assert_eq!(holder["Username"], "bob");
}

#[tokio::test]
async fn users_are_listed_with_filters_and_pages() {
    let twin = Twin::new();
    let pool = twin.pool(json!({})).await;
    for name in ["ada", "adam", "bob"] {
        let email = format!("{name}@example.com");
        let input = json!({"UserPoolId": pool, "Username": email, "MessageAction": "SUPPRESS"});
        twin.ok("AdminCreateUser", input).await;
    }
    let found = async |filter: &str| {
        let list = twin
            .ok("ListUsers", json!({"UserPoolId": pool, "Filter": filter}))
            .await;
        let users = list["Users"].as_array().unwrap().clone();
        let mut names: Vec<_> = users
            .iter()
            .map(|user| attribute(user, "email").unwrap())
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(
        found(r#"email = "ADA@example.com""#).await,
        ["ada@example.com"]
    );
    assert_eq!(
        found(r#"email ^= "ada""#).await,
        ["ada@example.com", "adam@example.com"]
    );
    assert_eq!(
        found(r#"cognito:user_status="force_change_password""#)
            .await
            .len(),
        3
    );
    assert_eq!(found(r#"status = "Disabled""#).await.len(), 0);
    assert_eq!(found("").await.len(), 3);
    for filter in ["email", r#"email > "x""#, r#"custom:seat = "1""#] {
        let (kind, _) = twin
            .refused("ListUsers", json!({"UserPoolId": pool, "Filter": filter}))
            .await;
        assert_eq!(kind, "InvalidParameterException", "{filter}");
    }
    let input = json!({"UserPoolId": pool, "Limit": 2, "AttributesToGet": ["sub"]});
    let first = twin.ok("ListUsers", input).await;
    assert_eq!(first["Users"][0]["Attributes"].as_array().unwrap().len(), 1);
    let token = &first["PaginationToken"];
    let input = json!({"UserPoolId": pool, "Limit": 2, "PaginationToken": token});
    let second = twin.ok("ListUsers", input).await;
    assert_eq!(second["Users"].as_array().unwrap().len(), 1);
    assert!(second.get("PaginationToken").is_none());
    let input = json!({"UserPoolId": pool, "PaginationToken": "??"});
    assert_eq!(
        twin.refused("ListUsers", input).await.0,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn a_disabled_user_cannot_sign_in_until_enabled() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let tokens = twin.sign_in(&lab.client).await;
    let user = json!({"UserPoolId": lab.pool, "Username": EMAIL});
    twin.ok("AdminDisableUser", user.clone()).await;
    let seen = twin.ok("AdminGetUser", user.clone()).await;
    assert_eq!(seen["Enabled"], false);
    let disabled = json!({"UserPoolId": lab.pool, "Filter": r#"status = "Disabled""#});
    let listed = twin.ok("ListUsers", disabled).await;
    assert_eq!(listed["Users"].as_array().unwrap().len(), 1);
    let begin = json!({
        "ClientId": lab.client,
        "AuthFlow": "USER_AUTH",
        "AuthParameters": {"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"},
    });
    let refusal = twin.refused("InitiateAuth", begin.clone()).await;
    let said = ("NotAuthorizedException".into(), "User is disabled.".into());
    assert_eq!(refusal, said);
    let renew = json!({
        "ClientId": lab.client,
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": {"REFRESH_TOKEN": tokens["RefreshToken"]},
    });
    let (kind, _) = twin.refused("InitiateAuth", renew.clone()).await;
    assert_eq!(kind, "NotAuthorizedException");
    twin.ok("AdminEnableUser", user).await;
    twin.refused("InitiateAuth", renew).await;
    twin.ok("InitiateAuth", begin).await;
}
