//! A request → the call it makes: who calls, which operation, its input as canonical JSON, checked.

use hyper::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::{
    Seen, check,
    model::{Model, Protocol},
    parse, percent, rest,
    route::{self, Found},
    scope::Scope,
};
use crate::{
    app::App,
    call::{ApiError, Call, Service},
    server::Request,
    sts::{Caller, KeyRefusal},
};

/// Values of a JSON or XML body, and fields of a form: far more than any operation takes. A body of 70 MB, which
/// only Lambda's code needs, would fill gigabytes with small values.
pub(super) const MOST_VALUES: usize = 200_000;
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
    let caller = caller(app, of, scope.as_ref())?;
    if let Some(caller) = &caller {
        seen.account = Some(caller.account().to_owned());
    }
    if !operation.is_open() && scope.is_none() {
        return Err(unauthenticated(of));
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
        (Some(input), Protocol::RestJson | Protocol::RestXml) => {
            rest::input(model, &input.shape, request, &labels, &query)?
        }
    };
    if let Some(input_ref) = &operation.input {
        check::check(of, model, input_ref, &input)?;
    }
    Ok(Call {
        service: of,
        operation: name.to_owned(),
        input,
        account: match &caller {
            Some(caller) => caller.account().to_owned(),
            None => Scope::account(scope.as_ref()),
        },
        caller,
        region: Scope::region(scope.as_ref()),
        request_id: request_id.to_owned(),
    })
}

/// Whose keys are used: temporary ones need their token, and have not expired; a user's are active.
/// A key that the twin did not make is taken as a root's, see [`Scope::account`].
fn caller(app: &App, service: Service, scope: Option<&Scope>) -> Result<Option<Caller>, ApiError> {
    let Some(Scope {
        access_key, token, ..
    }) = scope
    else {
        return Ok(None);
    };
    let refused = |why: KeyRefusal| {
        let (status, code) = match (Model::of(service).metadata.protocol, why) {
            (Protocol::Query | Protocol::RestXml, KeyRefusal::Invalid) => {
                (403, "InvalidClientTokenId")
            }
            (Protocol::Query | Protocol::RestXml, KeyRefusal::Expired) => (403, "ExpiredToken"),
            (Protocol::Json, KeyRefusal::Invalid) => (400, "UnrecognizedClientException"),
            (Protocol::Json, KeyRefusal::Expired) => (400, "ExpiredTokenException"),
            (Protocol::RestJson, KeyRefusal::Invalid) => (403, "UnrecognizedClientException"),
            (Protocol::RestJson, KeyRefusal::Expired) => (403, "ExpiredTokenException"),
        };
        ApiError::new(status, code, why.message())
    };
    app.read(|world| Caller::of(world, access_key, token.as_deref()))
        .map_err(refused)
}

fn unauthenticated(service: Service) -> ApiError {
    let missing = match Model::of(service).metadata.protocol {
        Protocol::Query | Protocol::RestXml => "MissingAuthenticationToken",
        _ => "MissingAuthenticationTokenException",
    };
    ApiError::new(403, missing, "Missing Authentication Token")
}

/// Whether the body is a form.
pub(super) fn is_form(request: &Request) -> bool {
    request.headers().get(CONTENT_TYPE).is_some_and(|value| {
        value
            .as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    })
}

/// The fields of a query-protocol request: its form, or the URL's query for a GET.
fn form(
    request: &Request,
    query: &[(String, String)],
) -> Result<Option<Vec<(String, String)>>, ApiError> {
    if is_form(request) && !request.body().is_empty() {
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
pub(super) fn body(request: &Request, empty: &'static str) -> Result<Value, ApiError> {
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

pub(super) fn too_many(what: &str, most: usize) -> ApiError {
    ApiError::new(
        413,
        "RequestEntityTooLargeException",
        format!("labctl's local AWS takes at most {most} {what} in a request"),
    )
}

pub(super) fn serialization(problem: String) -> ApiError {
    ApiError::new(400, "SerializationException", problem)
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
