//! Values on the wire → canonical JSON, by shape. Unknown members are dropped, as AWS does.

use std::{collections::BTreeMap, ops::Range};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::model::{Kind, Model, Ref, Shape};

/// What a JSON value of the wrong type is called in a `SerializationException`.
type Problem = String;

/// Canonical JSON of a value in a JSON body. `Ok(None)`: null, which counts as absent.
pub(crate) fn json(model: &Model, of: &Ref, value: Value) -> Result<Option<Value>, Problem> {
    let shape = model.shape(&of.shape);
    Ok(Some(match (shape.kind, value) {
        (_, Value::Null) => return Ok(None),
        (Kind::Structure, Value::Object(fields)) => {
            Value::Object(json_members(model, shape, fields)?)
        }
        (Kind::Map, Value::Object(fields)) => {
            Value::Object(each(shape, fields, |element, (key, value)| {
                Ok(json(model, element, value)?.map(|value| (key, value)))
            })?)
        }
        (Kind::List, Value::Array(items)) => Value::Array(each(shape, items, |element, item| {
            json(model, element, item)
        })?),
        (Kind::String, text @ Value::String(_)) | (Kind::Boolean, text @ Value::Bool(_)) => text,
        (Kind::Blob, Value::String(text)) => match BASE64_STANDARD.decode(&text) {
            Ok(_) => Value::String(text),
            Err(_) => return Err("Invalid base64 in a blob".to_owned()),
        },
        (Kind::Integer | Kind::Long, Value::Number(number)) => whole(shape.kind, &number)?,
        (Kind::Double | Kind::Timestamp, number @ Value::Number(_)) => number,
        (Kind::Timestamp, Value::String(text)) => scalar(Kind::Timestamp, &text)?,
        (kind, value) => return Err(mismatch(kind, &value)),
    }))
}

/// The members of a structure that are in a JSON object, under their names in the model.
pub(crate) fn json_members(
    model: &Model,
    shape: &Shape,
    mut fields: Map<String, Value>,
) -> Result<Map<String, Value>, Problem> {
    let mut members = Map::new();
    for (name, of) in shape.members.iter().filter(|(_, of)| of.location.is_none()) {
        if let Some(field) = fields.remove(of.wire_name(name))
            && let Some(value) = json(model, of, field)?
        {
            members.insert(name.clone(), value);
        }
    }
    Ok(members)
}

fn each<T, U, C: FromIterator<U>>(
    shape: &Shape,
    items: impl IntoIterator<Item = T>,
    mut parse: impl FnMut(&Ref, T) -> Result<Option<U>, Problem>,
) -> Result<C, Problem> {
    let element = shape.element().into_iter().cycle();
    items
        .into_iter()
        .zip(element)
        .filter_map(|(item, element)| parse(element, item).transpose())
        .collect()
}

/// Java's JSON readers cut fractions off; a number beyond the type is refused.
fn whole(kind: Kind, number: &serde_json::Number) -> Result<Value, Problem> {
    // Both bounds are powers of two, so exact.
    const LONG: Range<f64> = -9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let cut = |f: f64| LONG.contains(&f).then_some(f as i64);
    number
        .as_i64()
        .or_else(|| number.as_f64().and_then(cut))
        .filter(|v| kind == Kind::Long || i32::try_from(*v).is_ok())
        .map(Value::from)
        .ok_or_else(|| match kind {
            Kind::Long => "NUMBER_VALUE can not be converted to a Long".to_owned(),
            _ => "NUMBER_VALUE can not be converted to an Integer".to_owned(),
        })
}

/// The wording of AWS's JSON services (Coral), as seen in public reports.
fn mismatch(kind: Kind, value: &Value) -> Problem {
    let token = match value {
        Value::Array(_) => return "Start of list found where not expected".to_owned(),
        Value::Object(_) => {
            return "Start of structure or map found where not expected.".to_owned();
        }
        Value::String(_) => "STRING_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Null => "NULL_VALUE",
    };
    match kind {
        Kind::Structure | Kind::Map => "Unexpected field type".to_owned(),
        Kind::List => "Expected list or null".to_owned(),
        Kind::Integer => format!("{token} can not be converted to an Integer"),
        _ => format!("{token} can not be converted to a {kind:?}"),
    }
}

/// Canonical JSON of a scalar written as text (URI, query string, header, form).
pub(crate) fn scalar(kind: Kind, text: &str) -> Result<Value, Problem> {
    let number = |text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|f| f.is_finite())
            .map(Value::from)
    };
    let value = match kind {
        Kind::Integer => text.parse::<i32>().ok().map(Value::from),
        Kind::Long => text.parse::<i64>().ok().map(Value::from),
        Kind::Double => number(text),
        Kind::Boolean => match text {
            "true" | "True" => Some(Value::Bool(true)),
            "false" | "False" => Some(Value::Bool(false)),
            _ => None,
        },
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of this age fit a double exactly"
        )]
        Kind::Timestamp => match text.parse::<jiff::Timestamp>() {
            Ok(time) => Some(Value::from(time.as_millisecond() as f64 / 1000.0)),
            Err(_) => number(text),
        },
        Kind::Blob => BASE64_STANDARD
            .decode(text)
            .is_ok()
            .then(|| Value::from(text)),
        _ => Some(Value::from(text)),
    };
    value.ok_or_else(|| format!("STRING_VALUE can not be converted to a {kind:?}"))
}

