//! From a token to temporary credentials.

use super::*;
use crate::{iam::Context, sts};

const INVALID: &str = "400 NotAuthorizedException: Invalid login token. ";
const FOREIGN: &str =
    "400 NotAuthorizedException: Token is not from a supported provider of this identity pool.";
const BAD_ROLES: &str = "400 InvalidIdentityPoolConfigurationException: Invalid identity pool configuration. Check \
                         assigned IAM roles for this pool.";

pub(super) fn logins(users: &Users, token: &Value) -> Value {
    json!({ users.provider(): token })
}

#[tokio::test]
async fn a_token_becomes_credentials_that_the_twin_knows() {
    let twin = Twin::new();
    let users = twin.users().await;
    let pool = twin.identity_pool(&users, json!({})).await;
    let role = twin.role("student", trust(&pool, "authenticated")).await;
    let roles = json!({"IdentityPoolId": pool, "Roles": {"authenticated": role}});
    twin.ok("SetIdentityPoolRoles", roles).await;
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "execute-api:Invoke",
        "Resource": "arn:aws:execute-api:*:*:*/*/GET/${cognito-identity.amazonaws.com:sub}"}});
    let put =
        json!({"RoleName": "student", "PolicyName": "p", "PolicyDocument": policy.to_string()});
    twin.any(Service::Iam, "PutRolePolicy", put).await.unwrap();

    let token = twin.sign_in(&users, "ada").await["IdToken"].clone();
    let given = logins(&users, &token);
    let asked = json!({"IdentityPoolId": pool, "Logins": given});
    let identity = text(&twin.ok("GetId", asked.clone()).await["IdentityId"]);
    assert_eq!(
        twin.ok("GetId", asked).await["IdentityId"],
        identity.as_str()
    );
    let got = twin
        .ok(
            "GetCredentialsForIdentity",
            json!({"IdentityId": identity, "Logins": given}),
        )
        .await;
    let keys = &got["Credentials"];
    assert!(
        keys["SecretAccessKey"].is_null() && keys["Expiration"].is_number(),
        "{keys}"
    );
    let (key, session_token) = (text(&keys["AccessKeyId"]), text(&keys["SessionToken"]));
    let session = twin
        .app
        .read(|world| sts::Caller::of(world, &key, Some(&session_token)))
        .unwrap()
        .unwrap();
    assert_eq!(
        session.arn(),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/student/CognitoIdentityCredentials")
    );
    assert_eq!(session.secret(), text(&keys["SecretKey"]));
    let context = session.context(Context::default());
    let may = |path: &str| {
        let resource = format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:a/dev/GET/{path}");
        let action = "execute-api:Invoke";
        let ruling = twin
            .app
            .read(|world| session.ruling(world, action, &resource, &context));
        ruling.allowed()
    };
    assert!(may(&identity) && !may("us-east-1:somebody-else"));
}

#[tokio::test]
async fn tokens_that_are_refused() {
    let twin = Twin::new();
    let (users, others) = (twin.users().await, twin.users().await);
    let pool = twin.identity_pool(&users, json!({})).await;
    let tokens = twin.sign_in(&users, "ada").await;
    let foreign = twin.sign_in(&others, "ada").await;
    let ask = |logins: Value| {
        let twin = &twin;
        let input = json!({"IdentityPoolId": pool, "Logins": logins});
        async move { twin.refused("GetId", input).await }
    };
    let forged = text(&tokens["IdToken"])
        .rsplit_once('.')
        .unwrap()
        .0
        .to_owned()
        + ".AAAA";
    for (token, wanted) in [
        (
            json!("nonsense"),
            "Not a valid OpenId Connect identity token.",
        ),
        (
            tokens["AccessToken"].clone(),
            "Missing a required claim: aud",
        ),
        (
            foreign["IdToken"].clone(),
            "Issuer doesn't match providerName",
        ),
        (json!(forged), "Couldn't verify signed token."),
    ] {
        assert_eq!(
            ask(logins(&users, &token)).await,
            format!("{INVALID}{wanted}")
        );
    }
    assert_eq!(ask(logins(&others, &foreign["IdToken"])).await, FOREIGN);
    let no_guests = "400 NotAuthorizedException: Unauthenticated access is not supported for this identity pool.";
    assert_eq!(ask(json!({})).await, no_guests);

    // Another client of the same user pool.
    let client = json!({"UserPoolId": users.pool, "ClientName": "other",
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]});
    let client = twin.cognito("CreateUserPoolClient", client).await;
    let other = Users {
        pool: users.pool.clone(),
        client: text(&client["UserPoolClient"]["ClientId"]),
    };
    let token = twin.sign_in(&other, "ada").await["IdToken"].clone();
    assert_eq!(ask(logins(&users, &token)).await, FOREIGN);
}

