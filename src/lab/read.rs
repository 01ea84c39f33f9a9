//! Reads a tree into the types of `file`. It goes on after a mistake: what is wrong is noted and left
//! out, so that one look at the file tells everything. (serde's own reading ends at the first mistake.)

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{
    problem::{Notes, Place, clip, closest, quote},
    yaml::{Node, Value},
};

/// What can be read from a place of the tree. `None`: it is wrong, and noted.
pub(super) trait Read: Sized {
    fn read(spot: &Spot<'_>) -> Option<Self>;

    /// What to write, for who left the key `name` out.
    fn hint(name: &str) -> String {
        format!("write `{name}:` with its keys below it")
    }
}

/// A value of the tree, and what to call it in a problem.
#[derive(Debug, Clone)]
pub(super) struct Spot<'n> {
    pub(super) node: &'n Node,
    pub(super) notes: &'n Notes,
    /// From the top of the file, like `functions.hello`.
    pub(super) path: String,
    /// The key that leads here, or the value itself: what is said of a whole map is shown at its key.
    pub(super) head: Place,
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
        // Every entry of a map has its own: they must not grow with its key.
        let name = clip(name);
        let path = if self.path.is_empty() {
            name
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

    pub(super) fn name(&self) -> String {
        if self.path.is_empty() {
            "a lab".to_owned()
        } else {
            quote(&self.path)
        }
    }

    /// Notes what is wrong with the value.
    pub(super) fn wrong<T>(&self, message: String, hint: impl Into<String>) -> Option<T> {
        self.notes.note(self.node.place, message, hint);
        None
    }

    /// Notes that the value is of the wrong sort.
    pub(super) fn must_be<T>(&self, wanted: &str, hint: impl Into<String>) -> Option<T> {
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
        self.notes.note(place, message, hint);
        None
    }

    /// The entries of a map, each key once; repeated keys are noted.
    pub(super) fn entries(&self) -> Option<Vec<(&'n str, Spot<'n>)>> {
        let Value::Map(map) = &self.node.value else {
            return self.must_be("a map", "write `key: value` lines below it");
        };
        let mut lines = BTreeMap::new();
        let mut entries = Vec::new();
        for (key, node) in map {
            if let Some(line) = lines.get(&key.text) {
                let message = format!("{} is there twice", quote(&key.text));
                self.notes.note(
                    key.place,
                    message,
                    format!("the first is in line {line}: remove one"),
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
            let message = format!("{} has no {}", self.name(), quote(key));
            self.notes.unknown(spot.head, message, key, known);
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
            of.notes.note(place, message, T::hint(name));
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

/// As an `Option<Need<T>>`: what may be left out, told apart from what is there and wrong.
impl<T: Read> Read for Need<T> {
    fn read(spot: &Spot<'_>) -> Option<Self> {
        Some(Self(T::read(spot)))
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