/// Canonical JSON of a form (query protocol): `A.B=…`, `List.member.1=…`, `Map.entry.1.key=…`.
pub(crate) fn form(
    model: &Model,
    of: &Ref,
    fields: &BTreeMap<String, String>,
) -> Result<Value, Problem> {
    Ok(form_value(model, of, "", fields)?.unwrap_or_else(|| Value::Object(Map::new())))
}

fn form_value(
    model: &Model,
    of: &Ref,
    prefix: &str,
    fields: &BTreeMap<String, String>,
) -> Result<Option<Value>, Problem> {
    let shape = model.shape(&of.shape);
    let numbered = |infix: &str| {
        let infix = format!("{}{infix}", dotted(prefix));
        (1..)
            .map(move |n| format!("{infix}.{n}"))
            .take_while(|name| present(fields, name))
    };
    match shape.kind {
        Kind::Structure => {
            let mut members = Map::new();
            for (name, of) in &shape.members {
                let path = format!("{}{}", dotted(prefix), of.wire_name(name));
                if present(fields, &path)
                    && let Some(value) = form_value(model, of, &path, fields)?
                {
                    members.insert(name.clone(), value);
                }
            }
            Ok(Some(Value::Object(members)))
        }
        Kind::List => each(shape, numbered("member"), |element, path| {
            form_value(model, element, &path, fields)
        })
        .map(|items| Some(Value::Array(items))),
        Kind::Map => each(shape, numbered("entry"), |element, path| {
            let key = fields
                .get(&format!("{path}.key"))
                .cloned()
                .unwrap_or_default();
            Ok(
                form_value(model, element, &format!("{path}.value"), fields)?
                    .map(|value| (key, value)),
            )
        })
        .map(|entries| Some(Value::Object(entries))),
        kind => fields
            .get(prefix)
            .map(|text| scalar(kind, text))
            .transpose(),
    }
}

fn dotted(prefix: &str) -> String {
    if prefix.is_empty() {
        String::new()
    } else {
        format!("{prefix}.")
    }
}

/// Whether there is a field of this name, or one inside it.
fn present(fields: &BTreeMap<String, String>, name: &str) -> bool {
    let inside = format!("{name}.");
    fields.contains_key(name)
        || fields
            .range(inside.clone()..)
            .next()
            .is_some_and(|(field, _)| field.starts_with(&inside))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::call::Service;

    fn input(operation: &str, model: &'static Model) -> &'static Ref {
        model.operations[operation]
            .input
            .as_ref()
            .expect("has an input")
    }

    #[test]
    fn forms_become_lists_and_structures() {
        let model = Model::of(Service::Iam);
        let fields = super::super::percent::pairs(
            "Action=CreateRole&RoleName=r&MaxSessionDuration=3600&Tags.member.1.Key=a&Tags.member.1.Value=\
             &Tags.member.2.Key=b&Tags.member.2.Value=2&Tags.member.4.Key=lost",
        )
        .expect("well-formed");
        let value = form(
            model,
            input("CreateRole", model),
            &fields.into_iter().collect(),
        )
        .expect("parses");
        assert_eq!(
            value,
            json!({"RoleName": "r", "MaxSessionDuration": 3600,
                   "Tags": [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}]})
        );
    }

    #[test]
    fn json_is_typed_and_unknown_members_are_dropped() {
        let model = Model::of(Service::Cognito);
        let of = input("CreateUserPool", model);
        let parse = |value| json(model, of, value);
        assert_eq!(
            parse(
                json!({"PoolName": "p", "Nonsense": 1, "UserPoolTags": {"a": "b"}, "Policies": null})
            ),
            Ok(Some(json!({"PoolName": "p", "UserPoolTags": {"a": "b"}})))
        );
        assert_eq!(
            parse(json!({"PoolName": 1})),
            Err("NUMBER_VALUE can not be converted to a String".to_owned())
        );
        assert!(parse(json!({"PoolName": {}})).is_err());
        assert!(parse(json!({"UserPoolTags": ["a"]})).is_err());
        assert!(parse(json!([])).is_err());
    }

    #[test]
    fn numbers_are_cut_to_whole_ones_and_not_to_the_type() {
        let model = Model::of(Service::Logs);
        let start = |text: &str| {
            let value =
                serde_json::from_str(&format!(r#"{{"logGroupName": "g", "startTime": {text}}}"#))
                    .expect("JSON");
            json(model, input("FilterLogEvents", model), value)
                .map(|input| input.map(|input| input["startTime"].clone()))
        };
        assert_eq!(start("1.9"), Ok(Some(json!(1))));
        assert_eq!(
            start("9223372036854775807"),
            Ok(Some(json!(9_223_372_036_854_775_807_i64)))
        );
        for beyond in ["9223372036854775808", "1e300", "-1e19"] {
            let problem = "NUMBER_VALUE can not be converted to a Long".to_owned();
            assert_eq!(start(beyond), Err(problem), "{beyond}");
        }
    }
}
