//! `/_local/…`: the inbox, health and stop; the rest is in `control`. `routes` decides who may ask.

use std::sync::Arc;

use hyper::{
    Method, StatusCode,
    header::{self, HeaderValue},
};
use serde_json::{Value, json};

use super::{Request, Response, Server, control};
use crate::{app::App, cognito::Mail, wire::percent};

const INBOX: &str = include_str!("inbox.html");
/// Nothing from elsewhere, and no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      frame-ancestors 'none'; form-action 'none'; base-uri 'none'";

/// The path behind `/_local`.
pub(super) fn page(request: &Request) -> Option<&str> {
    let rest = request.uri().path().strip_prefix("/_local")?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// On the twin's own port. Who may ask is decided in `routes`.
pub(super) async fn serve(server: &Arc<Server>, request: &Request) -> Response {
    let app = &server.app;
    let page = page(request).unwrap_or_default();
    if let Some(response) = control::serve(app, request, page).await {
        return response;
    }
    match (request.method(), page) {
        (&Method::GET, "/health.json") => {
            json_response(StatusCode::OK, &health(app, request.uri().query()))
        }
        (&Method::POST, "/stop") => {
            server.stop.notify_one();
            json_response(StatusCode::OK, &json!({"stopping": true}))
        }
        (_, "/health.json" | "/stop") => not_allowed(),
        _ => serve_inbox(app, request),
    }
}

/// On the inbox's port, which has nothing else.
pub(super) fn serve_inbox(app: &App, request: &Request) -> Response {
    match (request.method(), page(request)) {
        (&Method::GET, Some("" | "/")) => page_response(),
        (&Method::GET, Some("/inbox.json")) => {
            inbox(app, request.uri().query().unwrap_or_default())
        }
        (_, Some("" | "/" | "/inbox.json")) => not_allowed(),
        _ => problem(StatusCode::NOT_FOUND, "no such page"),
    }
}

/// With `nonce=TEXT` it also proves that it is the twin whose secret the asker knows.
fn health(app: &App, query: Option<&str>) -> Value {
    let mut health = json!({
        "service": "localaws",
        "version": app.config.version,
        "pid": std::process::id(),
        "endpoint": app.endpoint(),
        "inbox": app.inbox(),
    });
    let nonce = query.and_then(|query| query.strip_prefix("nonce="));
    if let Some((secret, nonce)) = app.config.secret.as_ref().zip(nonce) {
        health["proof"] = secret.answer(app.endpoint(), nonce).into();
    }
    health
}

/// Mail, newest first; with `to=ADDRESS` only what went there.
fn inbox(app: &App, query: &str) -> Response {
    let Some(query) = percent::pairs(query) else {
        return problem(StatusCode::BAD_REQUEST, "the query is not properly encoded");
    };
    let to = query
        .iter()
        .find(|(name, _)| name == "to")
        .map(|(_, to)| to.as_str());
    let mails: Vec<Mail> = app.read(|world| {
        let wanted = |mail: &&Mail| to.is_none_or(|to| mail.to.eq_ignore_ascii_case(to));
        world.inbox.iter().rev().filter(wanted).cloned().collect()
    });
    json_response(StatusCode::OK, &json!(mails))
}

fn page_response() -> Response {
    let mut response = Response::new(INBOX.into());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    // Whoever opens the page in a window gets no hold of it.
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    response
}

pub(super) fn not_allowed() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
}

pub(super) fn problem(status: StatusCode, message: &str) -> Response {
    json_response(status, &json!({ "message": message }))
}

pub(super) fn json_response(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
