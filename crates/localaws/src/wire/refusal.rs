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

/// Lambda adds to the constraints of what is in a list or map that it must be there (LocalStack's recordings
/// `test_create_lambda_exceptions`, `test_notfound_and_invalid_routingconfigs`); its patterns know of one more kind of
/// region than the model (`test_function_name_and_qualifier_validation`).
fn constraint(service: Service, text: &str) -> String {
    if service != Service::Lambda {
        return text.to_owned();
    }
    let text = text.replace("[a-z]{2}((-gov)|", "(eusc-)?[a-z]{2}((-gov)|");
    let values = ["Member must satisfy constraint: [", "Map value must"];
    match text.strip_suffix(']') {
        Some(inner) if values.iter().any(|v| inner.starts_with(v)) => {
            format!("{inner}, Member must not be null]")
        }
        _ => text,
    }
}

/// Recorded: LocalStack's `test_create_log_group_invalid_name_length`, `test_delete_metric_filter_invalid_log_group_name`.
fn is_long_name(problem: &Problem) -> bool {
    ["logGroupName", "logStreamName"].contains(&problem.path.as_str())
        && problem.constraint == "Member must have length less than or equal to 512"
}

/// Sources: Cognito's, Logs' and IAM's codes and texts are widely quoted. Lambda's `ValidationException` is
/// too, as is its different answer about runtimes; so is `CloudFront`'s about what is missing. API Gateway's and
/// Lambda's are recorded (LocalStack's snapshots). Unsure: the tagging API, identity pools, WAF, Route 53 and ACM.
pub(super) fn refusal(service: Service, problems: &[Problem]) -> ApiError {
    let text: Vec<_> = problems
        .iter()
        .map(|p| {
            let constraint = constraint(service, &p.constraint);
            format!(
                "Value{} at '{}' failed to satisfy constraint: {constraint}",
                p.shown, p.path
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
        (
            Service::Lambda
            | Service::ApiGateway
            | Service::CognitoIdentity
            | Service::Waf
            | Service::Acm,
            _,
        ) => ("ValidationException", None),
        (Service::Logs, _) if problems.iter().any(is_long_name) => {
            let limit =
                "Invalid LogGroup or LogStream, both must have length less than or equal to 512.";
            ("InvalidParameterException", Some(limit.to_owned()))
        }
        (Service::Route53, _) => ("InvalidInput", None),
        (Service::Cognito | Service::Logs | Service::Tagging, _) => {
            ("InvalidParameterException", None)
        }
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
