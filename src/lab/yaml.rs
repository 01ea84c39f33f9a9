//! YAML as a tree that knows where each value stands.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{
    Error, Location, Spanned,
    options::{DuplicateKeyPolicy, NonFiniteFloatPolicy},
};

use super::problem::{Place, Problem};

/// Deeper than any lab.
const MOST_DEPTH: usize = 32;
/// More values than any lab has, and few enough to be read at once.
const MOST_NODES: usize = 50_000;

/// A value and its place in the file.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// A YAML value.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool,
    Int(i64),
    /// Fractional, or too large for a whole number.
    Number,
    Text(String),
    List(Vec<Node>),
    /// In the file's order; keys may repeat.
    Map(Vec<(Key, Node)>),
}

/// A key and its place in the file.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) place: Place,
}

/// The tree of a file's text, or the one thing that stops reading it.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    // Repeated keys are passed on, to be told with all other problems.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: MOST_DEPTH, max_nodes: MOST_NODES },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MOST_NODES },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| problem(&error, text))
}

fn problem(error: &Error, text: &str) -> Problem {
    let place = error
        .location()
        .map_or(Place::of(text, 0, 1), |location| place_in(text, &location));
    let error = match error.without_snippet() {
        Error::AliasError { error, .. } => error,
        error => error,
    };
    match error {
        Error::MultipleDocuments { .. } => Problem::new(
            place,
            "a second document begins",
            "a lab's file is one document: remove `---`",
        ),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. } => too_much(place),
        Error::RecursiveReferencesRequireWeakTypes { .. } => Problem::new(
            place,
            "this alias is a part of itself",
            "write out what is meant",
        ),
        Error::UnknownAnchor { .. } => Problem::new(
            place,
            "this alias names an anchor that is not there",
            "text that begins with `*` is put in quotes",
        ),
        other => {
            let message = other.to_string();
            // The place is told by the caret.
            let message = message
                .rsplit_once(" at line ")
                .map_or(message.as_str(), |(what, _)| what);
            if message == "recursion limit exceeded" {
                return too_much(place);
            }
            let hint = usual_cause(message, text, place);
            Problem::new(place, format!("this is not YAML: {message}"), hint)
        }
    }
}

fn too_much(place: Place) -> Problem {
    Problem::new(
        place,
        "this is too large, or too deep, for a lab",
        "write less, with fewer aliases and brackets",
    )
}

/// What mostly leads to a syntax error.
fn usual_cause(message: &str, text: &str, place: Place) -> &'static str {
    let line = text
        .lines()
        .nth(place.line.saturating_sub(1))
        .unwrap_or_default();
    if line.trim_start_matches(' ').starts_with('\t') || message.ends_with("found a tab") {
        "lines are indented with blanks, not with tabs"
    } else if message.starts_with("mapping values") {
        "text with `: ` in it is put in quotes"
    } else if message.starts_with("unexpected character") {
        "text that begins with it is put in quotes"
    } else {
        "look at quotes, brackets and indentation, here and above"
    }
}

/// Syntax errors come without bytes.
fn place_in(text: &str, location: &Location) -> Place {
    if location.span().byte_offset().is_some() {
        return place(location);
    }
    let characters = usize::try_from(location.span().offset()).unwrap_or(usize::MAX);
    let start = text
        .char_indices()
        .nth(characters)
        .map_or(text.len(), |(i, _)| i);
    Place {
        start,
        length: 1,
        ..place(location)
    }
}

fn place(location: &Location) -> Place {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let span = location.span();
    Place {
        line: number(location.line()),
        column: number(location.column()),
        start: number(span.byte_offset().unwrap_or_default()),
        length: number(span.byte_len().unwrap_or_default()),
    }
}

impl Value {
    /// What a person calls it.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool => "true or false",
            Self::Int(_) | Self::Number => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self {
            value: spanned.value,
            place: place(&spanned.referenced),
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Bool)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Number, Value::Int))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let key = Key {
                text: key.value,
                place: place(&key.referenced),
            };
            map.push((key, entries.next_value()?));
        }
        Ok(Value::Map(map))
    }
}
