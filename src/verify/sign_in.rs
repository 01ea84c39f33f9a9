//! Sign-in by e-mail one-time password, as a student's client does it: no AWS credentials needed.

use std::{ffi::OsString, io::IsTerminal, process::Stdio, time::Duration};

use aws_sdk_cognitoidentityprovider::types::{
    AuthFlowType, AuthenticationResultType, ChallengeNameType,
};
use tokio::process::Command;

use crate::{
    aws::{Cx, Effect, Fault, FaultKind},
    error::{Error, Exit},
    lab::Route,
    local, prompt,
};

/// Where the mailed code comes from.
#[derive(Debug, Clone)]
pub enum CodeSource {
    /// The inbox of the local twin at this endpoint.
    Inbox(String),
    /// A command that prints the code; the address is in `$LABCTL_EMAIL`.
    Command {
        /// For the shell.
        line: String,
        /// Variables that it gets besides those of `localaws::environment`.
        given: Vec<(String, OsString)>,
    },
    /// The person at the terminal.
    Ask,
}

/// What a sign-in gives. Never shown, logged or kept.
#[derive(Clone)]
pub struct Tokens {
    /// For APIs.
    pub access: String,
    /// Who the user is.
    pub id: String,
    /// For new ones.
    pub refresh: Option<String>,
}

impl Tokens {
    /// The token that lets its user call a route of the user pool.
    pub fn of(&self, route: &Route) -> &str {
        if route.wants_access_token() {
            &self.access
        } else {
            &self.id
        }
    }
}

/// How often a wrong code may be corrected in one sign-in.
const CODE_TRIES: usize = 3;
/// How long the local inbox may take.
const INBOX_LIMIT: Duration = Duration::from_secs(10);

/// Signs `email` in with a code sent by mail.
pub async fn sign_in(
    cx: &Cx,
    client_id: &str,
    email: &str,
    source: &CodeSource,
) -> Result<Tokens, Error> {
    let operation = "cognito-idp:InitiateAuth";
    let earlier = match source {
        CodeSource::Inbox(endpoint) => local::inbox(endpoint, Some(email)).await?.len(),
        _ => 0,
    };
    let cognito = &cx.clients().cognito;
    // Sent once: each time costs a mail.
    let begun = cx
        .call(operation, Effect::Create, || {
            cognito
                .initiate_auth()
                .auth_flow(AuthFlowType::UserAuth)
                .client_id(client_id)
                .auth_parameters("USERNAME", email)
                .auth_parameters("PREFERRED_CHALLENGE", "EMAIL_OTP")
                .send()
        })
        .await?;
    let mut session = begun.session.clone();
    let mut parameters = begun.challenge_parameters.clone().unwrap_or_default();
    if begun.challenge_name() == Some(&ChallengeNameType::SelectChallenge) {
        let open: Vec<&str> = begun
            .available_challenges()
            .iter()
            .map(ChallengeNameType::as_str)
            .collect();
        if !open.contains(&"EMAIL_OTP") {
            return Err(Error::failed(format!("{email} cannot sign in by e-mail code, only by {}", open.join(", ")))
                .hint("a user made with a temporary password, or whose address is not verified, cannot: remove the user and run `labctl up`"));
        }
        let selected = cx
            .call("cognito-idp:RespondToAuthChallenge", Effect::Create, || {
                cognito
                    .respond_to_auth_challenge()
                    .client_id(client_id)
                    .challenge_name(ChallengeNameType::SelectChallenge)
                    .set_session(session.clone())
                    .challenge_responses("USERNAME", email)
                    .challenge_responses("ANSWER", "EMAIL_OTP")
                    .send()
            })
            .await?;
        session = selected.session;
        parameters = selected.challenge_parameters.unwrap_or_default();
    } else if begun.challenge_name() != Some(&ChallengeNameType::EmailOtp) {
        let name = begun
            .challenge_name()
            .map_or("nothing", ChallengeNameType::as_str);
        return Err(Error::failed(format!(
            "{operation}: EMAIL_OTP was asked for, {name} was offered"
        )));
    }
    let sent_to = parameters
        .get("CODE_DELIVERY_DESTINATION")
        .map_or(email, String::as_str);
    let user = parameters.get("USERNAME").map_or(email, String::as_str);
    let mut tries = 0;
    loop {
        tries += 1;
        let asked = code(source, email, sent_to, earlier);
        let Some(code) = cx.interrupt().or(asked).await else {
            return Err(Error::new(Exit::Interrupted, "interrupted"));
        };
        let code = code?;
        let answered = cx
            .call("cognito-idp:RespondToAuthChallenge", Effect::Create, || {
                cognito
                    .respond_to_auth_challenge()
                    .client_id(client_id)
                    .challenge_name(ChallengeNameType::EmailOtp)
                    .set_session(session.clone())
                    .challenge_responses("USERNAME", user)
                    .challenge_responses("EMAIL_OTP_CODE", &code)
                    .send()
            })
            .await;
        match answered {
            // The session is still good after a wrong code: only a person can type another.
            Err(fault) if fault.is_code("CodeMismatchException") && tries < CODE_TRIES => {
                if !matches!(source, CodeSource::Ask) {
                    return Err(Error::from(fault)
                        .hint("the code was wrong: is it that of the newest mail?"));
                }
            }
            Err(fault) => return Err(fault.into()),
            Ok(answer) => {
                return Ok(tokens(
                    answer.authentication_result,
                    "cognito-idp:RespondToAuthChallenge",
                )?);
            }
        }
    }
}

