//! What all pages have in common: frame, style, and what a browser may do with them.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{StatusCode, header};
use sha2::{Digest, Sha256};

use super::respond;
use crate::server::Response;

const STYLE: &str = include_str!("page.css");

/// A text inside HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A page whose `body` is HTML. It has no script, loads nothing, and is in no frame.
pub(super) fn framed(status: StatusCode, title: &str, body: &str) -> Response {
    let title = escaped(title);
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n<main>\n<section class=\"card\">\n<h1>{title}</h1>\n{body}</section>\n\
         <footer>Local AWS of labctl. Enter no password that is good elsewhere.</footer>\n</main>\n</html>\n"
    );
    let mut response = respond(status, "text/html; charset=utf-8", page);
    // Where forms lead is not limited: browsers apply `form-action` to redirects, too, and an app's callback may
    // send its user anywhere.
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'; base-uri 'none'"
    );
    let fixed = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ];
    let headers = response.headers_mut();
    if let Ok(policy) = header::HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in fixed {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

/// A page with one sentence.
pub(super) fn html(status: StatusCode, text: &str) -> Response {
    let title = if status.is_success() {
        "Sign in"
    } else {
        "Sign-in failed"
    };
    framed(status, title, &format!("<p>{}</p>\n", escaped(text)))
}
