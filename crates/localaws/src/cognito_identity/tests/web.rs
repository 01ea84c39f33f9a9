//! `GetOpenIdToken`, and `AssumeRoleWithWebIdentity` with its tokens and with those of user pools.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{credentials::logins, *};

impl Twin {
    async fn assume(&self, role: &str, token: &Value, changes: Value) -> Result<Value, String> {
        let mut input =
            json!({"RoleArn": role, "RoleSessionName": "me", "WebIdentityToken": token});
        input
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        let operation = "AssumeRoleWithWebIdentity";
        self.any(Service::Sts, operation, input).await
    }

    async fn oidc(&self, url: &str, client: &str) -> Result<String, String> {
        let input = json!({"Url": url, "ClientIDList": [client]});
        let operation = "CreateOpenIDConnectProvider";
        let made = self.any(Service::Iam, operation, input).await?;
        Ok(text(&made["OpenIDConnectProviderArn"]))
    }
}

fn claims(token: &Value, part: usize) -> Value {
    let token = text(token);
    let part = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

const DENIED: &str = "403 AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity";
const INVALID: &str = "400 InvalidIdentityToken: ";

#[tokio::test]
async fn the_basic_flow() {
    let twin = Twin::new();
    let users = twin.users().await;
    let login = logins(&users, &twin.sign_in(&users, "ada").await["IdToken"]);
    let pool = twin
        .identity_pool(&users, json!({"AllowClassicFlow": true}))
        .await;
    let identity = twin
        .ok("GetId", json!({"IdentityPoolId": pool, "Logins": login}))
        .await;
    let asked = json!({"IdentityId": identity["IdentityId"], "Logins": login});
    let got = twin.ok("GetOpenIdToken", asked.clone()).await;
    assert_eq!(got["IdentityId"], identity["IdentityId"]);
    let token = &got["Token"];
    assert_eq!(claims(token, 0)["alg"], "RS512");
    let told = claims(token, 1);
    assert_eq!(told["iss"], "https://cognito-identity.amazonaws.com");
    assert_eq!(
        (&told["sub"], &told["aud"]),
        (&identity["IdentityId"], &json!(pool))
    );
    assert_eq!(
        told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(),
        600
    );
    assert_eq!(told["amr"][0], "authenticated");

    let role = twin.role("student", trust(&pool, "authenticated")).await;
    let made = twin.assume(&role, token, json!({})).await.unwrap();
    assert_eq!(made["Provider"], "cognito-identity.amazonaws.com");
    assert_eq!(made["Audience"], json!(pool));
    assert_eq!(made["SubjectFromWebIdentityToken"], identity["IdentityId"]);
    assert_eq!(
        made["AssumedRoleUser"]["Arn"],
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/student/me")
    );
    let key = text(&made["Credentials"]["AccessKeyId"]);
    let session_token = made["Credentials"]["SessionToken"].as_str();
    let session = twin
        .app
        .read(|world| sts::Caller::of(world, &key, session_token));
    assert!(session.unwrap().is_some_and(|s| s.arn().ends_with("/me")));

    for (name, statement) in [
        ("pool", trust("us-east-1:another", "authenticated")),
        ("guests", trust(&pool, "unauthenticated")),
    ] {
        let role = twin.role(name, statement).await;
        let seen = twin.assume(&role, token, json!({})).await;
        assert_eq!(seen, Err(DENIED.to_owned()), "{name}");
    }
    let absent = role.replace("student", "absent");
    let seen = twin.assume(&absent, token, json!({})).await;
    assert_eq!(seen, Err(DENIED.to_owned()));
    let long = json!({"DurationSeconds": 3601});
    let seen = twin.assume(&role, token, long).await.unwrap_err();
    assert!(seen.starts_with("400 ValidationError"), "{seen}");

    // Another body under the same signature.
    let parts: Vec<String> = text(token).split('.').map(str::to_owned).collect();
    let mut body = told.clone();
    body["aud"] = json!("us-east-1:another");
    let forged = format!(
        "{}.{}.{}",
        parts[0],
        URL_SAFE_NO_PAD.encode(body.to_string()),
        parts[2]
    );
    let seen = twin.assume(&role, &json!(forged), json!({})).await;
    assert!(seen.unwrap_err().starts_with(INVALID));

    twin.ok("DeleteIdentityPool", json!({"IdentityPoolId": pool}))
        .await;
    let seen = twin.assume(&role, token, json!({})).await.unwrap_err();
    assert!(seen.starts_with("403 IDPRejectedClaim"), "{seen}");
}

#[tokio::test]
async fn only_pools_that_forbid_it_have_no_basic_flow() {
    let twin = Twin::new();
    let users = twin.users().await;
    for (said, allowed) in [
        (json!({}), true),
        (json!({"AllowClassicFlow": true}), true),
        (json!({"AllowClassicFlow": false}), false),
    ] {
        let mut changes = said.clone();
        changes["AllowUnauthenticatedIdentities"] = json!(true);
        let pool = twin.identity_pool(&users, changes).await;
        let guest = twin.ok("GetId", json!({"IdentityPoolId": pool})).await;
        let seen = twin
            .any(Service::CognitoIdentity, "GetOpenIdToken", guest)
            .await;
        match seen {
            Ok(got) => {
                assert!(allowed, "{said}");
                assert_eq!(claims(&got["Token"], 1)["amr"], json!(["unauthenticated"]));
            }
            Err(refusal) => assert!(
                !allowed
                    && refusal
                        == "400 InvalidParameterException: Basic (classic) flow is not enabled, please use enhanced flow.",
                "{said}: {refusal}"
            ),
        }
    }
}

#[tokio::test]
async fn a_user_pool_as_openid_connect_provider() {
    let twin = Twin::new();
    let users = twin.users().await;
    let tokens = twin.sign_in(&users, "ada").await;
    let provider = users.provider();
    let issuer = format!("https://{provider}");
    let arn = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{provider}");
    let sub = text(&claims(&tokens["IdToken"], 1)["sub"]);
    let statement = |sub: &str| {
        json!({
            "Effect": "Allow", "Principal": {"Federated": arn}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
                (format!("{provider}:aud")): users.client, (format!("{provider}:sub")): sub,
            }},
        })
    };
    let role = twin.role("hers", statement(&sub)).await;
    let other = twin.role("other", statement("somebody")).await;
    let id_token = &tokens["IdToken"];

    let seen = twin.assume(&role, id_token, json!({})).await;
    assert_eq!(
        seen,
        Err(format!(
            "{INVALID}No OpenIDConnect provider found in your account for {issuer}"
        ))
    );
    assert_eq!(twin.oidc(&issuer, &users.client).await, Ok(arn.clone()));
    let again = twin.oidc(&issuer, "x").await.unwrap_err();
    assert!(again.starts_with("409 EntityAlreadyExists"), "{again}");
    let made = twin.assume(&role, id_token, json!({})).await.unwrap();
    assert_eq!(made["Provider"], json!(arn));
    assert_eq!(made["SubjectFromWebIdentityToken"], json!(sub));
    assert_eq!(made["Audience"], json!(users.client));
    let seen = twin.assume(&other, id_token, json!({})).await;
    assert_eq!(seen, Err(DENIED.to_owned()));

    let unsigned = text(id_token).rsplit_once('.').unwrap().0.to_owned() + ".AAAA";
    for (token, told) in [
        (
            json!("nonsense-nonsense"),
            "The ID Token provided is not a valid JWT.",
        ),
        (
            tokens["AccessToken"].clone(),
            "Missing a required claim: aud",
        ),
        (json!(unsigned), ""),
    ] {
        let seen = twin.assume(&role, &token, json!({})).await.unwrap_err();
        assert!(seen.starts_with(&format!("{INVALID}{told}")), "{seen}");
    }

    let named = json!({"OpenIDConnectProviderArn": arn});
    let iam = async |operation: &str, input: &Value| {
        twin.any(Service::Iam, operation, input.clone()).await
    };
    let shown = iam("GetOpenIDConnectProvider", &named).await.unwrap();
    assert_eq!(shown["Url"], json!(provider));
    assert_eq!(shown["ClientIDList"], json!([users.client]));
    let listed = iam("ListOpenIDConnectProviders", &json!({})).await.unwrap();
    assert_eq!(listed["OpenIDConnectProviderList"], json!([{"Arn": arn}]));
    for _ in 0..2 {
        iam("DeleteOpenIDConnectProvider", &named).await.unwrap();
    }
    let gone = iam("GetOpenIDConnectProvider", &named).await.unwrap_err();
    assert!(gone.starts_with("404 NoSuchEntity"), "{gone}");

    // A provider that knows of no such client.
    twin.oidc(&issuer, "another").await.unwrap();
    let seen = twin.assume(&role, id_token, json!({})).await;
    assert_eq!(seen, Err(format!("{INVALID}Incorrect token audience")));
    // And one whose keys nobody can ask for here.
    let cut = |url: &str| {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k"}"#);
        let body = URL_SAFE_NO_PAD.encode(json!({"iss": url, "aud": "a", "exp": 1}).to_string());
        json!(format!("{header}.{body}.AAAA"))
    };
    twin.oidc("https://idp.example.com/x", "a").await.unwrap();
    let seen = twin
        .assume(&role, &cut("https://idp.example.com/x"), json!({}))
        .await
        .unwrap_err();
    assert!(
        seen.starts_with(&format!("{INVALID}Couldn't retrieve verification key")),
        "{seen}"
    );
    for url in ["http://idp.example.com", "https://", "idp"] {
        let seen = twin.oidc(url, "a").await.unwrap_err();
        assert!(seen.starts_with("400 ValidationError"), "{url}: {seen}");
    }
}
