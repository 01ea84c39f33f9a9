//! Gateway responses: an API's own words for the gateway's refusals.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    super::gateway_response::GatewayResponse,
    exchange::Ids,
    reply::{Refusal, Reply},
};
use crate::server::Request;

/// What a template may refer to.
pub(in super::super) const REFERENCES: [&str; 7] = [
    "$context.error.messageString",
    "$context.error.message",
    "$context.error.responseType",
    "$context.requestId",
    "$context.extendedRequestId",
    "$context.httpMethod",
    "$context.stage",
];

/// A refusal as the API words it; any other reply as it is.
pub(super) fn customize(
    mut reply: Reply,
    responses: &BTreeMap<String, GatewayResponse>,
    request: &Request,
    stage: &str,
    ids: &Ids,
) -> Reply {
    let Some(refusal) = reply.refusal.clone() else {
        return reply;
    };
    let default = if reply.status < 500 {
        "DEFAULT_4XX"
    } else {
        "DEFAULT_5XX"
    };
    // Each of these is a whole: what the type's own does not say, the default one does not add.
    let Some(response) = responses
        .get(refusal.response_type)
        .or_else(|| responses.get(default))
    else {
        return reply;
    };
    if let Some(status) = response.status() {
        reply.status = status;
    }
    let accept = request.headers().get("accept");
    let accept = accept.and_then(|value| value.to_str().ok());
    if let Some((content_type, template)) = response.template(accept.unwrap_or_default()) {
        let values = values(&refusal, request, stage, ids);
        // The longer names come first: one begins with another.
        let body = REFERENCES
            .iter()
            .zip(values)
            .fold(template.to_owned(), |text, (name, value)| {
                text.replace(name, &value)
            });
        reply.body = body.into_bytes();
        let content_type = content_type.to_owned();
        reply
            .headers
            .push(("Content-Type".to_owned(), content_type));
    }
    for (name, value) in response.headers() {
        reply
            .headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        reply.headers.push((name.to_owned(), value.to_owned()));
    }
    reply
}

/// In the order of [`REFERENCES`].
fn values(refusal: &Refusal, request: &Request, stage: &str, ids: &Ids) -> [String; 7] {
    let message = refusal.message.as_deref();
    [
        json!(message).to_string(),
        message.unwrap_or_default().to_owned(),
        refusal.response_type.to_owned(),
        ids.request_id.clone(),
        ids.extended_request_id.clone(),
        request.method().to_string(),
        stage.to_owned(),
    ]
}
