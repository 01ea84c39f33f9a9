//! A user pool's domain: `/oauth2/authorize`, `/login`, `/forgotPassword`, `/oauth2/idpresponse`, `/oauth2/token`,
//! `/oauth2/userInfo`, `/oauth2/revoke`, `/logout`.
//!
//! A domain is at `/_auth/{region}/{prefix}/…`, and by Host: `{prefix}.auth.{region}.amazoncognito.com`. There are
//! no cookies: every sign-in begins anew. Not served, and answered 501 by name: SAML responses (their XML
//! signatures would have to be verified), the implicit grant, client credentials, and sign-up.

mod authorize;
mod federated;
mod frame;
mod grant;
mod page;
mod provider;
mod saml;
mod sign_in;
mod token;
mod user_info;

use std::{collections::BTreeMap, sync::Arc};

use hyper::{Method, StatusCode, body::Bytes, header};
use serde_json::Value;

use self::{frame::html, sign_in::Path};
pub(super) use self::{
    grant::{Code, Pending},
    provider::learn,
};
use super::{domain, place::Place};
use crate::{
    app::App,
    server::{self, Request, Response},
    wire::percent,
};

/// A domain that was asked for.
struct Site {
    place: Place,
    /// Before each of its paths: nothing when the Host names the domain.
    base: String,
    /// With scheme and host.
    url: String,
}

/// What a request says: a query's or a form's parameters, the first of each name.
type Given = BTreeMap<String, String>;

/// Region, prefix, and the path behind them.
fn address(request: &Request) -> Option<(String, String, String, String)> {
    let path = request.uri().path();
    if let Some(within) = path.strip_prefix("/_auth/") {
        let mut parts = within.splitn(3, '/');
        let (region, prefix) = (parts.next()?, parts.next().unwrap_or_default());
        let rest = format!("/{}", parts.next().unwrap_or_default());
        let base = format!("/_auth/{region}/{prefix}");
        return Some((region.to_owned(), prefix.to_owned(), rest, base));
    }
    let host = server::host(request)?;
    let (prefix, region) = host
        .strip_suffix(".amazoncognito.com")?
        .split_once(".auth.")?;
    Some((
        region.to_owned(),
        prefix.to_owned(),
        path.to_owned(),
        String::new(),
    ))
}

/// Whether a request is for a user pool's domain.
pub(crate) fn is_login(request: &Request) -> bool {
    address(request).is_some()
}

/// `None`: no domain is asked for.
pub(crate) async fn serve(app: &Arc<App>, request: &Request) -> Option<Response> {
    let (region, prefix, path, base) = address(request)?;
    let found = app.read(|world| domain::holder(world, &region, &prefix));
    let Some(place) = found else {
        let text = "No user pool of the local AWS has this domain.";
        return Some(html(StatusCode::NOT_FOUND, text));
    };
    let url = if base.is_empty() {
        format!("https://{prefix}.auth.{region}.amazoncognito.com")
    } else {
        format!("{}{base}", app.endpoint())
    };
    let site = Site { place, base, url };
    let query = request.uri().query().unwrap_or_default();
    let Some(given) = parameters(query) else {
        return Some(site.error("invalid_request", None));
    };
    let form = std::str::from_utf8(request.body()).ok();
    let form = form.and_then(parameters);
    let method = request.method();
    Some(match (path.as_str(), method) {
        ("/oauth2/authorize", &Method::GET) => authorize::begin(app, &site, &given, query),
        ("/login" | "/forgotPassword", &Method::GET) => {
            page::first(app, &site, &given, query, path == "/forgotPassword")
        }
        ("/login" | "/forgotPassword", &Method::POST) => {
            let to = if path == "/login" {
                Path::Login
            } else {
                Path::Forgot
            };
            sign_in::post(app, &site, &given, query, &form.unwrap_or_default(), to)
        }
        ("/oauth2/idpresponse", &Method::GET) => federated::finish(app, &site, &given).await,
        ("/oauth2/token", &Method::POST) => {
            token::issue(app, &site, request, &form.unwrap_or_default()).await
        }
        ("/oauth2/userInfo", &Method::GET | &Method::POST) => user_info::show(app, &site, request),
        ("/oauth2/revoke", &Method::POST) => {
            user_info::revoke(app, &site, request, &form.unwrap_or_default())
        }
        ("/oauth2/token" | "/oauth2/userInfo" | "/oauth2/revoke", &Method::OPTIONS) => {
            token::preflight()
        }
        ("/logout", &Method::GET) => page::log_out(app, &site, &given, query),
        ("/error", &Method::GET) => page::error(&given),
        (
            "/oauth2/authorize"
            | "/login"
            | "/forgotPassword"
            | "/oauth2/idpresponse"
            | "/oauth2/token"
            | "/oauth2/userInfo"
            | "/oauth2/revoke"
            | "/logout",
            _,
        ) => html(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
        ("/saml2/idpresponse", _) => {
            not_served("SAML responses: their signatures are not verified here")
        }
        ("/signup" | "/confirmUser", _) => not_served(&format!("{path} of a user pool's domain")),
        _ => html(StatusCode::NOT_FOUND, "Not found"),
    })
}

fn parameters(text: &str) -> Option<Given> {
    let mut given = Given::new();
    for (name, value) in percent::pairs(text)? {
        given.entry(name).or_insert(value);
    }
    Some(given)
}

impl Site {
    /// What is wrong with client or callback cannot be told at the callback: it is shown here. The form is the
    /// one that browsers are seen with.
    fn error(&self, error: &str, client: Option<&str>) -> Response {
        let client = client.map(|id| format!("&client_id={}", percent::encode(id)));
        let client = client.unwrap_or_default();
        let error = percent::encode(error);
        redirect(&format!("{}/error?error={error}{client}", self.base))
    }
}

/// An address with more parameters.
fn with(url: &str, more: &[(&str, &str)]) -> String {
    let mut url = url.to_owned();
    for (name, value) in more {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&format!("{name}={}", percent::encode(value)));
    }
    url
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> Response {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    let never = header::HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, never);
    response
}

fn redirect(to: &str) -> Response {
    let mut response = respond(StatusCode::FOUND, "text/html; charset=utf-8", String::new());
    match header::HeaderValue::from_str(to) {
        Ok(to) => {
            response.headers_mut().insert(header::LOCATION, to);
            response
        }
        Err(_) => html(StatusCode::BAD_REQUEST, "Bad request"),
    }
}

fn json(status: StatusCode, value: &Value) -> Response {
    let kind = "application/json;charset=UTF-8";
    respond(status, kind, value.to_string())
}

fn not_served(what: &str) -> Response {
    let text = format!("labctl's local AWS does not serve {what}.");
    html(StatusCode::NOT_IMPLEMENTED, &text)
}
