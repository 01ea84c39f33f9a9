//! XML documents, and their values as canonical JSON, by shape. Unknown elements are dropped.

use serde_json::{Map, Value};
use xmlparser::{ElementEnd, Token, Tokenizer};

use super::{
    model::{Kind, Model, Ref, Shape},
    parse,
};

/// More than any shape has.
const DEPTH: usize = 32;

/// An element with what is in it; namespaces and attributes mean nothing here.
#[derive(Debug)]
pub(super) struct Element<'a> {
    pub(super) name: &'a str,
    children: Vec<Self>,
    text: String,
}

impl<'a> Element<'a> {
    /// The root of a document. `None`: not well-formed, nested too deeply, or with a document type (whose
    /// entities could be bombs).
    pub(super) fn document(text: &'a str) -> Option<Self> {
        let mut open: Vec<Self> = Vec::new();
        let mut root = None;
        for token in Tokenizer::from(text) {
            match token.ok()? {
                Token::ElementStart { local, .. } if open.len() < DEPTH && root.is_none() => {
                    open.push(Self {
                        name: local.as_str(),
                        children: Vec::new(),
                        text: String::new(),
                    });
                }
                Token::ElementStart { .. }
                | Token::DtdStart { .. }
                | Token::EmptyDtd { .. }
                | Token::EntityDeclaration { .. }
                | Token::DtdEnd { .. } => return None,
                Token::ElementEnd {
                    end: ElementEnd::Open,
                    ..
                }
                | Token::Declaration { .. }
                | Token::ProcessingInstruction { .. }
                | Token::Comment { .. }
                | Token::Attribute { .. } => {}
                Token::ElementEnd { end, .. } => {
                    let element = open.pop()?;
                    if let ElementEnd::Close(_, local) = end
                        && local.as_str() != element.name
                    {
                        return None;
                    }
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => root = Some(element),
                    }
                }
                Token::Text { text } => open.last_mut()?.text.push_str(&unescape(text.as_str())?),
                Token::Cdata { text, .. } => open.last_mut()?.text.push_str(text.as_str()),
            }
        }
        root.filter(|_| open.is_empty())
    }

    fn named<'e>(&'e self, name: &str) -> impl DoubleEndedIterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// Puts in what `&lt;` and its like stand for; others are unknown.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        let (name, after) = behind.split_once(';')?;
        out.push_str(before);
        out.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            name => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                char::from_u32(code.ok()?)?
            }
        });
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// Canonical JSON of an element.
pub(super) fn value(model: &Model, of: &Ref, element: &Element) -> Result<Value, String> {
    let shape = model.shape(&of.shape);
    Ok(match shape.kind {
        Kind::Structure => Value::Object(members(model, shape, element)?),
        // Seen of CloudFront: a list that is there has something in it.
        Kind::List if element.children.is_empty() => {
            return Err("Unexpected list element termination".to_owned());
        }
        Kind::List => {
            let of = shape.element();
            let name = of.map_or("member", |of| of.wire_name("member"));
            items(model, of, element.named(name))?
        }
        Kind::Map => {
            let (key, of) = (shape.key.as_ref(), shape.element());
            let mut entries = Map::new();
            for entry in element.named("entry") {
                let key_name = key.map_or("key", |key| key.wire_name("key"));
                let key = entry.named(key_name).next_back();
                let value_name = of.map_or("value", |of| of.wire_name("value"));
                if let (Some(key), Some(of), Some(inner)) =
                    (key, of, entry.named(value_name).next_back())
                {
                    entries.insert(key.text.clone(), value(model, of, inner)?);
                }
            }
            Value::Object(entries)
        }
        Kind::String => Value::from(element.text.as_str()),
        kind => parse::scalar(kind, element.text.trim())?,
    })
}

/// The members of a structure that are in an element, under their names in the model.
pub(super) fn members(
    model: &Model,
    shape: &Shape,
    element: &Element,
) -> Result<Map<String, Value>, String> {
    let mut members = Map::new();
    for (name, of) in shape.members.iter().filter(|(_, of)| of.location.is_none()) {
        let wire = of.wire_name(name);
        let target = model.shape(&of.shape);
        let found = if target.kind == Kind::List && of.is_flattened(target) {
            let mut all = element.named(wire).peekable();
            match all.peek() {
                Some(_) => Some(items(model, target.element(), all)?),
                None => None,
            }
        } else {
            let inner = element.named(wire).next_back();
            inner.map(|inner| value(model, of, inner)).transpose()?
        };
        if let Some(found) = found {
            members.insert(name.clone(), found);
        }
    }
    Ok(members)
}

fn items<'e>(
    model: &Model,
    of: Option<&Ref>,
    elements: impl Iterator<Item = &'e Element<'e>>,
) -> Result<Value, String> {
    let of = of.into_iter().cycle();
    let items = elements.zip(of).map(|(item, of)| value(model, of, item));
    Ok(Value::Array(items.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::call::Service;

    #[test]
    fn documents() {
        let text = |xml: &str| Element::document(xml).map(|root| root.text);
        assert_eq!(
            text(
                "<?xml version=\"1.0\"?>\n<!-- c --><a b='c'>x &lt;&#65;&#x42;<![CDATA[&]]></a>\n"
            ),
            Some("x <AB&".to_owned())
        );
        for bad in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a>&nbsp;</a>",
            "<a>&</a>",
            "<a>&#xD800;</a>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<!DOCTYPE a><a/>",
        ] {
            assert!(Element::document(bad).is_none(), "{bad}");
        }
        let deep = |depth| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(Element::document(&deep(DEPTH)).is_some());
        assert!(Element::document(&deep(1_000_000)).is_none());
    }

    #[test]
    fn values_follow_their_shapes() {
        let model = Model::of(Service::CloudFront);
        let of = Ref {
            shape: "Origins".to_owned(),
            ..Ref::default()
        };
        let parse = |xml: &str| value(model, &of, &Element::document(xml).expect("well-formed"));
        assert_eq!(
            parse(
                "<Origins><Quantity> 1 </Quantity><Items><Origin><Id> a </Id><New/></Origin><Other/></Items></Origins>"
            ),
            Ok(json!({"Quantity": 1, "Items": [{"Id": " a "}]}))
        );
        assert_eq!(parse("<Origins/>"), Ok(json!({})));
        assert_eq!(
            parse("<Origins><Items/></Origins>"),
            Err("Unexpected list element termination".to_owned())
        );
        assert!(parse("<Origins><Quantity>one</Quantity></Origins>").is_err());
    }
}
