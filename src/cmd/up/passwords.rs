//! Users' passwords, and client secrets of identity providers: from the environment, or typed by a person. They go
//! to Cognito and nowhere else.

use std::io::IsTerminal;

use labfiles::plain;

use crate::{
    chapter::Chapter,
    cli::Up,
    cmd::plan::{
        leaves::passwords_go_to,
        secrets::{self, Secrets},
    },
    engine::{Record, State},
    error::Error,
    lab::Lab,
    plan::{identity_provider_step, password_step},
    resource::Secret,
    screen::Stream,
};

/// The secrets of this run: what the environment has, and what a person types. One that an earlier run has used is not
/// asked for again.
pub(super) fn ask(
    lab: &Lab,
    args: &Up,
    users: Option<&[String]>,
    known: Option<&State>,
    local: bool,
) -> Result<Secrets, Error> {
    let reaches = |chapter: Chapter| {
        args.scope
            .until
            .is_none_or(|until| until >= chapter.number())
    };
    let wanted = |email: &str| users.is_none_or(|users| users.iter().any(|user| user == email));
    let mut secrets = Secrets::said(lab);
    if !reaches(Chapter::UserPool) {
        secrets.clients.clear();
    }
    for (email, variable) in secrets::users(lab).filter(|(email, _)| wanted(email)) {
        let record = known.and_then(|state| password_step(email).record(state));
        if reaches(Chapter::User) && !secrets.passwords.contains_key(email) && !is_made(record) {
            let to = passwords_go_to(local);
            let typed = typed(&format!("password of {email}"), to, variable)?;
            secrets.passwords.insert(email.to_owned(), typed);
        }
    }
    for (name, variable, issuer) in secrets::clients(lab) {
        let record = known.and_then(|state| identity_provider_step(name).record(state));
        if reaches(Chapter::UserPool) && !secrets.clients.contains_key(variable) && !is_made(record)
        {
            let typed = typed(
                &format!("client secret of {}", plain(name)),
                &plain(issuer),
                variable,
            )?;
            secrets.clients.insert(variable.to_owned(), typed);
        }
    }
    Ok(secrets)
}

fn is_made(record: Option<&Record>) -> bool {
    record.is_some_and(|record| !record.is_begun())
}

/// `to`: who gets it.
fn typed(what: &str, to: &str, variable: &str) -> Result<Secret, Error> {
    if !std::io::stdin().is_terminal() || !Stream::Err.is_terminal() {
        let message = format!("the {what} is to be in {variable}, which is not set");
        return Err(Error::usage(message).hint(format!(
            "set {variable}, or run the same command in a terminal to type it"
        )));
    }
    let cannot = |e: std::io::Error| Error::failed(format!("cannot read the {what}: {e}"));
    Stream::Err
        .print(&format!("  The {what}, for {to} ({variable} is not set): "))
        .map_err(cannot)?;
    let typed = console::Term::stderr().read_secure_line().map_err(cannot)?;
    if typed.is_empty() {
        return Err(Error::usage(format!("no {what}")));
    }
    Ok(Secret::new(&typed))
}
