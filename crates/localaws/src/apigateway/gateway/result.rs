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
    // Both lists are one; a pair that is in both counts once. Recorded: LocalStack's
    // `test_aws_proxy_response_payload_format_validation`.
    let many = result.multi_value_headers.unwrap_or_default();
    let mut all: Vec<(String, String)> = many
        .into_iter()
        .flat_map(|(name, values)| {
            values
                .into_iter()
                .map(move |value| (name.clone(), value.text()))
        })
        .collect();
    for (name, value) in result.headers.unwrap_or_default() {
        let value = value.text();
        let same =
            |(known, of): &(String, String)| known.eq_ignore_ascii_case(&name) && *of == value;
        if !all.iter().any(same) {
            all.push((name, value));
        }
    }
    for (name, value) in all {
        reply.pass_on(&name, value);
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
