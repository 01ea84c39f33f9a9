//! Bodies of the query protocol and of REST with XML.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    super::model::{Kind, Model, Operation, Protocol, Ref},
    json::text,
};
use crate::call::ApiError;

const DECLARATION: &str = "<?xml version=\"1.0\"?>\n";

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

/// A document with one value.
pub(super) fn document(model: &Model, of: &Ref, name: &str, value: &Value) -> String {
    let namespace = model.metadata.xml_namespace.as_deref().unwrap_or_default();
    let mut xml = format!("{DECLARATION}<{name} xmlns=\"{namespace}\">");
    content(model, of, value, &mut xml);
    xml + &format!("</{name}>")
}

fn element(model: &Model, of: &Ref, name: &str, value: &Value, xml: &mut String) {
    xml.extend(["<", name, ">"]);
    content(model, of, value, xml);
    xml.extend(["</", name, ">"]);
}

fn content(model: &Model, of: &Ref, value: &Value, xml: &mut String) {
    let shape = model.shape(&of.shape);
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
                let target = model.shape(&of.shape);
                match fields.get(member) {
                    None | Some(Value::Null) => {}
                    Some(Value::Array(items)) if of.is_flattened(target) => {
                        for (item, element_of) in
                            items.iter().zip(target.element().into_iter().cycle())
                        {
                            element(model, element_of, of.wire_name(member), item, xml);
                        }
                    }
                    Some(value) => element(model, of, of.wire_name(member), value, xml),
                }
            }
        }
        Value::Array(items) => {
            for (item, of) in items.iter().zip(shape.element().into_iter().cycle()) {
                element(model, of, of.wire_name("member"), item, xml);
            }
        }
        Value::Number(number) if shape.kind == Kind::Timestamp => {
            let precise = model.metadata.protocol == Protocol::RestXml;
            xml.push_str(&iso8601(number, precise));
        }
        scalar => xml.push_str(&escape(&text(shape.kind, scalar))),
    }
}

/// `2026-01-31T12:00:00Z`: IAM's times have whole seconds, `CloudFront`'s have milliseconds.
fn iso8601(seconds: &serde_json::Number, precise: bool) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates; jiff checks the range"
    )]
    let ms = (seconds.as_f64().unwrap_or_default() * 1000.0) as i64;
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    if precise {
        format!("{time:.3}")
    } else {
        format!("{time:.0}")
    }
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
    let declared = model.is_some_and(|model| model.metadata.protocol == Protocol::RestXml);
    let declaration = if declared { DECLARATION } else { "" };
    let mut xml =
        format!("{declaration}<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type>");
    // Writing to a string cannot fail.
    let _ = write!(
        xml,
        "<Code>{}</Code><Message>{}</Message>",
        escape(&error.code),
        escape(&error.message)
    );
    xml + &format!("</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
}
