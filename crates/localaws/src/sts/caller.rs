//! Whom a key stands for: an assumed role, or a user.

use super::session::{KeyRefusal, Session, WebIdentity, web_context};
use crate::{
    iam::{Context, Ruling},
    world::World,
};

/// Who calls, if not an account's root.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    Session(Box<Session>),
    User(UserKey),
}

/// A user's access key, as it was when the call came.
#[derive(Debug, Clone)]
pub(crate) struct UserKey {
    secret: String,
    account: String,
    name: String,
    arn: String,
    id: String,
}

impl Caller {
    /// Of an access key; `None`: none that the twin has made.
    pub(crate) fn of(
        world: &World,
        access_key: &str,
        token: Option<&str>,
    ) -> Result<Option<Self>, KeyRefusal> {
        if let Some(session) = world.sessions.get(access_key) {
            session.check(token)?;
            return Ok(Some(Self::Session(Box::new(session.clone()))));
        }
        let found = world.accounts.iter().find_map(|(account, kept)| {
            let (user, key) = kept.iam.user_of_key(access_key)?;
            Some((account, user, key))
        });
        let Some((account, user, key)) = found else {
            return Ok(None);
        };
        if !key.active || token.is_some() {
            return Err(KeyRefusal::Invalid);
        }
        Ok(Some(Self::User(UserKey {
            secret: key.secret.clone(),
            account: account.clone(),
            name: user.name.clone(),
            arn: user.arn.clone(),
            id: user.id.clone(),
        })))
    }

    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::Session(session) => &session.secret,
            Self::User(user) => &user.secret,
        }
    }

    pub(crate) fn account(&self) -> &str {
        match self {
            Self::Session(session) => &session.account,
            Self::User(user) => &user.account,
        }
    }

    pub(crate) fn arn(&self) -> String {
        match self {
            Self::Session(session) => session.arn(),
            Self::User(user) => user.arn.clone(),
        }
    }

    /// `AROA…:{session}`, or `AIDA…`.
    pub(crate) fn user_id(&self) -> String {
        match self {
            Self::Session(session) => session.user_id(),
            Self::User(user) => user.id.clone(),
        }
    }

    /// The user's name.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::Session(_) => None,
            Self::User(user) => Some(&user.name),
        }
    }

    /// The caller's own names, as policies have them.
    pub(crate) fn names(&self) -> Vec<String> {
        match self {
            Self::Session(session) => vec![session.role_arn.clone(), session.arn()],
            Self::User(user) => vec![user.arn.clone()],
        }
    }

    /// Who vouches for the caller, if a provider does.
    pub(crate) fn web(&self) -> Option<&WebIdentity> {
        match self {
            Self::Session(session) => session.web.as_ref(),
            Self::User(_) => None,
        }
    }

    /// What the caller's own policies say now.
    pub(crate) fn ruling(
        &self,
        world: &World,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Ruling {
        match self {
            Self::Session(session) => session.ruling(world, action, resource, context),
            Self::User(key) => {
                let account = world.accounts.get(&key.account);
                let user = account.and_then(|it| {
                    let user = it.iam.user_of_id(&key.name, &key.id)?;
                    Some(it.iam.user_ruling(user, action, resource, context))
                });
                user.unwrap_or_default()
            }
        }
    }

    /// What conditions may ask about the caller.
    pub(crate) fn context(&self, context: Context) -> Context {
        match self {
            Self::Session(session) => session.context(context),
            Self::User(user) => web_context(None, context)
                .with("aws:PrincipalArn", [user.arn.clone()])
                .with("aws:PrincipalAccount", [user.account.clone()])
                .with("aws:PrincipalType", ["User".to_owned()])
                .with("aws:userid", [user.id.clone()])
                .with("aws:username", [user.name.clone()]),
        }
    }
}
