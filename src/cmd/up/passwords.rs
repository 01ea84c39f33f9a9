//! Users' passwords: from the environment, or typed by a person. They go to Cognito and nowhere else.

use std::{collections::BTreeMap, io::IsTerminal};

use crate::{
    cli::Up,
    engine::{Chapter, State, StepId},
    error::Error,
    lab::Lab,
    resource::Secret,
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
        .until
        .is_some_and(|until| until < Chapter::User.number())
    {
        return Ok(passwords);
    }
    let chosen = users.or(known.and_then(|s| s.users.as_deref()));
    for user in lab.user_pool.iter().flat_map(|pool| &pool.users) {
        let email = &user.email;
        let Some(variable) = &user.password_env else {
            continue;
        };
        if chosen.is_some_and(|chosen| !chosen.contains(email)) {
            continue;
        }
        let said = std::env::var(variable).ok().filter(|s| !s.is_empty());
        let set = known.is_some_and(|state| {
            let step = state.steps.get(&StepId::new(format!("password.{email}")));
            step.is_some_and(|record| !record.is_begun())
        });
        let password = match said {
            Some(said) => said,
            None if set => continue,
            None => typed(email, variable)?,
        };
        passwords.insert(email.clone(), Secret::new(&password));
    }
    Ok(passwords)
}

fn typed(email: &str, variable: &str) -> Result<String, Error> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        let message = format!("the password of {email} is to be in {variable}, which is not set");
        return Err(Error::usage(message).hint(format!(
            "set {variable}, or run the same command in a terminal to type it"
        )));
    }
    let term = console::Term::stderr();
    let cannot = |e: std::io::Error| Error::failed(format!("cannot read the password: {e}"));
    term.write_str(&format!("  Password of {email} ({variable} is not set): "))
        .map_err(cannot)?;
    let password = term.read_secure_line().map_err(cannot)?;
    if password.is_empty() {
        return Err(Error::usage(format!("no password for {email}")));
    }
    Ok(password)
}
