//! Seals on JSON files: a MAC under a key that only this user has on this machine. A file that was cloned, unpacked or
//! edited has none that fits.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// The field of a JSON object that holds its seal.
pub const SEAL: &str = "seal";

/// A user's key. It is made once, and kept outside of the labs' folders.
#[derive(Clone)]
pub struct Seal([u8; 64]);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(..)")
    }
}

impl Seal {
    /// A key of random bytes, as long as a block of SHA-256.
    pub fn new(key: [u8; 64]) -> Self {
        Self(key)
    }

    /// The seal of an object. `about` is what the object is for: the same text in another place has another seal.
    pub fn of(&self, about: &str, value: &Value) -> String {
        let hash = self.mac(about, value).finalize().into_bytes();
        let digit = |half: u8| char::from_digit(half.into(), 16);
        let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(digit).collect()
    }

    /// Puts its seal into an object.
    pub fn put(&self, about: &str, value: &mut Value) {
        let seal = self.of(about, value);
        if let Value::Object(fields) = value {
            fields.insert(SEAL.to_owned(), seal.into());
        }
    }

    /// Whether an object has its seal.
    pub fn fits(&self, about: &str, value: &Value) -> bool {
        let seal = value.get(SEAL).and_then(Value::as_str).and_then(bytes);
        seal.is_some_and(|seal| self.mac(about, value).verify_slice(&seal).is_ok())
    }

    /// Over the object without its seal, with its fields in order.
    fn mac(&self, about: &str, value: &Value) -> Hmac<Sha256> {
        let mut value = value.clone();
        if let Value::Object(fields) = &mut value {
            fields.remove(SEAL);
        }
        value.sort_all_objects();
        let mac = Hmac::<Sha256>::new(&self.0.into());
        mac.chain_update(about.len().to_be_bytes())
            .chain_update(about)
            .chain_update(value.to_string())
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|c| u8::try_from(c.to_digit(16)?).ok())
        .collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Seal;

    #[test]
    fn a_seal_fits_what_it_was_put_on_and_nothing_else() {
        let (mine, another) = (Seal::new([7; 64]), Seal::new([8; 64]));
        let mut state = json!({ "lab": "demo", "steps": { "b": 1, "a": [true, null, "x"] } });
        assert!(!mine.fits("state", &state));
        mine.put("state", &mut state);
        assert!(mine.fits("state", &state));
        let text = serde_json::to_string_pretty(&state).expect("JSON");
        assert!(mine.fits("state", &serde_json::from_str(&text).expect("JSON")));
        assert!(!another.fits("state", &state) && !mine.fits("another", &state));
        for (path, value) in [
            ("/lab", json!("other")),
            ("/steps/a/0", json!(false)),
            ("/seal", json!("00")),
        ] {
            let mut changed = state.clone();
            *changed.pointer_mut(path).expect("a field") = value;
            assert!(!mine.fits("state", &changed), "{path}");
        }
        let mut more = state.clone();
        more["more"] = json!(1);
        assert!(!mine.fits("state", &more));
        mine.put("state", &mut more);
        assert!(mine.fits("state", &more));
        assert!(!mine.fits("state", &json!([])));
    }
}
