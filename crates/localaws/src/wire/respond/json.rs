//! Canonical values as they are written.

use serde_json::Value;

use super::super::model::{Kind, Model, Ref};

pub(super) fn text(kind: Kind, value: &Value) -> String {
    match integral(kind, value).unwrap_or_else(|| value.clone()) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A double with a whole value, where the model wants an integer.
fn integral(kind: Kind, value: &Value) -> Option<Value> {
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let whole = || {
        value
            .as_f64()
            .filter(|_| value.is_f64())
            .map(|f| Value::from(f as i64))
    };
    matches!(kind, Kind::Integer | Kind::Long)
        .then(whole)
        .flatten()
}

/// Canonical JSON with the names on the wire; what the model does not know is left out.
pub(super) fn json(model: &Model, of: &Ref, value: &Value) -> Value {
    let shape = model.shape(&of.shape);
    match (value, shape.element()) {
        (Value::Object(fields), Some(element)) => Value::Object(
            fields
                .iter()
                .map(|(key, value)| (key.clone(), json(model, element, value)))
                .collect(),
        ),
        (Value::Array(items), Some(element)) => Value::Array(
            items
                .iter()
                .map(|item| json(model, element, item))
                .collect(),
        ),
        (Value::Object(fields), None) => {
            let body = shape.members.iter().filter(|(_, of)| of.location.is_none());
            let fields = body.filter_map(|(member, of)| {
                let value = fields.get(member).filter(|value| !value.is_null())?;
                Some((of.wire_name(member).to_owned(), json(model, of, value)))
            });
            Value::Object(fields.collect())
        }
        (scalar, _) => integral(shape.kind, scalar).unwrap_or_else(|| scalar.clone()),
    }
}
