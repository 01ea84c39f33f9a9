//! Inputs of REST services: from the URI's labels, the query, the headers and the body.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{
    model::{Kind, Location, Model, Protocol, Ref, Shape},
    parse, path,
    read::{MOST_VALUES, body, serialization, too_many},
    xml::{self, Element},
};
use crate::{call::ApiError, server::Request};

/// Gathers the input.
pub(super) fn input(
    model: &Model,
    shape: &str,
    request: &Request,
    labels: &[(&str, &str)],
    query: &[(String, String)],
) -> Result<Value, ApiError> {
    let shape = model.shape(shape);
    let mut input = match shape
        .payload
        .as_ref()
        .and_then(|name| shape.members.get_key_value(name))
    {
        None => whole(model, shape, request)?,
        Some(_) if request.body().is_empty() => Map::new(),
        Some((name, of)) => {
            let value = if model.shape(&of.shape).kind == Kind::Blob {
                Some(Value::from(BASE64_STANDARD.encode(request.body())))
            } else {
                payload(model, name, of, request)?
            };
            value
                .map(|value| (name.clone(), value))
                .into_iter()
                .collect()
        }
    };
    for (name, of) in &shape.members {
        let wire = of.wire_name(name);
        let target = model.shape(&of.shape);
        let scalar = |text: &str| parse::scalar(target.kind, text).map_err(serialization);
        let mut given = query
            .iter()
            .filter(|(field, _)| field == wire)
            .map(|(_, value)| value.as_str());
        let value = match of.location {
            Some(Location::Uri) => match labels.iter().find(|(label, _)| *label == wire) {
                Some((_, raw)) => Some(scalar(&path::decode(raw)?)?),
                None => None,
            },
            Some(Location::Querystring) if target.kind == Kind::List => {
                let values: Vec<_> = given.map(Value::from).collect();
                (!values.is_empty()).then_some(Value::Array(values))
            }
            Some(Location::Querystring) => given.next().map(scalar).transpose()?,
            Some(Location::Header) => request
                .headers()
                .get(wire)
                .and_then(|value| value.to_str().ok())
                .map(scalar)
                .transpose()?,
            Some(Location::StatusCode) | None => None,
        };
        if let Some(value) = value {
            input.insert(name.clone(), value);
        }
    }
    Ok(Value::Object(input))
}

/// The members that are in the body together.
fn whole(model: &Model, shape: &Shape, request: &Request) -> Result<Map<String, Value>, ApiError> {
    if model.metadata.protocol == Protocol::RestXml {
        return match document(request)? {
            Some(root) => xml::members(model, shape, &root).map_err(malformed_input),
            None => Ok(Map::new()),
        };
    }
    match body(request, "{}")? {
        Value::Object(fields) => parse::json_members(model, shape, fields).map_err(serialization),
        _ => Err(serialization("Expected a JSON object".to_owned())),
    }
}

/// The member that is the whole body. Seen of `CloudFront`: with another root element it counts as absent.
fn payload(
    model: &Model,
    name: &str,
    of: &Ref,
    request: &Request,
) -> Result<Option<Value>, ApiError> {
    if model.metadata.protocol == Protocol::RestXml {
        let root = document(request)?.filter(|root| root.name == of.wire_name(name));
        let value = root.map(|root| xml::value(model, of, &root)).transpose();
        return value.map_err(malformed_input);
    }
    parse::json(model, of, body(request, "null")?).map_err(serialization)
}

fn document(request: &Request) -> Result<Option<Element<'_>>, ApiError> {
    if request.body().is_empty() {
        return Ok(None);
    }
    if request.body().split(|byte| *byte == b'<').count() > MOST_VALUES {
        return Err(too_many("tags", MOST_VALUES));
    }
    let text = std::str::from_utf8(request.body()).ok();
    let root = text.and_then(Element::document);
    // Unsure of the text.
    let malformed = || {
        let message = "The XML document is not well-formed";
        ApiError::new(400, "MalformedXML", message)
    };
    root.ok_or_else(malformed).map(Some)
}

fn malformed_input(problem: String) -> ApiError {
    ApiError::new(400, "MalformedInput", problem)
}
