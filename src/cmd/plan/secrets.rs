//! Passwords of users and secrets of identity providers' clients: which a run needs, keeps or changes.

use std::collections::BTreeMap;

use crate::{
    engine::{Action, Intent, State, StepId},
    error::Error,
    lab::{Lab, Provider},
    plan::{identity_provider_step, password_step},
    resource::{Password, Recorded, Secret, UserPool},
};

/// Secrets that labctl knows in this run.
#[derive(Default)]
pub(in crate::cmd) struct Secrets {
    /// Passwords by address.
    pub(in crate::cmd) passwords: BTreeMap<String, Secret>,
    /// Client secrets by variable.
    pub(in crate::cmd) clients: BTreeMap<String, Secret>,
}

impl Secrets {
    /// Those whose environment variables are set.
    pub(in crate::cmd) fn said(lab: &Lab) -> Self {
        let passwords = users(lab);
        let passwords =
            passwords.filter_map(|(email, variable)| Some((email.to_owned(), said(variable)?)));
        let clients = clients(lab);
        let clients =
            clients.filter_map(|(_, variable, _)| Some((variable.to_owned(), said(variable)?)));
        Self {
            passwords: passwords.collect(),
            clients: clients.collect(),
        }
    }
}

/// The value of a variable that is set.
fn said(variable: &str) -> Option<Secret> {
    let value = std::env::var(variable).ok().filter(|s| !s.is_empty());
    value.map(|value| Secret::new(&value))
}

/// The users who have a password, each with the variable that holds it.
pub(in crate::cmd) fn users(lab: &Lab) -> impl Iterator<Item = (&str, &str)> {
    let users = lab.user_pool.iter().flat_map(|pool| &pool.users);
    users.filter_map(|user| Some((user.email.as_str(), user.password_env.as_deref()?)))
}

/// The identity providers whose client has a secret, each with the variable that holds it and the issuer who gets it.
pub(in crate::cmd) fn clients(lab: &Lab) -> impl Iterator<Item = (&str, &str, &str)> {
    let pools = lab.user_pool.iter();
    let providers = pools.flat_map(|pool| &pool.identity_providers);
    providers.filter_map(|(name, file)| match &file.provider {
        Provider::Oidc {
            client_secret_env,
            issuer,
            ..
        } => Some((name.as_str(), client_secret_env.as_str(), issuer.as_str())),
        Provider::Saml { .. } => None,
    })
}

/// Refuses a run that sets a password, or makes an identity provider, whose secret is not known here.
pub(in crate::cmd) fn unknown<'i>(
    lab: &Lab,
    intents: impl IntoIterator<Item = &'i Intent>,
    secrets: &Secrets,
) -> Option<Error> {
    let intents = intents
        .into_iter()
        .map(|intent| (&intent.id, intent.action));
    let intents: BTreeMap<&StepId, Action> = intents.collect();
    let does = |id: &StepId, actions: &[Action]| {
        intents
            .get(id)
            .is_some_and(|action| actions.contains(action))
    };
    let passwords = users(lab).filter(|(email, _)| {
        let actions = [Action::Create, Action::Update, Action::Replace];
        !secrets.passwords.contains_key(*email) && does(password_step(email).id(), &actions)
    });
    let passwords =
        passwords.map(|(email, variable)| (format!("the password of {email}"), variable));
    let clients = clients(lab).filter(|(name, variable, _)| {
        // Cognito shows the secret of one that is there.
        let actions = [Action::Create, Action::Replace];
        !secrets.clients.contains_key(*variable)
            && does(identity_provider_step(name).id(), &actions)
    });
    let clients =
        clients.map(|(name, variable, _)| (format!("the client secret of {name}"), variable));
    let (what, variable) = passwords.chain(clients).next()?;
    let message =
        format!("nothing was changed: {what} must be set again, and {variable} is not set");
    Some(Error::usage(message).hint(format!("set {variable} and run the same command again")))
}

/// What a run does about passwords that it cannot compare or has yet to ask for, one sentence each.
pub(in crate::cmd) fn notes<'i>(
    lab: &Lab,
    actions: impl Iterator<Item = (&'i StepId, Action)>,
    state: Option<&State>,
    secrets: &Secrets,
) -> Vec<String> {
    let actions: BTreeMap<&StepId, Action> = actions.collect();
    let mut notes = Vec::new();
    let (mut kept, mut asked) = (Variables::new(), Variables::new());
    for (email, variable) in users(lab) {
        let step = password_step(email);
        let known = secrets.passwords.contains_key(email);
        match actions.get(step.id()) {
            Some(Action::Keep) if !known => kept.entry(variable).or_default().push(email),
            Some(Action::Create) if !known => asked.entry(variable).or_default().push(email),
            Some(Action::Keep) if !is_compared(email, state) => {
                notes.push(not_compared(email, variable, state));
            }
            _ => {}
        }
    }
    notes.extend(
        kept.into_iter()
            .map(|(variable, emails)| match emails.as_slice() {
                [email] => format!("{variable} is not set: the password of {email} stays as it is"),
                all => format!(
                    "{variable} is not set: the passwords of {} stay as they are",
                    all.join(", ")
                ),
            }),
    );
    notes.extend(asked.into_iter().map(|(variable, emails)| {
        let word = if emails.len() == 1 {
            "password"
        } else {
            "passwords"
        };
        let emails = emails.join(", ");
        format!("{variable} is not set: `labctl up` asks for the {word} of {emails}")
    }));
    notes
}

/// Addresses by variable.
type Variables<'l> = BTreeMap<&'l str, Vec<&'l str>>;

/// Whether the state can tell if another password is wanted.
fn is_compared(email: &str, state: Option<&State>) -> bool {
    let record = state.and_then(|state| password_step(email).record(state));
    let output = record.and_then(Recorded::output::<Password>);
    output.is_some_and(|output| output.fingerprint.is_some())
}

/// An older labctl set the password. The command that sets it has its value in no argument, which all users of a machine
/// can see.
fn not_compared(email: &str, variable: &str, state: Option<&State>) -> String {
    let pool = state.and_then(Recorded::output::<UserPool>);
    let pool = pool.map_or_else(String::new, |pool| pool.id);
    format!(
        "an older version of labctl set the password of {email}, so labctl cannot see whether {variable} has changed: the \
         password stays as it is; to set it: `printf %s \"${variable}\" | aws cognito-idp admin-set-user-password \
         --user-pool-id {pool} --username {email} --permanent --password file:///dev/stdin`"
    )
}
