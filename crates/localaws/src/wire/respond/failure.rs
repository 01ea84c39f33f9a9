//! Errors.

use serde_json::{Map, Value};

use super::{
    super::model::{Model, Operation, Protocol},
    header, locate, response, xml,
};
use crate::{call::ApiError, server::Response};

/// The response to a call that failed. `model`: `None` when not even the service is known.
pub(crate) fn failure(
    protocol: Protocol,
    model: Option<&Model>,
    operation: Option<&Operation>,
    error: &ApiError,
    request_id: &str,
) -> Response {
    let mut response = match protocol {
        Protocol::Query | Protocol::RestXml => response(
            error.status,
            "text/xml",
            xml::error(model, error, request_id),
        ),
        Protocol::Json => response(
            error.status,
            "application/x-amz-json-1.1",
            json_error(model, operation, error, true),
        ),
        Protocol::RestJson => response(
            error.status,
            "application/json",
            json_error(model, operation, error, false),
        ),
    };
    let headers = response.headers_mut();
    if matches!(protocol, Protocol::Json | Protocol::RestJson) {
        header(headers, "x-amzn-errortype", &error.code);
    }
    if let Some((model, operation)) = model.zip(operation)
        && let Some(shape) = model.error(operation, &error.code)
    {
        locate(model, &shape.members, &error.members, headers);
    }
    for (name, value) in &error.headers {
        header(headers, name, value);
    }
    response
}

/// The message's member is spelled as the modelled shape has it; AWS's own errors say `message`.
fn json_error(
    model: Option<&Model>,
    operation: Option<&Operation>,
    error: &ApiError,
    typed: bool,
) -> String {
    let shape = model
        .zip(operation)
        .and_then(|(model, operation)| model.error(operation, &error.code));
    let located = |member: &str| {
        shape
            .and_then(|shape| shape.members.get(member))
            .is_some_and(|of| of.location.is_some())
    };
    let message = shape
        .and_then(|shape| {
            shape
                .members
                .keys()
                .find(|member| member.eq_ignore_ascii_case("message"))
        })
        .map_or("message", String::as_str);
    let mut body: Map<String, Value> = error
        .members
        .iter()
        .filter(|(member, _)| !located(member))
        .map(|(m, v)| (m.clone(), v.clone()))
        .collect();
    if typed {
        body.insert("__type".to_owned(), Value::from(error.code.as_str()));
    }
    body.insert(message.to_owned(), Value::from(error.message.as_str()));
    Value::Object(body).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::call::Service;

    #[test]
    fn errors_follow_their_shapes() {
        let fail = |service, name: &str, error: &ApiError| {
            let model = Model::of(service);
            let response = failure(
                model.metadata.protocol,
                Some(model),
                Some(&model.operations[name]),
                error,
                "id",
            );
            let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            (body, response)
        };
        let mut slow = ApiError::new(429, "TooManyRequestsException", "slow");
        slow.members
            .insert("retryAfterSeconds".to_owned(), Value::from("30"));
        let (body, response) = fail(Service::ApiGateway, "DeleteRestApi", &slow);
        assert_eq!(body, json!({"message": "slow"}));
        assert_eq!(response.headers()["retry-after"], "30");
        assert_eq!(
            response.headers()["x-amzn-errortype"],
            "TooManyRequestsException"
        );
        let (body, _) = fail(
            Service::Lambda,
            "GetFunction",
            &ApiError::new(404, "ResourceNotFoundException", "no"),
        );
        assert_eq!(body, json!({"Message": "no"}));
        let (body, _) = fail(
            Service::Logs,
            "DeleteLogGroup",
            &ApiError::new(400, "ResourceNotFoundException", "no"),
        );
        assert_eq!(
            body,
            json!({"__type": "ResourceNotFoundException", "message": "no"})
        );
    }
}
