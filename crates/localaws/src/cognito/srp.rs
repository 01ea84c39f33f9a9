//! Secure Remote Password (SRP-6a) as Cognito speaks it: the 3072-bit group of RFC 5054, SHA-256, and a proof
//! keyed by HKDF. Source of what RFC 5054 leaves open: the published clients of AWS (amazon-cognito-identity-js).

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use crypto_bigint::{
    BoxedUint, NonZero, Odd,
    modular::{BoxedMontyForm, BoxedMontyParams},
};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids;

const BITS: u32 = 3072;
const PRIME: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
    EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
    EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
    83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
    E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
    15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
    ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
    BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

struct Group {
    params: BoxedMontyParams,
    prime: NonZero<BoxedUint>,
    generator: BoxedMontyForm,
    /// k = H(N | g)
    multiplier: BoxedMontyForm,
}

static GROUP: LazyLock<Group> = LazyLock::new(|| {
    let prime = BoxedUint::from_be_hex(PRIME, BITS).expect("the group's prime is constant");
    let odd = Odd::new(prime.clone()).expect("a prime is odd");
    let params = BoxedMontyParams::new_vartime(odd);
    let two = number(&[2]);
    let multiplier = number(&hash(&[&padded(&prime), &padded(&two)]));
    Group {
        generator: BoxedMontyForm::new(two, &params),
        multiplier: BoxedMontyForm::new(multiplier, &params),
        prime: NonZero::new(prime).expect("a prime is not zero"),
        params,
    }
});

/// At most 3072 bits, big-endian.
fn number(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_truncated(bytes, BITS)
}

/// As the clients hash numbers: no zeros in front, but for one byte where the highest bit is set.
fn padded(number: &BoxedUint) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let start = bytes
        .iter()
        .position(|b| *b != 0)
        .unwrap_or(bytes.len() - 1);
    let mut padded = bytes[start..].to_vec();
    if padded[0] >= 0x80 {
        padded.insert(0, 0);
    }
    padded
}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().to_vec()
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

fn hex(number: &BoxedUint) -> String {
    let text = number.to_string_radix_vartime(16);
    text.trim_start_matches('0').to_owned()
}

/// `None`: no hexadecimal number of at most 3072 bits.
fn unhex(text: &str) -> Option<BoxedUint> {
    let number = BoxedUint::from_str_radix_with_precision_vartime(text, 16, BITS).ok()?;
    text.bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then_some(number)
}

fn power(base: &BoxedUint, exponent: &BoxedUint) -> BoxedMontyForm {
    BoxedMontyForm::new(base.clone(), &GROUP.params).pow(exponent)
}

/// The part of a pool's id behind `_`: the clients' "pool name".
fn realm(pool: &str) -> &str {
    pool.rsplit_once('_').map_or(pool, |(_, name)| name)
}

/// What is kept of a password for SRP; both hexadecimal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Verifier {
    salt: String,
    verifier: String,
}

impl Verifier {
    pub(super) fn new(pool: &str, username: &str, password: &str) -> Self {
        let salt = number(&ids::bytes(16));
        let identity = format!("{}{username}:{password}", realm(pool));
        let secret = hash(&[&padded(&salt), &hash(&[identity.as_bytes()])]);
        let exponent = BoxedUint::from_be_slice_truncated(&secret, 256);
        Self {
            salt: hex(&salt),
            verifier: hex(&GROUP.generator.pow(&exponent).retrieve()),
        }
    }

    /// For someone who has no password: always the same salt, and nothing that proves it.
    pub(super) fn simulated(pool: &str, login: &str) -> Self {
        let salt = hash(&[b"simulated", pool.as_bytes(), login.as_bytes()]);
        Self {
            salt: hex(&number(&salt[..16])),
            verifier: hex(&number(&ids::bytes(384)).rem(&GROUP.prime)),
        }
    }
}

/// The server's half of a sign-in under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Exchange {
    verifier: Verifier,
    /// The client's A, and the server's b and B; hexadecimal.
    client: String,
    secret: String,
    server: String,
}

impl Exchange {
    /// `None`: the client's A is no number, or one that proves nothing (0 modulo N).
    pub(super) fn begin(verifier: Verifier, client: &str) -> Option<Self> {
        let a = unhex(client)?;
        if bool::from(a.rem(&GROUP.prime).is_zero()) {
            return None;
        }
        let v = BoxedMontyForm::new(unhex(&verifier.verifier)?, &GROUP.params);
        let secret = BoxedUint::from_be_slice_truncated(&ids::bytes(32), 256);
        // B = kv + g^b
        let server = GROUP.multiplier.mul(&v).add(&GROUP.generator.pow(&secret));
        Some(Self {
            verifier,
            client: hex(&a),
            secret: hex(&secret),
            server: hex(&server.retrieve()),
        })
    }

