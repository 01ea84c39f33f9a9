//! The operations on roles themselves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Role, State, attached,
    fault::{Result, absent, exceeded},
    identity::{Permissions, boundary},
    inline,
    paging::paged,
    policy::{self, Document},
    tags::Tag,
};
use crate::{app::now_s, call::ApiError, ids, wire::percent};

const ROLES_QUOTA: usize = 1000;

/// Characters without white space.
const TRUST_QUOTA: usize = 2048;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateRole {
    role_name: String,
    assume_role_policy_document: String,
    path: Option<String>,
    description: Option<String>,
    max_session_duration: Option<u32>,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfRole {
    role_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRoles {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateTrust {
    role_name: String,
    policy_document: String,
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// A role as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'a> {
    path: &'a str,
    role_name: &'a str,
    role_id: &'a str,
    arn: &'a str,
    create_date: f64,
    assume_role_policy_document: String,
    description: Option<&'a str>,
    max_session_duration: Option<u32>,
    permissions_boundary: Option<Value>,
    tags: Option<Vec<Tag>>,
    role_last_used: Option<Value>,
}

impl Role {
    pub(super) fn new(account: &str, path: String, name: String, trust: String) -> Self {
        Self {
            arn: format!("arn:aws:iam::{account}:role{path}{name}"),
            id: format!("AROA{}", ids::upper(17)),
            path,
            created: now_s(),
            trust,
            description: None,
            max_session: 3600,
            tags: BTreeMap::new(),
            permissions: Permissions::default(),
            name,
        }
    }

    /// As it is answered when a service has it made.
    pub(super) fn shown_new(&self) -> Value {
        json!(Shown {
            max_session_duration: None,
            ..self.shown()
        })
    }

    fn shown(&self) -> Shown<'_> {
        Shown {
            path: &self.path,
            role_name: &self.name,
            role_id: &self.id,
            arn: &self.arn,
            create_date: self.created,
            assume_role_policy_document: percent::encode(&self.trust),
            description: self.description.as_deref(),
            max_session_duration: Some(self.max_session),
            permissions_boundary: self.permissions.boundary.as_ref().map(boundary),
            tags: (!self.tags.is_empty()).then(|| self.shown_tags()),
            role_last_used: None,
        }
    }
}

fn check_trust(document: &str) -> Result<()> {
    Document::trust(document)?;
    if policy::length(document) > TRUST_QUOTA {
        Err(exceeded("ACLSizePerRole", TRUST_QUOTA))
    } else {
        Ok(())
    }
}

impl State {
    pub(super) fn existing(&self, name: &str) -> Result<&Role> {
        self.roles
            .get(name)
            .ok_or_else(|| absent(format!("The role with name {name} cannot be found.")))
    }

    pub(super) fn existing_mut(&mut self, name: &str) -> Result<&mut Role> {
        self.roles
            .get_mut(name)
            .ok_or_else(|| absent(format!("The role with name {name} cannot be found.")))
    }

    pub(super) fn create_role(&mut self, account: &str, input: CreateRole) -> Result<Value> {
        let name = input.role_name;
        check_trust(&input.assume_role_policy_document)?;
        if self
            .roles
            .keys()
            .any(|existing| existing.eq_ignore_ascii_case(&name))
        {
            return Err(ApiError::new(
                409,
                "EntityAlreadyExists",
                format!("Role with name {name} already exists."),
            ));
        }
        if self.roles.len() >= ROLES_QUOTA {
            return Err(exceeded("RolesPerAccount", ROLES_QUOTA));
        }
        self.check_boundary(input.permissions_boundary.as_ref())?;
        let path = input.path.unwrap_or_else(|| "/".to_owned());
        let trust = input.assume_role_policy_document;
        let mut role = Role::new(account, path, name.clone(), trust);
        role.description = input.description;
        role.max_session = input.max_session_duration.unwrap_or(role.max_session);
        role.permissions.boundary = input.permissions_boundary;
        role.add_tags(input.tags)?;
        // Only what was asked for (LocalStack's recording `test_role_with_path_lifecycle`).
        let answer = json!({ "Role": Shown {
            max_session_duration: input.max_session_duration,
            ..role.shown()
        }});
        self.roles.insert(name, role);
        Ok(answer)
    }

    pub(super) fn get_role(&self, input: OfRole) -> Result<Value> {
        let shown = Shown {
            role_last_used: Some(json!({})),
            ..self.existing(&input.role_name)?.shown()
        };
        Ok(json!({ "Role": shown }))
    }

    /// Without tags and permissions boundaries, as AWS lists them.
    pub(super) fn list_roles(&self, input: ListRoles) -> Result<Value> {
        let prefix = input.path_prefix.unwrap_or_default();
        let roles = self
            .roles
            .values()
            .filter(|role| role.path.starts_with(&prefix));
        let show = |role: &Role| {
            json!(Shown {
                tags: None,
                permissions_boundary: None,
                ..role.shown()
            })
        };
        paged(
            "Roles",
            roles,
            |role| role.name.clone(),
            show,
            input.marker.as_deref(),
            input.max_items,
        )
    }

    pub(super) fn delete_role(&mut self, input: OfRole) -> Result<()> {
        let role = &*self.own_role_mut(&input.role_name)?;
        let conflict = |message| Err(ApiError::new(409, "DeleteConflict", message));
        if !role.permissions.attached.is_empty() {
            return conflict("Cannot delete entity, must detach all policies first.");
        }
        if !role.permissions.inline.is_empty() {
            return conflict("Cannot delete entity, must delete policies first.");
        }
        self.roles.remove(&input.role_name);
        Ok(())
    }

    pub(super) fn update_trust(&mut self, input: UpdateTrust) -> Result<()> {
        let role = self.own_role_mut(&input.role_name)?;
        check_trust(&input.policy_document)?;
        role.trust = input.policy_document;
        Ok(())
    }

    /// Always none: the twin has no instance profiles.
    pub(super) fn list_instance_profiles(&self, input: OfRole) -> Result<Value> {
        self.existing(&input.role_name)?;
        Ok(json!({ "InstanceProfiles": [], "IsTruncated": false }))
    }

    #[expect(clippy::unnecessary_wraps, reason = "operations look alike")]
    pub(super) fn account_summary(&self, _input: Nothing) -> Result<Value> {
        Ok(json!({ "SummaryMap": {
            "Roles": self.roles.len(),
            "RolesQuota": ROLES_QUOTA,
            "AttachedPoliciesPerRoleQuota": attached::QUOTA,
            "AssumeRolePolicySizeQuota": TRUST_QUOTA,
            "RolePolicySizeQuota": inline::QUOTA,
            "InstanceProfiles": 0,
            "Users": self.users.len(),
            "Groups": self.groups.len(),
            "Policies": self.policies.len(),
            "Providers": self.oidc_providers.len(),
        }}))
    }
}
