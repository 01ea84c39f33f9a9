//! A sign-in at the pages: each form takes one step, and leads to the next page, or back to the app with a code.
//!
//! Between the pages nothing is kept but the session of the step that is asked for, in a hidden field. The rules are
//! those of `InitiateAuth` and `RespondToAuthChallenge`.

use super::{Given, Site, authorize, page, redirect, with};
use crate::{
    app::{App, now_ms},
    call::ApiError,
    cognito::{
        auth::{Attempt, Door, Outcome, Parameters, take},
        challenge::masked,
        client::Client,
        domain::MANAGED_LOGIN,
        fault,
        flow::Flow,
        password::PasswordPolicy,
        pool::{Factor, Pool},
        session::{ChallengeName, Session, digest},
    },
    server::Response,
    world::World,
};

/// What a page asks for.
pub(super) enum Step {
    /// A name, and a password unless one chooses first.
    Begin { login: String, choice: bool },
    /// A password, or a code by mail.
    Choose { code: bool, password: bool },
    /// The code that was mailed to this masked address.
    MailedCode { to: String },
    /// The generator's code.
    Generated,
    /// The first code of a new generator.
    SetUp { secret: String, issuer: String },
    /// A new password, and attributes that the pool requires.
    NewPassword {
        missing: Vec<String>,
        policy: PasswordPolicy,
    },
    /// Whose password is forgotten.
    Forgot { login: String },
    /// The code that was mailed, if there is an address, and a new password.
    Reset { policy: PasswordPolicy },
}

/// A page to show: whose sign-in it is, what it asks for, and what was said of the last step.
pub(super) struct Asked {
    pub(super) step: Step,
    /// The name that was typed, once there is one.
    pub(super) login: String,
    /// Names the session that the step ends.
    pub(super) session: String,
    pub(super) alert: Option<String>,
    pub(super) notice: Option<&'static str>,
}

impl Asked {
    pub(super) fn begin(step: Step) -> Self {
        Self {
            step,
            login: String::new(),
            session: String::new(),
            alert: None,
            notice: None,
        }
    }
}

impl Step {
    /// Puts a name into the field for it.
    fn fill(&mut self, name: &str) {
        if let (Self::Begin { login, .. } | Self::Forgot { login }, false) = (self, name.is_empty())
        {
            name.clone_into(login);
        }
    }
}

/// Whose new password a session was for.
fn reset(answered: Option<&Session>) -> Option<&str> {
    let session = answered.filter(|session| session.challenge == ChallengeName::ResetPassword);
    session.map(|session| session.login.as_str())
}

/// Where a form was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    Login,
    Forgot,
}

/// The name in a form.
fn typed(form: &Given) -> &str {
    form.get("username").map_or("", |name| name.trim())
}

/// Whether people choose how they sign in: a name comes first, then the ways that this user has.
fn is_choice(pool: &Pool, client: &Client) -> bool {
    // Documented: it takes managed login (not the classic pages) and a client with USER_AUTH.
    let domain = pool.domain.as_ref();
    domain.is_some_and(|domain| domain.managed_login_version == MANAGED_LOGIN)
        && client.settings.allows(Flow::AllowUserAuth)
        && pool.allows(Factor::EmailOtp)
}

pub(super) fn begin(pool: &Pool, client: &Client, given: &Given) -> Asked {
    let login = given.get("login_hint").cloned().unwrap_or_default();
    Asked::begin(Step::Begin {
        login,
        choice: is_choice(pool, client),
    })
}

/// The parameters of a form, under their names in the sign-in operations.
fn answers(session: &Session, form: &Given) -> Parameters {
    let mut given = vec![("USERNAME", session.login.as_str())];
    let code = form.get("code").map(|code| code.trim());
    let asked = match session.challenge {
        ChallengeName::EmailOtp => "EMAIL_OTP_CODE",
        ChallengeName::ResetPassword => "CONFIRMATION_CODE",
        _ => "SOFTWARE_TOKEN_MFA_CODE",
    };
    given.extend(code.map(|code| (asked, code)));
    for (field, name) in [
        ("answer", "ANSWER"),
        ("password", "PASSWORD"),
        ("new_password", "NEW_PASSWORD"),
    ] {
        given.extend(form.get(field).map(|value| (name, value.as_str())));
    }
    let attributes = form
        .iter()
        .filter(|(name, _)| name.starts_with("userAttributes."));
    given.extend(attributes.map(|(name, value)| (name.as_str(), value.as_str())));
    Parameters::of(given)
}

impl Attempt<'_> {
    /// The first form: a name, and a password where one is asked for.
    fn begin_at_page(&mut self, form: &Given) -> Result<Outcome, ApiError> {
        let get = |name: &str| form.get(name).map_or("", String::as_str);
        let login = ("USERNAME", typed(form));
        if is_choice(self.pool, &self.client) && get("password").is_empty() {
            return self.by_choice(&Parameters::of([login]));
        }
        self.by_password(&Parameters::of([login, ("PASSWORD", get("password"))]))
    }

    fn go_on_at_page(
        &mut self,
        token: &str,
        session: &Session,
        form: &Given,
    ) -> Result<Outcome, ApiError> {
        let get = |name: &str| form.get(name).map(String::as_str);
        if get("new_password") != get("repeated") {
            return Err(fault::invalid_parameter("The two passwords differ."));
        }
        if session.challenge == ChallengeName::MfaSetup {
            let username = session.username.as_deref().unwrap_or_default();
            let token = &mut self.pool.user_mut(username)?.software_token;
            let code = get("code").unwrap_or_default().trim();
            let device = get("device").unwrap_or_default().trim().to_owned();
            token
                .get_or_insert_default()
                .verify(code, device, self.now)
                .map_err(|_| fault::fault("EnableSoftwareTokenMFAException", "Code mismatch"))?;
        }
        self.respond(session.challenge, token, &answers(session, form))
    }
}

