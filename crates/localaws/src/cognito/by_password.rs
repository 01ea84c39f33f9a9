//! Steps of sign-in that turn on a password: shown, proved by SRP, or replaced.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    auth::{Attempt, Outcome, Parameters},
    challenge::challenge,
    fault,
    password::Password,
    pool::Pool,
    schema::{self, NameValue},
    session::{ChallengeName, Session},
    srp::{Exchange, Verifier},
    user::{Status, User},
    users::alias_exists,
};
use crate::call::ApiError;

/// The session that a secret block names: SRP's clients give back nothing else.
pub(super) fn session_of(block: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(block).ok()?).ok()
}

impl Pool {
    /// Attributes that the pool requires and the user lacks.
    pub(super) fn missing(&self, user: &User) -> Vec<String> {
        let required = self.schema.iter().filter(|attribute| attribute.required);
        let missing = required.filter(|attribute| user.attribute(&attribute.name).is_empty());
        missing.map(|attribute| attribute.name.clone()).collect()
    }
}

impl Attempt<'_> {
    /// Tokens for the right password, or the demand for a new one.
    pub(super) fn check_password(
        &mut self,
        user: Option<&User>,
        login: &str,
        given: &str,
    ) -> Result<Outcome, ApiError> {
        let known = user.and_then(|user| Some((user, user.password.as_ref()?)));
        let (user, _) = known
            .filter(|(_, password)| password.is(given))
            .ok_or_else(fault::incorrect_password)?;
        self.knows_password(user, login)
    }

    /// Somebody has shown to know their password: it may be a temporary one.
    fn knows_password(&mut self, user: &User, login: &str) -> Result<Outcome, ApiError> {
        let until = user.password.as_ref().and_then(|p| p.temporary_until);
        if until.is_some_and(|until| until <= self.now) {
            return Err(fault::not_authorized(
                "Temporary password has expired and must be reset by an administrator.",
            ));
        }
        if user.status == Status::Unconfirmed {
            return Err(fault::fault(
                "UserNotConfirmedException",
                "User is not confirmed.",
            ));
        }
        if user.status == Status::Confirmed {
            return Ok(self.second_factor(user, login));
        }
        let session = self.open(Some(user), login, ChallengeName::NewPasswordRequired);
        let token = self.pool.open(session, None, self.now);
        let required: Vec<_> = self
            .pool
            .missing(user)
            .into_iter()
            .map(|name| format!("userAttributes.{name}"))
            .collect();
        let attributes: BTreeMap<_, _> = user
            .attributes
            .iter()
            .filter(|(name, _)| *name != "sub")
            .collect();
        let parameters = json!({
            "USER_ID_FOR_SRP": user.username,
            "requiredAttributes": json!(required).to_string(),
            "userAttributes": json!(attributes).to_string(),
        });
        Ok(challenge(
            ChallengeName::NewPasswordRequired,
            &token,
            &parameters,
        ))
    }

    /// Poses `PASSWORD_VERIFIER`; to someone unknown, or without a password, one that nothing answers.
    pub(super) fn begin_srp(
        &mut self,
        user: Option<&User>,
        given: &Parameters,
    ) -> Result<Outcome, ApiError> {
        let login = given.required("USERNAME")?;
        let verifier = user
            .and_then(|user| user.password.as_ref()?.srp.clone())
            .unwrap_or_else(|| Verifier::simulated(&self.pool.id, login));
        let exchange = Exchange::begin(verifier, given.required("SRP_A")?)
            .ok_or_else(|| fault::invalid_parameter("SRP_A is not valid"))?;
        let mut session = self.open(user, login, ChallengeName::PasswordVerifier);
        session.srp = Some(exchange.clone());
        let token = self.pool.open(session, None, self.now);
        let username = user.map_or(login, |user| &user.username);
        let parameters = json!({
            "SALT": exchange.salt(),
            "SECRET_BLOCK": STANDARD.encode(&token),
            "SRP_B": exchange.server(),
            "USERNAME": username,
            "USER_ID_FOR_SRP": username,
        });
        let mut outcome = challenge(ChallengeName::PasswordVerifier, &token, &parameters);
        if let Outcome::Challenge { answer, .. } = &mut outcome
            && let Some(answer) = answer.as_object_mut()
        {
            // USER_SRP_AUTH has no session: its clients answer without one.
            answer.remove("Session");
        }
        Ok(outcome)
    }

    /// The same within `USER_AUTH`, which has sessions throughout.
    pub(super) fn begin_srp_of_choice(
        &mut self,
        user: Option<&User>,
        given: &Parameters,
    ) -> Result<Outcome, ApiError> {
        let mut outcome = self.begin_srp(user, given)?;
        if let Outcome::Challenge { answer, .. } = &mut outcome {
            let block = answer["ChallengeParameters"]["SECRET_BLOCK"].as_str();
            answer["Session"] = json!(block.and_then(session_of));
        }
        Ok(outcome)
    }

    /// The answer to `PASSWORD_VERIFIER`, right or wrong, ends its session.
    pub(super) fn take_proof(
        &mut self,
        user: Option<&User>,
        session: &Session,
        token: &str,
        given: &Parameters,
    ) -> Result<Outcome, ApiError> {
        let block = given.required("PASSWORD_CLAIM_SECRET_BLOCK")?;
        let timestamp = given.required("TIMESTAMP")?;
        let proof = given.required("PASSWORD_CLAIM_SIGNATURE")?;
        self.pool.close(token);
        let own = session_of(block).is_some_and(|named| named == token);
        let user = user.filter(|user| {
            let exchange = session.srp.as_ref().filter(|_| own);
            exchange.is_some_and(|exchange| {
                exchange.proves(
                    &self.pool.id,
                    &user.username,
                    token.as_bytes(),
                    timestamp,
                    proof,
                )
            })
        });
        let user = user.ok_or_else(fault::incorrect_password)?;
        self.knows_password(user, &session.login)
    }

    pub(super) fn take_new_password(
        &mut self,
        user: Option<&User>,
        login: &str,
        given: &Parameters,
    ) -> Result<Outcome, ApiError> {
        let mut user = user.cloned().ok_or_else(fault::incorrect_password)?;
        let password = given.required("NEW_PASSWORD")?;
        self.pool
            .settings
            .policies
            .password_policy
            .check(password)?;
        let attributes: Vec<_> = given
            .under("userAttributes.")
            .map(|(name, value)| NameValue {
                name: name.to_owned(),
                value: value.to_owned(),
            })
            .collect();
        schema::check(&self.pool.schema, &user.attributes, &attributes)?;
        user.set(&attributes);
        if let Some(name) = self.pool.missing(&user).first() {
            return Err(fault::invalid_parameter(format!(
                "Invalid attributes given, {name} is missing"
            )));
        }
        if let Some((_, name)) = self.pool.alias_holder(&user.username, &user.attributes) {
            return Err(alias_exists(&name));
        }
        user.password = Some(Password::new(&self.pool.id, &user.username, password, None));
        user.status = Status::Confirmed;
        self.pool.users.insert(user.username.clone(), user.clone());
        Ok(self.second_factor(&user, login))
    }
}
