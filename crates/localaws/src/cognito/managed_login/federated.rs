//! `/oauth2/idpresponse`: a user comes back from an OIDC provider, and is one of the pool's from then on.

use std::{collections::BTreeMap, sync::Arc};

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::{Given, Site, grant::Wanted, html, provider, redirect, with};
use crate::{
    app::{App, now_ms, now_s},
    cognito::{
        identity_provider::IdentityProvider,
        pool::Pool,
        schema::{self, NameValue},
        user::{Status, User},
    },
    ids,
    server::Response,
};

pub(super) async fn finish(app: &Arc<App>, site: &Site, given: &Given) -> Response {
    let get = |name: &str| given.get(name).map(String::as_str);
    let found = app.write(|world| {
        let pool = site.place.get_mut(world).ok()?;
        let pending = pool.come_back(get("state")?, now_ms())?;
        let provider = pool.providers.get(&pending.provider)?.clone();
        Some((pending, provider))
    });
    // Without its state nothing is known of the app either.
    let Some((pending, provider)) = found else {
        return html(
            StatusCode::BAD_REQUEST,
            "Invalid state: the sign-in is not known here.",
        );
    };
    let name = pending.provider.clone();
    let wanted = pending.wanted;
    if let Some(error) = get("error") {
        let why = get("error_description").unwrap_or_default();
        let why = format!("{name} Error - 400 {error} {why}");
        return failed(&wanted, error, why.trim_end());
    }
    let Some(code) = get("code") else {
        return failed(&wanted, "invalid_request", &format!("{name} sent no code"));
    };
    let back = format!("{}/oauth2/idpresponse", site.url);
    let claims = match provider::claims(&provider, code, &back).await {
        Ok(claims) => claims,
        Err(why) => {
            let why = format!("{name} Error - {why}");
            return failed(&wanted, "invalid_request", &why);
        }
    };
    let signed_in = app.write(|world| {
        let pool = site.place.get_mut(world).map_err(|e| e.message)?;
        let username = arrive(pool, &name, &provider, &claims)?;
        Ok::<_, String>(pool.code(wanted.clone(), &username, now_ms()))
    });
    match signed_in {
        Ok(code) => {
            let mut more = vec![("code", code.as_str())];
            more.extend(wanted.state.as_deref().map(|state| ("state", state)));
            redirect(&with(&wanted.redirect_uri, &more))
        }
        Err(why) => failed(&wanted, "invalid_request", &why),
    }
}

/// Documented: errors of a provider are told at the app's callback.
fn failed(wanted: &Wanted, error: &str, why: &str) -> Response {
    let mut more = vec![("error_description", why), ("error", error)];
    more.extend(wanted.state.as_deref().map(|state| ("state", state)));
    redirect(&with(&wanted.redirect_uri, &more))
}

/// The user's profile, made the first time and brought up to date each time. Answers the username.
fn arrive(
    pool: &mut Pool,
    name: &str,
    provider: &IdentityProvider,
    claims: &Map<String, Value>,
) -> Result<String, String> {
    let sub = claims.get("sub").and_then(Value::as_str);
    let sub = sub.ok_or_else(|| format!("{name} sent no sub"))?;
    // Whether a pool without regard to case makes it small is not settled.
    let username = format!("{name}_{sub}");
    let now = now_s();
    let mut user = pool.users.get(&username).cloned().unwrap_or_else(|| {
        let identity = json!([{
            "userId": sub, "providerName": name, "providerType": "OIDC", "issuer": null, "primary": "true",
            "dateCreated": now_ms().to_string(),
        }]);
        let mut user = User::new(username.clone(), Status::ExternalProvider);
        user.attributes = BTreeMap::from([
            ("sub".to_owned(), ids::uuid()),
            ("identities".to_owned(), identity.to_string()),
        ]);
        user
    });
    if user.disabled {
        return Err("User is disabled.".to_owned());
    }
    let mapped: Vec<NameValue> = provider
        .attribute_mapping
        .iter()
        .filter(|(attribute, _)| *attribute != "username")
        .filter_map(|(attribute, claim)| {
            let value = match claims.get(claim)? {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Some(NameValue {
                name: attribute.clone(),
                value,
            })
        })
        .collect();
    schema::check(&pool.schema, &user.attributes, &mapped).map_err(|e| e.message)?;
    user.set(&mapped);
    let required = pool.schema.iter().filter(|attribute| attribute.required);
    if let Some(missing) = required
        .into_iter()
        .find(|a| user.attribute(&a.name).is_empty())
    {
        let missing = &missing.name;
        return Err(format!("attributes required: [{missing}]"));
    }
    user.modified = now;
    pool.users.insert(username.clone(), user);
    Ok(username)
}
