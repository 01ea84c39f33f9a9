//! A user's code generator: `AssociateSoftwareToken`, `VerifySoftwareToken`, `SetUserMFAPreference`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    fault,
    place::Place,
    pool::Pool,
    refresh::{authorised, bearer},
    session::{ChallengeName, Session},
    totp,
    user::User,
};
use crate::{
    app::{App, now_ms},
    call::{Answer, ApiError, Call, empty},
    world::World,
};

/// The name of the second factor, as answers list it.
pub(super) const SOFTWARE_TOKEN: &str = "SOFTWARE_TOKEN_MFA";

/// A code generator. A new one replaces the old when it is verified.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct SoftwareToken {
    /// Base32, as the user types it into the generator; not verified yet.
    pending: Option<String>,
    /// Base32, verified.
    secret: Option<String>,
    pub(super) device_name: String,
    pub(super) enabled: bool,
    preferred: bool,
    /// The step (30 s) of the last code taken.
    used: Option<i64>,
}

/// Why a code is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Wrong,
    Used,
}

impl SoftwareToken {
    /// A new secret (Base32), which counts once a code of it is verified.
    pub(super) fn begin(&mut self) -> String {
        let secret = totp::secret();
        self.pending = Some(secret.clone());
        secret
    }

    /// The secret whose first code is waited for.
    pub(super) fn pending(&self) -> Option<&str> {
        self.pending.as_deref()
    }

    pub(super) fn is_verified(&self) -> bool {
        self.secret.is_some()
    }

    /// Takes a code of the verified generator, once (`now` in ms).
    pub(super) fn take(&mut self, code: &str, now: i64) -> Result<(), Refusal> {
        let secret = self.secret.as_deref().ok_or(Refusal::Wrong)?;
        let step = totp::step(secret, code, now / 1000).ok_or(Refusal::Wrong)?;
        if self.used.is_some_and(|used| step <= used) {
            return Err(Refusal::Used);
        }
        self.used = Some(step);
        Ok(())
    }

    /// Takes the first code (`now` in ms).
    pub(super) fn verify(
        &mut self,
        code: &str,
        device_name: String,
        now: i64,
    ) -> Result<(), Refusal> {
        let secret = self.pending.clone().ok_or(Refusal::Wrong)?;
        let step = totp::step(&secret, code, now / 1000).ok_or(Refusal::Wrong)?;
        *self = Self {
            pending: None,
            secret: Some(secret),
            device_name,
            used: Some(step),
            ..*self
        };
        Ok(())
    }
}

impl User {
    /// `UserMFASettingList` of the model.
    pub(super) fn mfa_settings(&self) -> Vec<&'static str> {
        let enabled = self.software_token.as_ref().is_some_and(|t| t.enabled);
        enabled.then_some(SOFTWARE_TOKEN).into_iter().collect()
    }

    /// `PreferredMfaSetting` of the model.
    pub(super) fn preferred_mfa(&self) -> Option<&'static str> {
        let token = self.software_token.as_ref();
        token
            .is_some_and(|t| t.enabled && t.preferred)
            .then_some(SOFTWARE_TOKEN)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    access_token: Option<String>,
    session: Option<String>,
    user_code: Option<String>,
    #[serde(default)]
    friendly_device_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PreferInput {
    access_token: String,
    software_token_mfa_settings: Option<Preference>,
    #[serde(rename = "SMSMfaSettings")]
    sms: Option<Preference>,
    #[serde(rename = "EmailMfaSettings")]
    email: Option<Preference>,
    #[serde(rename = "WebAuthnMfaSettings")]
    web_authn: Option<Preference>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Preference {
    enabled: bool,
    preferred_mfa: bool,
}

/// Whom a request is about: the bearer of a token, or who is setting up MFA within a sign-in.
struct Who {
    place: Place,
    username: String,
    /// The sign-in, and the string that names it.
    session: Option<(Session, String)>,
}

impl Who {
    fn of(app: &App, input: &Input) -> Result<Self, ApiError> {
        if let Some(token) = &input.access_token {
            let (place, claims) = authorised(app, token)?;
            let user = app.read(|world| {
                let user = bearer(place.get(world)?, &claims)?;
                Ok(user.username.clone())
            });
            return user.map(|username| Self {
                place,
                username,
                session: None,
            });
        }
        let token = input.session.as_deref().ok_or_else(|| {
            fault::invalid_parameter("Either AccessToken or Session must be given")
        })?;
        let found =
            app.read(|world| Place::of_session(world, token, ChallengeName::MfaSetup, now_ms()));
        found.map(|(place, session)| Self {
            place,
            username: session.username.clone().unwrap_or_default(),
            session: Some((session, token.to_owned())),
        })
    }

    /// Changes the user's code generator; answers a new session where there was one.
    fn change(
        &self,
        world: &mut World,
        change: impl FnOnce(&mut SoftwareToken) -> Result<(), ApiError>,
    ) -> Result<Value, ApiError> {
        let pool = self.place.get_mut(world)?;
        if !pool.mfa.software_token {
            return Err(fault::fault(
                "SoftwareTokenMFANotFoundException",
                "Software Token MFA has not been enabled by the userPool",
            ));
        }
        let user = pool.user_mut(&self.username)?;
        change(user.software_token.get_or_insert_default())?;
        let mut answer = json!({});
        if let Some((session, token)) = &self.session {
            pool.close(token);
            answer["Session"] = json!(pool.open(session.clone(), None, now_ms()));
        }
        Ok(answer)
    }
}

/// A new secret, which counts once a code of it is verified.
pub(super) fn associate(app: &App, call: &Call) -> Answer {
    let who = Who::of(app, &call.input()?)?;
    app.write(|world| {
        let mut secret = String::new();
        let mut answer = who.change(world, |token| {
            secret = token.begin();
            Ok(())
        })?;
        answer["SecretCode"] = json!(secret);
        Ok(answer)
    })
}

pub(super) fn verify(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    let who = Who::of(app, &input)?;
    let code = input.user_code.unwrap_or_default();
    app.write(|world| {
        let mut answer = who.change(world, |token| {
            // AWS answers so; CodeMismatchException is in the model as well.
            token
                .verify(&code, input.friendly_device_name, now_ms())
                .map_err(|_| fault::fault("EnableSoftwareTokenMFAException", "Code mismatch"))
        })?;
        answer["Status"] = json!("SUCCESS");
        Ok(answer)
    })
}

pub(super) fn prefer(app: &App, call: &Call) -> Answer {
    let input: PreferInput = call.input()?;
    let enabled = |of: Option<Preference>| of.unwrap_or_default().enabled;
    fault::not_served_if(enabled(input.sms), "MFA by SMS")?;
    fault::not_served_if(enabled(input.email), "MFA by e-mail")?;
    fault::not_served_if(enabled(input.web_authn), "MFA by WebAuthn")?;
    let (place, claims) = authorised(app, &input.access_token)?;
    app.write(|world| {
        let pool: &mut Pool = place.get_mut(world)?;
        let username = bearer(pool, &claims)?.username.clone();
        let Some(wanted) = input.software_token_mfa_settings else {
            return empty();
        };
        let token = &mut pool.user_mut(&username)?.software_token;
        if wanted.enabled && !token.as_ref().is_some_and(SoftwareToken::is_verified) {
            return Err(fault::invalid_parameter(
                "User has not verified software token mfa",
            ));
        }
        if let Some(token) = token {
            token.enabled = wanted.enabled;
            token.preferred = wanted.enabled && wanted.preferred_mfa;
        }
        empty()
    })
}
