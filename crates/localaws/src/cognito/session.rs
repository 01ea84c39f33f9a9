//! Sign-in sessions: opaque strings that tie a challenge to its answer. Only hashes are kept.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{client::Client, fault, pool::Pool, srp::Exchange};
use crate::{call::ApiError, ids};

/// Sessions are kept this long (ms) after they expire, so that a late answer hears why it is refused.
const REMEMBERED: i64 = 3_600_000;
/// Sessions of a pool; of more, the older half goes. Under load they would fill the memory.
const MOST: usize = 10_000;
/// What is too old is looked for once in so many sessions, not at each.
pub(super) const SWEEP: usize = 256;

/// The challenges the twin poses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ChallengeName {
    EmailOtp,
    SelectChallenge,
    Password,
    PasswordSrp,
    PasswordVerifier,
    NewPasswordRequired,
    SoftwareTokenMfa,
    MfaSetup,
    /// No challenge of the model: a step of the pages alone.
    #[serde(rename = "-RESET_PASSWORD")]
    ResetPassword,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) client_id: String,
    /// `None`: nobody has this name, the challenge is simulated.
    pub(super) username: Option<String>,
    /// The name that was typed.
    pub(super) login: String,
    pub(super) challenge: ChallengeName,
    /// What `SELECT_CHALLENGE` offered.
    pub(super) offered: Vec<ChallengeName>,
    /// Hash of the session string and the code sent.
    pub(super) code: Option<String>,
    /// The server's half of `PASSWORD_VERIFIER`.
    #[serde(default)]
    pub(super) srp: Option<Exchange>,
    /// Milliseconds.
    pub(super) expires: i64,
    pub(super) used: bool,
}

/// A random string that says nothing by itself: a session or a refresh token.
///
/// It begins as the sessions in the user guide do, so never with a `-`, which command-line tools take for an option.
pub(super) fn opaque() -> String {
    format!("AYAB{}", URL_SAFE_NO_PAD.encode(ids::bytes(96)))
}

/// What is stored instead of a secret.
pub(super) fn digest(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

impl Session {
    pub(super) fn new(
        client: &Client,
        username: Option<String>,
        login: &str,
        challenge: ChallengeName,
        now: i64,
    ) -> Self {
        Self {
            client_id: client.client_id.clone(),
            username,
            login: login.to_owned(),
            challenge,
            offered: Vec::new(),
            code: None,
            srp: None,
            expires: now
                .saturating_add(client.settings.auth_session_validity.saturating_mul(60_000)),
            used: false,
        }
    }

    pub(super) fn expects(&self, token: &str, code: &str) -> bool {
        self.code
            .as_ref()
            .is_some_and(|hash| *hash == digest(&format!("{token}:{code}")))
    }
}

impl Pool {
    /// Keeps a session and gives the string that names it. `code` is what the user was sent.
    pub(super) fn open(&mut self, mut session: Session, code: Option<&str>, now: i64) -> String {
        let token = opaque();
        session.code = code.map(|code| digest(&format!("{token}:{code}")));
        if self.sessions.len().is_multiple_of(SWEEP) {
            self.forget_sessions(now);
        }
        self.sessions.insert(digest(&token), session);
        token
    }

    fn forget_sessions(&mut self, now: i64) {
        self.sessions
            .retain(|_, old| old.expires + REMEMBERED > now);
        if self.sessions.len() < MOST {
            return;
        }
        let mut ends: Vec<i64> = self.sessions.values().map(|old| old.expires).collect();
        let (_, middle, _) = ends.select_nth_unstable(self.sessions.len() / 2);
        let middle = *middle;
        self.sessions.retain(|_, old| old.expires > middle);
    }

    /// The live session that a client names, or AWS's error: an expired one is `NotAuthorizedException`.
    pub(super) fn session(
        &self,
        token: &str,
        client: &Client,
        challenge: ChallengeName,
        now: i64,
    ) -> Result<Session, ApiError> {
        let session = self
            .sessions
            .get(&digest(token))
            .filter(|s| s.client_id == client.client_id && s.challenge == challenge)
            .ok_or_else(|| fault::not_authorized("Invalid session for the user."))?;
        if session.used {
            return Err(fault::not_authorized(
                "Invalid session for the user, session can only be used once.",
            ));
        }
        if session.expires <= now {
            return Err(fault::not_authorized(
                "Invalid session for the user, session is expired.",
            ));
        }
        Ok(session.clone())
    }

    pub(super) fn close(&mut self, token: &str) {
        if let Some(session) = self.sessions.get_mut(&digest(token)) {
            session.used = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::opaque;

    #[test]
    fn no_string_looks_like_an_option() {
        assert!((0..1000).all(|_| !opaque().starts_with('-')));
    }
}
