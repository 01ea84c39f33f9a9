//! `GetOpenIdToken`: the basic flow, in which the client itself assumes a role with the pool's word.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{fault::invalid_parameter, identities::vouch, pool::Place};
use crate::{
    app::{App, now_ms},
    call::{Answer, ApiError, Call},
    cognito::{Jwt, KeyPair, LoginRefusal},
    sts::{COGNITO, WebIdentity},
};

/// Seconds that a token is good for.
const LIFE: i64 = 600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    identity_id: String,
    #[serde(default)]
    logins: BTreeMap<String, String>,
}

/// Why STS does not take a pool's token.
#[derive(Debug)]
pub(crate) enum OpenIdRefusal {
    Login(LoginRefusal),
    /// The identity has gone.
    Revoked,
}

pub(super) async fn get_open_id_token(app: &Arc<App>, call: &Call) -> Answer {
    let input: Input = call.input()?;
    // One that was never said is allowed, too.
    let is_classic = |settings: &super::pool::Settings| {
        if settings.allow_classic_flow == Some(false) {
            let message = "Basic (classic) flow is not enabled, please use enhanced flow.";
            return Err(invalid_parameter(message));
        }
        Ok(())
    };
    let (_, who) = vouch(app, &input.identity_id, &input.logins, is_classic)?;
    let key = {
        let app = Arc::clone(app);
        tokio::task::spawn_blocking(move || key(&app))
            .await
            .map_err(|e| ApiError::internal(format!("making a key: {e}")))??
    };
    let now = now_ms() / 1000;
    let claims = json!({
        "sub": who.sub,
        "aud": who.aud,
        "amr": who.amr,
        "iss": format!("https://{COGNITO}"),
        "exp": now + LIFE,
        "iat": now,
    });
    let token = key.token_512(&claims)?;
    Ok(json!({ "IdentityId": input.identity_id, "Token": token }))
}

/// The service's key, made when it is first wanted. Blocks.
fn key(app: &App) -> Result<KeyPair, ApiError> {
    let stored = app.read(|world| world.open_id_key.clone());
    let text = if let Some(text) = stored {
        text
    } else {
        let new = KeyPair::generate();
        app.write(|world| world.open_id_key.get_or_insert(new).clone())
    };
    KeyPair::parse(&text).ok_or_else(|| ApiError::internal("the key of identity pools is broken"))
}

/// Whom a token of an identity pool is of.
pub(crate) fn verify_token(app: &App, token: &str) -> Result<WebIdentity, OpenIdRefusal> {
    let not_signed = || OpenIdRefusal::Login(LoginRefusal::NotSigned);
    let jwt = Jwt::parse(token).ok_or(OpenIdRefusal::Login(LoginRefusal::NoToken))?;
    let stored = app.read(|world| world.open_id_key.clone());
    let key = stored
        .and_then(|text| KeyPair::parse(&text))
        .ok_or_else(not_signed)?;
    let claims = jwt.signed_512_by(&key).ok_or_else(not_signed)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let (now, exp) = (now_ms() / 1000, claims.get("exp").and_then(Value::as_i64));
    let exp = exp.unwrap_or_default();
    if exp <= now {
        return Err(OpenIdRefusal::Login(LoginRefusal::Expired { now, exp }));
    }
    let who = WebIdentity {
        provider: COGNITO.to_owned(),
        sub: text("sub").to_owned(),
        aud: text("aud").to_owned(),
        amr: claims
            .get("amr")
            .and_then(|amr| serde_json::from_value(amr.clone()).ok())
            .unwrap_or_default(),
    };
    let place = app.read(|world| Place::of_identity(world, &who.sub));
    match place {
        Some(place) if place.pool == who.aud => Ok(who),
        _ => Err(OpenIdRefusal::Revoked),
    }
}
