//! JSON files, with errors that name the field.

use std::fmt;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, error::Category};
use serde_path_to_error::{Path, Segment};

use crate::shown::tame;

/// The longest reason that is told, in characters.
const LONGEST: usize = 300;

/// Whole JSON, but one field is not what it should be: no crash leaves that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// As jq writes it: `steps["path./demo"].output.id`. Empty: the whole.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return f.write_str(&self.reason);
        }
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl std::error::Error for Mismatch {}

impl Mismatch {
    /// Of a value that is the member `key` of another.
    #[must_use]
    pub fn within(self, key: &str) -> Self {
        let key = member("", key);
        let field = match self.field.as_str() {
            "" => key,
            inner if inner.starts_with('[') => key + inner,
            inner => format!("{key}.{inner}"),
        };
        Self { field, ..self }
    }
}

/// Why a file is not read.
#[derive(Debug)]
pub enum JsonError {
    /// No JSON, or not all of it.
    Torn(String),
    /// JSON, but not of this file.
    Mismatch(Mismatch),
}

/// Reads a file's JSON.
///
/// # Errors
/// It is torn, or a field is not what it should be.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|e| {
        if e.inner().classify() == Category::Data {
            JsonError::Mismatch(mismatch(&e))
        } else {
            JsonError::Torn(tame(&e.inner().to_string(), LONGEST))
        }
    })?;
    match json.end() {
        Ok(()) => Ok(value),
        Err(e) => Err(JsonError::Torn(tame(&e.to_string(), LONGEST))),
    }
}

/// Reads a value that is JSON already.
///
/// # Errors
/// A field is not what it should be.
pub fn from_value<'a, T: Deserialize<'a>>(value: &'a Value) -> Result<T, Mismatch> {
    serde_path_to_error::deserialize(value).map_err(|e| mismatch(&e))
}

fn mismatch(error: &serde_path_to_error::Error<serde_json::Error>) -> Mismatch {
    Mismatch {
        field: field(error.path()),
        reason: tame(&error.inner().to_string(), LONGEST),
    }
}

fn field(path: &Path) -> String {
    path.iter().fold(String::new(), |field, segment| {
        let key = match segment {
            Segment::Seq { index } => return format!("{field}[{index}]"),
            Segment::Map { key } => key,
            Segment::Enum { variant } => variant,
            Segment::Unknown => "?",
        };
        member(&field, key)
    })
}

/// The member `key` of `field`.
fn member(field: &str, key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let key = tame(key, 80);
    let plain = !key.starts_with(|c: char| c.is_ascii_digit()) && key.chars().all(plain);
    match (plain, field) {
        (true, "") => key,
        (true, _) => format!("{field}.{key}"),
        (false, _) => format!("{field}[\"{key}\"]"),
    }
}
