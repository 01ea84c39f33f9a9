//! The lab as its users see it: signed in as one of them, calling its API.

use std::path::PathBuf;

use super::{
    link::Link,
    lookup,
    scene::{self, Site},
};
use crate::{
    aws::{Cx, Keys},
    cli::{Global, SignIn},
    client::{Fresh, fresh},
    engine::{Interrupt, State},
    error::Error,
    event::{EventSink, Outputs},
    lab::{Factor, Lab, STUDENT, quote},
    resource::{IdentityPool, Recorded},
    verify::{CodeSource, Tokens, assume, of_user},
};

/// A lab that is up.
pub(super) struct Scene {
    pub(super) lab: Lab,
    pub(super) state: State,
    pub(super) link: Link,
    pub(super) outputs: Outputs,
    pub(super) cx: Cx,
    /// Where its state is, if it has one.
    pub(super) folder: Option<PathBuf>,
}

impl Scene {
    /// Reads file and state; nothing is called.
    pub(super) async fn of(global: &Global) -> Result<Self, Error> {
        let site = Site::of(global);
        let lab = scene::load_lab(global)?;
        let folder = site.state_folder(&lab.name);
        let found = lookup::find(global, &site, &lab).await?;
        let (link, state) = found.ok_or_else(|| {
            Error::failed(format!("{}: nothing there", lab.name))
                .hint("`labctl up` builds it, `labctl up --local` without an account")
        })?;
        let outputs = link.outputs(&state).await;
        // What is waited for here is not shown: the answer is all that is wanted.
        let (events, _) = EventSink::new();
        let cx = link.cx(&state, &events, &Interrupt::listen());
        let folder = folder.join("state.json").exists().then_some(folder);
        Ok(Self {
            lab,
            state,
            link,
            outputs,
            cx,
            folder,
        })
    }

    /// Where the API answers: `https://…/dev`, or the edge.
    pub(super) fn base_url(&self) -> Result<String, Error> {
        let url = self.link.base_url(&self.state);
        url.ok_or_else(|| incomplete("no API is deployed"))
    }

    /// Valid tokens of a user of the lab.
    pub(super) async fn tokens(&self, args: &SignIn) -> Result<Tokens, Error> {
        let (Some(user_pool_id), Some(client_id)) =
            (&self.outputs.user_pool_id, &self.outputs.client_id)
        else {
            return Err(incomplete("there is no user pool to sign in to"));
        };
        let user = args.user.as_ref().map(|user| {
            crate::lab::valid_email(user)
                .map_err(|why| Error::usage(format!("--user {user}: {why}")))
        });
        let user = match user {
            Some(user) => Some(user?),
            None => self.outputs.users.first().cloned(),
        };
        let email = user.ok_or_else(nobody)?;
        let by_code = self.by_code();
        let twin = self.link.is_twin().await;
        let source = code_source(
            args,
            self.link.connection.endpoint.as_deref().filter(|_| twin),
        )?;
        let pool = self.lab.user_pool.as_ref();
        let tokens = fresh(&Fresh {
            cx: &self.cx,
            folder: self.folder.as_deref(),
            user_pool_id,
            client_id,
            rotated: pool.is_some_and(|pool| pool.app_client.rotation_grace_s.is_some()),
            email: &email,
            source: by_code.is_ok().then_some(&source),
        })
        .await?;
        match (tokens, by_code) {
            (Some(tokens), _) => Ok(tokens),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(nobody()),
        }
    }

    /// Refuses a lab whose users sign in with a password: those are not labctl's to ask for or to keep.
    pub(super) fn by_code(&self) -> Result<(), Error> {
        let pool = self.lab.user_pool.as_ref();
        if pool.is_none_or(|pool| pool.first_factors.contains(&Factor::EmailOtp)) {
            return Ok(());
        }
        let message =
            "labctl signs users in by e-mail code, and this lab's users sign in with a password";
        let error = Error::usage(message);
        let error = match pool.and_then(|pool| pool.domain.as_ref()) {
            Some(_) => error.hint("`labctl login` signs in with a browser, and keeps the tokens"),
            None => error,
        };
        Err(error
            .hint("`labctl verify` proves it, with a user of its own")
            .hint("or add `email_otp` to `first_factors` (without `mfa`)"))
    }

    /// Temporary AWS keys of a caller of the file, or of the signed-in user.
    pub(super) async fn keys(&self, caller: &str, args: &SignIn) -> Result<Keys, Error> {
        if let Some(file) = self.lab.callers.get(caller) {
            self.link.identity(&self.cx, Some(&self.state)).await?;
            let arn = self.cx.role_arn(&file.role);
            return Ok(assume(&self.cx, &arn, "labctl-call", None).await?);
        }
        if caller != STUDENT || self.lab.identity_pool.is_none() {
            return Err(self.no_caller(caller));
        }
        let ids = (
            self.state.output::<IdentityPool>(),
            self.outputs.user_pool_id.as_ref(),
        );
        let (Some(identity_pool), Some(user_pool)) = ids else {
            return Err(incomplete("there is no identity pool"));
        };
        let tokens = self.tokens(args).await?;
        Ok(of_user(&self.cx, &identity_pool.id, user_pool, &tokens.id).await?)
    }

    /// Names of all who may have AWS keys.
    pub(super) fn callers(&self) -> Vec<&str> {
        let student = self.lab.identity_pool.iter().map(|_| STUDENT);
        let callers = self.lab.callers.keys().map(String::as_str);
        callers.chain(student).collect()
    }

    pub(super) fn no_caller(&self, name: &str) -> Error {
        let known = self.callers();
        let error = Error::usage(format!("lab.yaml has no caller `{name}`"));
        if known.is_empty() {
            error.hint("`callers:` and `identity_pool:` in lab.yaml make some")
        } else {
            error.hint(format!("there is: {}", known.join(", ")))
        }
    }
}

/// Where the mailed code comes from; `inbox` is the endpoint of a twin.
pub(super) fn code_source(args: &SignIn, inbox: Option<&str>) -> Result<CodeSource, Error> {
    let Some(line) = &args.otp_command else {
        return Ok(inbox.map_or(CodeSource::Ask, |endpoint| {
            CodeSource::Inbox(endpoint.to_owned())
        }));
    };
    let value = |name: &String| {
        let value = std::env::var_os(name).ok_or_else(|| {
            Error::usage(format!("--otp-env {}: it is not set", quote(name)))
                .hint("set it, or leave it away")
        })?;
        Ok((name.clone(), value))
    };
    let given: Result<Vec<_>, Error> = args.otp_env.iter().map(value).collect();
    Ok(CodeSource::Command {
        line: line.clone(),
        given: given?,
    })
}

pub(super) fn incomplete(what: &str) -> Error {
    Error::failed(format!("the lab is not complete: {what}"))
        .hint("`labctl up` (with `--local` as before) builds the rest")
}

/// Nobody can sign in.
pub(super) fn nobody() -> Error {
    Error::failed("the lab has no user to sign in").hint(
        "`labctl up` makes the users of lab.yaml, `labctl up --user YOUR@ADDRESS` makes one more",
    )
}
