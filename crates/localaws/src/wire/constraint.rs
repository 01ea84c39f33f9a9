//! The constraints of one shape, and the values that break them.

use serde_json::Value;

use super::model::{Kind, Shape};

/// The constraints of this very value (not of what is inside) that it breaks.
pub(super) fn own_problems(shape: &Shape, input: &Value) -> Vec<String> {
    let size = match input {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(entries) => entries.len(),
        _ => 0,
    };
    let measure = input
        .as_f64()
        .unwrap_or_else(|| f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
    let measured = !matches!(
        shape.kind,
        Kind::Structure | Kind::Boolean | Kind::Timestamp | Kind::Blob
    );

    let mut problems = Vec::new();
    if measured && shape.max.is_some_and(|max| measure > max) {
        problems.extend(max(shape));
    }
    if measured && shape.min.is_some_and(|min| measure < min) {
        problems.extend(min(shape));
    }
    if let Value::String(text) = input {
        if shape
            .pattern
            .as_ref()
            .is_some_and(|pattern| !pattern.matches(text))
        {
            problems.extend(pattern(shape));
        }
        if !shape.values.is_empty() && !shape.values.contains(text) {
            problems.extend(values(shape));
        }
    }
    problems
}

/// Every constraint of a shape.
pub(super) fn constraints(shape: &Shape) -> Vec<String> {
    [max(shape), min(shape), pattern(shape), values(shape)]
        .into_iter()
        .flatten()
        .collect()
}

fn measure(shape: &Shape) -> &'static str {
    if matches!(shape.kind, Kind::Integer | Kind::Long | Kind::Double) {
        "value"
    } else {
        "length"
    }
}

/// Recorded: LocalStack's `test_notfound_and_invalid_routingconfigs` (`1.0`).
fn bound(shape: &Shape, bound: f64) -> String {
    match shape.kind {
        Kind::Double => format!("{bound:?}"),
        _ => bound.to_string(),
    }
}

fn max(shape: &Shape) -> Option<String> {
    shape.max.map(|max| {
        format!(
            "Member must have {} less than or equal to {}",
            measure(shape),
            bound(shape, max)
        )
    })
}

fn min(shape: &Shape) -> Option<String> {
    shape.min.map(|min| {
        format!(
            "Member must have {} greater than or equal to {}",
            measure(shape),
            bound(shape, min)
        )
    })
}

fn pattern(shape: &Shape) -> Option<String> {
    shape.pattern.as_ref().map(|p| {
        format!(
            "Member must satisfy regular expression pattern: {}",
            p.source
        )
    })
}

/// Values in the order in which AWS names them, where that is not the model's.
/// Recorded: LocalStack's snapshots of API Gateway and Lambda. AWS's list of runtimes lacks the oldest.
const RECORDED: [&[&str]; 5] = [
    &["PRIVATE", "EDGE", "REGIONAL"],
    &["HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"],
    &["add", "remove", "move", "test", "replace", "copy"],
    &[
        "REQUEST_TOO_LARGE",
        "RESOURCE_NOT_FOUND",
        "AUTHORIZER_CONFIGURATION_ERROR",
        "MISSING_AUTHENTICATION_TOKEN",
        "BAD_REQUEST_BODY",
        "INVALID_SIGNATURE",
        "INVALID_API_KEY",
        "BAD_REQUEST_PARAMETERS",
        "AUTHORIZER_FAILURE",
        "UNAUTHORIZED",
        "INTEGRATION_TIMEOUT",
        "ACCESS_DENIED",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
        "WAF_FILTERED",
        "QUOTA_EXCEEDED",
        "THROTTLED",
        "API_CONFIGURATION_ERROR",
        "UNSUPPORTED_MEDIA_TYPE",
        "INTEGRATION_FAILURE",
        "EXPIRED_TOKEN",
    ],
    &[
        "nodejs20.x",
        "python3.14",
        "provided.al2023",
        "python3.12",
        "python3.13",
        "nodejs24.x",
        "nodejs22.x",
        "java25",
        "python3.10",
        "python3.11",
        "java21",
        "ruby3.3",
        "ruby3.4",
        "ruby3.2",
        "python3.8",
        "python3.9",
        "java17",
        "nodejs16.x",
        "dotnet10",
        "dotnet8",
        "java11",
        "dotnet6",
        "nodejs18.x",
        "provided.al2",
        "java8.al2",
    ],
];

fn values(shape: &Shape) -> Option<String> {
    let named = |value: &&str| shape.values.iter().any(|known| known == *value);
    let model = || shape.values.iter().map(String::as_str).collect();
    let shown = RECORDED.iter().find(|recorded| recorded.iter().all(named));
    let shown: Vec<&str> = shown.map_or_else(model, |recorded| recorded.to_vec());
    (!shown.is_empty())
        .then(|| format!("Member must satisfy enum value set: [{}]", shown.join(", ")))
}
