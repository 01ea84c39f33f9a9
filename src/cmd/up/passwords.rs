//! Users' passwords, and client secrets of identity providers: from the environment, or typed by a person. They go
//! to Cognito and nowhere else.

use std::{collections::BTreeMap, io::IsTerminal};

use crate::{
    chapter::Chapter,
    cli::Up,
    engine::{Record, State},
    error::Error,
    event::{Event, EventSink},
    lab::{Lab, Provider},
    plan::{identity_provider_step, password_step},
    resource::{Recorded as _, Secret, UserPool},
};

/// The passwords of the users that this run makes, by address. One that was set in an earlier run is
/// not asked for again.
pub(super) fn ask(
    lab: &Lab,
    args: &Up,
    users: Option<&[String]>,
    known: Option<&State>,
) -> Result<BTreeMap<String, Secret>, Error> {
    let mut passwords = BTreeMap::new();
    if args
        .scope
        .until
        .is_some_and(|until| until < Chapter::User.number())
    {
        return Ok(passwords);
    }
    for user in lab.user_pool.iter().flat_map(|pool| &pool.users) {
        let email = &user.email;
        let Some(variable) = &user.password_env else {
            continue;
        };
        if users.is_some_and(|users| !users.contains(email)) {
            continue;
        }
        let record = known.and_then(|state| password_step(email).record(state));
        let what = format!("password of {email}");
        if let Some(password) = secret(&what, variable, record)? {
            passwords.insert(email.clone(), password);
        }
    }
    Ok(passwords)
}

/// Says which passwords stay as they are. Neither Cognito nor the state can tell whether a variable has changed since: a
/// hash in the state could be guessed by whoever reads it.
pub(super) fn stay(lab: &Lab, known: Option<&State>, events: &EventSink) {
    let Some(state) = known else { return };
    let pool = state.output::<UserPool>().map(|pool| pool.id);
    for user in lab.user_pool.iter().flat_map(|pool| &pool.users) {
        let record = password_step(&user.email).record(state);
        let set = record.is_some_and(|record| !record.is_begun());
        if let (Some(variable), Some(pool), true) = (&user.password_env, &pool, set)
            && std::env::var_os(variable).is_some_and(|value| !value.is_empty())
        {
            let email = &user.email;
            events.send(Event::warning(format!(
                "the password of {email} stays as it was first set, even if {variable} has changed since; to set it: \
                 `aws cognito-idp admin-set-user-password --user-pool-id {pool} --username {email} --permanent \
                 --password \"${variable}\"`"
            )));
        }
    }
}

/// The secrets of the clients that identity providers know the user pool as, by their variables.
pub(super) fn client_secrets(
    lab: &Lab,
    args: &Up,
    known: Option<&State>,
) -> Result<BTreeMap<String, Secret>, Error> {
    let mut secrets = BTreeMap::new();
    if args
        .scope
        .until
        .is_some_and(|until| until < Chapter::UserPool.number())
    {
        return Ok(secrets);
    }
    let providers = lab
        .user_pool
        .iter()
        .flat_map(|pool| &pool.identity_providers);
    for (name, file) in providers {
        let Provider::Oidc {
            client_secret_env, ..
        } = &file.provider
        else {
            continue;
        };
        let record = known.and_then(|state| identity_provider_step(name).record(state));
        let what = format!("client secret of {name}");
        if let Some(said) = secret(&what, client_secret_env, record)? {
            secrets.insert(client_secret_env.clone(), said);
        }
    }
    Ok(secrets)
}

/// What the variable says, or a person. `None`: the step has made use of it in an earlier run.
fn secret(what: &str, variable: &str, record: Option<&Record>) -> Result<Option<Secret>, Error> {
    let said = std::env::var(variable).ok().filter(|s| !s.is_empty());
    let set = record.is_some_and(|record| !record.is_begun());
    match said {
        Some(said) => Ok(Some(Secret::new(&said))),
        None if set => Ok(None),
        None => typed(what, variable).map(|typed| Some(Secret::new(&typed))),
    }
}

fn typed(what: &str, variable: &str) -> Result<String, Error> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        let message = format!("the {what} is to be in {variable}, which is not set");
        return Err(Error::usage(message).hint(format!(
            "set {variable}, or run the same command in a terminal to type it"
        )));
    }
    let term = console::Term::stderr();
    let cannot = |e: std::io::Error| Error::failed(format!("cannot read the {what}: {e}"));
    term.write_str(&format!("  The {what} ({variable} is not set): "))
        .map_err(cannot)?;
    let typed = term.read_secure_line().map_err(cannot)?;
    if typed.is_empty() {
        return Err(Error::usage(format!("no {what}")));
    }
    Ok(typed)
}
