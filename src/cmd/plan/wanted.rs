//! What the command line and the state say about the plan: how far, and for whom.

use super::Secrets;
use crate::{
    aws,
    chapter::Chapter,
    cli::Scope,
    engine::{Plan, State},
    error::Error,
    lab::{self, Lab},
    plan::{Extent, key_number, next_key_number, outline, plan, reached},
};

/// The last chapter of a lab that has resources.
pub(in crate::cmd) fn last(lab: &Lab) -> u8 {
    let chapters = outline(lab).steps().iter().map(|step| step.chapter).max();
    chapters.unwrap_or_else(|| Chapter::User.number())
}

/// Refuses a lab that its region cannot have, and options that do not fit the lab.
pub(in crate::cmd) fn check(lab: &Lab, scope: &Scope) -> Result<(), Error> {
    if lab.user_pool.is_some() && aws::partition(&lab.region) == "aws-cn" {
        return Err(Error::usage(format!(
            "Cognito has no user pools in {}: AWS China does not offer them",
            lab.region
        ))
        .hint("set another `region:` in lab.yaml"));
    }
    if scope.rotate_edge_secret && scope.until.unwrap_or_else(|| last(lab)) < Chapter::Edge.number()
    {
        return Err(Error::usage(
            "there is no secret to rotate: no distribution stands before the API",
        )
        .hint("`edge: {}` in lab.yaml makes one, with `labctl up`"));
    }
    given(scope).map(drop)
}

/// The addresses of `--user`, checked like the file's.
fn given(scope: &Scope) -> Result<Vec<String>, Error> {
    let checked = scope.users.iter().map(|given| {
        lab::valid_email(given).map_err(|why| Error::usage(format!("--user {given}: {why}")))
    });
    checked.collect()
}

/// The users of a lab, as its state has them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::cmd) struct Users {
    /// All of them; `None`: the file's.
    pub(in crate::cmd) all: Option<Vec<String>>,
    /// Those of `--user`.
    pub(in crate::cmd) added: Vec<String>,
}

impl Users {
    /// The file's, with those that this run or an earlier one adds. Added ones come first: they get mail.
    pub(in crate::cmd) fn of(
        lab: &Lab,
        scope: &Scope,
        known: Option<&State>,
    ) -> Result<Self, Error> {
        let given = given(scope)?;
        let Some(known) = known.filter(|_| !scope.no_user) else {
            return Ok(Self::with(lab, given));
        };
        let is_there = |email: &String| known.users.iter().flatten().any(|user| user == email);
        if known.added_users.is_empty() && given.iter().all(is_there) {
            // The file's, or as an earlier version of labctl left it.
            return Ok(Self {
                all: known.users.clone(),
                added: Vec::new(),
            });
        }
        let before = match &known.users {
            Some(users) if known.added_users.is_empty() => users,
            _ => &known.added_users,
        };
        Ok(Self::with(lab, [before.clone(), given].concat()))
    }

    /// As they are.
    pub(in crate::cmd) fn known(state: &State) -> Self {
        Self {
            all: state.users.clone(),
            added: state.added_users.clone(),
        }
    }

    fn with(lab: &Lab, more: Vec<String>) -> Self {
        let file = lab.user_pool.iter().flat_map(|pool| &pool.users);
        let file: Vec<String> = file.map(|user| user.email.clone()).collect();
        let mut added: Vec<String> = Vec::new();
        for email in more {
            if !file.contains(&email) && !added.contains(&email) {
                added.push(email);
            }
        }
        let all = (!added.is_empty()).then(|| [added.clone(), file].concat());
        Self { all, added }
    }
}

/// The plan; without `--until` it is the whole lab.
pub(in crate::cmd) fn planned(
    lab: &Lab,
    scope: &Scope,
    users: &Users,
    known: Option<&State>,
    secrets: &Secrets,
) -> Result<Plan, Error> {
    Ok(plan(
        lab,
        &Extent {
            users: users.all.as_deref(),
            until: scope.until.unwrap_or(u8::MAX),
            goes_back: false,
            reached: reached(known),
            passwords: &secrets.passwords,
            key_number: if scope.rotate_edge_secret {
                next_key_number(known)
            } else {
                key_number(known)
            },
            client_secrets: &secrets.clients,
        },
    )?)
}