/// New access and ID tokens for a refresh token; when those are `rotated`, also a new refresh token.
pub async fn refresh(
    cx: &Cx,
    client_id: &str,
    refresh_token: &str,
    rotated: bool,
) -> Result<Tokens, Fault> {
    let cognito = &cx.clients().cognito;
    if rotated {
        let operation = "cognito-idp:GetTokensFromRefreshToken";
        // Within the grace a second call is as good as the first; after it, the answer is final.
        let answer = cx
            .call(operation, Effect::Idempotent, || {
                cognito
                    .get_tokens_from_refresh_token()
                    .client_id(client_id)
                    .refresh_token(refresh_token)
                    .send()
            })
            .await?;
        return tokens(answer.authentication_result, operation);
    }
    let operation = "cognito-idp:InitiateAuth";
    let answer = cx
        .call(operation, Effect::Idempotent, || {
            cognito
                .initiate_auth()
                .auth_flow(AuthFlowType::RefreshTokenAuth)
                .client_id(client_id)
                .auth_parameters("REFRESH_TOKEN", refresh_token)
                .send()
        })
        .await?;
    tokens(answer.authentication_result, operation)
}

pub(super) fn tokens(
    result: Option<AuthenticationResultType>,
    operation: &str,
) -> Result<Tokens, Fault> {
    let result = result.ok_or_else(|| Fault::missing(operation, "AuthenticationResult"))?;
    Ok(Tokens {
        access: result
            .access_token
            .ok_or_else(|| Fault::missing(operation, "AccessToken"))?,
        id: result
            .id_token
            .ok_or_else(|| Fault::missing(operation, "IdToken"))?,
        refresh: result.refresh_token,
    })
}

/// The code, 6–8 digits (AWS's page shows six, practice eight); `earlier` mails are older.
async fn code(
    source: &CodeSource,
    email: &str,
    sent_to: &str,
    earlier: usize,
) -> Result<String, Error> {
    let text = match source {
        CodeSource::Inbox(endpoint) => from_inbox(endpoint, email, earlier).await?,
        CodeSource::Command { line, given } => from_command(line, given, email).await?,
        CodeSource::Ask => ask(sent_to).await?,
    };
    let code: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if (6..=8).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(code);
    }
    Err(Error::failed(
        "a code has 6 to 8 digits; this was something else",
    ))
}

async fn from_inbox(endpoint: &str, email: &str, earlier: usize) -> Result<String, Error> {
    let started = std::time::Instant::now();
    while started.elapsed() < INBOX_LIMIT {
        let mails = local::inbox(endpoint, Some(email)).await?;
        let newest = mails
            .first()
            .filter(|_| mails.len() > earlier || earlier >= 50);
        if let Some(code) = newest.and_then(|m| m.code.clone()) {
            return Ok(code);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(Error::failed(format!(
        "no mail for {email} in the local inbox: is there such a user?"
    ))
    .hint("`labctl status` shows the lab's users"))
}

async fn from_command(
    line: &str,
    given: &[(String, OsString)],
    email: &str,
) -> Result<String, Error> {
    let cannot = |why: String| Error::new(Exit::Unproven, format!("--otp-command: {why}"));
    let output = Command::new("sh")
        .args(["-c", line])
        .env_clear()
        .envs(localaws::environment::passed())
        .envs(given.iter().map(|(name, value)| (name, value)))
        .env("LABCTL_EMAIL", email)
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        // What the script says goes to the user. `Command::output` would take it.
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| cannot(e.to_string()))?
        .wait_with_output()
        .await
        .map_err(|e| cannot(e.to_string()))?;
    if !output.status.success() {
        return Err(cannot(format!("it ended with {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn ask(sent_to: &str) -> Result<String, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::usage(format!(
            "a code was mailed to {sent_to}, but nobody can type it here"
        ))
        .hint("`--otp-command COMMAND` runs a command that prints it")
        .hint("or run `labctl verify` in a terminal"));
    }
    prompt::ask(&format!("Code mailed to {sent_to} (look in spam too):"))
        .await
        .map_err(|e| Error::failed(format!("cannot read the code: {e}")))
}

/// Whether a user exists: Cognito answers a sign-in of an unknown name with a challenge that looks real.
pub(crate) async fn user_exists(cx: &Cx, user_pool_id: &str, email: &str) -> Result<bool, Fault> {
    let answer = cx
        .call("cognito-idp:AdminGetUser", Effect::Read, || {
            cx.clients()
                .cognito
                .admin_get_user()
                .user_pool_id(user_pool_id)
                .username(email)
                .send()
        })
        .await;
    match answer {
        Ok(_) => Ok(true),
        Err(fault) if fault.kind == FaultKind::Absent => Ok(false),
        Err(fault) => Err(fault),
    }
}
