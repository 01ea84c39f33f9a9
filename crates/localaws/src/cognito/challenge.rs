//! Challenges: how they are posed, and `RespondToAuthChallenge` / `AdminRespondToAuthChallenge`.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    auth::{self, Attempt, Outcome, Parameters},
    fault,
    inbox::Mail,
    password::Password,
    schema::{self, NameValue},
    session::{ChallengeName, Session},
    user::{Status, User},
    users::alias_exists,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call},
    ids,
};

const CODE_DIGITS: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    user_pool_id: Option<String>,
    client_id: String,
    challenge_name: String,
    session: Option<String>,
    #[serde(default)]
    challenge_responses: Parameters,
}

pub(super) async fn respond(app: &Arc<App>, call: &Call) -> Answer {
    let input: Input = call.input()?;
    let name = serde_json::from_value(input.challenge_name.clone().into())
        .map_err(|_| fault::not_served(&format!("the challenge {}", input.challenge_name)))?;
    let session = input
        .session
        .ok_or_else(|| fault::invalid_parameter("Missing required parameter Session"))?;
    auth::step(
        app,
        call,
        input.user_pool_id.as_deref(),
        &input.client_id,
        |attempt| attempt.respond(name, &session, &input.challenge_responses),
    )
    .await
}

fn challenge(name: ChallengeName, session: &str, parameters: &Value) -> Outcome {
    let answer = json!({
        "ChallengeName": name,
        "Session": session,
        "ChallengeParameters": parameters,
    });
    Outcome::Challenge { answer, mail: None }
}

/// `s***@e***`, as Cognito shows where a code went.
fn masked(address: &str) -> String {
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    let (local, domain) = address.split_once('@').unwrap_or((address, address));
    format!("{}***@{}***", first(local), first(domain))
}

