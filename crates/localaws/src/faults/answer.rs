//! The errors that every AWS service has, in each service's own words.

use serde_json::Value;

use crate::call::{ApiError, Call, Service};

/// Too many calls. Sources: the modelled error shapes; IAM's, STS's and Logs' are of the common errors.
pub(crate) fn throttled(service: Service, retry_after: Option<u64>) -> ApiError {
    let (status, code, message) = match service {
        Service::Iam | Service::Sts | Service::CloudFront | Service::Route53 => {
            (400, "Throttling", "Rate exceeded")
        }
        Service::Logs | Service::Waf | Service::Acm => {
            (400, "ThrottlingException", "Rate exceeded")
        }
        Service::Cognito | Service::CognitoIdentity => {
            (400, "TooManyRequestsException", "Rate exceeded")
        }
        Service::Tagging => (400, "ThrottledException", "Rate exceeded"),
        Service::Lambda => (429, "TooManyRequestsException", "Rate Exceeded."),
        Service::ApiGateway => (429, "TooManyRequestsException", "Too Many Requests"),
    };
    let mut error = ApiError::new(status, code, message);
    if service == Service::Lambda {
        let members = [("Reason", "CallerRateLimitExceeded"), ("Type", "User")];
        let members = members.map(|(name, value)| (name.to_owned(), Value::from(value)));
        error.members.extend(members);
    }
    if let Some(seconds) = retry_after {
        let header = ("Retry-After".to_owned(), seconds.to_string());
        error.headers.push(header);
    }
    error
}

/// The service's own failure: 500, or 503 when it is unavailable.
pub(super) fn broken(service: Service, status: u16) -> ApiError {
    let code = match (service, status) {
        (Service::Iam | Service::Sts | Service::CloudFront | Service::Route53, 503) => {
            "ServiceUnavailable"
        }
        (Service::Iam, _) => "ServiceFailure",
        (Service::Sts | Service::CloudFront | Service::Route53 | Service::Acm, _) => {
            "InternalFailure"
        }
        (Service::Waf, _) => "WAFInternalErrorException",
        (Service::Logs, _) | (_, 503) => "ServiceUnavailableException",
        (Service::Lambda, _) => "ServiceException",
        (Service::Cognito | Service::CognitoIdentity, _) => "InternalErrorException",
        (Service::Tagging, _) => "InternalServiceException",
        (Service::ApiGateway, _) => "InternalFailure",
    };
    let message = if status == 503 {
        "Service Unavailable"
    } else {
        "We encountered an internal error. Please try again."
    };
    ApiError::new(status, code, message)
}

/// 403, but for the JSON protocol, which answers every client's error with 400.
fn forbidden_status(service: Service) -> u16 {
    match service {
        Service::Logs
        | Service::Cognito
        | Service::CognitoIdentity
        | Service::Tagging
        | Service::Waf
        | Service::Acm => 400,
        Service::Iam
        | Service::Sts
        | Service::Lambda
        | Service::ApiGateway
        | Service::CloudFront
        | Service::Route53 => 403,
    }
}

pub(super) fn expired(service: Service) -> ApiError {
    let code = match service {
        Service::Iam | Service::Sts | Service::CloudFront | Service::Route53 => "ExpiredToken",
        _ => "ExpiredTokenException",
    };
    let message = "The security token included in the request is expired";
    ApiError::new(forbidden_status(service), code, message)
}

/// `method` and `path` of the request are what API Gateway's permissions name.
pub(super) fn denied(call: &Call, method: &str, path: &str) -> ApiError {
    let (action, resource) = match (call.service, call.operation.as_str()) {
        (Service::ApiGateway, _) => (
            format!("apigateway:{method}"),
            format!("arn:aws:apigateway:{}::{path}", call.region),
        ),
        (Service::Lambda, "Invoke") => ("lambda:InvokeFunction".to_owned(), "*".to_owned()),
        (service, operation) => (format!("{}:{operation}", service.prefix()), "*".to_owned()),
    };
    not_authorized(call, &action, &resource)
}

fn not_authorized(call: &Call, action: &str, resource: &str) -> ApiError {
    let code = match call.service {
        Service::Iam | Service::Sts | Service::CloudFront | Service::Route53 => "AccessDenied",
        _ => "AccessDeniedException",
    };
    let message = format!(
        "User: arn:aws:iam::{}:root is not authorized to perform: {action} on resource: {resource} \
         because no identity-based policy allows the {action} action",
        call.account
    );
    ApiError::new(forbidden_status(call.service), code, message)
}

/// What is said while IAM has not yet told the service of the role.
pub(super) fn not_assumable(call: &Call) -> ApiError {
    if call.service == Service::Sts {
        let role = call.input.get("RoleArn").and_then(Value::as_str);
        return not_authorized(call, "sts:AssumeRole", role.unwrap_or("*"));
    }
    let message = "The role defined for the function cannot be assumed by Lambda.";
    let mut error = ApiError::new(400, "InvalidParameterValueException", message);
    error.members.insert("Type".to_owned(), Value::from("User"));
    error
}
