//! Canonical answers and errors → responses, in the service's protocol.

use std::fmt::Write as _;

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::{
    HeaderMap, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::{Map, Value};

use super::model::{Kind, Location, Model, Operation, Protocol, Ref};
use crate::{call::ApiError, server::Response};

/// The response to a call that went well.
pub(crate) fn success(
    model: &Model,
    name: &str,
    operation: &Operation,
    answer: &Value,
    request_id: &str,
) -> Response {
    // A service with nothing to say answers null.
    let empty = Value::Object(Map::new());
    let answer = if answer.is_null() { &empty } else { answer };
    match model.metadata.protocol {
        Protocol::Query => response(
            200,
            "text/xml",
            query(model, name, operation, answer, request_id),
        ),
        Protocol::Json => {
            let body = operation.output.as_ref().map(|output| {
                let output = Ref {
                    shape: output.shape.clone(),
                    ..Ref::default()
                };
                json(model, &output, answer).to_string()
            });
            response(200, "application/x-amz-json-1.1", body.unwrap_or_default())
        }
        Protocol::RestJson => rest(model, operation, answer),
    }
}

fn response(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn query(
    model: &Model,
    name: &str,
    operation: &Operation,
    answer: &Value,
    request_id: &str,
) -> String {
    let namespace = model.metadata.xml_namespace.as_deref().unwrap_or_default();
    let mut xml = format!("<{name}Response xmlns=\"{namespace}\">");
    if let Some(output) = &operation.output {
        let output_ref = Ref {
            shape: output.shape.clone(),
            ..Ref::default()
        };
        let wrapper = output.result_wrapper.as_deref().unwrap_or("Result");
        element(model, &output_ref, wrapper, answer, &mut xml);
    }
    xml + &format!(
        "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
    )
}

fn element(model: &Model, of: &Ref, name: &str, value: &Value, xml: &mut String) {
    let shape = model.shape(&of.shape);
    xml.extend(["<", name, ">"]);
    match value {
        Value::Object(fields) if shape.kind == Kind::Map => {
            for (key, value) in fields {
                xml.extend(["<entry><key>", &escape(key), "</key>"]);
                if let Some(of) = shape.element() {
                    element(model, of, "value", value, xml);
                }
                xml.push_str("</entry>");
            }
        }
        Value::Object(fields) => {
            for (member, of) in &shape.members {
                if let Some(value) = fields.get(member).filter(|value| !value.is_null()) {
                    element(model, of, of.wire_name(member), value, xml);
                }
            }
        }
        Value::Array(items) => {
            for (item, of) in items.iter().zip(shape.element().into_iter().cycle()) {
                element(model, of, "member", item, xml);
            }
        }
        Value::Number(number) if shape.kind == Kind::Timestamp => xml.push_str(&iso8601(number)),
        scalar => xml.push_str(&escape(&text(shape.kind, scalar))),
    }
    xml.extend(["</", name, ">"]);
}

/// `2026-01-31T12:00:00Z`: IAM's times have whole seconds.
fn iso8601(seconds: &serde_json::Number) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates; jiff checks the range"
    )]
    let seconds = seconds.as_f64().unwrap_or_default() as i64;
    jiff::Timestamp::from_second(seconds)
        .unwrap_or_default()
        .to_string()
}

/// XML text; characters that XML 1.0 cannot hold are replaced.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(c),
            c if c < ' ' || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

