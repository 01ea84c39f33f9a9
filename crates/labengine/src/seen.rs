//! What was seen of one thing: there or not, whose it is, and how it differs from what is wanted.

use serde::Serialize;
use serde_json::Value;

/// What a check saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// As wanted.
    Ok,
    /// Not there.
    Missing,
    /// There, ours, and different.
    Drifted(Vec<Drift>),
    /// There under our name, but without our tags.
    Foreign(Stranger),
}

impl Health {
    /// `Ok` without drift, `Drifted` with.
    pub fn from_drift(drift: Vec<Drift>) -> Self {
        if drift.is_empty() {
            Self::Ok
        } else {
            Self::Drifted(drift)
        }
    }

    /// All that a look by key tells: whether it is there, and whose.
    pub(crate) fn from_found<T>(found: Found<T>) -> Self {
        match found {
            Found::Ours(_) => Self::Ok,
            Found::Foreign(stranger) => Self::Foreign(stranger),
            Found::Absent => Self::Missing,
        }
    }
}

/// One field that is not as wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The cloud's name of the field, e.g. `authorizationScopes`.
    pub field: String,
    /// What the lab wants.
    pub wanted: String,
    /// What the cloud has.
    pub seen: String,
}

impl Drift {
    /// `field` of which `wanted` and `seen` are the values.
    pub fn new<T: Serialize + ?Sized>(field: &str, wanted: &T, seen: &T) -> Self {
        Self {
            field: field.to_owned(),
            wanted: readable(wanted),
            seen: readable(seen),
        }
    }
}

/// Collects the fields that differ.
#[derive(Debug, Default)]
pub struct Compare(Vec<Drift>);

impl Compare {
    /// Notes `field` when `wanted` and `seen` differ.
    pub fn field<T: PartialEq + Serialize + ?Sized>(&mut self, field: &str, wanted: &T, seen: &T) {
        if wanted != seen {
            self.0.push(Drift::new(field, wanted, seen));
        }
    }

    /// The verdict.
    pub fn health(self) -> Health {
        Health::from_drift(self.0)
    }
}

/// What a look by key saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// It is there and carries our ownership tags, or lives inside something that does.
    Ours(T),
    /// Somebody else's thing has its name.
    Foreign(Stranger),
    /// Not there.
    Absent,
}

/// Something that has our name, or our id, but not our tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// What was seen, as a sentence: its id, when it was made, its tags.
    pub seen: String,
    /// Another lab of labctl that owns it.
    pub lab: Option<String>,
}

/// What to do when a resource's key changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rekey {
    /// `update` can mend it: the new key is recorded.
    InPlace,
    /// Delete the old one, make the new one.
    Recreate,
    /// Make the new one; the old one stays inside its parent (a superseded deployment).
    Supersede,
}

/// A value as a person reads it: text bare, lists with commas, what is not there as `nothing`.
pub(crate) fn readable<T: Serialize + ?Sized>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::Null) => "nothing".to_owned(),
        Ok(Value::String(text)) => text,
        Ok(Value::Array(items)) if items.is_empty() => "nothing".to_owned(),
        Ok(Value::Array(items)) => items.iter().map(readable).collect::<Vec<_>>().join(", "),
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}
