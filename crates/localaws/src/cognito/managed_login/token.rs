//! `/oauth2/token`: codes and refresh tokens for tokens.

use std::sync::Arc;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hyper::{StatusCode, header};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Given, Site, respond};
use crate::{
    app::{App, now_ms},
    cognito::{client::Client, pool::Pool, refresh, session::digest, token::Issue},
    server::{Request, Response, allow_any_origin},
};

/// Apps in browsers call it.
pub(super) fn preflight() -> Response {
    let mut response = respond(StatusCode::NO_CONTENT, "text/plain", String::new());
    allow_any_origin(&mut response);
    let headers = response.headers_mut();
    let asked = header::HeaderValue::from_static("content-type,authorization");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
    let post = header::HeaderValue::from_static("GET,POST");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, post);
    response
}

pub(super) async fn issue(
    app: &Arc<App>,
    site: &Site,
    request: &Request,
    form: &Given,
) -> Response {
    let issued = app.write(|world| {
        let pool = site.place.get_mut(world).map_err(|_| "invalid_client")?;
        let client = client(pool, request, form)?;
        exchange(pool, &client, form)
    });
    let signed = match issued {
        Ok(issue) => issue.sign(app, &site.place).await,
        Err(error) => return refused(error),
    };
    let Ok(tokens) = signed else {
        return refused("server_error");
    };
    let mut answer = json!({
        "access_token": tokens["AccessToken"],
        "expires_in": tokens["ExpiresIn"],
        "token_type": tokens["TokenType"],
    });
    for (name, member) in [("id_token", "IdToken"), ("refresh_token", "RefreshToken")] {
        if tokens[member].is_string() {
            answer[name] = tokens[member].clone();
        }
    }
    let mut response = super::json(StatusCode::OK, &answer);
    allow_any_origin(&mut response);
    response
}

fn refused(error: &str) -> Response {
    let mut response = super::json(StatusCode::BAD_REQUEST, &json!({ "error": error }));
    allow_any_origin(&mut response);
    response
}

/// Client id and secret of a Basic Authorization.
fn basic(request: &Request) -> Option<(String, String)> {
    let header = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// The client that calls, which has shown its secret if it has one.
pub(super) fn client(pool: &Pool, request: &Request, form: &Given) -> Result<Client, &'static str> {
    let get = |name: &str| form.get(name).map(String::as_str);
    let (id, secret) = match basic(request) {
        Some((id, secret)) => (id, Some(secret)),
        None => (
            get("client_id").ok_or("invalid_request")?.to_owned(),
            get("client_secret").map(str::to_owned),
        ),
    };
    let client = pool.clients.get(&id).ok_or("invalid_client")?.clone();
    if !client.has_secret(secret.as_deref()) {
        return Err("invalid_client");
    }
    Ok(client)
}

fn exchange(pool: &mut Pool, client: &Client, form: &Given) -> Result<Issue, &'static str> {
    let get = |name: &str| form.get(name).map(String::as_str);
    match get("grant_type").ok_or("invalid_request")? {
        "authorization_code" => by_code(pool, client, form),
        "refresh_token" => {
            let token = get("refresh_token").ok_or("invalid_request")?;
            refresh::renew(pool, client, token, now_ms()).map_err(|_| "invalid_grant")
        }
        // Client credentials are for clients with a secret and scopes of their own: not served.
        _ => Err("unsupported_grant_type"),
    }
}

fn by_code(pool: &mut Pool, client: &Client, form: &Given) -> Result<Issue, &'static str> {
    let get = |name: &str| form.get(name).map(String::as_str);
    let code = get("code").ok_or("invalid_request")?;
    let redirect_uri = get("redirect_uri").ok_or("invalid_request")?;
    if !client.settings.allowed_oauth_flows_user_pool_client
        || !client
            .settings
            .callback_urls
            .iter()
            .any(|u| u == redirect_uri)
    {
        // So it is seen for callbacks that the client does not have.
        return Err("unauthorized_client");
    }
    // Right or wrong, a code is used up.
    let code = pool.codes.remove(&digest(code)).ok_or("invalid_grant")?;
    let wanted = &code.wanted;
    let now = now_ms();
    if code.expires <= now
        || wanted.client_id != client.client_id
        || wanted.redirect_uri != redirect_uri
    {
        return Err("invalid_grant");
    }
    let proven = match (&wanted.challenge, get("code_verifier")) {
        (None, _) => true,
        (Some(challenge), Some(verifier)) => {
            *challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
        }
        (Some(_), None) => false,
    };
    if !proven {
        // AWS's support says that a wrong verifier is told so, not as invalid_grant.
        return Err("invalid_request");
    }
    let user = pool.users.get(&code.username).filter(|user| !user.disabled);
    let user = user.ok_or("invalid_grant")?.clone();
    Ok(pool.sign_in_at_domain(client, &user, &wanted.scopes, wanted.nonce.as_deref(), now))
}
