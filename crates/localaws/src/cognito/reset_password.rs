//! A forgotten password, at the pages of a pool's domain: a code by mail, and a new password.

use super::{
    auth::{Attempt, Outcome, Parameters},
    challenge::challenge,
    fault,
    inbox::Mail,
    password::Password,
    session::{ChallengeName, Session},
    user::{Status, User},
};
use crate::{call::ApiError, ids};

const CODE_DIGITS: usize = 6;
/// A code is good for an hour (documented for `ForgotPassword`).
const VALID_MS: i64 = 3_600_000;

impl Attempt<'_> {
    /// Mails a code to a user who has an address of their own; to nobody, where the client must not learn who exists.
    pub(super) fn begin_reset(&mut self, login: &str) -> Result<Outcome, ApiError> {
        let user = self.pool.find(login).cloned();
        if user.is_none() && !self.client.settings.hides_users() {
            return Err(fault::user_absent());
        }
        if let Some(user) = &user {
            user.check_enabled()?;
            // Both texts as they are seen of `ForgotPassword`.
            if user.status != Status::Confirmed {
                let message = "User password cannot be reset in the current state.";
                return Err(fault::not_authorized(message));
            }
            if !user.has_verified("email") {
                return Err(fault::invalid_parameter(
                    "Cannot reset password for the user as there is no registered/verified email or phone_number",
                ));
            }
        }
        let code = ids::digits(CODE_DIGITS);
        let mut session = self.open(user.as_ref(), login, ChallengeName::ResetPassword);
        session.expires = self.now + VALID_MS;
        let token = self.pool.open(session, Some(&code), self.now);
        // Unsure: Cognito's own words in this mail.
        let mail = user.map(|user| {
            let text = format!("Your password reset code is {code}.");
            let subject = "Your password reset code";
            Mail::new(user.attribute("email"), subject, text, Some(code))
        });
        let asked = challenge(ChallengeName::ResetPassword, &token, &serde_json::json!({}));
        Ok(asked.with_mail(mail))
    }

    /// The mailed code and a new password. The user signs in with it afterwards.
    pub(super) fn take_reset(
        &mut self,
        user: Option<&User>,
        session: &Session,
        token: &str,
        given: &Parameters,
    ) -> Result<Outcome, ApiError> {
        let code = given.required("CONFIRMATION_CODE")?;
        let Some(user) = user.filter(|_| session.expects(token, code)) else {
            let message = "Invalid verification code provided, please try again.";
            return Err(fault::fault("CodeMismatchException", message));
        };
        let password = given.required("NEW_PASSWORD")?;
        let policies = &self.pool.settings.policies;
        policies.password_policy.check(password)?;
        let hashed = Password::new(&self.pool.id, &user.username, password, None);
        self.pool.user_mut(&user.username)?.password = Some(hashed);
        Ok(Outcome::SignedIn(user.clone()))
    }
}