/// The page for a session: its answer is waited for.
fn ask(pool: &mut Pool, client: &Client, token: &str, fresh: bool) -> Option<Asked> {
    let session = pool.sessions.get(&digest(token))?.clone();
    // A session that was used or has ended asks for nothing.
    pool.session(token, client, session.challenge, now_ms())
        .ok()?;
    let user = session
        .username
        .as_ref()
        .and_then(|name| pool.users.get(name))
        .cloned();
    let policy = pool.settings.policies.password_policy.clone();
    let step = match session.challenge {
        ChallengeName::SelectChallenge => Step::Choose {
            code: session.offered.contains(&ChallengeName::EmailOtp),
            password: session.offered.contains(&ChallengeName::Password),
        },
        ChallengeName::EmailOtp => {
            let email = user
                .as_ref()
                .map_or(session.login.as_str(), |user| user.attribute("email"));
            Step::MailedCode { to: masked(email) }
        }
        ChallengeName::SoftwareTokenMfa => Step::Generated,
        ChallengeName::MfaSetup => {
            let name = user?.username;
            let issuer = pool.name.clone();
            let token = pool
                .users
                .get_mut(&name)?
                .software_token
                .get_or_insert_default();
            let known = token.pending().map(str::to_owned).filter(|_| !fresh);
            let secret = known.unwrap_or_else(|| token.begin());
            Step::SetUp { secret, issuer }
        }
        ChallengeName::NewPasswordRequired => Step::NewPassword {
            missing: pool.missing(&user?),
            policy,
        },
        ChallengeName::ResetPassword => Step::Reset { policy },
        ChallengeName::Password | ChallengeName::PasswordSrp | ChallengeName::PasswordVerifier => {
            return None;
        }
    };
    Some(Asked {
        login: session.login,
        session: token.to_owned(),
        ..Asked::begin(step)
    })
}

/// What a form led to.
enum Next {
    Page(Asked),
    Back(String),
    Refused(authorize::Refusal),
}

/// Takes the step that a form of the page at `path` answers.
pub(super) fn post(
    app: &App,
    site: &Site,
    given: &Given,
    query: &str,
    form: &Given,
    path: Path,
) -> Response {
    match app.write(|world| next(world, site, given, form, path)) {
        Next::Page(asked) => page::show(app, site, given, query, &asked),
        Next::Back(to) => redirect(&to),
        Next::Refused(refusal) => refusal.tell(site, given),
    }
}

fn next(world: &mut World, site: &Site, given: &Given, form: &Given, path: Path) -> Next {
    let checked = match site.place.get(world) {
        Ok(pool) => authorize::wanted(pool, given),
        Err(_) => Err(authorize::Refusal::Here("invalid_request")),
    };
    let (client, wanted) = match checked {
        Ok(checked) => checked,
        Err(refusal) => return Next::Refused(refusal),
    };
    let mut token = form.get("session").cloned().unwrap_or_default();
    let mut answered = None;
    let step = |attempt: &mut Attempt<'_>| {
        let providers = &attempt.client.settings.supported_identity_providers;
        if !providers.iter().any(|name| name == "COGNITO") {
            return Err(fault::incorrect_password());
        }
        if path == Path::Forgot {
            return attempt.begin_reset(typed(form));
        }
        if token.is_empty() {
            return attempt.begin_at_page(form);
        }
        let session = attempt.pool.sessions.get(&digest(&token)).cloned();
        let session =
            session.ok_or_else(|| fault::not_authorized("Invalid session for the user."))?;
        answered = Some(session.clone());
        attempt.go_on_at_page(&token, &session, form)
    };
    let outcome = take(world, &site.place, &client.client_id, Door::Page, step);
    let Ok(pool) = site.place.get_mut(world) else {
        return Next::Refused(authorize::Refusal::Here("invalid_request"));
    };
    match outcome {
        Ok(Outcome::Challenge { answer, .. }) => {
            answer["Session"]
                .as_str()
                .unwrap_or_default()
                .clone_into(&mut token);
            let asked = ask(pool, &client, &token, true);
            Next::Page(asked.unwrap_or_else(|| begin(pool, &client, given)))
        }
        // Unsure: whether Cognito signs in whoever has a new password. Here they do it themselves.
        Ok(Outcome::SignedIn(_)) if let Some(login) = reset(answered.as_ref()) => {
            let mut asked = begin(pool, &client, given);
            asked.step.fill(login);
            asked.notice = Some("Your password is changed. Sign in with it.");
            Next::Page(asked)
        }
        Ok(Outcome::SignedIn(user)) => {
            let (to, state) = (wanted.redirect_uri.clone(), wanted.state.clone());
            let code = pool.code(wanted, &user.username, now_ms());
            let to = with(&to, &[("code", &code)]);
            let state = state.as_deref().map(|state| ("state", state));
            Next::Back(with(&to, state.as_slice()))
        }
        Ok(Outcome::Tokens(_)) => Next::Refused(authorize::Refusal::Here("invalid_request")),
        Err(error) => {
            let mut asked = ask(pool, &client, &token, false).unwrap_or_else(|| match path {
                Path::Forgot => Asked::begin(Step::Forgot {
                    login: String::new(),
                }),
                Path::Login => begin(pool, &client, given),
            });
            asked.step.fill(typed(form));
            asked.alert = Some(error.message);
            Next::Page(asked)
        }
    }
}
