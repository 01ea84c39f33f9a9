//! Codes that are mailed to a user: after sign-up, and for a forgotten password.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{challenge::masked, fault, inbox::Mail, pool::Pool, session::digest, user::User};
use crate::{app::now_ms, call::ApiError, ids};

pub(super) const DIGITS: usize = 6;
const HOUR: i64 = 3_600_000;

/// What a code is for. How long each is good (ms): "Signing up and confirming user accounts" and `ForgotPassword` in
/// Cognito's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    SignUp,
    Password,
}

/// The last code of a kind that a user was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct MailedCode {
    hash: String,
    /// Milliseconds.
    expires: i64,
}

impl Purpose {
    pub(super) fn validity(self) -> i64 {
        match self {
            Self::SignUp => 24 * HOUR,
            Self::Password => HOUR,
        }
    }

    /// Subject and text of the mail, unless the pool has its own.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::SignUp => ("Your verification code", "Your confirmation code is {####}"),
            Self::Password => (
                "Your verification code",
                "Your password reset code is {####}",
            ),
        }
    }

    fn place(self, user: &mut User) -> &mut Option<MailedCode> {
        match self {
            Self::SignUp => &mut user.sign_up_code,
            Self::Password => &mut user.password_code,
        }
    }
}

pub(super) fn expired() -> ApiError {
    fault::fault(
        "ExpiredCodeException",
        "Invalid code provided, please request a code again.",
    )
}

/// A password that nobody has yet is not reset.
pub(super) fn not_yet() -> ApiError {
    fault::not_authorized("User password cannot be reset in the current state.")
}

/// There is nowhere to send a code for a new password.
pub(super) fn no_address() -> ApiError {
    fault::invalid_parameter(
        "Cannot reset password for the user as there is no registered/verified email or phone_number",
    )
}

pub(super) fn mismatch() -> ApiError {
    fault::fault(
        "CodeMismatchException",
        "Invalid verification code provided, please try again.",
    )
}

/// `CodeDeliveryDetails` of the model: where a code went, or would have gone.
pub(super) fn delivery(address: &str) -> Value {
    json!({
        "Destination": masked(address),
        "DeliveryMedium": "EMAIL",
        "AttributeName": "email",
    })
}

impl User {
    /// A new code for the user, and the mail with it.
    pub(super) fn send_code(&mut self, pool: &Pool, purpose: Purpose) -> Mail {
        let code = ids::digits(DIGITS);
        *purpose.place(self) = Some(MailedCode {
            hash: digest(&format!("{}:{code}", self.username)),
            expires: now_ms() + purpose.validity(),
        });
        let (subject, text) = purpose.words();
        let own = pool.settings.verification_mail();
        let subject = own.0.unwrap_or(subject);
        let text = own.1.unwrap_or(text);
        Mail::new(
            self.attribute("email"),
            subject,
            text.replace("{####}", &code),
            Some(code),
        )
    }

    /// Takes a code: it can be used once.
    pub(super) fn take_code(&mut self, purpose: Purpose, code: &str) -> Result<(), ApiError> {
        let hash = digest(&format!("{}:{code}", self.username));
        let kept = purpose.place(self);
        let sent = kept.as_ref().filter(|sent| now_ms() < sent.expires);
        if sent.ok_or_else(expired)?.hash != hash {
            return Err(mismatch());
        }
        *kept = None;
        Ok(())
    }

    /// Has a test's codes end.
    #[cfg(test)]
    pub(super) fn expire_codes(&mut self) {
        for code in [&mut self.sign_up_code, &mut self.password_code] {
            code.as_mut().expect("a code was sent").expires = 0;
        }
    }
}
