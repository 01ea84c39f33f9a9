//! A request → the call it makes: who calls, which operation, its input as canonical JSON, checked.

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::{
    Seen, check,
    model::{Kind, Location, Model, Protocol},
    parse, path, percent,
    route::{self, Found},
    scope::Scope,
};
use crate::{
    app::App,
    call::{ApiError, Call, Service},
    server::Request,
    sts::{self, KeyRefusal, Session},
};

/// Values of a JSON body, and fields of a form: far more than any operation takes. A body of 70 MB, which
/// only Lambda's code needs, would fill gigabytes with small values.
const MOST_VALUES: usize = 200_000;
const MOST_FIELDS: usize = 10_000;

/// Parses and checks a request.
pub(super) fn read(
    app: &App,
    request: &Request,
    request_id: &str,
    seen: &mut Seen,
) -> Result<Call, ApiError> {
    let query = percent::pairs(request.uri().query().unwrap_or_default()).ok_or_else(|| {
        ApiError::new(
            400,
            "MalformedQueryString",
            "The query string is not properly encoded",
        )
    })?;
    let scope = Scope::of(request, &query)?;
    let form = form(request, &query)?;

    seen.account = scope.as_ref().map(|scope| Scope::account(Some(scope)));
    let of = *seen
        .service
        .insert(route::service(request, scope.as_ref(), form.as_deref())?);
    let Found {
        name,
        operation,
        labels,
    } = route::operation(of, request, form.as_deref())?;
    seen.found = Some((name, operation));
    let session = session(app, of, scope.as_ref())?;
    if let Some(session) = &session {
        seen.account = Some(session.account.clone());
    }
    if operation.authtype.as_deref() != Some("none") {
        authenticated(of, request, scope.as_ref())?;
    }

    let model = Model::of(of);
    let input = match (&operation.input, model.metadata.protocol) {
        (None, _) => Value::Object(Map::new()),
        (Some(input), Protocol::Query) => {
            let fields = form.unwrap_or_default().into_iter().collect();
            // Unsure of the code: IAM answers malformed numbers so.
            parse::form(model, input, &fields)
                .map_err(|problem| ApiError::new(400, "MalformedInput", problem))?
        }
        (Some(input), Protocol::Json) => {
            let body = body(request, "{}")?;
            parse::json(model, input, body)
                .map_err(serialization)?
                .unwrap_or_else(|| Value::Object(Map::new()))
        }
        (Some(input), Protocol::RestJson) => {
            rest_input(model, &input.shape, request, &labels, &query)?
        }
    };
    if let Some(input_ref) = &operation.input {
        check::check(of, model, input_ref, &input)?;
    }
    Ok(Call {
        service: of,
        operation: name.to_owned(),
        input,
        account: match &session {
            Some(session) => session.account.clone(),
            None => Scope::account(scope.as_ref()),
        },
        session,
        region: Scope::region(scope.as_ref()),
        request_id: request_id.to_owned(),
    })
}

/// The session whose temporary credentials are used: its token has to be there, and not to have expired.
/// A key that the twin did not make is taken as a root's, see [`Scope::account`].
fn session(
    app: &App,
    service: Service,
    scope: Option<&Scope>,
) -> Result<Option<Session>, ApiError> {
    let Some(Scope {
        access_key, token, ..
    }) = scope
    else {
        return Ok(None);
    };
    let refused = |why: KeyRefusal| {
        let (status, code) = match (Model::of(service).metadata.protocol, why) {
            (Protocol::Query, KeyRefusal::Invalid) => (403, "InvalidClientTokenId"),
            (Protocol::Query, KeyRefusal::Expired) => (403, "ExpiredToken"),
            (Protocol::Json, KeyRefusal::Invalid) => (400, "UnrecognizedClientException"),
            (Protocol::Json, KeyRefusal::Expired) => (400, "ExpiredTokenException"),
            (Protocol::RestJson, KeyRefusal::Invalid) => (403, "UnrecognizedClientException"),
            (Protocol::RestJson, KeyRefusal::Expired) => (403, "ExpiredTokenException"),
        };
        ApiError::new(status, code, why.message())
    };
    app.read(|world| sts::caller(world, access_key, token.as_deref()))
        .map_err(refused)
}

