//! What a function's result becomes. Recorded: LocalStack's `test_lambda_url_invocation`.

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::{
    StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE},
};
use serde_json::{Map, Value, json};

use crate::{lambda::Invoked, server::Response};

/// Headers that are the connection's.
const DROPPED: [&str; 5] = [
    "connection",
    "content-length",
    "keep-alive",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn plain(status: u16, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// A 403. Recorded: LocalStack's `test_lambda_permission_url_invocation` and `test_lambda_url_non_existing_url`.
pub(super) fn refused(message: Option<&str>) -> Response {
    let mut response = plain(403, json!({ "Message": message }).to_string());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let kind = HeaderValue::from_static("AccessDeniedException");
    headers.insert("x-amzn-errortype", kind);
    response
}

/// Recorded: LocalStack's `test_lambda_url_invocation_exception`.
pub(super) fn failed() -> Response {
    let mut response = plain(502, "Internal Server Error");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

pub(super) fn reply(invoked: &Invoked) -> Response {
    let result = serde_json::from_slice::<Value>(&invoked.payload).ok();
    let made = result
        .filter(|_| invoked.error.is_none())
        .and_then(|result| match &result {
            Value::Object(members) if members.contains_key("statusCode") => structured(members),
            // Anything else is the body.
            Value::String(text) => Some(plain(200, text.clone())),
            other => Some(plain(200, other.to_string())),
        });
    let mut response = made.unwrap_or_else(failed);
    let headers = response.headers_mut();
    if !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Ok(id) = HeaderValue::from_str(&invoked.request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

/// `None`: it is malformed.
fn structured(members: &Map<String, Value>) -> Option<Response> {
    let status = match &members["statusCode"] {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let status = StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.as_u16() >= 200)?;
    let body = match members.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(body)) if members.get("isBase64Encoded") == Some(&json!(true)) => {
            BASE64_STANDARD.decode(body).ok()?
        }
        Some(Value::String(body)) => body.clone().into_bytes(),
        Some(_) => return None,
    };
    let mut response = plain(status.as_u16(), body);
    let headers = response.headers_mut();
    let given = members.get("headers").and_then(Value::as_object);
    for (name, value) in given.into_iter().flatten() {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => continue,
        };
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        if !DROPPED.contains(&name.as_str()) {
            headers.insert(name, HeaderValue::from_str(&value).ok()?);
        }
    }
    let cookies = members.get("cookies").and_then(Value::as_array);
    for cookie in cookies.into_iter().flatten().filter_map(Value::as_str) {
        headers.append(SET_COOKIE, HeaderValue::from_str(cookie).ok()?);
    }
    Some(response)
}
