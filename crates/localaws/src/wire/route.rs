//! Which service and operation a request is for.

use super::{
    model::{Model, Operation, Protocol, SERVICES},
    path::by_path,
    scope::Scope,
};
use crate::{
    call::{ApiError, Service},
    server::Request,
};

/// The service of a request: by its scope, its target, the form's version, or its path.
pub(crate) fn service(
    request: &Request,
    scope: Option<&Scope>,
    form: Option<&[(String, String)]>,
) -> Result<Service, ApiError> {
    if let Some(scope) = scope {
        return signing_name(&scope.service).ok_or_else(|| {
            let served = "iam, sts, lambda, logs, cognito-idp, cognito-identity, apigateway, \
                          cloudfront, wafv2, route53, acm and tagging";
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
                Protocol::RestJson | Protocol::RestXml => by_path(model, request).is_some(),
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
    const XML: [&str; 2] = ["s3", "ec2"];
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
        "cloudfront" => Service::CloudFront,
        "cognito-identity" => Service::CognitoIdentity,
        "wafv2" => Service::Waf,
        "route53" => Service::Route53,
        "acm" => Service::Acm,
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
        Protocol::RestJson | Protocol::RestXml => by_path(model, request).ok_or_else(|| {
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

#[cfg(test)]
mod tests {
    use super::*;

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
