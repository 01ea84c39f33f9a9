//! `/_local/…`: the inbox, health and stop; the rest is in `control`. Only for pages and programs on this machine.

use std::sync::Arc;

use hyper::{
    Method, StatusCode,
    header::{self, HeaderValue},
};
use serde_json::{Value, json};

use super::{Request, Response, Server, control, http};
use crate::{app::App, cognito::Mail, wire::percent};

const INBOX: &str = include_str!("inbox.html");
/// Nothing from elsewhere, and no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      frame-ancestors 'none'";

/// `None`: not one of these paths.
pub(super) async fn serve(server: &Arc<Server>, request: &Request) -> Option<Response> {
    let path = request.uri().path();
    let page = path
        .strip_prefix("/_local")
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
    // A web page whose name was rebound to 127.0.0.1 must not read codes.
    if http::host(request).is_some_and(|host| !http::is_loopback(&host)) {
        let message = "only for 127.0.0.1 and localhost";
        return Some(problem(StatusCode::FORBIDDEN, message));
    }
    let app = &server.app;
    if request.method() != Method::GET && !is_meant(request) {
        return Some(problem(
            StatusCode::FORBIDDEN,
            "the header 'x-localaws: 1' is missing",
        ));
    }
    if let Some(response) = control::serve(app, request, page).await {
        return Some(response);
    }
    Some(match (request.method(), page) {
        (&Method::GET, "" | "/") => page_response(),
        (&Method::GET, "/health.json") => json_response(StatusCode::OK, &health(app)),
        (&Method::GET, "/inbox.json") => inbox(app, request.uri().query().unwrap_or_default()),
        (&Method::POST, "/stop") => {
            server.stop.notify_one();
            json_response(StatusCode::OK, &json!({"stopping": true}))
        }
        (_, "" | "/" | "/health.json" | "/inbox.json" | "/stop") => not_allowed(),
        _ => problem(StatusCode::NOT_FOUND, "no such page"),
    })
}

/// Web pages cannot send the header without being asked for.
fn is_meant(request: &Request) -> bool {
    let header = request.headers().get("x-localaws");
    header.is_some_and(|value| value == "1")
}

fn health(app: &App) -> Value {
    json!({
        "service": "localaws",
        "version": app.config.version,
        "pid": std::process::id(),
        "endpoint": app.endpoint(),
    })
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
