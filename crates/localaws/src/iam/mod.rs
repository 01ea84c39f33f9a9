//! IAM: roles, users and groups, their inline and managed policies; identity providers. Global: one state an account.

mod attached;
mod fault;
mod groups;
mod identity;
mod inline;
mod managed_policies;
mod oidc;
mod paging;
mod policy;
mod policy_versions;
mod roles;
mod service_linked;
mod simulate;
mod tags;
#[cfg(test)]
mod tests;
mod users;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use identity::{Kind, Permissions};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer},
};
pub(crate) use policy::{Context, Document, Ruling, Who, authorizer_ruling, glob};
pub(crate) use users::User;

/// What IAM has of an account.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By name, as users and groups.
    roles: BTreeMap<String, Role>,
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, groups::Group>,
    /// By ARN.
    policies: BTreeMap<String, managed_policies::ManagedPolicy>,
    /// Of service-linked roles: task ids.
    deletions: BTreeSet<String>,
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
    tags: BTreeMap<String, String>,
    #[serde(flatten)]
    permissions: Permissions,
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
            let Permissions {
                inline, attached, ..
            } = &role.permissions;
            let attached = || attached.iter().map(String::as_str);
            let inline = inline.values().map(String::as_str);
            let documents = inline.chain(self.documents(attached()));
            policy::allows(documents, attached(), action, resource)
        })
    }
}

impl Role {
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

#[expect(clippy::unused_async, reason = "every service answers alike")]
pub(crate) async fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateRole" => create(app, call, State::create_role),
        "GetRole" => read(app, call, State::get_role),
        "ListRoles" => read(app, call, State::list_roles),
        "DeleteRole" => write(app, call, State::delete_role),
        "UpdateAssumeRolePolicy" => write(app, call, State::update_trust),
        "CreateServiceLinkedRole" => create(app, call, State::create_service_linked),
        "DeleteServiceLinkedRole" => write(app, call, State::delete_service_linked),
        "GetServiceLinkedRoleDeletionStatus" => read(app, call, State::deletion_status),
        "CreateUser" => create(app, call, State::create_user),
        "GetUser" => read(app, call, |state, input| state.get_user(call, input)),
        "ListUsers" => read(app, call, State::list_users),
        "DeleteUser" => write(app, call, |state, input| state.delete_user(call, input)),
        "CreateAccessKey" => write(app, call, |state, input| state.create_key(call, input)),
        "ListAccessKeys" => read(app, call, |state, input| state.list_keys(call, input)),
        "UpdateAccessKey" => write(app, call, |state, input| state.update_key(call, input)),
        "DeleteAccessKey" => write(app, call, |state, input| state.delete_key(call, input)),
        "CreateGroup" => create(app, call, State::create_group),
        "GetGroup" => read(app, call, State::get_group),
        "ListGroups" => read(app, call, State::list_groups),
        "ListGroupsForUser" => read(app, call, State::list_groups_of),
        "DeleteGroup" => write(app, call, State::delete_group),
        "AddUserToGroup" => write(app, call, State::add_member),
        "RemoveUserFromGroup" => write(app, call, State::remove_member),
        "CreatePolicy" => create(app, call, State::create_managed_policy),
        "GetPolicy" => read(app, call, State::get_managed_policy),
        "ListPolicies" => read(app, call, State::list_managed_policies),
        "ListEntitiesForPolicy" => read(app, call, State::list_entities),
        "DeletePolicy" => write(app, call, State::delete_managed_policy),
        "CreatePolicyVersion" => write(app, call, State::create_policy_version),
        "GetPolicyVersion" => read(app, call, State::get_policy_version),
        "ListPolicyVersions" => read(app, call, State::list_policy_versions),
        "SetDefaultPolicyVersion" => write(app, call, State::set_default_version),
        "DeletePolicyVersion" => write(app, call, State::delete_policy_version),
        "PutRolePolicy" => write(app, call, |state, input| {
            state.put_policy(Kind::Role, input)
        }),
        "GetRolePolicy" => read(app, call, |state, input| {
            state.get_policy(Kind::Role, input)
        }),
        "ListRolePolicies" => read(app, call, |state, input| {
            state.list_policies(Kind::Role, input)
        }),
        "DeleteRolePolicy" => write(app, call, |state, input| {
            state.delete_policy(Kind::Role, input)
        }),
        "AttachRolePolicy" => write(app, call, |state, input| state.attach(Kind::Role, input)),
        "DetachRolePolicy" => write(app, call, |state, input| state.detach(Kind::Role, input)),
        "ListAttachedRolePolicies" => read(app, call, |state, input| {
            state.list_attached(Kind::Role, input)
        }),
        "PutUserPolicy" => write(app, call, |state, input| {
            state.put_policy(Kind::User, input)
        }),
        "GetUserPolicy" => read(app, call, |state, input| {
            state.get_policy(Kind::User, input)
        }),
        "ListUserPolicies" => read(app, call, |state, input| {
            state.list_policies(Kind::User, input)
        }),
        "DeleteUserPolicy" => write(app, call, |state, input| {
            state.delete_policy(Kind::User, input)
        }),
        "AttachUserPolicy" => write(app, call, |state, input| state.attach(Kind::User, input)),
        "DetachUserPolicy" => write(app, call, |state, input| state.detach(Kind::User, input)),
        "ListAttachedUserPolicies" => read(app, call, |state, input| {
            state.list_attached(Kind::User, input)
        }),
        "PutGroupPolicy" => write(app, call, |state, input| {
            state.put_policy(Kind::Group, input)
        }),
        "GetGroupPolicy" => read(app, call, |state, input| {
            state.get_policy(Kind::Group, input)
        }),
        "ListGroupPolicies" => read(app, call, |state, input| {
            state.list_policies(Kind::Group, input)
        }),
        "DeleteGroupPolicy" => write(app, call, |state, input| {
            state.delete_policy(Kind::Group, input)
        }),
        "AttachGroupPolicy" => write(app, call, |state, input| state.attach(Kind::Group, input)),
        "DetachGroupPolicy" => write(app, call, |state, input| state.detach(Kind::Group, input)),
        "ListAttachedGroupPolicies" => read(app, call, |state, input| {
            state.list_attached(Kind::Group, input)
        }),
        "TagRole" => write(app, call, |state, input| state.tag(Kind::Role, input)),
        "UntagRole" => write(app, call, |state, input| state.untag(Kind::Role, input)),
        "ListRoleTags" => read(app, call, |state, input| state.list_tags(Kind::Role, input)),
        "TagUser" => write(app, call, |state, input| state.tag(Kind::User, input)),
        "UntagUser" => write(app, call, |state, input| state.untag(Kind::User, input)),
        "ListUserTags" => read(app, call, |state, input| state.list_tags(Kind::User, input)),
        "ListInstanceProfilesForRole" => read(app, call, State::list_instance_profiles),
        "SimulatePrincipalPolicy" => read(app, call, State::simulate),
        "CreateOpenIDConnectProvider" => create(app, call, State::create_oidc_provider),
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

/// The same for what gets an ARN.
fn create<I: DeserializeOwned, O: Serialize>(
    app: &App,
    call: &Call,
    make: impl FnOnce(&mut State, &str, I) -> Result<O, ApiError>,
) -> Answer {
    write(app, call, |state, input| make(state, &call.account, input))
}
