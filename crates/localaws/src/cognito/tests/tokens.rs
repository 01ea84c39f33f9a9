use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::body::Bytes;
use rsa::{BoxedUint, Pkcs1v15Sign, PublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{EMAIL, Lab, Twin, text};
use crate::{
    app::now_ms,
    cognito::{TokenRefusal, keys, verify_token, well_known},
    world::World,
};

fn arn(lab: &Lab) -> String {
    format!(
        "arn:aws:cognito-idp:us-east-1:111122223333:userpool/{}",
        lab.pool
    )
}

async fn page(twin: &Twin, path: &str) -> Option<Value> {
    let request = hyper::Request::get(path).body(Bytes::new()).unwrap();
    let response = well_known(&twin.app, &request).await?;
    assert_eq!(response.headers()["content-type"], "application/json");
    Some(serde_json::from_slice(response.body()).unwrap())
}

#[tokio::test]
async fn the_published_key_verifies_a_token() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let token = text(&twin.sign_in(&lab.client).await["IdToken"]);
    let configuration = format!("/{}/.well-known/openid-configuration", lab.pool);
    let configuration = page(&twin, &configuration).await.unwrap();
    let jwks = page(&twin, &format!("/{}/.well-known/jwks.json", lab.pool))
        .await
        .unwrap();
    let key = &jwks["keys"][0];
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    let claims: Value = serde_json::from_slice(&decode(claims)).unwrap();
    assert_eq!(header, json!({"alg": "RS256", "kid": key["kid"]}));
    assert_eq!(configuration["issuer"], claims["iss"]);
    let n = decode(&text(&key["n"]));
    assert_eq!(n.len(), 256);
    let n = BoxedUint::from_be_slice(&n, 2048).unwrap();
    let e = BoxedUint::from_be_slice(&decode(&text(&key["e"])), 24).unwrap();
    let public = PublicKey::new(n, e).unwrap();
    let hash = Sha256::digest(signed);
    public
        .verify(Pkcs1v15Sign::new::<Sha256>(), &hash, &decode(signature))
        .unwrap();

    assert!(
        page(&twin, "/us-east-1_absent/.well-known/jwks.json")
            .await
            .unwrap()["message"]
            .is_string()
    );
    assert!(page(&twin, "/dev/.well-known/jwks.json").await.is_none());
}

#[tokio::test]
async fn only_the_pools_own_unaltered_tokens_are_believed() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let other = Lab {
        pool: twin.pool(json!({})).await,
        client: String::new(),
    };
    let token = text(&twin.sign_in(&lab.client).await["AccessToken"]);
    let check = |arns: &[String], token: &str| verify_token(&twin.app, arns, token).map(|_| ());
    assert_eq!(check(&[arn(&other), arn(&lab)], &token), Ok(()));
    assert_eq!(check(&[arn(&other)], &token), Err(TokenRefusal::Invalid));
    assert_eq!(check(&[], &token), Err(TokenRefusal::Invalid));

    let parts: Vec<&str> = token.split('.').collect();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let mut altered = claims.clone();
    altered["scope"] = json!("admin");
    let mut moved = claims;
    moved["iss"] = json!(format!(
        "https://cognito-idp.us-east-1.amazonaws.com/{}",
        other.pool
    ));
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = encode(&json!({"alg": "none", "kid": "x"}));
    let forgeries = [
        format!("{}.{}.{}", parts[0], encode(&altered), parts[2]),
        format!("{}.{}.{}", parts[0], encode(&moved), parts[2]),
        format!("{unsigned}.{}.{}", parts[1], parts[2]),
        format!("{unsigned}.{}.", parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        "garbage".to_owned(),
        String::new(),
    ];
    for forgery in forgeries {
        let verdict = check(&[arn(&lab), arn(&other)], &forgery);
        assert_eq!(verdict, Err(TokenRefusal::Invalid), "{forgery}");
    }
    twin.ok("DeleteUserPool", json!({"UserPoolId": lab.pool}))
        .await;
    assert_eq!(check(&[arn(&lab)], &token), Err(TokenRefusal::Invalid));
}

#[tokio::test]
async fn an_old_token_has_expired() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let place = twin.place(&lab.pool);
    let issue_at = async |now: i64| {
        let issue = twin.app.write(|world| {
            let pool = place.get_mut(world).unwrap();
            let (client, user) = (
                pool.clients[&lab.client].clone(),
                pool.find(EMAIL).unwrap().clone(),
            );
            pool.sign_in(&client, &user, now)
        });
        text(&issue.sign(&twin.app, &place).await.unwrap()["AccessToken"])
    };
    let fresh = issue_at(now_ms() - 3_500_000).await;
    assert!(verify_token(&twin.app, &[arn(&lab)], &fresh).is_ok());
    let old = issue_at(now_ms() - 3_601_000).await;
    let verdict = verify_token(&twin.app, &[arn(&lab)], &old);
    assert_eq!(verdict.unwrap_err(), TokenRefusal::Expired);
    let refusal = twin.refused("GetUser", json!({"AccessToken": old})).await;
    assert_eq!(
        refusal,
        (
            "NotAuthorizedException".into(),
            "Access Token has expired".into()
        )
    );
}

#[tokio::test]
async fn a_restart_keeps_keys_and_sign_ins_but_no_secret() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let tokens = twin.sign_in(&lab.client).await;
    let asked = json!({"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"});
    let challenge = twin.begin(&lab.client, asked).await;
    let saved = twin.app.read(|world| serde_json::to_string(world).unwrap());
    for secret in [&tokens["RefreshToken"], &challenge["Session"]] {
        assert!(!saved.contains(&text(secret)));
    }
    keys::forget(&lab.pool);
    let twin = Twin::with(serde_json::from_str::<World>(&saved).unwrap());
    let access = text(&tokens["AccessToken"]);
    assert!(verify_token(&twin.app, &[arn(&lab)], &access).is_ok());
    let input = super::with_code(&lab.client, &challenge, &twin.last_code());
    twin.ok("RespondToAuthChallenge", input).await;
    twin.ok("GetTokensFromRefreshToken", refresh(&lab, &tokens))
        .await;
}

