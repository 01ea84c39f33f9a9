//! Seals on JSON files: a MAC under a key that only this user has on this machine. A file that was cloned, unpacked or
//! edited has none that fits.

use std::{fmt, sync::Arc};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use sha2::Sha256;

use crate::hex::{hex, unhex};

/// The field of a JSON object that holds its seal.
pub const SEAL: &str = "seal";
/// The field that counts how often the file was written: an old one that was put back has a smaller number.
pub const COUNT: &str = "count";
/// Of a seal, in hexadecimal digits.
const DIGITS: usize = 64;

/// A user's key. It is made once, and kept outside of the labs' folders.
#[derive(Clone)]
pub struct Key([u8; 64]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// A key of random bytes, as long as a block of SHA-256.
    pub fn new(key: [u8; 64]) -> Self {
        Self(key)
    }

    /// Seals one file. `about` says which: the same text in another place has another seal.
    pub fn seal(&self, about: impl Into<Arc<str>>) -> Seal {
        let (key, about) = (self.clone(), about.into());
        Seal { key, about }
    }
}

/// Seals one file, or tells whether it has its seal.
#[derive(Debug, Clone)]
pub struct Seal {
    key: Key,
    about: Arc<str>,
}

/// Whether a file has its seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// It is as it was written, for this many times ([`COUNT`]).
    Yes(u64),
    /// It has a seal that is on something else.
    Changed,
    /// It has none.
    No,
}

impl Seal {
    fn start(&self) -> Hmac<Sha256> {
        Hmac::<Sha256>::new(&self.key.0.into())
            .chain_update(self.about.len().to_be_bytes())
            .chain_update(self.about.as_bytes())
    }

    /// Returns the seal of an object.
    pub fn of(&self, value: &Value) -> String {
        hex(&self.mac(value).finalize().into_bytes())
    }

    /// Puts its seal into an object.
    pub fn put(&self, value: &mut Value) {
        let seal = self.of(value);
        if let Value::Object(fields) = value {
            fields.insert(SEAL.to_owned(), seal.into());
        }
    }

    /// Whether an object has its seal.
    pub fn fits(&self, value: &Value) -> bool {
        let seal = value.get(SEAL).and_then(Value::as_str).and_then(unhex);
        seal.is_some_and(|seal| self.mac(value).verify_slice(&seal).is_ok())
    }

    /// How an object stands.
    pub fn sealed(&self, value: &Value) -> Sealed {
        if self.fits(value) {
            return Sealed::Yes(value.get(COUNT).and_then(Value::as_u64).unwrap_or_default());
        }
        value.get(SEAL).map_or(Sealed::No, |_| Sealed::Changed)
    }

    /// How the text of an object stands, as [`Text::end`] closes it.
    pub fn sealed_text(&self, text: &[u8]) -> Sealed {
        #[derive(Deserialize)]
        struct Ends {
            #[serde(default)]
            count: u64,
            seal: Option<IgnoredAny>,
        }
        let ends = serde_json::from_slice(text);
        match ends.ok() {
            Some(Ends { count, .. }) if self.fits_text(text) => Sealed::Yes(count),
            Some(Ends { seal: None, .. }) => Sealed::No,
            _ => Sealed::Changed,
        }
    }

    /// Over the object without its seal, with its fields in order.
    fn mac(&self, value: &Value) -> Hmac<Sha256> {
        let mut value = value.clone();
        if let Value::Object(fields) = &mut value {
            fields.remove(SEAL);
        }
        value.sort_all_objects();
        self.start().chain_update(value.to_string())
    }

    /// Seals the text of an object, byte by byte: for one too large to have in memory.
    pub fn text(&self) -> Text {
        Text(self.start())
    }

    /// Whether the text of an object ends with its seal, as [`Text::end`] writes it.
    pub fn fits_text(&self, text: &[u8]) -> bool {
        let split = || {
            let text = text.strip_suffix(b"\"}")?;
            let (text, seal) = text.split_at_checked(text.len().checked_sub(DIGITS)?)?;
            let text = text.strip_suffix(format!(",\"{SEAL}\":\"").as_bytes())?;
            Some((text, unhex(std::str::from_utf8(seal).ok()?)?))
        };
        split()
            .is_some_and(|(text, seal)| self.start().chain_update(text).verify_slice(&seal).is_ok())
    }
}

/// The text of an object while it is written.
pub struct Text(Hmac<Sha256>);

impl Text {
    /// Takes the next bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns what closes the object: all but its last brace was taken, and it has a field.
    pub fn end(self) -> String {
        let seal = hex(&self.0.finalize().into_bytes());
        format!(",\"{SEAL}\":\"{seal}\"}}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Key, Sealed};

    #[test]
    fn a_seal_fits_what_it_was_put_on_and_nothing_else() {
        let key = Key::new([7; 64]);
        let (mine, another) = (key.seal("state"), Key::new([8; 64]).seal("state"));
        let mut state = json!({ "lab": "demo", "steps": { "b": 1, "a": [true, null, "x"] } });
        assert!(!mine.fits(&state));
        mine.put(&mut state);
        assert!(mine.fits(&state));
        let text = serde_json::to_string_pretty(&state).expect("JSON");
        assert!(mine.fits(&serde_json::from_str(&text).expect("JSON")));
        assert!(!another.fits(&state) && !key.seal("another").fits(&state));
        for (path, value) in [
            ("/lab", json!("other")),
            ("/steps/a/0", json!(false)),
            ("/seal", json!("00")),
        ] {
            let mut changed = state.clone();
            *changed.pointer_mut(path).expect("a field") = value;
            assert!(!mine.fits(&changed), "{path}");
        }
        let mut more = state.clone();
        more["more"] = json!(1);
        assert!(!mine.fits(&more));
        mine.put(&mut more);
        assert!(mine.fits(&more));
        assert_eq!(mine.sealed(&more), Sealed::Yes(0));
        assert_eq!(another.sealed(&more), Sealed::Changed);
        more["count"] = json!(7);
        assert_eq!(mine.sealed(&more), Sealed::Changed);
        mine.put(&mut more);
        assert_eq!(mine.sealed(&more), Sealed::Yes(7));
        assert_eq!(mine.sealed(&json!({})), Sealed::No);
        assert!(!mine.fits(&json!([])));
    }

    #[test]
    fn a_text_has_its_seal_at_its_end() {
        let key = Key::new([7; 64]);
        let seal = key.seal("world");
        let body = r#"{"a":{"b":1},"c":"ü""#;
        let mut text = seal.text();
        text.take(&body.as_bytes()[..5]);
        text.take(&body.as_bytes()[5..]);
        let whole = format!("{body}{}", text.end());
        assert!(serde_json::from_str::<serde_json::Value>(&whole).is_ok());
        assert!(seal.fits_text(whole.as_bytes()));
        assert_eq!(seal.sealed_text(whole.as_bytes()), Sealed::Yes(0));
        assert_eq!(seal.sealed_text(b"{}"), Sealed::No);
        assert_eq!(key.seal("x").sealed_text(whole.as_bytes()), Sealed::Changed);
        assert!(!key.seal("another").fits_text(whole.as_bytes()));
        for at in 0..whole.len() {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(!seal.fits_text(&bytes), "byte {at}");
            assert!(!seal.fits_text(&whole.as_bytes()[..at]), "{at} bytes");
        }
        for other in [format!("{whole}\n"), format!("{body}}}"), "{}".to_owned()] {
            assert!(!seal.fits_text(other.as_bytes()), "{other}");
        }
    }
}
