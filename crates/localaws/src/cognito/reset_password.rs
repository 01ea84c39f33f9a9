//! A forgotten password, at the pages of a pool's domain: a code by mail, and a new password.

use super::{
    auth::{Attempt, Outcome, Parameters},
    challenge::challenge,
    fault,
    inbox::Mail,
    mailed_code::{DIGITS, Purpose, mismatch, no_address, not_yet},
    password::Password,
    session::{ChallengeName, Session},
    user::{Status, User},
};
use crate::{call::ApiError, ids};

impl Attempt<'_> {
    /// Mails a code to a user who has an address of their own; to nobody, where the client must not learn who exists.
    pub(super) fn begin_reset(&mut self, login: &str) -> Result<Outcome, ApiError> {
        let user = self.pool.find(login).cloned();
        if user.is_none() && !self.client.settings.hides_users() {
            return Err(fault::user_absent());
        }
        if let Some(user) = &user {
            user.check_enabled()?;
            // As `ForgotPassword` refuses them.
            if user.status != Status::Confirmed {
                return Err(not_yet());
            }
            if !user.has_verified("email") {
                return Err(no_address());
            }
        }
        let code = ids::digits(DIGITS);
        let mut session = self.open(user.as_ref(), login, ChallengeName::ResetPassword);
        session.expires = self.now + Purpose::Password.validity();
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
            return Err(mismatch());
        };
        let password = given.required("NEW_PASSWORD")?;
        let policies = &self.pool.settings.policies;
        policies.password_policy.check(password)?;
        let hashed = Password::new(&self.pool.id, &user.username, password, None);
        self.pool.user_mut(&user.username)?.password = Some(hashed);
        Ok(Outcome::SignedIn(user.clone()))
    }
}
