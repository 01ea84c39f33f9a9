//! How a program proves that it is the one which wrote a secret into a file of its user's: it answers a question that
//! nobody else can answer, and the secret itself is never sent.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::hex::{hex, unhex};

/// What only the user's own programs can read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// A secret of random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self(hex(&random))
    }

    /// The answer of the twin at `endpoint` to a question (`nonce`). The address is in it, so that another program
    /// cannot pass the question on to the twin and the answer back.
    pub fn answer(&self, endpoint: &str, nonce: &str) -> String {
        hex(&self.mac(endpoint, nonce).finalize().into_bytes())
    }

    /// Whether it is the answer of the one who has the secret.
    pub fn proves(&self, endpoint: &str, nonce: &str, answer: &str) -> bool {
        unhex(answer).is_some_and(|answer| self.mac(endpoint, nonce).verify_slice(&answer).is_ok())
    }

    fn mac(&self, endpoint: &str, nonce: &str) -> Hmac<Sha256> {
        let mut key = [0; 64];
        for (to, from) in key.iter_mut().zip(self.0.bytes()) {
            *to = from;
        }
        let said = ["labctl: the twin's answer", endpoint, nonce];
        said.iter()
            .fold(Hmac::<Sha256>::new(&key.into()), |mac, text| {
                mac.chain_update(text.len().to_be_bytes())
                    .chain_update(text)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn only_the_secret_s_owner_answers() {
        let (mine, another) = (Secret::new([1; 32]), Secret::new([2; 32]));
        let (here, nonce) = ("http://127.0.0.1:4588", "n1");
        let answer = mine.answer(here, nonce);
        assert!(mine.proves(here, nonce, &answer));
        assert!(!another.proves(here, nonce, &answer));
        assert!(!mine.proves("http://127.0.0.1:4589", nonce, &answer));
        assert!(!mine.proves(here, "n2", &answer));
        for bad in [
            "",
            nonce,
            &answer[1..],
            &answer.to_uppercase(),
            &"0".repeat(64),
        ] {
            assert!(!mine.proves(here, nonce, bad), "{bad}");
        }
        assert!(!format!("{mine:?}").contains("01"));
    }
}
