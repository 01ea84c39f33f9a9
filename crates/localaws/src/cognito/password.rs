//! Passwords: the pool's policy, and salted hashes and SRP verifiers of what users chose.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{fault, srp::Verifier};
use crate::{call::ApiError, ids};

/// Symbols that count for `RequireSymbols`.
const SYMBOLS: &str = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= ";

/// `PasswordPolicyType` of the model. A policy that is given turns off what it does not name;
/// [`Default`] is the policy of a pool that was given none.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_excessive_bools, reason = "the model's members")]
pub(super) struct PasswordPolicy {
    #[serde(default = "eight")]
    pub(super) minimum_length: usize,
    #[serde(default)]
    pub(super) require_uppercase: bool,
    #[serde(default)]
    pub(super) require_lowercase: bool,
    #[serde(default)]
    pub(super) require_numbers: bool,
    #[serde(default)]
    pub(super) require_symbols: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password_history_size: Option<u32>,
    /// Days; `None` only in a request, where it means 7.
    pub(super) temporary_password_validity_days: Option<i64>,
}

fn eight() -> usize {
    8
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_length: 8,
            require_uppercase: true,
            require_lowercase: true,
            require_numbers: true,
            require_symbols: true,
            password_history_size: None,
            temporary_password_validity_days: None,
        }
    }
}

impl PasswordPolicy {
    pub(super) fn check(&self, password: &str) -> Result<(), ApiError> {
        let has = |kind: fn(char) -> bool| password.chars().any(kind);
        let problem = if password.chars().count() < self.minimum_length {
            "Password not long enough"
        } else if self.require_uppercase && !has(char::is_uppercase) {
            "Password must have uppercase characters"
        } else if self.require_lowercase && !has(char::is_lowercase) {
            "Password must have lowercase characters"
        } else if self.require_numbers && !has(|c| c.is_ascii_digit()) {
            "Password must have numeric characters"
        } else if self.require_symbols && !has(|c| SYMBOLS.contains(c)) {
            "Password must have symbol characters"
        } else {
            return Ok(());
        };
        Err(fault::fault(
            "InvalidPasswordException",
            format!("Password did not conform with policy: {problem}"),
        ))
    }

    /// A password that fits any policy: the one Cognito makes when none is given.
    pub(super) fn generate(&self) -> String {
        let rest = self.minimum_length.max(12) - 4;
        format!(
            "{}{}Aa1!",
            ids::mixed(rest / 2),
            ids::lower(rest - rest / 2)
        )
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Password {
    salt: String,
    hash: String,
    #[serde(default)]
    pub(super) srp: Option<Verifier>,
    /// A temporary password works until then (ms); `None` for one that the user keeps.
    pub(super) temporary_until: Option<i64>,
}

impl Password {
    /// Of a user of a pool (by id), whose names SRP ties the password to.
    pub(super) fn new(
        pool: &str,
        username: &str,
        plain: &str,
        temporary_until: Option<i64>,
    ) -> Self {
        let salt = ids::mixed(22);
        let hash = hash(&salt, plain);
        Self {
            salt,
            hash,
            srp: Some(Verifier::new(pool, username, plain)),
            temporary_until,
        }
    }

    pub(super) fn is(&self, plain: &str) -> bool {
        hash(&self.salt, plain) == self.hash
    }
}

fn hash(salt: &str, plain: &str) -> String {
    STANDARD.encode(Sha256::digest(format!("{salt}:{plain}")))
}
