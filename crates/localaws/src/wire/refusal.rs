//! How a service words what is wrong with an input.

use serde_json::Value;

use crate::call::{ApiError, Service};

pub(super) struct Problem {
    pub(super) path: String,
    /// The value as shown, with quotes; empty for sensitive ones.
    pub(super) shown: String,
    pub(super) constraint: String,
}

/// A value as Java prints it.
pub(super) fn java(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(java).collect::<Vec<_>>().join(", ")
        ),
        Value::Object(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{key}={}", java(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// Sources: Cognito's, Logs' and IAM's codes and texts are widely quoted. Lambda's `ValidationException` is
/// too, as is its different answer about runtimes; so is `CloudFront`'s about what is missing. Unsure: API
/// Gateway (texts differ by operation), the tagging API, identity pools, WAF, Route 53 and ACM.
pub(super) fn refusal(service: Service, problems: &[Problem]) -> ApiError {
    let text: Vec<_> = problems
        .iter()
        .map(|p| {
            format!(
                "Value{} at '{}' failed to satisfy constraint: {}",
                p.shown, p.path, p.constraint
            )
        })
        .collect();
    let (code, message) = match (service, problems) {
        (Service::Lambda, [p]) if p.path == "runtime" => {
            let value = p.shown.replace('\'', "");
            let at = format!(
                "Value{value} at 'runtime' failed to satisfy constraint: {} or be a valid ARN",
                p.constraint
            );
            ("InvalidParameterValueException", Some(at))
        }
        (Service::Iam, [p]) if p.constraint.ends_with(r"pattern: [\w+=,.@-]+") => {
            let allowed =
                "It must contain only alphanumeric characters and/or the following: +=,.@_-";
            (
                "ValidationError",
                Some(format!(
                    "The specified value for {} is invalid. {allowed}",
                    p.path
                )),
            )
        }
        (Service::Iam | Service::Sts, _) => ("ValidationError", None),
        (Service::Lambda | Service::CognitoIdentity | Service::Waf | Service::Acm, _) => {
            ("ValidationException", None)
        }
        (Service::Route53, _) => ("InvalidInput", None),
        (Service::Cognito | Service::Logs | Service::Tagging, _) => {
            ("InvalidParameterException", None)
        }
        (Service::ApiGateway, _) => ("BadRequestException", None),
        (Service::CloudFront, _) => ("MalformedXML", None),
    };
    let message = message.unwrap_or_else(|| {
        let plural = if text.len() == 1 { "" } else { "s" };
        format!(
            "{} validation error{plural} detected: {}",
            text.len(),
            text.join("; ")
        )
    });
    let mut error = ApiError::new(400, code, message);
    if code == "InvalidParameterValueException" {
        error.members.insert("Type".to_owned(), Value::from("User"));
    }
    error
}
