//! Sign-in begins: `InitiateAuth` and `AdminInitiateAuth`.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    client::Client,
    fault,
    flow::Flow,
    inbox::Mail,
    place::Place,
    pool::{Factor, Pool},
    refresh,
    session::ChallengeName,
    token::Issue,
    user::{Status, User},
};
use crate::{
    app::{App, now_ms},
    call::{Answer, ApiError, Call},
    world::World,
};

/// `AuthParameters` or `ChallengeResponses`.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn of<'a>(given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(given.into_iter().map(owned).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name)
            .ok_or_else(|| fault::invalid_parameter(format!("Missing required parameter {name}")))
    }

    /// Those whose names begin with `prefix`, without it.
    pub(super) fn under(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }
}

/// `AuthFlowType` of the model.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum AuthFlow {
    UserAuth,
    UserPasswordAuth,
    AdminUserPasswordAuth,
    /// The legacy name of the one above.
    AdminNoSrpAuth,
    RefreshTokenAuth,
    RefreshToken,
    UserSrpAuth,
    CustomAuth,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    /// Only the operations of an administrator have it.
    user_pool_id: Option<String>,
    client_id: String,
    auth_flow: AuthFlow,
    #[serde(default)]
    auth_parameters: Parameters,
}

/// What a step of sign-in leads to.
pub(super) enum Outcome {
    Challenge {
        answer: Value,
        mail: Option<Mail>,
    },
    /// Nothing more is asked.
    SignedIn(User),
    /// Of a sign-in that was before.
    Tokens(Issue),
}

impl Outcome {
    pub(super) fn with_mail(self, mail: Option<Mail>) -> Self {
        match self {
            Self::Challenge { answer, .. } => Self::Challenge { answer, mail },
            other => other,
        }
    }
}

/// Where somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// The operations that need no credentials.
    Public,
    /// An administrator's operations.
    Admin,
    /// The pages of the pool's domain, which speak for the client.
    Page,
}

/// One step of sign-in at one pool, by one client.
pub(super) struct Attempt<'w> {
    pub(super) pool: &'w mut Pool,
    pub(super) client: Client,
    pub(super) door: Door,
    /// Milliseconds.
    pub(super) now: i64,
}

pub(super) async fn initiate(app: &Arc<App>, call: &Call) -> Answer {
    let input: Input = call.input()?;
    step(
        app,
        call,
        input.user_pool_id.as_deref(),
        &input.client_id,
        |attempt| attempt.begin(input.auth_flow, &input.auth_parameters),
    )
    .await
}

