//! Challenges: how they are posed, and `RespondToAuthChallenge` / `AdminRespondToAuthChallenge`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    auth::{self, Attempt, Door, Outcome, Parameters},
    by_password, fault,
    inbox::Mail,
    session::{ChallengeName, Session},
    user::User,
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
    let name: ChallengeName = serde_json::from_value(input.challenge_name.clone().into())
        .map_err(|_| fault::not_served(&format!("the challenge {}", input.challenge_name)))?;
    // SRP's answer carries its own: the secret block.
    let block = || {
        let block = input
            .challenge_responses
            .get("PASSWORD_CLAIM_SECRET_BLOCK")?;
        by_password::session_of(block).filter(|_| name == ChallengeName::PasswordVerifier)
    };
    let session = input
        .session
        .or_else(block)
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

pub(super) fn challenge(name: ChallengeName, session: &str, parameters: &Value) -> Outcome {
    let answer = json!({
        "ChallengeName": name,
        "Session": session,
        "ChallengeParameters": parameters,
    });
    Outcome::Challenge { answer, mail: None }
}

/// `s***@e***`, as Cognito shows where a code went.
pub(super) fn masked(address: &str) -> String {
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    let (local, domain) = address.split_once('@').unwrap_or((address, address));
    format!("{}***@{}***", first(local), first(domain))
}

impl Attempt<'_> {
    pub(super) fn open(
        &mut self,
        user: Option<&User>,
        login: &str,
        name: ChallengeName,
    ) -> Session {
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

    /// Poses a challenge that has no parameters.
    pub(super) fn ask(&mut self, user: Option<&User>, login: &str, name: ChallengeName) -> Outcome {
        let session = self.open(user, login, name);
        let token = self.pool.open(session, None, self.now);
        challenge(name, &token, &json!({}))
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

    pub(super) fn respond(
        &mut self,
        name: ChallengeName,
        token: &str,
        given: &Parameters,
    ) -> Result<Outcome, ApiError> {
        let login = given.required("USERNAME")?;
        self.check_hash(login, given)?;
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
            ChallengeName::PasswordSrp => self.begin_srp_of_choice(user, given),
            ChallengeName::PasswordVerifier => self.take_proof(user, &session, token, given),
            ChallengeName::SelectChallenge => self.take_choice(user, &session, given),
            ChallengeName::NewPasswordRequired => self.take_new_password(user, login, given),
            ChallengeName::SoftwareTokenMfa => {
                self.take_totp(user, given.required("SOFTWARE_TOKEN_MFA_CODE")?)
            }
            ChallengeName::MfaSetup => Self::finish_setup(user),
            ChallengeName::ResetPassword if self.door != Door::Page => {
                Err(fault::not_authorized("Invalid session for the user."))
            }
            ChallengeName::ResetPassword => self.take_reset(user, &session, token, given),
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
            let message = "Invalid code or auth state for the user.";
            return Err(fault::fault("CodeMismatchException", message));
        };
        // Whoever reads the mail owns the address.
        let mut user = user.clone();
        user.attributes
            .insert("email_verified".to_owned(), "true".to_owned());
        self.pool.users.insert(user.username.clone(), user.clone());
        Ok(Outcome::SignedIn(user))
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
            Some(ChallengeName::PasswordSrp) => self.begin_srp_of_choice(user, given),
            _ => Err(fault::invalid_parameter(format!(
                "ANSWER is not one of the available challenges: {answer}"
            ))),
        }
    }
}
