//! IAM: roles, their trust, inline and attached policies; identity providers. Global: one state an account.

mod attached;
mod fault;
mod inline;
mod oidc;
mod paging;
mod policy;
mod roles;
mod simulate;
mod tags;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer},
};
pub(crate) use policy::{Context, Document, Ruling, Who, authorizer_ruling, glob};

/// The roles of an account, by name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    roles: BTreeMap<String, Role>,
    /// By ARN.
    oidc_providers: BTreeMap<String, oidc::OidcProvider>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) arn: String,
    /// `AROA…`: another one for each role made under the same name.
    pub(crate) id: String,
    path: String,
    /// Seconds since the epoch.
    created: f64,
    /// JSON text, as given.
    trust: String,
    description: Option<String>,
    /// Seconds.
    pub(crate) max_session: u32,
    boundary: Option<String>,
    tags: BTreeMap<String, String>,
    /// Inline policies: name → JSON text.
    inline: BTreeMap<String, String>,
    /// ARNs of managed policies.
    attached: BTreeSet<String>,
}

impl State {
    pub(crate) fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(name)
    }

    pub(crate) fn by_arn(&self, arn: &str) -> Option<&Role> {
        self.roles.values().find(|role| role.arn == arn)
    }

    /// Whether a role's trust policy lets a service such as `lambda.amazonaws.com` assume it. False when
    /// there is no such role.
    pub(crate) fn can_assume(&self, role_arn: &str, service: &str) -> bool {
        self.by_arn(role_arn)
            .and_then(|role| Document::trust(&role.trust).ok())
            .is_some_and(|document| document.trusts(service))
    }

    /// Whether a role's inline and attached policies allow an action (`logs:PutLogEvents`) on a resource.
    pub(crate) fn allows(&self, role_arn: &str, action: &str, resource: &str) -> bool {
        self.by_arn(role_arn).is_some_and(|role| {
            let inline = role.inline.values().map(String::as_str);
            policy::allows(
                inline,
                role.attached.iter().map(String::as_str),
                action,
                resource,
            )
        })
    }
}

impl Role {
    /// What the role's own policies, within its boundary, say of an action on a resource.
    pub(crate) fn ruling(&self, action: &str, resource: &str, context: &Context) -> Ruling {
        let inline = self.inline.values().map(String::as_str);
        let attached = self.attached.iter().map(String::as_str);
        let own = policy::ruling(inline, attached, action, resource, context);
        match self.boundary.as_deref() {
            None => own,
            Some(arn) => own.and(policy::ruling(
                std::iter::empty(),
                std::iter::once(arn),
                action,
                resource,
                context,
            )),
        }
    }

    /// What the role's trust policy says to a caller who wants to assume it.
    pub(crate) fn trust_ruling(&self, who: Who<'_>, context: &Context) -> Ruling {
        Document::trust(&self.trust).map_or_else(
            |_| Ruling::default(),
            |document| document.trust_ruling(who, "sts:AssumeRole", context),
        )
    }

    /// What it says to whom a provider vouches for.
    pub(crate) fn web_trust_ruling(&self, provider: &str, context: &Context) -> Ruling {
        let action = "sts:AssumeRoleWithWebIdentity";
        Document::trust(&self.trust).map_or_else(
            |_| Ruling::default(),
            |document| document.trust_ruling(Who::Federated(provider), action, context),
        )
    }
}

/// What session policies (documents, and ARNs of managed ones) say together.
pub(crate) fn session_ruling(
    documents: &[String],
    arns: &[String],
    action: &str,
    resource: &str,
    context: &Context,
) -> Ruling {
    policy::ruling(
        documents.iter().map(String::as_str),
        arns.iter().map(String::as_str),
        action,
        resource,
        context,
    )
}

/// Whether a text has the parts of an ARN: partition, service and resource are there.
pub(crate) fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, _, _, resource] = parts.as_slice() else {
        return false;
    };
    *arn == "arn"
        && ![partition, service, resource]
            .iter()
            .any(|part| part.is_empty())
}

/// Whether AWS has a managed policy of this ARN; the twin need not.
pub(crate) fn is_of_aws(arn: &str) -> bool {
    policy::is_of_aws(arn)
}

/// Whether an AWS-managed policy is one that can be attached here.
pub(crate) fn is_managed(arn: &str) -> bool {
    policy::managed(arn).is_some()
}

#[expect(clippy::unused_async, reason = "every service answers alike")]
pub(crate) async fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateRole" => {
            let account = &call.account;
            write(app, call, |state, input| state.create_role(account, input))
        }
        "GetRole" => read(app, call, State::get_role),
        "ListRoles" => read(app, call, State::list_roles),
        "DeleteRole" => write(app, call, State::delete_role),
        "UpdateAssumeRolePolicy" => write(app, call, State::update_trust),
        "PutRolePolicy" => write(app, call, State::put_policy),
        "GetRolePolicy" => read(app, call, State::get_policy),
        "ListRolePolicies" => read(app, call, State::list_policies),
        "DeleteRolePolicy" => write(app, call, State::delete_policy),
        "AttachRolePolicy" => write(app, call, State::attach),
        "DetachRolePolicy" => write(app, call, State::detach),
        "ListAttachedRolePolicies" => read(app, call, State::list_attached),
        "TagRole" => write(app, call, State::tag),
        "UntagRole" => write(app, call, State::untag),
        "ListRoleTags" => read(app, call, State::list_tags),
        "ListInstanceProfilesForRole" => read(app, call, State::list_instance_profiles),
        "SimulatePrincipalPolicy" => read(app, call, State::simulate),
        "CreateOpenIDConnectProvider" => {
            let account = &call.account;
            write(app, call, |state, input| {
                state.create_oidc_provider(account, input)
            })
        }
        "GetOpenIDConnectProvider" => read(app, call, State::get_oidc_provider),
        "ListOpenIDConnectProviders" => read(app, call, State::list_oidc_providers),
        "DeleteOpenIDConnectProvider" => write(app, call, State::delete_oidc_provider),
        "GetAccountSummary" => read(app, call, State::account_summary),
        _ => Err(call.not_served()),
    }
}

fn read<I: DeserializeOwned, O: Serialize>(
    app: &App,
    call: &Call,
    look: impl FnOnce(&State, I) -> Result<O, ApiError>,
) -> Answer {
    let input = call.input()?;
    answer(app.read(|world| match world.accounts.get(&call.account) {
        Some(account) => look(&account.iam, input),
        None => look(&State::default(), input),
    })?)
}

fn write<I: DeserializeOwned, O: Serialize>(
    app: &App,
    call: &Call,
    change: impl FnOnce(&mut State, I) -> Result<O, ApiError>,
) -> Answer {
    let input = call.input()?;
    answer(app.write(|world| change(&mut world.account(&call.account).iam, input))?)
}
