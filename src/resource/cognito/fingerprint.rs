//! What a state keeps of a password: enough to see that another one is wanted, not enough to read it.

use std::num::NonZeroU32;

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD as BASE64};
use ring::pbkdf2;
use serde::{Deserialize, Serialize};

use super::Secret;
use crate::{
    aws::{Fault, FaultKind},
    resource::form,
};

const METHOD: &str = "pbkdf2-sha256";
const ALGORITHM: pbkdf2::Algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
/// What OWASP's password storage cheat sheet recommends. Debug builds, which only tests use, take a second for so many.
const ROUNDS: NonZeroU32 =
    NonZeroU32::MIN.saturating_add(if cfg!(debug_assertions) { 999 } else { 599_999 });
/// A state cannot ask for more: labctl would seem to hang.
const MOST_ROUNDS: u32 = 2_000_000;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// A salted, slow hash of a password: `METHOD:ROUNDS:SALT:HASH`, salt and hash in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(#[serde(deserialize_with = "form::fingerprint")] String);

impl Fingerprint {
    /// The fingerprint of a password, with a new salt. `operation` is for the fault.
    pub(super) async fn of(secret: &Secret, operation: &str) -> Result<Self, Fault> {
        let failed = |why: String| Fault::new(FaultKind::Other, operation, why);
        let mut salt = [0_u8; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|e| failed(format!("no randomness: {e}")))?;
        let secret = secret.clone();
        let hash = move || {
            let mut hash = [0_u8; HASH_BYTES];
            let secret = secret.reveal().as_bytes();
            pbkdf2::derive(ALGORITHM, ROUNDS, &salt, secret, &mut hash);
            hash
        };
        let hash = tokio::task::spawn_blocking(hash).await;
        let hash = hash.map_err(|e| failed(format!("no fingerprint of the password: {e}")))?;
        let (salt, hash) = (BASE64.encode(salt), BASE64.encode(hash));
        Ok(Self(format!("{METHOD}:{ROUNDS}:{salt}:{hash}")))
    }

    /// Whether it is the fingerprint of this password. `None`: another version of labctl made it in its own way.
    pub(super) async fn fits(&self, secret: &Secret) -> Option<bool> {
        let parts: Vec<&str> = self.0.split(':').collect();
        let [METHOD, rounds, salt, hash] = parts.as_slice() else {
            return None;
        };
        let rounds: NonZeroU32 = rounds
            .parse()
            .ok()
            .filter(|n: &NonZeroU32| n.get() <= MOST_ROUNDS)?;
        let (salt, hash) = (BASE64.decode(salt).ok()?, BASE64.decode(hash).ok()?);
        let secret = secret.clone();
        let fits = move || {
            let secret = secret.reveal().as_bytes();
            pbkdf2::verify(ALGORITHM, rounds, &salt, secret, &hash).is_ok()
        };
        tokio::task::spawn_blocking(fits).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn fits_its_own_password_only() {
        let one = Secret::new("Correct-Horse-1-Battery");
        let made = Fingerprint::of(&one, "test").await.expect("a fingerprint");
        assert_eq!(made.fits(&one).await, Some(true));
        for other in [
            "",
            "Correct-Horse-1-Batterz",
            "Correct-Horse-1-Battery ",
            "correct-horse-1-battery",
        ] {
            assert_eq!(
                made.fits(&Secret::new(other)).await,
                Some(false),
                "{other:?}"
            );
        }
        // The salt is new each time.
        assert_ne!(
            Fingerprint::of(&one, "test").await.expect("a fingerprint"),
            made
        );
        let text = serde_json::to_string(&made).expect("JSON");
        assert!(!text.contains("Horse"), "{text}");
        assert_eq!(
            serde_json::from_str::<Fingerprint>(&text).expect("its form"),
            made
        );
    }

    #[tokio::test]
    async fn reads_its_form_only() {
        for bad in [
            "",
            "Correct-Horse-1-Battery",
            "pbkdf2-sha256",
            "a:b:c",
            "a:b:c:d:e",
            "a:1:b:Correct Horse",
            ":::",
        ] {
            let read = serde_json::from_value::<Fingerprint>(bad.into());
            assert!(read.is_err(), "{bad:?}");
        }
        for other in [
            "argon2id:9:c2FsdA:aGFzaA",
            "pbkdf2-sha256:0:c2FsdA:aGFzaA",
            "pbkdf2-sha256:4000000000:c2FsdA:aGFzaA",
        ] {
            let read = serde_json::from_value::<Fingerprint>(other.into());
            let fits = read.expect("its form").fits(&Secret::new("x")).await;
            assert_eq!(fits, None, "{other}");
        }
    }
}