#[tokio::test]
async fn only_the_pool_s_roles_that_trust_it_are_assumed() {
    let twin = Twin::new();
    let users = twin.users().await;
    let pool = twin.identity_pool(&users, json!({})).await;
    let token = twin.sign_in(&users, "ada").await["IdToken"].clone();
    let given = logins(&users, &token);
    let identity = twin
        .ok("GetId", json!({"IdentityPoolId": pool, "Logins": given}))
        .await["IdentityId"]
        .clone();
    let asked = json!({"IdentityId": identity, "Logins": given});
    assert_eq!(
        twin.refused("GetCredentialsForIdentity", asked.clone())
            .await,
        BAD_ROLES
    );

    let mut wrong_action = trust(&pool, "authenticated");
    wrong_action["Action"] = json!("sts:AssumeRole");
    let mut wrong_principal = trust(&pool, "authenticated");
    wrong_principal["Principal"] = json!({"Federated": "accounts.google.com"});
    let provider = users.provider();
    for (name, statement, works) in [
        ("action", wrong_action, false),
        ("principal", wrong_principal, false),
        ("pool", trust("us-east-1:another", "authenticated"), false),
        ("guests", trust(&pool, "unauthenticated"), false),
        ("right", trust(&pool, "authenticated"), true),
        (
            "provider",
            trust(&pool, &format!("{provider}:CognitoSignIn:*")),
            true,
        ),
    ] {
        let arn = twin.role(name, statement).await;
        let roles = json!({"IdentityPoolId": pool, "Roles": {"authenticated": arn}});
        twin.ok("SetIdentityPoolRoles", roles).await;
        let outcome = twin
            .any(
                Service::CognitoIdentity,
                "GetCredentialsForIdentity",
                asked.clone(),
            )
            .await;
        match outcome {
            Ok(_) => assert!(works, "{name}"),
            Err(refused) => assert!(!works && refused == BAD_ROLES, "{name}: {refused}"),
        }
    }
    let absent = json!({"IdentityPoolId": pool, "Roles": {"authenticated": "arn:aws:iam::111122223333:role/absent"}});
    twin.ok("SetIdentityPoolRoles", absent).await;
    assert_eq!(
        twin.refused("GetCredentialsForIdentity", asked).await,
        BAD_ROLES
    );
}

#[tokio::test]
async fn identities_belong_to_their_logins() {
    let twin = Twin::new();
    let users = twin.users().await;
    twin.user(&users, "bob").await;
    let pool = twin
        .identity_pool(&users, json!({"AllowUnauthenticatedIdentities": true}))
        .await;
    let both = trust(&pool, "*");
    let role = twin.role("r", both).await;
    let roles =
        json!({"IdentityPoolId": pool, "Roles": {"authenticated": role, "unauthenticated": role}});
    twin.ok("SetIdentityPoolRoles", roles).await;
    let login = async |name: &str| logins(&users, &twin.sign_in(&users, name).await["IdToken"]);
    let (ada, bob) = (login("ada").await, login("bob").await);
    let id = async |logins: &Value| {
        let asked = json!({"IdentityPoolId": pool, "Logins": logins});
        text(&twin.ok("GetId", asked).await["IdentityId"])
    };
    let credentials = async |id: &str, logins: &Value| {
        let asked = json!({"IdentityId": id, "Logins": logins});
        let operation = "GetCredentialsForIdentity";
        twin.any(Service::CognitoIdentity, operation, asked).await
    };
    let none = json!({});
    let hers = id(&ada).await;
    assert_eq!(
        credentials(&hers, &none).await,
        Err(format!(
            "400 NotAuthorizedException: Access to Identity '{hers}' is forbidden."
        ))
    );
    let refused = credentials(&hers, &bob).await.unwrap_err();
    assert!(refused.contains("Logins don't match."), "{refused}");

    let (guest, other) = (id(&none).await, id(&none).await);
    assert_ne!(guest, other);
    assert!(credentials(&guest, &none).await.is_ok());
    // A guest who signs in stays who they were, but nobody is two.
    let refused = credentials(&guest, &ada).await.unwrap_err();
    assert!(
        refused.starts_with("400 ResourceConflictException"),
        "{refused}"
    );
    assert!(credentials(&guest, &bob).await.is_ok());
    assert_eq!(id(&bob).await, guest);
    assert!(credentials(&guest, &none).await.is_err());
    let absent = credentials("us-east-1:0", &none).await;
    assert_eq!(
        absent,
        Err("400 ResourceNotFoundException: Identity 'us-east-1:0' not found.".to_owned())
    );
}

#[tokio::test]
async fn a_pool_can_ask_whether_the_user_is_still_signed_in() {
    let twin = Twin::new();
    let users = twin.users().await;
    let checking = json!({"CognitoIdentityProviders": [
        {"ProviderName": users.provider(), "ClientId": users.client, "ServerSideTokenCheck": true},
    ]});
    let (asking, trusting) = (
        twin.identity_pool(&users, checking).await,
        twin.identity_pool(&users, json!({})).await,
    );
    let tokens = twin.sign_in(&users, "ada").await;
    let given = logins(&users, &tokens["IdToken"]);
    let asked = |pool: &str| json!({"IdentityPoolId": pool, "Logins": given});
    twin.ok("GetId", asked(&asking)).await;
    let out = json!({"AccessToken": tokens["AccessToken"]});
    twin.cognito("GlobalSignOut", out).await;
    let refused = twin.refused("GetId", asked(&asking)).await;
    assert!(
        refused.starts_with("400 NotAuthorizedException"),
        "{refused}"
    );
    twin.ok("GetId", asked(&trusting)).await;
}
