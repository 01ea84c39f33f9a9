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

fn max(shape: &Shape) -> Option<String> {
    shape.max.map(|max| {
        format!(
            "Member must have {} less than or equal to {max}",
            measure(shape)
        )
    })
}

fn min(shape: &Shape) -> Option<String> {
    shape.min.map(|min| {
        format!(
            "Member must have {} greater than or equal to {min}",
            measure(shape)
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

fn values(shape: &Shape) -> Option<String> {
    (!shape.values.is_empty()).then(|| {
        format!(
            "Member must satisfy enum value set: [{}]",
            shape.values.join(", ")
        )
    })
}