fn text(kind: Kind, value: &Value) -> String {
    match integral(kind, value).unwrap_or_else(|| value.clone()) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A double with a whole value, where the model wants an integer.
fn integral(kind: Kind, value: &Value) -> Option<Value> {
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let whole = || {
        value
            .as_f64()
            .filter(|_| value.is_f64())
            .map(|f| Value::from(f as i64))
    };
    matches!(kind, Kind::Integer | Kind::Long)
        .then(whole)
        .flatten()
}

/// Canonical JSON with the names on the wire; what the model does not know is left out.
fn json(model: &Model, of: &Ref, value: &Value) -> Value {
    let shape = model.shape(&of.shape);
    match (value, shape.element()) {
        (Value::Object(fields), Some(element)) => Value::Object(
            fields
                .iter()
                .map(|(key, value)| (key.clone(), json(model, element, value)))
                .collect(),
        ),
        (Value::Array(items), Some(element)) => Value::Array(
            items
                .iter()
                .map(|item| json(model, element, item))
                .collect(),
        ),
        (Value::Object(fields), None) => {
            let body = shape.members.iter().filter(|(_, of)| of.location.is_none());
            let fields = body.filter_map(|(member, of)| {
                let value = fields.get(member).filter(|value| !value.is_null())?;
                Some((of.wire_name(member).to_owned(), json(model, of, value)))
            });
            Value::Object(fields.collect())
        }
        (scalar, _) => integral(shape.kind, scalar).unwrap_or_else(|| scalar.clone()),
    }
}

fn rest(model: &Model, operation: &Operation, answer: &Value) -> Response {
    let status = operation.http.response_code.unwrap_or(200);
    let Some(output) = &operation.output else {
        return response(status, "application/json", "");
    };
    let shape = model.shape(&output.shape);
    let body = match &shape.payload {
        Some(member)
            if shape
                .members
                .get(member)
                .is_some_and(|of| model.shape(&of.shape).kind == Kind::Blob) =>
        {
            let text = answer[member].as_str().unwrap_or_default();
            BASE64_STANDARD.decode(text).unwrap_or_default()
        }
        Some(member) => match shape.members.get(member) {
            Some(of) if !answer[member].is_null() => {
                json(model, of, &answer[member]).to_string().into()
            }
            _ => Vec::new(),
        },
        None => {
            let whole = Ref {
                shape: output.shape.clone(),
                ..Ref::default()
            };
            json(model, &whole, answer).to_string().into()
        }
    };
    let mut response = response(status, "application/json", body);
    if let Value::Object(fields) = answer {
        locate(model, &shape.members, fields, response.headers_mut());
        for (member, of) in &shape.members {
            if of.location == Some(Location::StatusCode)
                && let Some(status) = fields
                    .get(member)
                    .and_then(Value::as_u64)
                    .and_then(|s| u16::try_from(s).ok())
                && let Ok(status) = StatusCode::from_u16(status)
            {
                *response.status_mut() = status;
            }
        }
    }
    if response.status() == StatusCode::NO_CONTENT {
        *response.body_mut() = Bytes::new();
    }
    response
}

/// Puts the members that the model places in headers there.
fn locate<'a>(
    model: &Model,
    members: impl IntoIterator<Item = (&'a String, &'a Ref)>,
    fields: &Map<String, Value>,
    headers: &mut HeaderMap,
) {
    for (member, of) in members {
        if of.location == Some(Location::Header)
            && let Some(value) = fields.get(member).filter(|value| !value.is_null())
        {
            header(
                headers,
                of.wire_name(member),
                &text(model.shape(&of.shape).kind, value),
            );
        }
    }
}

/// Sets a header; what no header can hold is left out.
fn header(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

/// The response to a call that failed. `model`: `None` when not even the service is known.
pub(crate) fn failure(
    protocol: Protocol,
    model: Option<&Model>,
    operation: Option<&Operation>,
    error: &ApiError,
    request_id: &str,
) -> Response {
    let mut response = match protocol {
        Protocol::Query => response(
            error.status,
            "text/xml",
            query_error(model, error, request_id),
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
    if protocol != Protocol::Query {
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

fn query_error(model: Option<&Model>, error: &ApiError, request_id: &str) -> String {
    let namespace = model
        .and_then(|model| model.metadata.xml_namespace.as_deref())
        .unwrap_or_default();
    let side = if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    let mut xml = format!("<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type>");
    // Writing to a string cannot fail.
    let _ = write!(
        xml,
        "<Code>{}</Code><Message>{}</Message>",
        escape(&error.code),
        escape(&error.message)
    );
    xml + &format!("</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
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

    fn answered(service: Service, name: &str, answer: &Value) -> (u16, String, Response) {
        let model = Model::of(service);
        let response = success(model, name, &model.operations[name], answer, "id");
        let body = String::from_utf8_lossy(response.body()).into_owned();
        (response.status().as_u16(), body, response)
    }

    #[test]
    fn query_answers_are_xml() {
        let answer = json!({"Roles": [{"RoleName": "a<b", "CreateDate": 1_767_225_600.5, "Nonsense": 1}],
                            "IsTruncated": false, "Marker": null});
        let (status, body, _) = answered(Service::Iam, "ListRoles", &answer);
        assert_eq!(status, 200);
        assert_eq!(
            body,
            "<ListRolesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListRolesResult>\
             <IsTruncated>false</IsTruncated><Roles><member><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
             <RoleName>a&lt;b</RoleName></member></Roles></ListRolesResult><ResponseMetadata>\
             <RequestId>id</RequestId></ResponseMetadata></ListRolesResponse>"
        );
        let (_, body, _) = answered(
            Service::Iam,
            "GetAccountSummary",
            &json!({"SummaryMap": {"Roles": 1.0}}),
        );
        assert!(
            body.contains("<entry><key>Roles</key><value>1</value></entry>"),
            "{body}"
        );
    }

    #[test]
    fn rest_answers_use_headers_status_and_payload() {
        let answer = json!({"StatusCode": 202, "FunctionError": "Unhandled", "Payload": "e30=", "LogResult": "bG9n"});
        let (status, body, response) = answered(Service::Lambda, "Invoke", &answer);
        assert_eq!((status, body.as_str()), (202, "{}"));
        assert_eq!(response.headers()["x-amz-function-error"], "Unhandled");
        assert_eq!(response.headers()["x-amz-log-result"], "bG9n");
        let (status, body, _) = answered(
            Service::ApiGateway,
            "GetRestApis",
            &json!({"items": [{"id": "a"}]}),
        );
        assert_eq!((status, body.as_str()), (200, r#"{"item":[{"id":"a"}]}"#));
        let (status, body, _) = answered(Service::ApiGateway, "DeleteRestApi", &json!({}));
        assert_eq!((status, body.as_str()), (202, ""));
    }

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
