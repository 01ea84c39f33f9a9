//! What the command line and the state say about the plan: how far, and for whom.

use std::collections::BTreeMap;

use crate::{
    chapter::Chapter,
    cli::Scope,
    engine::{Plan, State},
    error::Error,
    lab::{self, Lab},
    plan::{Extent, key_number, next_key_number, plan, reached},
    resource::Secret,
};

/// The last chapter of a lab that has resources.
pub(in crate::cmd) fn last(lab: &Lab) -> u8 {
    let chapter = lab.edge.as_ref().map_or(Chapter::User, |_| Chapter::Edge);
    chapter.number()
}

/// The addresses of `--user`, checked like the file's. Refuses options that do not fit the lab.
pub(in crate::cmd) fn users(lab: &Lab, scope: &Scope) -> Result<Option<Vec<String>>, Error> {
    if scope.rotate_edge_secret && scope.until.unwrap_or_else(|| last(lab)) < Chapter::Edge.number()
    {
        return Err(Error::usage(
            "there is no secret to rotate: no distribution stands before the API",
        )
        .hint("`edge: {}` in lab.yaml makes one, with `labctl up`"));
    }
    if scope.users.is_empty() {
        return Ok(None);
    }
    let mut users = Vec::new();
    for given in &scope.users {
        let email = lab::valid_email(given)
            .map_err(|why| Error::usage(format!("--user {given}: {why}")))?;
        if !users.contains(&email) {
            users.push(email);
        }
    }
    Ok(Some(users))
}

/// Passwords by address, and client secrets by variable: only `up` has them.
#[derive(Default)]
pub(in crate::cmd) struct Secrets {
    pub(in crate::cmd) passwords: BTreeMap<String, Secret>,
    pub(in crate::cmd) clients: BTreeMap<String, Secret>,
}

/// The plan; what the command line does not say is as it was in the last run (users), or all (chapters).
pub(in crate::cmd) fn planned(
    lab: &Lab,
    scope: &Scope,
    users: Option<&[String]>,
    known: Option<&State>,
    secrets: &Secrets,
) -> Result<Plan, Error> {
    let users = users.or(known.and_then(|s| s.users.as_deref()));
    Ok(plan(
        lab,
        &Extent {
            users,
            until: scope.until.unwrap_or(u8::MAX),
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
