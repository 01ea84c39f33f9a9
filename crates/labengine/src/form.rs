//! What the values of a state look like, checked as they are read. Text that fits no form is refused: a state may be a
//! stranger's.

use std::path::{Component, PathBuf};

use labfiles::{OWN, is_unruly, shown};
use serde::{Deserialize, Deserializer, de::Error};

/// A checked text, or why the deserializer refuses it.
pub type Read<'de, D> = Result<String, <D as Deserializer<'de>>::Error>;

/// Stands for an id that the cloud has yet to make, while labctl foresees a run. It is taken in place of every id.
pub const NEW: &str = "(new)";

/// Takes a text that is `good`; `what` completes "… is not …".
pub fn read<'de, D: Deserializer<'de>>(
    from: D,
    good: impl Fn(&str) -> bool,
    what: &str,
) -> Read<'de, D> {
    let text = String::deserialize(from)?;
    if good(&text) || text == NEW {
        return Ok(text);
    }
    Err(D::Error::custom(format!("{} is not {what}", shown(&text))))
}

/// An id: of an API, a client, a distribution, a zone and the like; also a method, a status, a stage's name.
pub fn id<'de, D: Deserializer<'de>>(from: D) -> Read<'de, D> {
    read(
        from,
        is_id,
        "an id (up to 128 letters, digits, `-` and `_`)",
    )
}

/// Text without a form of its own: never a part of a URL.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Read<'de, D> {
    read(
        from,
        is_text,
        "a text (up to 2048 characters, no control characters)",
    )
}

/// The account: 12 digits.
pub(crate) fn account<'de, D: Deserializer<'de>>(from: D) -> Read<'de, D> {
    read(from, is_account, "an account's id (12 digits)")
}

/// The region.
pub(crate) fn region<'de, D: Deserializer<'de>>(from: D) -> Read<'de, D> {
    read(from, is_region, "a region, like us-east-1")
}

/// The endpoint, when it is not the cloud's own.
pub(crate) fn endpoint<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let what = "an endpoint, like http://127.0.0.1:4588";
    optional(from, is_endpoint, what)
}

/// The folder of a lab's twin: only that is ever used as one because a state says so.
pub(crate) fn twin<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let folder = optional(
        from,
        is_twin,
        "the folder of a lab's twin (.../.labctl/local)",
    )?;
    Ok(folder.map(PathBuf::from))
}

/// Ids of runs.
pub(crate) fn runs<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    let runs = Option::<Vec<String>>::deserialize(from)?;
    match runs.iter().flatten().find(|run| !is_id(run)) {
        Some(bad) => Err(D::Error::custom(format!("{} is no run's id", shown(bad)))),
        None => Ok(runs),
    }
}

/// What was added to the lab's names.
pub(crate) fn suffix<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    optional(from, is_id, "a suffix of names (letters, digits and `-`)")
}

/// The hash of an owner.
pub(crate) fn owner<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    optional(from, is_id, "an owner's id (letters and digits)")
}

pub(crate) fn users<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    let users = Option::<Vec<String>>::deserialize(from)?;
    match users.iter().flatten().find(|user| !is_text(user)) {
        Some(bad) => Err(D::Error::custom(format!("{} is no address", shown(bad)))),
        None => Ok(users),
    }
}

pub(crate) fn more_users<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(users(from)?.unwrap_or_default())
}

fn optional<'de, D: Deserializer<'de>>(
    from: D,
    good: impl Fn(&str) -> bool,
    what: &str,
) -> Result<Option<String>, D::Error> {
    match Option::<String>::deserialize(from)? {
        Some(text) if !good(&text) => {
            Err(D::Error::custom(format!("{} is not {what}", shown(&text))))
        }
        text => Ok(text),
    }
}

/// Whether it is an HTTP address without user, query and fragment.
pub fn is_endpoint(text: &str) -> bool {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    text.len() <= 2048
        && rest.is_some_and(|rest| {
            !rest.is_empty()
                && rest
                    .chars()
                    .all(|c| c.is_ascii_graphic() && !"@?#%\\".contains(c))
        })
}

/// Whether it is a twin's folder: absolute, and `…/.labctl/local`.
pub fn is_twin(text: &str) -> bool {
    let path = PathBuf::from(text);
    let end = PathBuf::from(OWN).join("local");
    if !is_text(text) || !path.is_absolute() || !path.ends_with(end) {
        return false;
    }
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            component => plain.push(component),
        }
    }
    // The kernel's names lead to folders whose own names the file's author does not know.
    !["/proc", "/dev", "/sys"]
        .iter()
        .any(|own| plain.starts_with(own))
}

/// Whether it is an id: up to 128 letters, digits, `-` and `_`.
pub fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (1..=128).contains(&text.len()) && text.chars().all(fits)
}

/// Whether it is up to 2048 characters, none of which a terminal obeys.
pub fn is_text(text: &str) -> bool {
    text.chars().count() <= 2048 && !text.contains(is_unruly)
}

/// Whether it is 12 digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether it looks like a region.
pub fn is_region(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=32).contains(&text.len()) && text.chars().all(fits)
}
