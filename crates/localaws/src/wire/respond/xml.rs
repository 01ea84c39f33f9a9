//! Bodies of the query protocol.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    super::model::{Kind, Model, Operation, Ref},
    json::text,
};
use crate::call::ApiError;

pub(super) fn answer(
    model: &Model,
    name: &str,
    operation: &Operation,
    answer: &Value,
    request_id: &str,
) -> String {
    let namespace = model.metadata.xml_namespace.as_deref().unwrap_or_default();
    let mut xml = format!("<{name}Response xmlns=\"{namespace}\">");
    if let Some(output) = &operation.output {
        let output_ref = Ref {
            shape: output.shape.clone(),
            ..Ref::default()
        };
        let wrapper = output.result_wrapper.as_deref().unwrap_or("Result");
        element(model, &output_ref, wrapper, answer, &mut xml);
    }
    xml + &format!(
        "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
    )
}

fn element(model: &Model, of: &Ref, name: &str, value: &Value, xml: &mut String) {
    let shape = model.shape(&of.shape);
    xml.extend(["<", name, ">"]);
    match value {
        Value::Object(fields) if shape.kind == Kind::Map => {
            for (key, value) in fields {
                xml.extend(["<entry><key>", &escape(key), "</key>"]);
                if let Some(of) = shape.element() {
                    element(model, of, "value", value, xml);
                }
                xml.push_str("</entry>");
            }
        }
        Value::Object(fields) => {
            for (member, of) in &shape.members {
                if let Some(value) = fields.get(member).filter(|value| !value.is_null()) {
                    element(model, of, of.wire_name(member), value, xml);
                }
            }
        }
        Value::Array(items) => {
            for (item, of) in items.iter().zip(shape.element().into_iter().cycle()) {
                element(model, of, "member", item, xml);
            }
        }
        Value::Number(number) if shape.kind == Kind::Timestamp => xml.push_str(&iso8601(number)),
        scalar => xml.push_str(&escape(&text(shape.kind, scalar))),
    }
    xml.extend(["</", name, ">"]);
}

/// `2026-01-31T12:00:00Z`: IAM's times have whole seconds.
fn iso8601(seconds: &serde_json::Number) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates; jiff checks the range"
    )]
    let seconds = seconds.as_f64().unwrap_or_default() as i64;
    jiff::Timestamp::from_second(seconds)
        .unwrap_or_default()
        .to_string()
}

/// XML text; characters that XML 1.0 cannot hold are replaced.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(c),
            c if c < ' ' || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

pub(super) fn error(model: Option<&Model>, error: &ApiError, request_id: &str) -> String {
    let namespace = model
        .and_then(|model| model.metadata.xml_namespace.as_deref())
        .unwrap_or_default();
    let side = if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    let mut xml = format!("<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type>");
    // Writing to a string cannot fail.
    let _ = write!(
        xml,
        "<Code>{}</Code><Message>{}</Message>",
        escape(&error.code),
        escape(&error.message)
    );
    xml + &format!("</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
}
