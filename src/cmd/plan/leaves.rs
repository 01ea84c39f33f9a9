//! What a lab does beyond its own resources: the file may be a stranger's, so `plan` and `up` list it before anything is
//! made.

use std::{collections::BTreeSet, path::Path};

use labfiles::plain;

use super::text::Line;
use crate::{
    aws::Owner,
    engine::{Action, Intent, StepId},
    kind::Kind,
    lab::{
        Caller, Factor, Guard, IdentityProvider, Lab, Metadata, Provider, STUDENT, UserPool,
        is_loopback,
    },
    report,
};

/// Who sends the mail of a user pool that has no sender of its own.
const SENDER: &str = "no-reply@verificationemail.com";

/// A step that a run makes or changes.
struct Touched<'a> {
    id: &'a StepId,
    kind: Kind,
    name: &'a str,
    action: Action,
}

/// What a run is about to do, and for whom.
pub(in crate::cmd) struct About<'a> {
    lab: &'a Lab,
    touched: Vec<Touched<'a>>,
    me: Option<&'a Owner>,
    /// The lab is on its own twin.
    local: bool,
    /// It is on a twin, which runs the code on this machine.
    twin: bool,
}

/// Who gets users' passwords.
pub(in crate::cmd) fn passwords_go_to(local: bool) -> &'static str {
    if local {
        "the local emulator"
    } else {
        "Cognito"
    }
}

/// Whether the run makes or changes it, or may.
fn changes(action: Action) -> bool {
    !matches!(action, Action::Keep | Action::Leave | Action::Delete)
}

impl<'a> About<'a> {
    /// `me`: whose name the resources get, if that is known. `local`: the lab is on its own twin; `twin`: on any.
    pub(in crate::cmd) fn intents(
        lab: &'a Lab,
        intents: &'a [Intent],
        me: Option<&'a Owner>,
        (local, twin): (bool, bool),
    ) -> Self {
        let intents = intents.iter().map(|i| (&i.id, i.kind, &*i.name, i.action));
        Self::of(lab, intents, me, (local, twin))
    }

    pub(super) fn lines_of_plan(
        lab: &'a Lab,
        lines: &'a [Line],
        me: Option<&'a Owner>,
        (local, twin): (bool, bool),
    ) -> Self {
        let lines = lines.iter().map(|l| (&l.id, l.kind, &*l.name, l.action));
        Self::of(lab, lines, me, (local, twin))
    }

    fn of(
        lab: &'a Lab,
        steps: impl Iterator<Item = (&'a StepId, Kind, &'a str, Action)>,
        me: Option<&'a Owner>,
        (local, twin): (bool, bool),
    ) -> Self {
        let touched = steps.filter(|(.., action)| changes(*action));
        let touched = touched.map(|(id, kind, name, action)| Touched {
            id,
            kind,
            name,
            action,
        });
        Self {
            lab,
            touched: touched.collect(),
            me,
            local,
            twin,
        }
    }

    /// One line each, of what this run makes or changes: what stands already was listed when it was made.
    pub(in crate::cmd) fn lines(&self) -> Vec<String> {
        // The local twin speaks to this machine only, and gives nobody a right in an account.
        if self.local {
            return Vec::new();
        }
        let mut lines = self.variables();
        lines.extend(self.policies());
        lines.extend(self.callers());
        lines.extend(self.open_routes());
        lines.extend(self.pages());
        lines.extend(self.sign_in());
        lines.extend(self.redirects());
        lines.extend(self.record());
        lines.extend(self.addresses());
        lines
    }

    /// What happens on this machine, where nobody is asked.
    pub(in crate::cmd) fn notices(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.local {
            lines.extend(self.variables());
            lines.extend(self.redirects());
        }
        lines.extend(self.code());
        lines
    }

    /// The names of the steps of a kind that this run makes or changes.
    fn touched(&self, kind: Kind) -> BTreeSet<&str> {
        let touched = self.touched.iter().filter(|step| step.kind == kind);
        touched.map(|step| step.name).collect()
    }

    fn touches(&self, kind: Kind) -> bool {
        self.touched.iter().any(|step| step.kind == kind)
    }

    fn touches_step(&self, id: &str) -> bool {
        let id = StepId::new(id);
        self.touched.iter().any(|step| *step.id == id)
    }

    /// The user pool, and its providers that this run makes or changes.
    fn providers(&self) -> impl Iterator<Item = (&String, &IdentityProvider)> {
        let changed = self.touched(Kind::IdentityProvider);
        let pools = self.lab.user_pool.iter();
        let providers = pools.flat_map(|pool| &pool.identity_providers);
        providers.filter(move |(name, _)| changed.contains(&***name))
    }

    fn variables(&self) -> Vec<String> {
        // The secret is there since an earlier run, whether the variable is still set or not.
        let line = |(_, file): (&String, &IdentityProvider)| match &file.provider {
            Provider::Oidc {
                client_secret_env,
                issuer,
                ..
            } => Some(format!(
                "sends the value of ${client_secret_env} to {}{}, when somebody signs in there",
                if self.local {
                    "the local emulator, and from there to "
                } else {
                    ""
                },
                plain(issuer)
            )),
            Provider::Saml { .. } => None,
        };
        let mut lines: Vec<String> = self.providers().filter_map(line).collect();
        let set = self.touched(Kind::Password);
        let users = self.lab.user_pool.iter().flat_map(|pool| &pool.users);
        let to = passwords_go_to(self.local);
        lines.extend(users.filter_map(|user| {
            let variable = user.password_env.as_ref()?;
            let name = format!("of {}", user.email);
            set.contains(&*name).then(|| {
                format!(
                    "sends the value of ${variable} to {to}, as the password {}",
                    plain(&name)
                )
            })
        }));
        lines
    }

