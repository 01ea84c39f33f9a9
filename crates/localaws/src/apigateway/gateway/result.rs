//! What a function behind a Lambda proxy integration may return.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;

use super::{exchange::Exchange, reply::Reply};

/// All may be missing, but nothing else may be there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProxyResult {
    status_code: Option<Value>,
    headers: Option<BTreeMap<String, Scalar>>,
    multi_value_headers: Option<BTreeMap<String, Vec<Scalar>>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

/// A header's value; numbers are refused.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Boolean(bool),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Boolean(value) => value.to_string(),
        }
    }
}

/// `None`: malformed.
pub(super) fn reply(exchange: &Exchange, payload: &[u8]) -> Option<Reply> {
    let result: ProxyResult = serde_json::from_slice(payload).ok()?;
    let mut reply = Reply {
        status: status(result.status_code)?,
        headers: Vec::new(),
        body: body(
            exchange,
            result.body,
            result.is_base64_encoded == Some(true),
        )?,
        refusal: None,
    };
    let many = result.multi_value_headers.unwrap_or_default();
    let overridden = |name: &str| many.keys().any(|key| key.eq_ignore_ascii_case(name));
    for (name, value) in result.headers.unwrap_or_default() {
        if !overridden(&name) {
            reply.pass_on(&name, value.text());
        }
    }
    for (name, values) in many {
        for value in values {
            reply.pass_on(&name, value.text());
        }
    }
    if !reply.has("content-type") {
        reply
            .headers
            .push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    let trace = format!("{};Sampled=0", exchange.ids.root);
    reply.headers.push(("X-Amzn-Trace-Id".to_owned(), trace));
    Some(reply)
}

fn status(given: Option<Value>) -> Option<u16> {
    let status = match given {
        None | Some(Value::Null) => 200,
        Some(Value::Number(number)) => u16::try_from(number.as_u64()?).ok()?,
        Some(Value::String(text)) => text.parse().ok()?,
        Some(_) => return None,
    };
    (200..=599).contains(&status).then_some(status)
}

/// Base64 is undone only for clients that ask first for a type that the API treats as binary.
fn body(exchange: &Exchange, body: Option<String>, base64: bool) -> Option<Vec<u8>> {
    let body = body.unwrap_or_default();
    let accept = exchange.incoming.header("accept").unwrap_or_default();
    if base64 && exchange.is_binary(accept) {
        BASE64_STANDARD.decode(body).ok()
    } else {
        Some(body.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_may_be_text_or_missing() {
        let of = |value| status(value);
        assert_eq!(of(None), Some(200));
        assert_eq!(of(Some(Value::from(418))), Some(418));
        assert_eq!(of(Some(Value::from("204"))), Some(204));
        for bad in [
            Value::from(100),
            Value::from(600),
            Value::from(200.5),
            Value::from("ok"),
            Value::from(true),
        ] {
            assert_eq!(of(Some(bad.clone())), None, "{bad}");
        }
    }
}
