//! What roles, users and groups have in common: inline and attached policies, and what they allow.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Role, State,
    fault::{Result, absent},
    policy::{self, Context, Ruling},
};

/// What can have policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Role,
    User,
    Group,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Permissions {
    /// ARN of the managed policy that bounds the others.
    #[serde(default)]
    pub(super) boundary: Option<String>,
    /// Inline policies: name → JSON text.
    pub(super) inline: BTreeMap<String, String>,
    /// ARNs of managed policies.
    pub(super) attached: BTreeSet<String>,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// The member that names it.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::Role => "RoleName",
            Self::User => "UserName",
            Self::Group => "GroupName",
        }
    }

    pub(super) fn absent(self, name: &str) -> crate::call::ApiError {
        let word = self.word();
        absent(format!("The {word} with name {name} cannot be found."))
    }
}

pub(super) fn boundary(arn: &String) -> Value {
    json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn})
}

impl State {
    pub(super) fn permissions(&self, kind: Kind, name: &str) -> Result<&Permissions> {
        match kind {
            Kind::Role => self.roles.get(name).map(|role| &role.permissions),
            Kind::User => self.users.get(name).map(|user| &user.permissions),
            Kind::Group => self.groups.get(name).map(|group| &group.permissions),
        }
        .ok_or_else(|| kind.absent(name))
    }

    /// To change them: those of a service-linked role are AWS's.
    pub(super) fn permissions_mut(&mut self, kind: Kind, name: &str) -> Result<&mut Permissions> {
        match kind {
            Kind::Role => self.own_role_mut(name).map(|role| &mut role.permissions),
            Kind::User => self.user_mut(name).map(|user| &mut user.permissions),
            Kind::Group => self
                .groups
                .get_mut(name)
                .map(|group| &mut group.permissions)
                .ok_or_else(|| kind.absent(name)),
        }
    }

    /// All that have policies.
    pub(super) fn identities(&self) -> impl Iterator<Item = (Kind, &str, &str, &Permissions)> {
        let roles = self.roles.values();
        let roles = roles.map(|it| {
            (
                Kind::Role,
                it.name.as_str(),
                it.id.as_str(),
                &it.permissions,
            )
        });
        let users = self.users.values();
        let users = users.map(|it| {
            (
                Kind::User,
                it.name.as_str(),
                it.id.as_str(),
                &it.permissions,
            )
        });
        let groups = self.groups.values();
        let groups = groups.map(|it| {
            (
                Kind::Group,
                it.name.as_str(),
                it.id.as_str(),
                &it.permissions,
            )
        });
        roles.chain(users).chain(groups)
    }

    /// The documents of the account's own managed policies among these.
    pub(super) fn documents<'s>(
        &'s self,
        arns: impl Iterator<Item = &'s str>,
    ) -> impl Iterator<Item = &'s str> {
        arns.filter_map(|arn| Some(self.policies.get(arn)?.document()))
    }

    /// What documents and managed policies say together of an action on a resource.
    pub(crate) fn policies_ruling<'s>(
        &'s self,
        documents: impl Iterator<Item = &'s str>,
        arns: impl Iterator<Item = &'s str> + Clone,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Ruling {
        let documents = documents.chain(self.documents(arns.clone()));
        policy::ruling(documents, arns, action, resource, context)
    }

    /// What an identity's own policies, and those of its groups, say within its boundary.
    fn ruling<'s>(
        &'s self,
        permissions: &'s Permissions,
        groups: &'s [&Permissions],
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Ruling {
        let all = || std::iter::once(permissions).chain(groups.iter().copied());
        let documents = all().flat_map(|it| it.inline.values()).map(String::as_str);
        let arns: Vec<&str> = all()
            .flat_map(|it| &it.attached)
            .map(String::as_str)
            .collect();
        let own = self.policies_ruling(documents, arns.into_iter(), action, resource, context);
        match permissions.boundary.as_deref() {
            None => own,
            Some(arn) => own.and(self.policies_ruling(
                std::iter::empty(),
                std::iter::once(arn),
                action,
                resource,
                context,
            )),
        }
    }

    pub(crate) fn role_ruling(
        &self,
        role: &Role,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Ruling {
        self.ruling(&role.permissions, &[], action, resource, context)
    }

    pub(crate) fn user_ruling(
        &self,
        user: &super::User,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Ruling {
        let groups = user.groups.iter().filter_map(|name| self.groups.get(name));
        let groups: Vec<&Permissions> = groups.map(|group| &group.permissions).collect();
        self.ruling(&user.permissions, &groups, action, resource, context)
    }

    /// Whether a managed policy is here to be attached: one of the account's own, or of AWS's.
    pub(crate) fn is_attachable(&self, arn: &str) -> bool {
        self.policies.contains_key(arn) || policy::managed(arn).is_some()
    }
}
