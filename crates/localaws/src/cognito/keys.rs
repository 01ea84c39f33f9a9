//! Signing keys: one 2048-bit RSA key a pool, made off the async threads, parsed once a process.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use getrandom::SysRng;
use rsa::{
    PrivateKey,
    pkcs1v15::{Signature, SigningKey, VerifyingKey},
    pkcs8::{DecodePrivateKey, EncodePrivateKey},
    signature::{SignatureEncoding, Signer, Verifier},
    traits::PublicKeyParts,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::place::Place;
use crate::{app::App, call::ApiError};

const BITS: usize = 2048;

pub(super) struct KeyPair {
    pub(super) kid: String,
    signing: SigningKey<Sha256>,
    verifying: VerifyingKey<Sha256>,
    /// RFC 7517 members.
    modulus: String,
    exponent: String,
}

impl KeyPair {
    fn new(key: PrivateKey) -> Self {
        let modulus = key.n_bytes();
        Self {
            kid: STANDARD.encode(Sha256::digest(&modulus)),
            verifying: VerifyingKey::new(key.to_public_key()),
            modulus: URL_SAFE_NO_PAD.encode(&modulus),
            exponent: URL_SAFE_NO_PAD.encode(key.e_bytes()),
            signing: SigningKey::new(key),
        }
    }

    fn parse(stored: &str) -> Option<Self> {
        let der = STANDARD.decode(stored).ok()?;
        PrivateKey::from_pkcs8_der(&der).ok().map(Self::new)
    }

    pub(super) fn sign(&self, text: &str) -> Result<Vec<u8>, ApiError> {
        let signature = self.signing.try_sign(text.as_bytes());
        signature
            .map(|s| s.to_vec())
            .map_err(|e| ApiError::internal(format!("signing: {e}")))
    }

    pub(super) fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        Signature::try_from(signature)
            .is_ok_and(|signature| self.verifying.verify(text.as_bytes(), &signature).is_ok())
    }

    /// A member of `keys` in `jwks.json`.
    pub(super) fn jwk(&self) -> Value {
        json!({
            "alg": "RS256", "e": self.exponent, "kid": self.kid, "kty": "RSA", "n": self.modulus,
            "use": "sig",
        })
    }
}

type Cell = Arc<OnceLock<Arc<KeyPair>>>;

/// Keys in use, by pool id (which is random, so unique among all worlds).
static KEYS: LazyLock<Mutex<HashMap<String, Cell>>> = LazyLock::new(Mutex::default);

fn cell(pool: &str) -> Cell {
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    keys.entry(pool.to_owned()).or_default().clone()
}

fn cached(pool: &str) -> Option<Arc<KeyPair>> {
    let keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    keys.get(pool)?.get().cloned()
}

/// Drops the key of a deleted pool.
pub(super) fn forget(pool: &str) {
    KEYS.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(pool);
}

fn stored(app: &App, place: &Place) -> Option<String> {
    app.read(|world| place.get(world).ok()?.key.clone())
}

/// The pool's key, made (some 0.1 s of computing) and stored when it has none yet. Blocks; a
/// second caller waits for the first.
pub(super) fn make(app: &App, place: &Place) -> Arc<KeyPair> {
    let cell = cell(&place.pool);
    let make = || {
        if let Some(pair) = stored(app, place).as_deref().and_then(KeyPair::parse) {
            return Arc::new(pair);
        }
        let spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner).take();
        let key = spare.unwrap_or_else(generate);
        let der = key
            .to_pkcs8_der()
            .expect("a two-prime key has a PKCS#8 form");
        let text = STANDARD.encode(der.as_bytes());
        app.write(|world| {
            if let Ok(pool) = place.get_mut(world) {
                pool.key = Some(text);
            }
        });
        Arc::new(KeyPair::new(key))
    };
    Arc::clone(cell.get_or_init(make))
}

/// A key that no pool has yet; locked while it is made.
static SPARE: Mutex<Option<PrivateKey>> = Mutex::new(None);

fn generate() -> PrivateKey {
    PrivateKey::new(&mut SysRng, BITS).expect("the operating system has random bytes")
}

/// Sees to it that there is a spare key, so that the first sign-in at a new pool need not wait. One for all
/// pools: most pools of a test never sign anything.
pub(super) fn make_soon() {
    tokio::task::spawn_blocking(|| {
        if let Ok(mut spare) = SPARE.try_lock() {
            spare.get_or_insert_with(generate);
        }
    });
}

/// The pool's key, without blocking an async thread.
pub(super) async fn pair(app: &Arc<App>, place: &Place) -> Result<Arc<KeyPair>, ApiError> {
    if let Some(pair) = cached(&place.pool) {
        return Ok(pair);
    }
    let (app, place) = (Arc::clone(app), place.clone());
    tokio::task::spawn_blocking(move || make(&app, &place))
        .await
        .map_err(|e| ApiError::internal(format!("making a key: {e}")))
}

/// The pool's key if it has one: a pool without cannot have signed anything.
pub(super) fn existing(app: &App, place: &Place) -> Option<Arc<KeyPair>> {
    app.read(|world| place.get(world).is_ok_and(|pool| pool.key.is_some()))
        .then_some(())?;
    cached(&place.pool).or_else(|| Some(make(app, place)))
}