/// Signatures are not verified, so a web page could write one: what a browser sends is served only where
/// no credentials are needed (Cognito's sign-in).
fn authenticated(
    service: Service,
    request: &Request,
    scope: Option<&Scope>,
) -> Result<(), ApiError> {
    let headers = request.headers();
    let missing = match Model::of(service).metadata.protocol {
        Protocol::Query => "MissingAuthenticationToken",
        _ => "MissingAuthenticationTokenException",
    };
    if scope.is_none() {
        return Err(ApiError::new(403, missing, "Missing Authentication Token"));
    }
    let elsewhere = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "none");
    if elsewhere || headers.contains_key("origin") {
        let message = "labctl's local AWS serves web pages only what needs no credentials";
        return Err(ApiError::new(403, "AccessDeniedException", message));
    }
    Ok(())
}

/// The fields of a query-protocol request: its form, or the URL's query for a GET.
fn form(
    request: &Request,
    query: &[(String, String)],
) -> Result<Option<Vec<(String, String)>>, ApiError> {
    let is_form = request.headers().get(CONTENT_TYPE).is_some_and(|value| {
        value
            .as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    if is_form && !request.body().is_empty() {
        let malformed = || {
            ApiError::new(
                400,
                "MalformedQueryString",
                "The form is not properly encoded",
            )
        };
        let text = std::str::from_utf8(request.body()).map_err(|_| malformed())?;
        if text.split('&').nth(MOST_FIELDS).is_some() {
            return Err(too_many("fields", MOST_FIELDS));
        }
        return percent::pairs(text).ok_or_else(malformed).map(Some);
    }
    let action = query.iter().any(|(name, _)| name == "Action");
    Ok(action.then(|| query.to_vec()))
}

/// The JSON body; `empty` stands for no body at all.
fn body(request: &Request, empty: &'static str) -> Result<Value, ApiError> {
    let bytes = if request.body().is_empty() {
        empty.as_bytes()
    } else {
        request.body()
    };
    if values(bytes) > MOST_VALUES {
        return Err(too_many("values", MOST_VALUES));
    }
    serde_json::from_slice(bytes).map_err(|problem| serialization(problem.to_string()))
}

/// How many values a JSON text has, or a few more.
fn values(json: &[u8]) -> usize {
    let (mut count, mut quoted, mut escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

fn too_many(what: &str, most: usize) -> ApiError {
    ApiError::new(
        413,
        "RequestEntityTooLargeException",
        format!("labctl's local AWS takes at most {most} {what} in a request"),
    )
}

fn serialization(problem: String) -> ApiError {
    ApiError::new(400, "SerializationException", problem)
}

/// Gathers a REST input from the URI's labels, the query, the headers and the body.
fn rest_input(
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
        None => match body(request, "{}")? {
            Value::Object(fields) => {
                parse::json_members(model, shape, fields).map_err(serialization)?
            }
            _ => return Err(serialization("Expected a JSON object".to_owned())),
        },
        Some(_) if request.body().is_empty() => Map::new(),
        Some((name, of)) => {
            let value = if model.shape(&of.shape).kind == Kind::Blob {
                Some(Value::from(BASE64_STANDARD.encode(request.body())))
            } else {
                parse::json(model, of, body(request, "null")?).map_err(serialization)?
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

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn what_is_quoted_is_one_value() {
        for (json, count) in [
            (r#"{"a": [1, 2], "b": {}}"#, 5),
            (r#""[,{""#, 0),
            (r#"["\"[,", "\\", ","]"#, 3),
        ] {
            assert_eq!(values(json.as_bytes()), count, "{json}");
        }
    }
}