impl Attempt<'_> {
    fn open(&mut self, user: Option<&User>, login: &str, name: ChallengeName) -> Session {
        let username = user.map(|user| user.username.clone());
        Session::new(&self.client, username, login, name, self.now)
    }

    /// Mails a code; for someone who does not exist only the answer looks the same.
    pub(super) fn send_code(&mut self, user: Option<&User>, login: &str) -> Outcome {
        let code = ids::digits(CODE_DIGITS);
        let session = self.open(user, login, ChallengeName::EmailOtp);
        let token = self.pool.open(session, Some(&code), self.now);
        let destination = masked(user.map_or(login, |user| user.attribute("email")));
        let parameters = json!({
            "CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL",
            "CODE_DELIVERY_DESTINATION": destination,
        });
        let mail = user.map(|user| {
            let text = format!("Your authentication code is {code}.");
            Mail::new(
                user.attribute("email"),
                "Your authentication code",
                text,
                Some(code),
            )
        });
        challenge(ChallengeName::EmailOtp, &token, &parameters).with_mail(mail)
    }

    pub(super) fn ask_password(&mut self, user: Option<&User>, login: &str) -> Outcome {
        let session = self.open(user, login, ChallengeName::Password);
        let token = self.pool.open(session, None, self.now);
        challenge(ChallengeName::Password, &token, &json!({}))
    }

    pub(super) fn ask_choice(
        &mut self,
        user: Option<&User>,
        login: &str,
        offered: &[ChallengeName],
    ) -> Outcome {
        let mut session = self.open(user, login, ChallengeName::SelectChallenge);
        session.offered = offered.to_vec();
        let token = self.pool.open(session, None, self.now);
        challenge(ChallengeName::SelectChallenge, &token, &json!({}))
    }

    /// Tokens for the right password, or the demand for a new one.
    pub(super) fn check_password(
        &mut self,
        user: Option<&User>,
        login: &str,
        given: &str,
    ) -> Result<Outcome, ApiError> {
        let known = user.and_then(|user| Some((user, user.password.as_ref()?)));
        let (user, password) = known
            .filter(|(_, password)| password.is(given))
            .ok_or_else(fault::incorrect_password)?;
        if password
            .temporary_until
            .is_some_and(|until| until <= self.now)
        {
            return Err(fault::not_authorized(
                "Temporary password has expired and must be reset by an administrator.",
            ));
        }
        if user.status == Status::Confirmed {
            return Ok(Outcome::Tokens(self.pool.sign_in(
                &self.client,
                user,
                self.now,
            )));
        }
        let session = self.open(Some(user), login, ChallengeName::NewPasswordRequired);
        let token = self.pool.open(session, None, self.now);
        let required: Vec<_> = self
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

    /// Attributes that the pool requires and the user lacks.
    fn missing(&self, user: &User) -> Vec<String> {
        let required = self
            .pool
            .schema
            .iter()
            .filter(|attribute| attribute.required);
        let missing = required.filter(|attribute| user.attribute(&attribute.name).is_empty());
        missing.map(|attribute| attribute.name.clone()).collect()
    }

    fn respond(
        &mut self,
        name: ChallengeName,
        token: &str,
        given: &Parameters,
    ) -> Result<Outcome, ApiError> {
        let login = given.required("USERNAME")?;
        self.client.check_hash(&[login], given.get("SECRET_HASH"))?;
        let session = self.pool.session(token, &self.client, name, self.now)?;
        let user = self.pool.find(login).cloned();
        let same = match &session.username {
            Some(username) => user.as_ref().is_some_and(|user| user.username == *username),
            None => session.login == login,
        };
        if !same {
            return Err(fault::not_authorized("Invalid session for the user."));
        }
        // Someone who has come to exist since stays unknown to this session.
        let user = user.filter(|_| session.username.is_some());
        let user = user.as_ref();
        if let Some(user) = user {
            user.check_enabled()?;
        }
        let outcome = match name {
            ChallengeName::EmailOtp => {
                self.take_code(user, &session, token, given.required("EMAIL_OTP_CODE")?)
            }
            ChallengeName::Password => {
                self.check_password(user, login, given.required("PASSWORD")?)
            }
            ChallengeName::SelectChallenge => self.take_choice(user, &session, given),
            ChallengeName::NewPasswordRequired => self.take_new_password(user, given),
        }?;
        self.pool.close(token);
        Ok(outcome)
    }

    fn take_code(
        &mut self,
        user: Option<&User>,
        session: &Session,
        token: &str,
        code: &str,
    ) -> Result<Outcome, ApiError> {
        let Some(user) = user.filter(|_| session.expects(token, code)) else {
            return Err(fault::fault(
                "CodeMismatchException",
                "Invalid code or auth state for the user.",
            ));
        };
        // Whoever reads the mail owns the address.
        let mut user = user.clone();
        user.attributes
            .insert("email_verified".to_owned(), "true".to_owned());
        self.pool.users.insert(user.username.clone(), user.clone());
        Ok(Outcome::Tokens(self.pool.sign_in(
            &self.client,
            &user,
            self.now,
        )))
    }

    fn take_choice(
        &mut self,
        user: Option<&User>,
        session: &Session,
        given: &Parameters,
    ) -> Result<Outcome, ApiError> {
        let answer = given.required("ANSWER")?;
        let chosen = serde_json::from_value::<ChallengeName>(answer.into()).ok();
        match chosen.filter(|chosen| session.offered.contains(chosen)) {
            Some(ChallengeName::EmailOtp) => Ok(self.send_code(user, &session.login)),
            Some(ChallengeName::Password) => {
                self.check_password(user, &session.login, given.required("PASSWORD")?)
            }
            _ => Err(fault::invalid_parameter(format!(
                "ANSWER is not one of the available challenges: {answer}"
            ))),
        }
    }

    fn take_new_password(
        &mut self,
        user: Option<&User>,
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
        if let Some(name) = self.missing(&user).first() {
            return Err(fault::invalid_parameter(format!(
                "Invalid attributes given, {name} is missing"
            )));
        }
        if let Some((_, name)) = self.pool.alias_holder(&user.username, &user.attributes) {
            return Err(alias_exists(&name));
        }
        user.password = Some(Password::new(password, None));
        user.status = Status::Confirmed;
        self.pool.users.insert(user.username.clone(), user.clone());
        Ok(Outcome::Tokens(self.pool.sign_in(
            &self.client,
            &user,
            self.now,
        )))
    }
}
