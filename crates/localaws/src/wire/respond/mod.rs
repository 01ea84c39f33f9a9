//! Canonical answers and errors → responses, in the service's protocol.

mod failure;
mod json;
mod xml;

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::{
    HeaderMap, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::{Map, Value};

use super::model::{Kind, Location, Model, Operation, Protocol, Ref};
use crate::server::Response;
pub(crate) use failure::failure;
use json::{json, text};

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
            xml::answer(model, name, operation, answer, request_id),
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
        Protocol::RestJson | Protocol::RestXml => rest(model, operation, answer),
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

fn rest(model: &Model, operation: &Operation, answer: &Value) -> Response {
    let status = operation.http.response_code.unwrap_or(200);
    let xml = model.metadata.protocol == Protocol::RestXml;
    let kind = if xml { "text/xml" } else { "application/json" };
    let write = |of: &Ref, name: &str, value: &Value| {
        if xml {
            xml::document(model, of, name, value)
        } else {
            json(model, of, value).to_string()
        }
    };
    let Some(output) = &operation.output else {
        return response(status, kind, "");
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
                write(of, of.wire_name(member), &answer[member]).into()
            }
            _ => Vec::new(),
        },
        None => {
            let whole = Ref {
                shape: output.shape.clone(),
                ..Ref::default()
            };
            write(&whole, &output.shape, answer).into()
        }
    };
    let mut response = response(status, kind, body);
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
    fn xml_answers_are_their_payload() {
        let invalidation = json!({"Id": "I", "Status": "Completed", "CreateTime": 1_767_225_600.25,
            "InvalidationBatch": {"CallerReference": "<", "Paths": {"Quantity": 1, "Items": ["/*"]}}});
        let answer = json!({"Invalidation": invalidation, "Location": "https://l"});
        let (status, body, response) = answered(Service::CloudFront, "CreateInvalidation", &answer);
        assert_eq!(status, 201);
        assert_eq!(response.headers()["location"], "https://l");
        assert_eq!(
            body,
            "<?xml version=\"1.0\"?>\n<Invalidation xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
             <CreateTime>2026-01-01T00:00:00.250Z</CreateTime><Id>I</Id><InvalidationBatch>\
             <CallerReference>&lt;</CallerReference><Paths><Items><Path>/*</Path></Items><Quantity>1</Quantity>\
             </Paths></InvalidationBatch><Status>Completed</Status></Invalidation>"
        );
        let (status, body, _) = answered(Service::CloudFront, "DeleteDistribution", &json!({}));
        assert_eq!((status, body.as_str()), (204, ""));
    }
}