fn refresh(lab: &Lab, tokens: &Value) -> Value {
    json!({"ClientId": lab.client, "RefreshToken": tokens["RefreshToken"]})
}

#[tokio::test]
async fn without_rotation_a_refresh_token_serves_until_it_expires() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let tokens = twin.sign_in(&lab.client).await;
    for _ in 0..2 {
        let answer = twin
            .ok("GetTokensFromRefreshToken", refresh(&lab, &tokens))
            .await;
        assert!(answer["AuthenticationResult"].get("RefreshToken").is_none());
    }
    let place = twin.place(&lab.pool);
    twin.app.write(|world| {
        let pool = place.get_mut(world).unwrap();
        pool.refresh_tokens
            .values_mut()
            .for_each(|token| token.expires -= 30 * 86400);
    });
    let refusal = twin
        .refused("GetTokensFromRefreshToken", refresh(&lab, &tokens))
        .await;
    assert_eq!(
        refusal,
        (
            "NotAuthorizedException".into(),
            "Refresh Token has expired".into()
        )
    );
    let unknown = json!({"ClientId": lab.client, "RefreshToken": "x"});
    let (_, message) = twin.refused("GetTokensFromRefreshToken", unknown).await;
    assert_eq!(message, "Invalid Refresh Token");
}

#[tokio::test]
async fn rotation_replaces_the_refresh_token_after_a_grace_period() {
    let twin = Twin::new();
    let mut lab = twin.lab().await;
    lab.client = twin
        .client(
            &lab.pool,
            json!({
                "ExplicitAuthFlows": ["ALLOW_USER_AUTH"],
                "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30},
            }),
        )
        .await;
    let tokens = twin.sign_in(&lab.client).await;
    let first = twin
        .ok("GetTokensFromRefreshToken", refresh(&lab, &tokens))
        .await;
    let first = &first["AuthenticationResult"];
    assert_ne!(first["RefreshToken"], tokens["RefreshToken"]);
    // A client that lost the answer may ask again.
    twin.ok("GetTokensFromRefreshToken", refresh(&lab, &tokens))
        .await;
    let place = twin.place(&lab.pool);
    twin.app.write(|world| {
        for token in place.get_mut(world).unwrap().refresh_tokens.values_mut() {
            token.rotated = token.rotated.map(|at| at - 30_000);
        }
    });
    let (kind, _) = twin
        .refused("GetTokensFromRefreshToken", refresh(&lab, &tokens))
        .await;
    assert_eq!(kind, "RefreshTokenReuseException");
    twin.ok("GetTokensFromRefreshToken", refresh(&lab, first))
        .await;
    let flow = json!({
        "ClientId": lab.client, "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": {"REFRESH_TOKEN": first["RefreshToken"]},
    });
    assert_eq!(
        twin.refused("InitiateAuth", flow).await.0,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn revocation_ends_one_sign_in() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let ended = twin.sign_in(&lab.client).await;
    let other = twin.sign_in(&lab.client).await;
    let revoke = |token: &Value| json!({"ClientId": lab.client, "Token": token});
    let (kind, _) = twin
        .refused("RevokeToken", revoke(&ended["AccessToken"]))
        .await;
    assert_eq!(kind, "UnsupportedTokenTypeException");
    twin.ok("RevokeToken", revoke(&ended["RefreshToken"])).await;
    twin.ok("RevokeToken", revoke(&json!("unknown"))).await;
    let get = |tokens: &Value| json!({"AccessToken": tokens["AccessToken"]});
    let refusal = twin.refused("GetUser", get(&ended)).await;
    assert_eq!(
        refusal,
        (
            "NotAuthorizedException".into(),
            "Access Token has been revoked".into()
        )
    );
    let (_, message) = twin
        .refused("GetTokensFromRefreshToken", refresh(&lab, &ended))
        .await;
    assert_eq!(message, "Refresh Token has been revoked");
    twin.ok("GetUser", get(&other)).await;
    // API Gateway does not hear of it.
    assert!(verify_token(&twin.app, &[arn(&lab)], &text(&ended["AccessToken"])).is_ok());
}

#[tokio::test]
async fn a_global_sign_out_ends_all() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let plain = twin
        .client(&lab.pool, json!({"EnableTokenRevocation": false}))
        .await;
    let (a, b) = (twin.sign_in(&lab.client).await, twin.sign_in(&plain).await);
    let get = |tokens: &Value| json!({"AccessToken": tokens["AccessToken"]});
    twin.ok("GlobalSignOut", get(&a)).await;
    for tokens in [&a, &b] {
        let (_, message) = twin.refused("GetUser", get(tokens)).await;
        assert_eq!(message, "Access Token has been revoked");
    }
    let (_, message) = twin
        .refused("GetTokensFromRefreshToken", refresh(&lab, &a))
        .await;
    assert_eq!(message, "Refresh Token has been revoked");
    let again = twin.sign_in(&lab.client).await;
    twin.ok("GetUser", get(&again)).await;
    twin.ok(
        "AdminDeleteUser",
        json!({"UserPoolId": lab.pool, "Username": EMAIL}),
    )
    .await;
    assert_eq!(
        twin.refused("GetUser", get(&again)).await.0,
        "UserNotFoundException"
    );
}
