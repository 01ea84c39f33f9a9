//! What is done with tokens: refresh, rotation, revocation, sign-out, `GetUser`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    client::Client,
    fault,
    place::Place,
    pool::Pool,
    schema::NameValue,
    session::digest,
    token::{DAY, Issue, RefreshToken, SCOPE},
    user::User,
    verify::{Jwt, TokenRefusal},
};
use crate::{
    app::{App, now_ms},
    call::{Answer, ApiError, Call, empty},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RefreshInput {
    refresh_token: String,
    client_id: String,
    client_secret: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RevokeInput {
    token: String,
    client_id: String,
    client_secret: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccessInput {
    access_token: String,
}

/// The refresh token, if it is this client's and alive (`now` in ms).
fn live<'p>(
    pool: &'p Pool,
    client: &Client,
    token: &str,
    now: i64,
) -> Result<&'p RefreshToken, ApiError> {
    let found = pool
        .refresh_tokens
        .get(&digest(token))
        .filter(|found| found.client_id == client.client_id)
        .ok_or_else(|| fault::not_authorized("Invalid Refresh Token"))?;
    if pool.revoked.contains_key(&found.origin_jti) {
        return Err(fault::not_authorized("Refresh Token has been revoked"));
    }
    if found.expires <= now / 1000 {
        return Err(fault::not_authorized("Refresh Token has expired"));
    }
    let grace = client.settings.rotation_grace().unwrap_or(0) * 1000;
    if found.rotated.is_some_and(|rotated| now >= rotated + grace) {
        return Err(fault::fault(
            "RefreshTokenReuseException",
            "The refresh token was rotated out and can no longer be used.",
        ));
    }
    Ok(found)
}

/// Whose refresh token it is.
pub(super) fn owner(pool: &Pool, client: &Client, token: &str, now: i64) -> Result<User, ApiError> {
    let username = &live(pool, client, token, now)?.username;
    pool.users
        .get(username)
        .cloned()
        .ok_or_else(fault::user_absent)
}

/// New access and ID tokens; with rotation also a new refresh token, that ends when the old one would.
pub(super) fn renew(
    pool: &mut Pool,
    client: &Client,
    token: &str,
    now: i64,
) -> Result<Issue, ApiError> {
    let user = owner(pool, client, token, now)?;
    let grant = live(pool, client, token, now)?.clone();
    let issue = pool.issue(client, &user, &grant, now);
    if client.settings.rotation_grace().is_none() {
        return Ok(issue);
    }
    if let Some(old) = pool.refresh_tokens.get_mut(&digest(token)) {
        old.rotated.get_or_insert(now);
    }
    let next = pool.keep(
        RefreshToken {
            rotated: None,
            ..grant
        },
        now,
    );
    Ok(issue.with_refresh_token(next))
}

/// `GetTokensFromRefreshToken`.
pub(super) async fn exchange(app: &Arc<App>, call: &Call) -> Answer {
    let input: RefreshInput = call.input()?;
    let (place, issue) = app.write(|world| {
        let place = Place::of_client(world, &input.client_id)?;
        let pool = place.get_mut(world)?;
        let client = pool.client(&input.client_id)?.clone();
        if !client.has_secret(input.client_secret.as_deref()) {
            return Err(fault::not_authorized(format!(
                "Unable to verify secret for client {}",
                client.client_id
            )));
        }
        let issue = renew(pool, &client, &input.refresh_token, now_ms())?;
        Ok((place, issue))
    })?;
    Ok(json!({ "AuthenticationResult": issue.sign(app, &place).await? }))
}

/// `RevokeToken`.
pub(super) fn revoke(app: &App, call: &Call) -> Answer {
    let input: RevokeInput = call.input()?;
    app.write(|world| {
        let place = Place::of_client(world, &input.client_id)
            .map_err(|_| fault::fault("UnauthorizedException", "Invalid client."))?;
        let pool = place.get_mut(world)?;
        let client = pool.client(&input.client_id)?;
        if !client.has_secret(input.client_secret.as_deref()) {
            return Err(fault::fault(
                "UnauthorizedException",
                "Invalid client secret.",
            ));
        }
        let client = client.clone();
        end(pool, &client, &input.token)?;
        empty()
    })
}

/// Ends a client's refresh token and every access token that came from the same sign-in.
pub(super) fn end(pool: &mut Pool, client: &Client, token: &str) -> Result<(), ApiError> {
    if !client.settings.enable_token_revocation {
        return Err(fault::fault(
            "UnsupportedOperationException",
            "Token revocation is not enabled for this client.",
        ));
    }
    if Jwt::parse(token).is_some() {
        return Err(fault::fault(
            "UnsupportedTokenTypeException",
            "Unsupported token type.",
        ));
    }
    let Some(found) = pool.refresh_tokens.get(&digest(token)) else {
        // RFC 7009: a token that is not there is as good as revoked.
        return Ok(());
    };
    if found.client_id != client.client_id {
        return Err(fault::fault(
            "UnauthorizedException",
            "The token is not this client's.",
        ));
    }
    let (origin, until) = (found.origin_jti.clone(), found.expires + DAY);
    pool.revoked.insert(origin, until);
    Ok(())
}

/// The claims of a live access token, and the pool that issued it.
pub(super) fn authorised(app: &App, token: &str) -> Result<(Place, Map<String, Value>), ApiError> {
    let invalid = || fault::not_authorized("Invalid Access Token");
    let jwt = Jwt::parse(token).ok_or_else(invalid)?;
    let pool_id = jwt
        .claim("iss")
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let place = app
        .read(|world| Place::of_pool(world, &pool_id))
        .ok_or_else(invalid)?;
    let claims = jwt.verified(app, &place).map_err(|refusal| match refusal {
        TokenRefusal::Invalid => invalid(),
        TokenRefusal::Expired => fault::not_authorized("Access Token has expired"),
    })?;
    if claims.get("token_use") != Some(&json!("access")) {
        return Err(invalid());
    }
    let scope = claims
        .get("scope")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !scope.split(' ').any(|one| one == SCOPE) {
        return Err(fault::not_authorized(
            "Access Token does not have required scopes",
        ));
    }
    Ok((place, claims))
}

/// The user of verified claims, unless they were revoked since.
pub(super) fn bearer<'p>(
    pool: &'p Pool,
    claims: &Map<String, Value>,
) -> Result<&'p User, ApiError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let user = pool
        .users
        .get(text("username").unwrap_or_default())
        .ok_or_else(fault::user_absent)?;
    let revoked = match text("origin_jti") {
        Some(origin) => pool.revoked.contains_key(origin),
        // Without token revocation only GlobalSignOut ends an access token.
        None => claims.get("iat").and_then(Value::as_i64) <= user.signed_out,
    };
    if revoked {
        return Err(fault::not_authorized("Access Token has been revoked"));
    }
    Ok(user)
}

pub(super) fn get_user(app: &App, call: &Call) -> Answer {
    let input: AccessInput = call.input()?;
    let (place, claims) = authorised(app, &input.access_token)?;
    app.read(|world| {
        let user = bearer(place.get(world)?, &claims)?;
        let mut shown = json!({
            "Username": user.username,
            "UserAttributes": NameValue::list(&user.attributes),
        });
        if let Some(preferred) = user.preferred_mfa() {
            shown["PreferredMfaSetting"] = json!(preferred);
        }
        if !user.mfa_settings().is_empty() {
            shown["UserMFASettingList"] = json!(user.mfa_settings());
        }
        Ok(shown)
    })
}

/// `GlobalSignOut`: revokes all of the user's sign-ins.
pub(super) fn sign_out(app: &App, call: &Call) -> Answer {
    let input: AccessInput = call.input()?;
    let (place, claims) = authorised(app, &input.access_token)?;
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let username = bearer(pool, &claims)?.username.clone();
        pool.sign_out(&username)?;
        empty()
    })
}
