//! What a lab does beyond its own resources: the file may be a stranger's, so `up` says it before it asks.

use std::{collections::BTreeSet, path::Path};

use labfiles::plain;

use crate::{
    aws::Owner,
    engine::{Action, Intent, StepId},
    event::{Event, EventSink},
    kind::Kind,
    lab::{Guard, IdentityProvider, Lab, Provider},
    report,
};

/// What a run is about to do, and for whom.
pub(super) struct About<'a> {
    pub(super) lab: &'a Lab,
    /// Client secrets that this run has, by their variables.
    pub(super) intents: &'a [Intent],
    pub(super) me: &'a Owner,
    /// The lab is on its own twin.
    pub(super) local: bool,
    /// It is on a twin, which runs the code on this machine.
    pub(super) twin: bool,
}

/// Says it before the question, and waits until it can be read.
pub(super) async fn say(about: &About<'_>, events: &EventSink) {
    for line in about.lines() {
        events.send(Event::warning(line));
    }
    // The reporter is another thread: the lines are on the screen before the question.
    events.shown().await;
}

/// Says what the twin is about to run: nobody is asked there.
pub(super) fn say_code(about: &About<'_>, events: &EventSink) {
    for message in about.code() {
        events.send(Event::Notice { message });
    }
}

/// Whether the run makes or changes it, or may.
fn changes(intent: &Intent) -> bool {
    !matches!(intent.action, Action::Keep | Action::Leave | Action::Delete)
}

impl About<'_> {
    /// One line each, of what this run makes or changes: what stands already was said when it was made.
    fn lines(&self) -> Vec<String> {
        // The local twin speaks to this machine only, and gives nobody a right in an account.
        if self.local {
            return Vec::new();
        }
        let mut lines = self.variables();
        lines.extend(self.policies());
        lines.extend(self.open_routes());
        lines.extend(self.addresses());
        lines
    }

    /// The names of the steps of a kind that this run makes or changes.
    fn touched(&self, kind: Kind) -> BTreeSet<&str> {
        let touched = |intent: &&Intent| intent.kind == kind && changes(intent);
        let touched = self.intents.iter().filter(touched);
        touched.map(|intent| intent.name.as_str()).collect()
    }

    fn variables(&self) -> Vec<String> {
        let changed = self.touched(Kind::IdentityProvider);
        let pools = self.lab.user_pool.iter();
        let providers = pools.flat_map(|pool| &pool.identity_providers);
        // The secret is there since an earlier run, whether the variable is still set or not.
        let line = |(name, file): (&String, &IdentityProvider)| match &file.provider {
            Provider::Oidc {
                client_secret_env,
                issuer,
                ..
            } if changed.contains(&**name) => Some(format!(
                "sends the value of ${client_secret_env} to {issuer}, when somebody signs in there"
            )),
            _ => None,
        };
        let mut lines: Vec<String> = providers.filter_map(line).collect();
        let set = self.touched(Kind::Password);
        let users = self.lab.user_pool.iter().flat_map(|pool| &pool.users);
        lines.extend(users.filter_map(|user| {
            let variable = user.password_env.as_ref()?;
            let name = format!("of {}", user.email);
            set.contains(&*name).then(|| {
                format!("sends the value of ${variable} to Cognito, as the password {name}")
            })
        }));
        lines
    }

    fn policies(&self) -> Vec<String> {
        let attached = |id: &str, arn: &str| {
            let step = StepId::new(format!("role_policy.{id}.{arn}"));
            let mut intents = self.intents.iter();
            intents.any(|intent| intent.id == step && changes(intent))
        };
        let lines = self.lab.functions.iter().flat_map(|(id, function)| {
            let new = function
                .managed_policies
                .iter()
                .filter(move |arn| attached(id, arn));
            new.map(|arn| {
                format!(
                    "attaches the policy {} to the role of {}",
                    plain(arn),
                    plain(&function.name)
                )
            })
        });
        lines.collect()
    }

    fn open_routes(&self) -> Vec<String> {
        let methods = self.touched(Kind::Method);
        let routes = self.lab.api.iter().flat_map(|api| &api.routes);
        let open = routes
            .filter(|route| matches!(route.guard, Guard::Open))
            .map(|route| format!("{} {}", route.method, route.path))
            .filter(|route| methods.contains(route.as_str()));
        let open: Vec<String> = open.collect();
        if open.is_empty() {
            return Vec::new();
        }
        let who = if self.lab.edge.is_some() {
            "everybody who knows the distribution's address"
        } else {
            "everybody on the internet"
        };
        vec![format!("opens to {who}: {}", open.join(", "))]
    }

    fn code(&self) -> Vec<String> {
        if !self.twin {
            return Vec::new();
        }
        let functions = self.touched(Kind::Function);
        let run = self.lab.functions.values();
        let run = run.filter(|function| functions.contains(&*function.name));
        let folders: BTreeSet<&Path> = run.map(|function| function.source.as_path()).collect();
        if folders.is_empty() {
            return Vec::new();
        }
        let folders: Vec<String> = folders.into_iter().map(report::local_path).collect();
        vec![format!(
            "runs the code in {} on this machine, as you, when the API is called",
            folders.join(", ")
        )]
    }

    fn addresses(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let users = self.touched(Kind::User);
        if !users.is_empty() {
            let users: Vec<String> = users.into_iter().map(plain).collect();
            lines.push(format!(
                "puts into the user pool, where who works in the account sees it: {}",
                users.join(", ")
            ));
        }
        let makes = self
            .intents
            .iter()
            .any(|intent| intent.action == Action::Create);
        if makes && self.me.by.contains('@') {
            lines.push(format!(
                "tags the resources with your name, {} (another: `owner:` in lab.yaml, or LABCTL_OWNER)",
                plain(&self.me.by)
            ));
        }
        lines
    }
}