    fn policies(&self) -> Vec<String> {
        let lines = self.lab.functions.iter().flat_map(|(id, function)| {
            let attached =
                move |arn: &&String| self.touches_step(&format!("role_policy.{id}.{arn}"));
            let new = function.managed_policies.iter().filter(attached);
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

    /// Roles that others than labctl may take, and what these may call.
    fn callers(&self) -> Vec<String> {
        let touched = |name: &str| {
            ["role", "call_policy"]
                .iter()
                .any(|kind| self.touches_step(&format!("{kind}.caller.{name}")))
        };
        let routes = |caller: &Caller| match caller.routes.as_slice() {
            [] => "nothing".to_owned(),
            routes => routes.join(", "),
        };
        let callers = self.lab.callers.iter().filter(|(name, _)| touched(name));
        let mut lines: Vec<String> = callers
            .map(|(_, caller)| {
                format!(
                    "lets who works in the account assume the role {}, which may call: {}",
                    plain(&caller.role),
                    plain(&routes(caller))
                )
            })
            .collect();
        let users = self.lab.identity_pool.iter().filter(|_| touched(STUDENT));
        lines.extend(users.map(|pool| {
            format!(
                "gives users of the user pool AWS keys of the role {}, which may call: {}",
                plain(&pool.caller.role),
                plain(&routes(&pool.caller))
            )
        }));
        lines
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

    /// Pages that may call the API.
    fn pages(&self) -> Option<String> {
        let cors = self.lab.api.as_ref()?.cors.as_ref()?;
        let origin = match &*cors.origin {
            "*" => "any origin".to_owned(),
            origin => plain(origin),
        };
        let line = format!("lets web pages of {origin} call the API from a visitor's browser");
        self.touches(Kind::GatewayResponse).then_some(line)
    }

    /// Who may sign in, and where.
    fn sign_in(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let domain = self.pool().and_then(|pool| pool.domain.as_ref());
        lines.extend(domain.filter(|_| self.touches(Kind::UserPoolDomain)).map(|prefix| {
            format!(
                "opens a sign-in page to everybody on the internet: https://{}.auth.{}.amazoncognito.com",
                plain(prefix),
                plain(&self.lab.region)
            )
        }));
        lines.extend(self.providers().map(|(name, file)| {
            let whom = match &file.provider {
                Provider::Oidc { issuer, .. } => issuer,
                Provider::Saml {
                    metadata: Metadata::Url(url),
                } => url,
                Provider::Saml {
                    metadata: Metadata::File(_),
                } => "the provider in its metadata file",
            };
            format!("lets users of {} sign in, as {}", plain(whom), plain(name))
        }));
        lines
    }

    fn pool(&self) -> Option<&UserPool> {
        self.lab.user_pool.as_ref()
    }

    /// Where browsers are sent, of other machines.
    fn redirects(&self) -> Vec<String> {
        let pool = self
            .pool()
            .filter(|pool| pool.domain.is_some() && self.touches(Kind::AppClient));
        let Some(pool) = pool else {
            return Vec::new();
        };
        let line = |what: &str, urls: &[String]| {
            let urls = urls.iter().filter(|url| !is_loopback(url));
            let urls: Vec<String> = urls.map(|url| plain(url)).collect();
            (!urls.is_empty()).then(|| format!("{what}: {}", urls.join(", ")))
        };
        let client = &pool.app_client;
        let lines = [
            line(
                "sends who signs in, with a code for the tokens, on to",
                &client.callback_urls,
            ),
            line("sends who signs out on to", &client.logout_urls),
        ];
        lines.into_iter().flatten().collect()
    }

    /// A name in a zone that is not the lab's.
    fn record(&self) -> Option<String> {
        let domain = self.lab.edge.as_ref()?.domain.as_ref()?;
        let line = format!(
            "points {} in the hosted zone {} at the distribution",
            plain(&domain.name),
            plain(&domain.zone)
        );
        self.touches(Kind::RecordSet).then_some(line)
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
            let users = users.join(", ");
            lines.push(format!(
                "puts into the user pool, where who works in the account sees it: {users}"
            ));
            if self
                .pool()
                .is_some_and(|pool| pool.first_factors.contains(&Factor::EmailOtp))
            {
                lines.push(format!(
                    "lets Cognito mail codes, from {SENDER}, whenever somebody types the address: {users}"
                ));
            }
        }
        let makes = self
            .touched
            .iter()
            .any(|step| step.action == Action::Create);
        if let Some(me) = self.me.filter(|me| makes && me.by.contains('@')) {
            lines.push(format!(
                "tags the resources with your name, {} (another: `owner:` in lab.yaml, or LABCTL_OWNER)",
                plain(&me.by)
            ));
        }
        lines
    }
}
