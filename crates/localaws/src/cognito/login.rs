//! ID tokens as identity pools and STS take them.

use serde_json::{Map, Value};

use super::{
    place::Place,
    pool::Pool,
    verify::{Jwt, TokenRefusal},
};
use crate::app::{App, now_ms};

/// Who signed in.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) sub: String,
    /// The app client that the token is for.
    pub(crate) client: String,
    /// The user is still there, enabled, and not signed out since.
    pub(crate) is_live: bool,
}

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoginRefusal {
    NoToken,
    OtherIssuer,
    /// As in access tokens.
    NoAudience,
    NotSigned,
    /// It is of no user pool of the twin's.
    NoKeys,
    /// Seconds since the epoch.
    Expired {
        now: i64,
        exp: i64,
    },
}

/// Whose token this is, of the user pool that `provider` names (`cognito-idp.{region}.amazonaws.com/{pool}`).
pub(crate) fn verify_login(app: &App, provider: &str, token: &str) -> Result<Login, LoginRefusal> {
    let jwt = Jwt::parse(token).ok_or(LoginRefusal::NoToken)?;
    if jwt.claim("iss") != format!("https://{provider}") {
        return Err(LoginRefusal::OtherIssuer);
    }
    if jwt.claim("aud").is_empty() {
        return Err(LoginRefusal::NoAudience);
    }
    let exp = jwt.number("exp");
    let pool = provider.rsplit('/').next().unwrap_or_default();
    let place = app
        .read(|world| Place::of_pool(world, pool))
        .ok_or(LoginRefusal::NoKeys)?;
    let claims = jwt.verified(app, &place).map_err(|refusal| match refusal {
        TokenRefusal::Invalid => LoginRefusal::NotSigned,
        TokenRefusal::Expired => LoginRefusal::Expired {
            now: now_ms() / 1000,
            exp,
        },
    })?;
    let text = |name: &str| {
        let claim = claims.get(name).and_then(Value::as_str);
        claim.unwrap_or_default().to_owned()
    };
    Ok(Login {
        sub: text("sub"),
        client: text("aud"),
        is_live: app.read(|world| place.get(world).is_ok_and(|pool| is_live(pool, &claims))),
    })
}

/// Who is said to have signed a token; `None`: it is none.
pub(crate) fn issuer_of(token: &str) -> Option<String> {
    Jwt::parse(token).map(|jwt| jwt.claim("iss").to_owned())
}

fn is_live(pool: &Pool, claims: &Map<String, Value>) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let Some(user) = pool.users.get(text("cognito:username").unwrap_or_default()) else {
        return false;
    };
    let signed_out = match text("origin_jti") {
        Some(origin) => pool.revoked.contains_key(origin),
        None => claims.get("iat").and_then(Value::as_i64) <= user.signed_out,
    };
    !user.disabled && !signed_out
}
