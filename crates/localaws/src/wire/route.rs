//! Which service and operation a request is for.

use super::{
    model::{Model, Operation, Protocol, SERVICES},
    percent,
};
use crate::{
    call::{ApiError, Service},
    server::Request,
    world::DEFAULT_ACCOUNT,
};

const DEFAULT_REGION: &str = "us-east-1";

/// Who calls, as the `SigV4` credential says (`KEY/DATE/REGION/SERVICE/aws4_request`). The signature itself is
/// not verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Scope {
    fn parse(credential: &str) -> Option<Self> {
        let mut parts = credential.split('/').rev();
        if parts.next()? != "aws4_request" {
            return None;
        }
        let service = parts.next()?.to_owned();
        let region = parts.next()?.to_owned();
        let _date = parts.next()?;
        let access_key = parts.next()?.to_owned();
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (plain(&region) && !region.is_empty() && !access_key.is_empty()).then_some(Self {
            access_key,
            region,
            service,
        })
    }

    /// From the Authorization header, or the query of a presigned URL. `Ok(None)`: not signed.
    pub(crate) fn of(
        request: &Request,
        query: &[(String, String)],
    ) -> Result<Option<Self>, ApiError> {
        let header = request
            .headers()
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let credential = match header {
            Some(header) if header.starts_with("AWS4-") => header
                .split([' ', ','])
                .find_map(|part| part.strip_prefix("Credential="))
                .ok_or_else(|| {
                    incomplete("Authorization header requires 'Credential' parameter.")
                })?,
            _ => match query.iter().find(|(name, _)| name == "X-Amz-Credential") {
                Some((_, credential)) => credential,
                None => return Ok(None),
            },
        };
        Self::parse(credential)
            .map(Some)
            .ok_or_else(|| incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"))
    }

    /// An access key id of 12 digits is the account.
    pub(crate) fn account(scope: Option<&Self>) -> String {
        scope
            .map(|scope| scope.access_key.as_str())
            .filter(|key| key.len() == 12 && key.bytes().all(|b| b.is_ascii_digit()))
            .unwrap_or(DEFAULT_ACCOUNT)
            .to_owned()
    }

    pub(crate) fn region(scope: Option<&Self>) -> String {
        scope
            .map_or(DEFAULT_REGION, |scope| &scope.region)
            .to_owned()
    }
}

fn incomplete(message: &str) -> ApiError {
    ApiError::new(400, "IncompleteSignatureException", message)
}

/// The service of a request: by its scope, its target, the form's version, or its path.
pub(crate) fn service(
    request: &Request,
    scope: Option<&Scope>,
    form: Option<&[(String, String)]>,
) -> Result<Service, ApiError> {
    if let Some(scope) = scope {
        return signing_name(&scope.service).ok_or_else(|| {
            let served = "iam, sts, lambda, logs, cognito-idp, apigateway and tagging";
            let message = format!(
                "labctl's local AWS does not serve '{}', only {served}",
                scope.service
            );
            ApiError::new(501, "NotImplementedException", message)
        });
    }
    let target = target(request).map(|(prefix, _)| prefix);
    let version = form.and_then(|form| value(form, "Version"));
    SERVICES
        .into_iter()
        .find(|service| {
            let model = Model::of(*service);
            match model.metadata.protocol {
                Protocol::Json => {
                    target.is_some() && target == model.metadata.target_prefix.as_deref()
                }
                Protocol::Query => version == Some(model.metadata.api_version.as_str()),
                Protocol::RestJson => by_path(model, request).is_some(),
            }
        })
        .ok_or_else(|| {
            // An unsigned request for something that is no API, as a browser sends.
            ApiError::new(
                403,
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            )
        })
}

/// How to answer a request to a service that is not served, so that its client can read the refusal.
pub(crate) fn likely_protocol(request: &Request) -> Protocol {
    const XML: [&str; 4] = ["s3", "cloudfront", "route53", "ec2"];
    let form = request.headers().get("content-type").is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    let scope = Scope::of(request, &[]).ok().flatten();
    if target(request).is_some() {
        Protocol::Json
    } else if form || scope.is_some_and(|scope| XML.contains(&scope.service.as_str())) {
        Protocol::Query
    } else {
        Protocol::RestJson
    }
}

