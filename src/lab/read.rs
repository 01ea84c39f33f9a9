//! Reads a tree into the types of `file`. It goes on after a mistake: what is wrong is noted and left
//! out, so that one look at the file tells everything. (serde's own reading ends at the first mistake.)

use std::{borrow::Cow, collections::BTreeMap, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{
    problem::{Notes, Place, Problem, closest, quote},
    rules::Ruled,
    yaml::{Node, Value},
};

/// What can be read from a place of the tree. `None`: it is wrong, and noted.
pub(super) trait Read: Sized {
    fn read(spot: &Spot<'_>) -> Option<Self>;

    /// What to write, for who left the key `name` out.
    fn hint(_name: &str) -> Option<String> {
        None
    }
}

/// A value of the tree, and what to call it in a problem.
#[derive(Debug, Clone)]
pub(super) struct Spot<'n> {
    node: &'n Node,
    notes: &'n Notes,
    /// From the top of the file, like `functions.hello`.
    path: String,
    /// The key that leads here, or the value itself: what is said of a whole map is shown at its key.
    head: Place,
}

impl<'n> Spot<'n> {
    /// The top of a file.
    pub(super) fn top(node: &'n Node, notes: &'n Notes) -> Self {
        Self {
            node,
            notes,
            path: String::new(),
            head: node.place,
        }
    }

    fn below(&self, name: &str, node: &'n Node, head: Place) -> Self {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        Self {
            node,
            notes: self.notes,
            path,
            head,
        }
    }

    fn name(&self) -> String {
        if self.path.is_empty() {
            "a lab".to_owned()
        } else {
            quote(&self.path)
        }
    }

    /// Notes what is wrong with the value.
    pub(super) fn wrong<T>(
        &self,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<T> {
        self.notes
            .add(Problem::new(self.node.place, message).hint(hint));
        None
    }

    /// Notes that the value is of the wrong sort.
    fn no<T>(&self, wanted: &str, hint: Option<String>) -> Option<T> {
        let (place, message) = if matches!(self.node.value, Value::Null) {
            (
                self.head,
                format!("{} is empty: it must be {wanted}", self.name()),
            )
        } else {
            (
                self.node.place,
                format!(
                    "{} must be {wanted}, not {}",
                    self.name(),
                    self.node.value.noun()
                ),
            )
        };
        self.notes.add(Problem {
            place,
            message,
            hint,
        });
        None
    }

    /// The entries of a map, each key once; repeated keys are noted.
    fn entries(&self) -> Option<Vec<(&'n str, Spot<'n>)>> {
        let Value::Map(map) = &self.node.value else {
            return self.no(
                "a map",
                Some("write `key: value` lines below it".to_owned()),
            );
        };
        let mut lines = BTreeMap::new();
        let mut entries = Vec::new();
        for (key, node) in map {
            if let Some(line) = lines.get(&key.text) {
                let message = format!("{} is there twice", quote(&key.text));
                self.notes.add(
                    Problem::new(key.place, message).hint(format!("the first is in line {line}")),
                );
            } else {
                lines.insert(&key.text, key.place.line);
                entries.push((key.text.as_str(), self.below(&key.text, node, key.place)));
            }
        }
        Some(entries)
    }

    /// The entries of a map whose keys are `known`; others are noted.
    pub(super) fn fields<'k>(&self, known: &[&'k str]) -> Option<Fields<'n, 'k>> {
        let entries = self.entries()?;
        let strangers = entries.iter().filter(|(key, _)| !known.contains(key));
        let mut slips = Vec::new();
        for (key, spot) in strangers {
            let problem = Problem::new(spot.head, format!("{} has no {}", self.name(), quote(key)));
            self.notes.add(problem.suggest(key, known));
            slips.extend(closest(key, known));
        }
        Some(Fields {
            of: self.clone(),
            entries,
            slips,
        })
    }
}

/// A map whose keys are known.
#[derive(Debug)]
pub(super) struct Fields<'n, 'k> {
    of: Spot<'n>,
    entries: Vec<(&'n str, Spot<'n>)>,
    /// Keys that were meant, by what is written: they are not missed.
    slips: Vec<&'k str>,
}

impl Fields<'_, '_> {
    pub(super) fn take<F: Field>(&self, name: &str) -> F {
        F::take(self, name)
    }

    /// The value of a key, with whether it is one: nothing is as good as no key.
    fn get(&self, name: &str) -> Option<(&Spot<'_>, bool)> {
        let (_, spot) = self.entries.iter().find(|(key, _)| *key == name)?;
        Some((spot, !matches!(spot.node.value, Value::Null)))
    }
}

/// What a field of a map may be: needed, or left out.
pub(super) trait Field {
    fn take(fields: &Fields<'_, '_>, name: &str) -> Self;
}

impl<T: Read> Field for Option<T> {
    fn take(fields: &Fields<'_, '_>, name: &str) -> Self {
        fields
            .get(name)
            .filter(|(_, full)| *full)
            .and_then(|(spot, _)| T::read(spot))
    }
}

/// What must be there; `None` when it is missing or wrong, and noted.
#[derive(Debug)]
pub(super) struct Need<T>(pub(super) Option<T>);

impl<T: Read> Field for Need<T> {
    fn take(fields: &Fields<'_, '_>, name: &str) -> Self {
        let of = &fields.of;
        let missed = |place| {
            let message = format!("{} needs {}", of.name(), quote(name));
            of.notes.add(Problem {
                place,
                message,
                hint: T::hint(name),
            });
        };
        match fields.get(name) {
            Some((spot, true)) => return Self(T::read(spot)),
            Some((spot, false)) => missed(spot.head),
            None if fields.slips.contains(&name) => {}
            None => missed(of.head),
        }
        Self(None)
    }
}

impl<T: JsonSchema> JsonSchema for Need<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

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
            return spot.no("text", scalar.then(|| "put it in quotes".to_owned()));
        };
        let (text, right) = Self::new(value, spot.node.place, spot.notes);
        right.then_some(text)
    }

    fn hint(name: &str) -> Option<String> {
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
            return spot.no(&wanted, None);
        };
        let inside = i32::try_from(number)
            .ok()
            .filter(|n| (LOW..=HIGH).contains(n));
        if inside.is_none() {
            spot.notes.add(Problem::new(
                spot.node.place,
                format!("{} must be {wanted}, not {number}", spot.name()),
            ));
        }
        Some(Self(inside?, spot.node.place))
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
            return spot.no("a list", Some(hint));
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

/// A map with known keys as a struct: how it is read, and its schema, from one declaration. The
/// comments are what an editor shows.
macro_rules! mirror {
    ($($(#[$meta:meta])* struct $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(super) struct $name { $($(#[$doc])* pub(super) $field: $type,)* }

        impl $crate::lab::read::Read for $name {
            fn read(spot: &$crate::lab::read::Spot<'_>) -> Option<Self> {
                // `type` is written `r#type` in Rust.
                let fields = spot.fields(&[$(stringify!($field).trim_start_matches("r#")),*])?;
                Some(Self { $($field: fields.take(stringify!($field).trim_start_matches("r#")),)* })
            }
        }
    )*};
}

pub(super) use mirror;