    pub(super) fn salt(&self) -> &str {
        &self.verifier.salt
    }

    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Whether `proof` (`PASSWORD_CLAIM_SIGNATURE`) shows knowledge of the password.
    pub(super) fn proves(
        &self,
        pool: &str,
        username: &str,
        block: &[u8],
        timestamp: &str,
        proof: &str,
    ) -> bool {
        let Some(key) = self.key() else { return false };
        let claim = hmac(
            &key,
            &[
                realm(pool).as_bytes(),
                username.as_bytes(),
                block,
                timestamp.as_bytes(),
            ],
        );
        STANDARD.decode(proof).is_ok_and(|proof| proof == claim)
    }

    /// The shared key: HKDF over S = (A v^u)^b, with u = H(A | B).
    fn key(&self) -> Option<Vec<u8>> {
        let (a, b) = (unhex(&self.client)?, unhex(&self.server)?);
        let scrambling = number(&hash(&[&padded(&a), &padded(&b)]));
        let exponent =
            BoxedUint::from_be_slice_truncated(&scrambling.to_be_bytes()[384 - 32..], 256);
        let v = power(&unhex(&self.verifier.verifier)?, &exponent);
        let base = BoxedMontyForm::new(a.rem(&GROUP.prime), &GROUP.params).mul(&v);
        let shared = base.pow(&unhex(&self.secret)?).retrieve();
        let extracted = hmac(&padded(&scrambling), &[&padded(&shared)]);
        let mut key = hmac(&extracted, &[b"Caldera Derived Key", &[1]]);
        key.truncate(16);
        Some(key)
    }
}

/// The client's half, for tests: written from RFC 5054's formulas alone.
#[cfg(test)]
pub(super) mod client {
    use super::{
        BoxedMontyForm, BoxedUint, Engine, GROUP, STANDARD, hash, hex, hmac, ids, number, padded,
        realm, unhex,
    };

    pub(in super::super) struct Client {
        secret: BoxedUint,
    }

    impl Client {
        pub(in super::super) fn new() -> Self {
            Self {
                secret: number(&ids::bytes(32)),
            }
        }

        /// `SRP_A`
        pub(in super::super) fn public(&self) -> String {
            hex(&GROUP.generator.pow(&self.secret).retrieve())
        }

        /// `PASSWORD_CLAIM_SIGNATURE` for `SALT` and `SRP_B`.
        #[expect(clippy::too_many_arguments, reason = "all that goes into a proof")]
        pub(in super::super) fn proof(
            &self,
            pool: &str,
            username: &str,
            password: &str,
            salt: &str,
            server: &str,
            block: &[u8],
            timestamp: &str,
        ) -> String {
            let theirs = unhex(server).expect("a number");
            let ours = unhex(&self.public()).expect("a number");
            let u = number(&hash(&[&padded(&ours), &padded(&theirs)]));
            let salt = unhex(salt).expect("a number");
            let identity = format!("{}{username}:{password}", realm(pool));
            let x = number(&hash(&[&padded(&salt), &hash(&[identity.as_bytes()])]));
            let raised = GROUP.multiplier.mul(&GROUP.generator.pow(&x));
            let base = BoxedMontyForm::new(theirs, &GROUP.params).sub(&raised);
            // (B - k g^x)^(a + ux), as two powers: the exponents do not fit one number.
            let shared = base.pow(&self.secret).mul(&base.pow(&u).pow(&x)).retrieve();
            let extracted = hmac(&padded(&u), &[&padded(&shared)]);
            let key = hmac(&extracted, &[b"Caldera Derived Key", &[1]]);
            let (realm, user) = (realm(pool).as_bytes(), username.as_bytes());
            STANDARD.encode(hmac(
                &key[..16],
                &[realm, user, block, timestamp.as_bytes()],
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{client::Client, *};

    #[test]
    fn the_password_and_no_other_proves_itself() {
        let (pool, user) = ("us-east-1_AbCdEfGhI", "somebody");
        let client = Client::new();
        let verifier = Verifier::new(pool, user, "Right-1");
        let exchange = Exchange::begin(verifier, &client.public()).expect("a number");
        let proof = |password: &str| {
            let (salt, server) = (exchange.salt(), exchange.server());
            client.proof(pool, user, password, salt, server, b"block", "now")
        };
        let proves = |user: &str, block: &[u8], proof: &str| {
            exchange.proves(pool, user, block, "now", proof)
        };
        assert!(proves(user, b"block", &proof("Right-1")));
        assert!(!proves(user, b"block", &proof("Wrong-1")));
        assert!(!proves("somebody else", b"block", &proof("Right-1")));
        assert!(!proves(user, b"another", &proof("Right-1")));
    }

    #[test]
    fn numbers_that_prove_nothing_are_refused() {
        for bad in ["", "0", "xyz", "-1", "+1", PRIME, &"f".repeat(800)] {
            let verifier = Verifier::simulated("r_p", "somebody");
            assert!(Exchange::begin(verifier, bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn numbers_are_padded_as_the_clients_do() {
        assert_eq!(padded(&number(&[0])), [0]);
        assert_eq!(padded(&number(&[0x7f])), [0x7f]);
        assert_eq!(padded(&number(&[0x80])), [0, 0x80]);
        assert_eq!(padded(&number(&[1, 0])), [1, 0]);
    }
}
