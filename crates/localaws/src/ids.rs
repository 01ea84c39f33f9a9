//! Random identifiers in the shapes AWS uses.

use std::fmt;

use labfiles::shown;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// `n` bytes from the operating system.
pub(crate) fn bytes(n: usize) -> Vec<u8> {
    let mut buffer = vec![0; n];
    getrandom::fill(&mut buffer).expect("the operating system has random bytes");
    buffer
}

fn from(alphabet: &[u8], n: usize) -> String {
    // The bias of `%` is of no matter for identifiers.
    bytes(n)
        .iter()
        .map(|b| char::from(alphabet[usize::from(*b) % alphabet.len()]))
        .collect()
}

/// Lower-case letters and digits: REST API ids (10), resource ids (6), client ids (26).
pub(crate) fn lower(n: usize) -> String {
    from(LOWER, n)
}

/// Letters and digits: the part of a user pool id behind `_` (9).
pub(crate) fn mixed(n: usize) -> String {
    from(MIXED, n)
}

/// Upper-case base32: IAM's unique ids after their prefix (17).
pub(crate) fn upper(n: usize) -> String {
    from(UPPER, n)
}

/// Hexadecimal digits: parts of trace ids.
pub(crate) fn hex(n: usize) -> String {
    from(b"0123456789abcdef", n)
}

/// A number from 0 to below 1.
pub(crate) fn fraction() -> f64 {
    let random = bytes(2)
        .into_iter()
        .fold(0, |n, byte| n << 8 | u32::from(byte));
    f64::from(random) / 65536.0
}

/// Decimal digits: one-time codes.
pub(crate) fn digits(n: usize) -> String {
    from(b"0123456789", n)
}

/// A random (version 4) UUID.
pub(crate) fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Names a folder or file of the twin's own. Nothing but a UUID can be read as one, so that it cannot be a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileId(uuid::Uuid);

impl FileId {
    pub(crate) fn new() -> Self {
        Self(uuid::Uuid::new_v4())
    }
}

/// With hyphens, in lower case.
impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl Serialize for FileId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FileId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        // Only as it is written: other spellings would be other names.
        let parsed = uuid::Uuid::try_parse(&text).ok().map(Self);
        let parsed = parsed.filter(|id| id.to_string() == text);
        parsed.ok_or_else(|| D::Error::custom(format!("{} is not a UUID", shown(&text))))
    }
}

#[cfg(test)]
mod tests {
    use super::FileId;

    #[test]
    fn only_what_it_writes_is_read() {
        let id = FileId::new();
        let json = serde_json::to_string(&id).expect("a text");
        assert_eq!(serde_json::from_str::<FileId>(&json).ok(), Some(id));
        let good = id.to_string();
        let simple = good.replace('-', "");
        for bad in [
            "",
            "..",
            "/etc",
            "../../Documents",
            "a/b",
            "https://example.com",
            "\u{1b}[2J",
            &simple,
            &good
                .to_uppercase()
                .replace(|c: char| c.is_ascii_digit(), "A"),
            &format!("{{{good}}}"),
            &format!("urn:uuid:{good}"),
            &format!("{good}/"),
            &format!("../{good}"),
            &"a".repeat(10_000_000),
        ] {
            let json = serde_json::to_string(bad).expect("a text");
            let error = serde_json::from_str::<FileId>(&json).expect_err(&json);
            let told = error.to_string();
            assert!(told.contains("is not a UUID") && told.len() < 200, "{told}");
            assert!(!told.contains('\u{1b}'), "{told}");
        }
        for bad in ["7", "null", "[]", "{}"] {
            assert!(serde_json::from_str::<FileId>(bad).is_err(), "{bad}");
        }
    }
}
