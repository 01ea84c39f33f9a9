//! What a sign-in at the domain is for, and the code that it ends with.

use serde::{Deserialize, Serialize};

use super::super::{
    pool::Pool,
    session::{digest, opaque},
};
use crate::ids;

/// A code is good for five minutes, and once (documented).
const CODE_MS: i64 = 300_000;
/// How long a user may stay at a provider. Not documented.
const PENDING_MS: i64 = 900_000;

/// A request for a code, checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct Wanted {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    /// Given back as it came.
    pub(super) state: Option<String>,
    /// Given back in the ID token.
    pub(super) nonce: Option<String>,
    /// PKCE's, by S256.
    pub(super) challenge: Option<String>,
}

/// A code that can be exchanged for tokens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct Code {
    pub(super) wanted: Wanted,
    pub(super) username: String,
    /// Milliseconds.
    pub(super) expires: i64,
}

/// A user who was sent to a provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct Pending {
    pub(super) wanted: Wanted,
    pub(super) provider: String,
    /// Milliseconds.
    expires: i64,
}

impl Pool {
    /// A code for a user who has signed in.
    pub(super) fn code(&mut self, wanted: Wanted, username: &str, now: i64) -> String {
        self.codes.retain(|_, code| code.expires > now);
        let plain = ids::uuid();
        let code = Code {
            wanted,
            username: username.to_owned(),
            expires: now + CODE_MS,
        };
        self.codes.insert(digest(&plain), code);
        plain
    }

    /// A string that comes back with the user from a provider.
    pub(super) fn send_away(&mut self, wanted: Wanted, provider: &str, now: i64) -> String {
        self.pending.retain(|_, pending| pending.expires > now);
        let plain = opaque();
        let pending = Pending {
            wanted,
            provider: provider.to_owned(),
            expires: now + PENDING_MS,
        };
        self.pending.insert(digest(&plain), pending);
        plain
    }

    /// Who comes back, once.
    pub(super) fn come_back(&mut self, state: &str, now: i64) -> Option<Pending> {
        let pending = self.pending.remove(&digest(state))?;
        (pending.expires > now).then_some(pending)
    }
}
