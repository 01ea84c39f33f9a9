//! The kinds of values in a lab's file: how each is read, and what an editor is told of it.

use std::{borrow::Cow, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{
    problem::{Notes, Place, quote},
    read::{Read, Spot},
    rules::Ruled,
    yaml::{Node, Value},
};

/// A text that follows the rule `R`.
#[derive(Debug, Clone)]
pub(super) struct Text<R> {
    pub(super) value: String,
    pub(super) place: Place,
    rule: PhantomData<R>,
}

impl<R: Ruled> Text<R> {
    fn new(value: &str, place: Place, notes: &Notes) -> (Self, bool) {
        let wrong = R::RULE.wrong(value, place);
        let right = wrong.is_none();
        if let Some(problem) = wrong {
            notes.add(problem);
        }
        (
            Self {
                value: value.to_owned(),
                place,
                rule: PhantomData,
            },
            right,
        )
    }
}

impl<R: Ruled> Read for Text<R> {
    fn read(spot: &Spot<'_>) -> Option<Self> {
        let Value::Text(value) = &spot.node.value else {
            let scalar = matches!(spot.node.value, Value::Bool | Value::Int(_) | Value::Number);
            let hint = match &spot.node.value {
                Value::Null => "write `\"\"` for an empty text",
                _ if scalar => "put it in quotes",
                _ => "write one text, without brackets or lines below it",
            };
            return spot.must_be("text", hint);
        };
        let (text, right) = Self::new(value, spot.node.place, spot.notes);
        right.then_some(text)
    }

    fn hint(name: &str) -> String {
        R::RULE.hint(name)
    }
}

impl<R: Ruled> JsonSchema for Text<R> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        R::RULE.schema()
    }
}

/// A whole number from `LOW` to `HIGH`.
#[derive(Debug, Clone)]
pub(super) struct Whole<const LOW: i32, const HIGH: i32>(pub(super) i32, pub(super) Place);

impl<const LOW: i32, const HIGH: i32> Read for Whole<LOW, HIGH> {
    fn read(spot: &Spot<'_>) -> Option<Self> {
        let wanted = format!("a whole number from {LOW} to {HIGH}");
        let Value::Int(number) = spot.node.value else {
            return spot.must_be(&wanted, "digits alone, without quotes or a unit");
        };
        match i32::try_from(number) {
            Ok(inside) if (LOW..=HIGH).contains(&inside) => Some(Self(inside, spot.node.place)),
            _ => spot.wrong(
                format!("{} must be {wanted}, not {number}", spot.name()),
                format!(
                    "the nearest is {}",
                    number.clamp(i64::from(LOW), i64::from(HIGH))
                ),
            ),
        }
    }
}

impl<const LOW: i32, const HIGH: i32> JsonSchema for Whole<LOW, HIGH> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Whole".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LOW, "maximum": HIGH })
    }
}

/// A list, without the items that are wrong.
#[derive(Debug)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) place: Place,
    /// With the wrong ones.
    pub(super) length: usize,
}

impl<T: Read> Read for List<T> {
    fn read(spot: &Spot<'_>) -> Option<Self> {
        let Value::List(nodes) = &spot.node.value else {
            let hint = match &spot.node.value {
                Value::Text(text) => format!("write {}", quote(&format!("[{text}]"))),
                _ => "write `- ` lines below it".to_owned(),
            };
            return spot.must_be("a list", hint);
        };
        let below = |(i, node): (usize, &_)| {
            let path = format!("{}[{}]", spot.path, i + 1);
            let Node { place, .. } = node;
            T::read(&Spot {
                node,
                path,
                head: *place,
                notes: spot.notes,
            })
        };
        let items = nodes.iter().enumerate().filter_map(below).collect();
        Some(Self {
            items,
            place: spot.head,
            length: nodes.len(),
        })
    }
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "List".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": generator.subschema_for::<T>() })
    }
}

/// A map with keys of the user's own, in the file's order. An entry whose value is wrong keeps its key,
/// so that other parts of the file may name it.
#[derive(Debug)]
pub(super) struct Map<K, V> {
    pub(super) entries: Vec<(Text<K>, Option<V>)>,
    pub(super) place: Place,
}

impl<K: Ruled, V: Read> Read for Map<K, V> {
    fn read(spot: &Spot<'_>) -> Option<Self> {
        let entry = |(key, below): (&str, Spot<'_>)| {
            (Text::new(key, below.head, spot.notes).0, V::read(&below))
        };
        Some(Self {
            entries: spot.entries()?.into_iter().map(entry).collect(),
            place: spot.head,
        })
    }
}

impl<K: Ruled, V: JsonSchema> JsonSchema for Map<K, V> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Map".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (keys, values) = (K::RULE.schema(), generator.subschema_for::<V>());
        json_schema!({ "type": "object", "propertyNames": keys, "additionalProperties": values })
    }
}