/// Finds pool and client, takes the step, sends its mail and signs its tokens.
pub(super) async fn step(
    app: &Arc<App>,
    call: &Call,
    pool_id: Option<&str>,
    client_id: &str,
    step: impl FnOnce(&mut Attempt<'_>) -> Result<Outcome, ApiError>,
) -> Answer {
    let (place, outcome) = app.write(|world| {
        let place = match pool_id {
            Some(id) => Place::of_call(call, id),
            None => Place::of_client(world, client_id)?,
        };
        let door = match pool_id {
            Some(_) => Door::Admin,
            None => Door::Public,
        };
        let outcome = take(world, &place, client_id, door, |attempt| {
            match step(attempt)? {
                Outcome::SignedIn(user) => {
                    let issue = attempt.pool.sign_in(&attempt.client, &user, attempt.now);
                    Ok(Outcome::Tokens(issue))
                }
                other => Ok(other),
            }
        });
        Ok((place, outcome?))
    })?;
    match outcome {
        Outcome::Tokens(issue) => {
            let result = issue.sign(app, &place).await?;
            Ok(json!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
        }
        Outcome::Challenge { answer, .. } => Ok(answer),
        Outcome::SignedIn(_) => Err(fault::incorrect_password()),
    }
}

/// Takes one step, and sends its mail.
pub(super) fn take(
    world: &mut World,
    place: &Place,
    client_id: &str,
    door: Door,
    step: impl FnOnce(&mut Attempt<'_>) -> Result<Outcome, ApiError>,
) -> Result<Outcome, ApiError> {
    let pool = place.get_mut(world)?;
    let client = pool.client(client_id)?.clone();
    let mut attempt = Attempt {
        pool,
        client,
        door,
        now: now_ms(),
    };
    let mut outcome = step(&mut attempt)?;
    if let Outcome::Challenge { mail, .. } = &mut outcome
        && let Some(mail) = mail.take()
    {
        mail.deliver(world, &place.account);
    }
    Ok(outcome)
}

impl Attempt<'_> {
    fn begin(&mut self, flow: AuthFlow, given: &Parameters) -> Result<Outcome, ApiError> {
        match flow {
            AuthFlow::UserAuth => {
                self.require(
                    Flow::AllowUserAuth,
                    "USER_AUTH flow not enabled for this client",
                )?;
                self.by_choice(given)
            }
            AuthFlow::UserPasswordAuth => {
                self.require(
                    Flow::AllowUserPasswordAuth,
                    "USER_PASSWORD_AUTH flow not enabled for this client",
                )?;
                self.by_password(given)
            }
            AuthFlow::AdminUserPasswordAuth | AuthFlow::AdminNoSrpAuth
                if self.door == Door::Admin =>
            {
                self.require(
                    Flow::AllowAdminUserPasswordAuth,
                    "Auth flow not enabled for this client",
                )?;
                self.by_password(given)
            }
            AuthFlow::AdminUserPasswordAuth | AuthFlow::AdminNoSrpAuth => Err(
                fault::invalid_parameter("Initiate Auth method not supported."),
            ),
            AuthFlow::RefreshTokenAuth | AuthFlow::RefreshToken => {
                let refusal = "Refresh Token flow not enabled for this client";
                self.require(Flow::AllowRefreshTokenAuth, refusal)?;
                if self.client.settings.rotation_grace().is_some() {
                    return Err(fault::invalid_parameter(refusal));
                }
                let token = given.required("REFRESH_TOKEN")?;
                let user = refresh::owner(self.pool, &self.client, token, self.now)?;
                let names = [
                    user.username.as_str(),
                    user.attribute("sub"),
                    user.attribute("email"),
                ];
                self.client.check_hash(&names, given.get("SECRET_HASH"))?;
                refresh::renew(self.pool, &self.client, token, self.now).map(Outcome::Tokens)
            }
            AuthFlow::UserSrpAuth => {
                self.require(
                    Flow::AllowUserSrpAuth,
                    "USER_SRP_AUTH is not enabled for the client.",
                )?;
                let user = self.who(given)?;
                self.begin_srp(user.as_ref(), given)
            }
            AuthFlow::CustomAuth => {
                self.require(
                    Flow::AllowCustomAuth,
                    "CUSTOM_AUTH is not enabled for the client.",
                )?;
                Err(fault::not_served("the flow CUSTOM_AUTH"))
            }
        }
    }

    fn require(&self, flow: Flow, refusal: &str) -> Result<(), ApiError> {
        let allowed = self.client.settings.allows(flow);
        allowed
            .then_some(())
            .ok_or_else(|| fault::invalid_parameter(refusal))
    }

    /// The pages need no `SECRET_HASH`.
    pub(super) fn check_hash(&self, login: &str, given: &Parameters) -> Result<(), ApiError> {
        if self.door == Door::Page {
            return Ok(());
        }
        self.client.check_hash(&[login], given.get("SECRET_HASH"))
    }

    /// The user who wants to sign in; `None` when there is none and the client must not learn it.
    fn who(&self, given: &Parameters) -> Result<Option<User>, ApiError> {
        let login = given.required("USERNAME")?;
        self.check_hash(login, given)?;
        let user = self.pool.find(login).cloned();
        // Unsure whether PreventUserExistenceErrors governs USER_AUTH: "Managing user existence error responses" in
        // Cognito's developer guide says that it does not, one recorded sign-in had it ENABLED.
        if user.is_none() && !self.client.settings.hides_users() {
            return Err(fault::user_absent());
        }
        if let Some(user) = &user {
            user.check_enabled()?;
        }
        Ok(user)
    }

    pub(super) fn by_password(&mut self, given: &Parameters) -> Result<Outcome, ApiError> {
        let user = self.who(given)?;
        self.check_password(
            user.as_ref(),
            given.required("USERNAME")?,
            given.required("PASSWORD")?,
        )
    }

    /// `USER_AUTH`: the preferred challenge when the user is open to it, else the choice.
    pub(super) fn by_choice(&mut self, given: &Parameters) -> Result<Outcome, ApiError> {
        let user = self.who(given)?;
        let login = given.required("USERNAME")?;
        let offered = self.offers(user.as_ref());
        if offered.is_empty() {
            return Err(fault::incorrect_password());
        }
        let preferred = match given.get("PREFERRED_CHALLENGE") {
            Some("EMAIL_OTP") => Some(ChallengeName::EmailOtp),
            Some("PASSWORD") => Some(ChallengeName::Password),
            Some("PASSWORD_SRP") => Some(ChallengeName::PasswordSrp),
            None | Some("SMS_OTP" | "WEB_AUTHN") => None,
            Some(other) => {
                return Err(fault::invalid_parameter(format!(
                    "Unknown PREFERRED_CHALLENGE: {other}"
                )));
            }
        };
        let mut outcome = match preferred.filter(|preferred| offered.contains(preferred)) {
            Some(ChallengeName::EmailOtp) => self.send_code(user.as_ref(), login),
            Some(ChallengeName::PasswordSrp) => match given.get("SRP_A") {
                Some(_) => return self.begin_srp_of_choice(user.as_ref(), given),
                None => self.ask(user.as_ref(), login, ChallengeName::PasswordSrp),
            },
            Some(_) => match given.get("PASSWORD") {
                Some(password) => return self.check_password(user.as_ref(), login, password),
                None => self.ask(user.as_ref(), login, ChallengeName::Password),
            },
            None => self.ask_choice(user.as_ref(), login, &offered),
        };
        if let Outcome::Challenge { answer, .. } = &mut outcome {
            answer["AvailableChallenges"] = json!(offered);
        }
        Ok(outcome)
    }

    /// The challenges a user may choose from; all the pool's for someone who does not exist.
    fn offers(&self, user: Option<&User>) -> Vec<ChallengeName> {
        let (code, password) = match user {
            None => (true, true),
            // A temporary password has to be used first: with one, a recorded sign-in offered PASSWORD and
            // PASSWORD_SRP only.
            Some(user) => (
                user.status == Status::Confirmed
                    && user.has_verified("email")
                    // Nor does who has MFA get codes (documented).
                    && !self.wants_second_factor(user),
                user.password.is_some(),
            ),
        };
        let mut offered = Vec::new();
        if code && self.pool.allows(Factor::EmailOtp) {
            offered.push(ChallengeName::EmailOtp);
        }
        if password && self.pool.allows(Factor::Password) {
            offered.extend([ChallengeName::Password, ChallengeName::PasswordSrp]);
        }
        offered
    }
}