fn signing_name(name: &str) -> Option<Service> {
    Some(match name {
        "iam" => Service::Iam,
        "sts" => Service::Sts,
        "lambda" => Service::Lambda,
        "logs" => Service::Logs,
        "cognito-idp" => Service::Cognito,
        "apigateway" => Service::ApiGateway,
        "tagging" => Service::Tagging,
        _ => return None,
    })
}

/// An operation found, with the URI's labels, still percent-encoded.
pub(crate) struct Found<'a> {
    pub(crate) name: &'static str,
    pub(crate) operation: &'static Operation,
    pub(crate) labels: Vec<(&'static str, &'a str)>,
}

/// The operation of a request to a service.
pub(crate) fn operation<'a>(
    service: Service,
    request: &'a Request,
    form: Option<&[(String, String)]>,
) -> Result<Found<'a>, ApiError> {
    let model = Model::of(service);
    let (name, labels) = match model.metadata.protocol {
        Protocol::Json => match target(request) {
            Some((prefix, name)) if Some(prefix) == model.metadata.target_prefix.as_deref() => {
                (name, Vec::new())
            }
            _ => return Err(ApiError::new(400, "UnknownOperationException", "")),
        },
        Protocol::Query => match form.and_then(|form| value(form, "Action")) {
            Some(name) => (name, Vec::new()),
            None => return Err(ApiError::new(400, "MissingAction", "Missing Action")),
        },
        Protocol::RestJson => by_path(model, request).ok_or_else(|| {
            ApiError::new(
                404,
                "UnknownOperationException",
                "No operation of this service has this method and path",
            )
        })?,
    };
    if let Some((name, operation)) = model.operations.get_key_value(name) {
        return Ok(Found {
            name,
            operation,
            labels,
        });
    }
    if model.others.contains_key(name) {
        let message = format!("labctl's local AWS does not serve {service:?}.{name}");
        return Err(ApiError::new(501, "NotImplementedException", message));
    }
    Err(match model.metadata.protocol {
        Protocol::Query => {
            let version = &model.metadata.api_version;
            ApiError::new(
                400,
                "InvalidAction",
                format!("Could not find operation {name} for version {version}"),
            )
        }
        _ => ApiError::new(
            400,
            "UnknownOperationException",
            format!("Unknown operation {name}"),
        ),
    })
}

fn target(request: &Request) -> Option<(&str, &str)> {
    request
        .headers()
        .get("x-amz-target")?
        .to_str()
        .ok()?
        .rsplit_once('.')
}

fn value<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter()
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.as_str())
}

/// The most specific operation of a REST service, served or not.
fn by_path<'a>(
    model: &'static Model,
    request: &'a Request,
) -> Option<(&'static str, Vec<(&'static str, &'a str)>)> {
    let served = model
        .operations
        .iter()
        .map(|(name, op)| (name, op.http.method.as_str(), op.http.request_uri.as_str()));
    let others = model.others.iter().filter_map(|(name, http)| {
        let (method, uri) = http.split_once(' ')?;
        Some((name, method, uri))
    });
    served
        .chain(others)
        .filter(|(_, method, _)| *method == request.method().as_str())
        .filter_map(|(name, _, uri)| {
            let (literal, labels) = labels(
                uri,
                request.uri().path(),
                request.uri().query().unwrap_or_default(),
            )?;
            Some((literal, name.as_str(), labels))
        })
        .max_by_key(|(literal, ..)| *literal)
        .map(|(_, name, labels)| (name, labels))
}

/// Matches a template such as `/restapis/{restapi_id}?mode=import`: the number of literal parts and the
/// labels.
fn labels<'t, 'p>(
    template: &'t str,
    path: &'p str,
    query: &str,
) -> Option<(usize, Vec<(&'t str, &'p str)>)> {
    let (template, constant) = template.split_once('?').unwrap_or((template, ""));
    let mut literal = 0;
    for wanted in constant.split('&').filter(|wanted| !wanted.is_empty()) {
        if !query.split('&').any(|pair| pair == wanted) {
            return None;
        }
        literal += 1;
    }
    let mut labels = Vec::new();
    let mut rest = Some(path.strip_prefix('/')?.trim_end_matches('/'));
    for part in template.trim_matches('/').split('/') {
        let here = rest?;
        let (segment, after) = here
            .split_once('/')
            .map_or((here, None), |(s, after)| (s, Some(after)));
        rest = after;
        match part
            .strip_prefix('{')
            .and_then(|label| label.strip_suffix('}'))
        {
            Some(_) if segment.is_empty() => return None,
            Some(label) => match label.strip_suffix('+') {
                Some(label) => {
                    labels.push((label, here));
                    rest = None;
                }
                None => labels.push((label, segment)),
            },
            None if part == segment => literal += 1,
            None => return None,
        }
    }
    rest.is_none().then_some((literal, labels))
}

