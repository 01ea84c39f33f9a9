//! What comes after a password: tokens, a code of the user's generator, or setting one up.

use serde_json::json;

use super::{
    auth::{Attempt, Outcome},
    challenge::challenge,
    fault,
    mfa::{Refusal, SOFTWARE_TOKEN},
    pool::{Mfa, Pool},
    session::ChallengeName,
    user::User,
};
use crate::call::ApiError;

impl Pool {
    /// Whether the user has a generator that counts.
    pub(super) fn counts_second_factor(&self, user: &User) -> bool {
        let mfa = self.settings.mfa_configuration;
        user.software_token.as_ref().is_some_and(|token| {
            mfa != Mfa::Off && token.is_verified() && (token.enabled || mfa == Mfa::On)
        })
    }
}

impl Attempt<'_> {
    /// Whether the user has a generator that counts: where MFA is required, every verified one does.
    pub(super) fn wants_second_factor(&self, user: &User) -> bool {
        self.pool.counts_second_factor(user)
    }

    pub(super) fn second_factor(&mut self, user: &User, login: &str) -> Outcome {
        let (name, mut parameters) = if self.wants_second_factor(user) {
            let token = user.software_token.as_ref();
            let device = token.map(|token| &token.device_name);
            let asked = json!({ "FRIENDLY_DEVICE_NAME": device });
            (ChallengeName::SoftwareTokenMfa, asked)
        } else if self.pool.settings.mfa_configuration == Mfa::On {
            let possible = self.pool.mfa.software_token.then_some(SOFTWARE_TOKEN);
            let possible: Vec<_> = possible.into_iter().collect();
            let asked = json!({ "MFAS_CAN_SETUP": json!(possible).to_string() });
            (ChallengeName::MfaSetup, asked)
        } else {
            return Outcome::SignedIn(user.clone());
        };
        parameters["USER_ID_FOR_SRP"] = json!(user.username);
        let session = self.open(Some(user), login, name);
        let token = self.pool.open(session, None, self.now);
        challenge(name, &token, &parameters)
    }

    pub(super) fn take_totp(
        &mut self,
        user: Option<&User>,
        code: &str,
    ) -> Result<Outcome, ApiError> {
        let user = user.ok_or_else(fault::incorrect_password)?;
        let kept = self.pool.user_mut(&user.username)?.software_token.as_mut();
        let token = kept.ok_or_else(fault::incorrect_password)?;
        token
            .take(code, self.now)
            .map_err(|refusal| match refusal {
                Refusal::Wrong => {
                    fault::fault("CodeMismatchException", "Invalid code received for user")
                }
                Refusal::Used => fault::fault(
                    "ExpiredCodeException",
                    "Your software token has already been used once.",
                ),
            })?;
        Ok(Outcome::SignedIn(user.clone()))
    }

    /// The answer to `MFA_SETUP`, once the generator is verified.
    pub(super) fn finish_setup(user: Option<&User>) -> Result<Outcome, ApiError> {
        let ready = |user: &&User| {
            let token = user.software_token.as_ref();
            token.is_some_and(super::mfa::SoftwareToken::is_verified)
        };
        let user = user.filter(ready).ok_or_else(|| {
            fault::not_authorized("Invalid session for the user, no MFA method was verified.")
        })?;
        Ok(Outcome::SignedIn(user.clone()))
    }
}
