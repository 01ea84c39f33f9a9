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
use ring::{
    rand::SystemRandom,
    rsa::{KeyPair as RingKey, PublicKeyComponents},
    signature::{
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512,
        RsaEncoding,
    },
};
use rsa::{PrivateKey, pkcs8::EncodePrivateKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::place::Place;
use crate::{app::App, call::ApiError};

const BITS: usize = 2048;

pub(crate) struct KeyPair {
    pub(super) kid: String,
    /// It signs three times as fast as `rsa`, which makes keys; ring makes none.
    key: RingKey,
    public: PublicKeyComponents<Vec<u8>>,
}

impl KeyPair {
    /// From base64 of PKCS#8.
    pub(crate) fn parse(stored: &str) -> Option<Self> {
        let der = STANDARD.decode(stored).ok()?;
        let key = RingKey::from_pkcs8(&der).ok()?;
        let public = PublicKeyComponents::<Vec<u8>>::from(key.public());
        Some(Self {
            kid: STANDARD.encode(Sha256::digest(&public.n)),
            key,
            public,
        })
    }

    /// Base64 of a new key's PKCS#8. Blocks, for some 0.1 s.
    pub(crate) fn generate() -> String {
        let key =
            PrivateKey::new(&mut SysRng, BITS).expect("the operating system has random bytes");
        let der = key
            .to_pkcs8_der()
            .expect("a two-prime key has a PKCS#8 form");
        STANDARD.encode(der.as_bytes())
    }

    /// A token, signed with RS256.
    pub(super) fn token(&self, claims: &Value) -> Result<String, ApiError> {
        let header = json!({ "kid": self.kid, "alg": "RS256" });
        self.signed(&RSA_PKCS1_SHA256, &header, claims)
    }

    /// A token, signed with RS512, as identity pools do.
    pub(crate) fn token_512(&self, claims: &Value) -> Result<String, ApiError> {
        let header = json!({ "kid": self.kid, "typ": "JWS", "alg": "RS512" });
        self.signed(&RSA_PKCS1_SHA512, &header, claims)
    }

    fn signed(
        &self,
        how: &'static dyn RsaEncoding,
        header: &Value,
        claims: &Value,
    ) -> Result<String, ApiError> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let random = SystemRandom::new();
        self.key
            .sign(how, &random, text.as_bytes(), &mut signature)
            .map_err(|_| ApiError::internal("signing a token"))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    pub(super) fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        let how = &RSA_PKCS1_2048_8192_SHA256;
        self.public.verify(how, text.as_bytes(), signature).is_ok()
    }

    pub(super) fn verifies_512(&self, text: &str, signature: &[u8]) -> bool {
        let how = &RSA_PKCS1_2048_8192_SHA512;
        self.public.verify(how, text.as_bytes(), signature).is_ok()
    }

    /// A member of `keys` in `jwks.json`.
    pub(super) fn jwk(&self) -> Value {
        json!({
            "alg": "RS256",
            "e": URL_SAFE_NO_PAD.encode(&self.public.e),
            "kid": self.kid,
            "kty": "RSA",
            "n": URL_SAFE_NO_PAD.encode(&self.public.n),
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
        let text = spare.unwrap_or_else(KeyPair::generate);
        let pair = KeyPair::parse(&text).expect("what is generated is a key");
        app.write(|world| {
            if let Ok(pool) = place.get_mut(world) {
                pool.key = Some(text);
            }
        });
        Arc::new(pair)
    };
    Arc::clone(cell.get_or_init(make))
}

/// A key that no pool has yet; locked while it is made.
static SPARE: Mutex<Option<String>> = Mutex::new(None);

/// Sees to it that there is a spare key, so that the first sign-in at a new pool need not wait. One for all
/// pools: most pools of a test never sign anything.
pub(super) fn make_soon() {
    tokio::task::spawn_blocking(|| {
        if let Ok(mut spare) = SPARE.try_lock() {
            spare.get_or_insert_with(KeyPair::generate);
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