/// A label's value, decoded.
pub(crate) fn decode(raw: &str) -> Result<String, ApiError> {
    percent::decode(raw, false).ok_or_else(|| {
        ApiError::new(
            400,
            "BadRequestException",
            "The request URI is not properly encoded",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let template = "/restapis/{restapi_id}/resources/{resource_id}";
        assert_eq!(
            labels(template, "/restapis/a/resources/b%2Fc", ""),
            Some((2, vec![("restapi_id", "a"), ("resource_id", "b%2Fc")]))
        );
        for path in [
            "",
            "/",
            "/restapis",
            "/restapis/a/resources",
            "/restapis//resources/b",
            "/restapis/a/resources/b/c",
        ] {
            assert_eq!(labels(template, path, ""), None, "{path}");
        }
        assert_eq!(
            labels("/restapis?mode=import", "/restapis", "mode=import"),
            Some((2, vec![]))
        );
        assert_eq!(labels("/restapis?mode=import", "/restapis", ""), None);
        assert_eq!(
            labels("/a/{rest+}", "/a/b/c", ""),
            Some((1, vec![("rest", "b/c")]))
        );
    }

    #[test]
    fn scopes() {
        let scope =
            Scope::parse("123456789012/20260101/eu-west-1/iam/aws4_request").expect("well-formed");
        assert_eq!(
            (scope.region.as_str(), scope.service.as_str()),
            ("eu-west-1", "iam")
        );
        assert_eq!(Scope::account(Some(&scope)), "123456789012");
        for bad in [
            "",
            "a",
            "k/d/r/s/aws5_request",
            "k/d/../s/aws4_request",
            "/d/r/s/aws4_request",
            "r/s/aws4_request",
        ] {
            assert_eq!(Scope::parse(bad), None, "{bad}");
        }
    }

    fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = hyper::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
            .body(hyper::body::Bytes::new())
            .expect("well-formed")
    }

    #[test]
    fn operations_by_path() {
        let found = |method: &str, uri: &str| {
            let request = request(method, uri, &[]);
            let service = service(&request, None, None).map_err(|e| e.code)?;
            match operation(service, &request, None) {
                Ok(found) => Ok(found.name.to_owned()),
                Err(error) => Err(error.message),
            }
        };
        assert_eq!(
            found("POST", "/2015-03-31/functions"),
            Ok("CreateFunction".to_owned())
        );
        assert_eq!(
            found("POST", "/2015-03-31/functions/f/invocations"),
            Ok("Invoke".to_owned())
        );
        assert_eq!(
            found("GET", "/2017-03-31/tags/arn%3Aaws%3Alambda"),
            Ok("ListTags".to_owned())
        );
        assert_eq!(
            found("PATCH", "/restapis/a"),
            Ok("UpdateRestApi".to_owned())
        );
        assert_eq!(
            found("POST", "/restapis?mode=import"),
            Err("labctl's local AWS does not serve ApiGateway.ImportRestApi".to_owned())
        );
        assert_eq!(
            found("GET", "/favicon.ico"),
            Err("MissingAuthenticationTokenException".to_owned())
        );
    }

    #[test]
    fn operations_by_target() {
        let target = (
            "x-amz-target",
            "AWSCognitoIdentityProviderService.InitiateAuth",
        );
        let initiate = request("POST", "/", &[target]);
        assert_eq!(service(&initiate, None, None).ok(), Some(Service::Cognito));
        let wrong = operation(Service::Logs, &initiate, None)
            .map(|found| found.name)
            .map_err(|e| e.code);
        assert_eq!(wrong, Err("UnknownOperationException".to_owned()));
    }
}
