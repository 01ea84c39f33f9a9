//! The operations on roles. Texts of errors are those that IAM is widely reported to give.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Role, State,
    policy::{self, Document},
};
use crate::{
    app::now_s,
    call::ApiError,
    ids,
    wire::{
        page::{Page, page},
        percent,
    },
};

const ROLES_QUOTA: usize = 1000;
const ATTACHED_QUOTA: usize = 10;
const TAGS_QUOTA: usize = 50;
/// Characters without white space.
const TRUST_QUOTA: usize = 2048;
/// Characters of all inline policies together, without white space.
const INLINE_QUOTA: usize = 10_240;

type Result<T> = std::result::Result<T, ApiError>;

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

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfRole {
    role_name: String,
    marker: Option<String>,
    max_items: Option<usize>,
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
#[serde(rename_all = "PascalCase")]
pub(super) struct PutPolicy {
    role_name: String,
    policy_name: String,
    policy_document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfPolicy {
    role_name: String,
    policy_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attachment {
    role_name: String,
    policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagRole {
    role_name: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagRole {
    role_name: String,
    tag_keys: Vec<String>,
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
    max_session_duration: u32,
    permissions_boundary: Option<Value>,
    tags: Option<Vec<Tag>>,
    role_last_used: Option<Value>,
}

impl Role {
    fn shown(&self) -> Shown<'_> {
        let boundary =
            |arn| json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn});
        Shown {
            path: &self.path,
            role_name: &self.name,
            role_id: &self.id,
            arn: &self.arn,
            create_date: self.created,
            assume_role_policy_document: percent::encode(&self.trust),
            description: self.description.as_deref(),
            max_session_duration: self.max_session,
            permissions_boundary: self.boundary.as_ref().map(boundary),
            tags: (!self.tags.is_empty()).then(|| self.shown_tags()),
            role_last_used: None,
        }
    }

    fn shown_tags(&self) -> Vec<Tag> {
        self.tags
            .iter()
            .map(|(key, value)| Tag {
                key: key.clone(),
                value: value.clone(),
            })
            .collect()
    }

    /// A tag replaces one whose key differs in case only.
    fn add_tags(&mut self, tags: Vec<Tag>) -> Result<()> {
        let mut seen = BTreeSet::new();
        if !tags
            .iter()
            .all(|tag| seen.insert(tag.key.to_ascii_lowercase()))
        {
            let message =
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(ApiError::new(400, "InvalidInput", message));
        }
        if let Some(tag) = tags
            .iter()
            .find(|tag| tag.key.to_ascii_lowercase().starts_with("aws:"))
        {
            let message = format!("The tag key {} has the reserved prefix aws:", tag.key);
            return Err(ApiError::new(400, "InvalidInput", message));
        }
        let mut all: BTreeMap<_, _> = self.tags.clone();
        all.retain(|key, _| !seen.contains(&key.to_ascii_lowercase()));
        all.extend(tags.into_iter().map(|tag| (tag.key, tag.value)));
        if all.len() > TAGS_QUOTA {
            return Err(exceeded("TagsPerRole", TAGS_QUOTA));
        }
        self.tags = all;
        Ok(())
    }
}

fn exceeded(what: &str, quota: usize) -> ApiError {
    ApiError::new(
        409,
        "LimitExceeded",
        format!("Cannot exceed quota for {what}: {quota}"),
    )
}

fn absent(message: String) -> ApiError {
    ApiError::new(404, "NoSuchEntity", message)
}

fn no_policy(name: &str) -> ApiError {
    absent(format!("The role policy with name {name} cannot be found."))
}

fn not_attachable(arn: &str) -> ApiError {
    absent(format!("Policy {arn} does not exist or is not attachable."))
}

fn length(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

fn check_trust(document: &str) -> Result<()> {
    Document::trust(document)?;
    if length(document) > TRUST_QUOTA {
        Err(exceeded("ACLSizePerRole", TRUST_QUOTA))
    } else {
        Ok(())
    }
}

/// A page, as `Marker`, `IsTruncated` and the items under `name`.
fn paged<T, O: Serialize>(
    name: &str,
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    show: impl Fn(T) -> O,
    marker: Option<&str>,
    max_items: Option<usize>,
) -> Result<Value> {
    let Page { items, next } = page(items, key, marker, max_items.unwrap_or(100))
        .ok_or_else(|| ApiError::new(400, "ValidationError", "Invalid Marker."))?;
    let items: Vec<O> = items.into_iter().map(show).collect();
    Ok(json!({ name: items, "IsTruncated": next.is_some(), "Marker": next }))
}

impl State {
    fn existing(&self, name: &str) -> Result<&Role> {
        self.roles
            .get(name)
            .ok_or_else(|| absent(format!("The role with name {name} cannot be found.")))
    }

    fn existing_mut(&mut self, name: &str) -> Result<&mut Role> {
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
        if let Some(arn) = input
            .permissions_boundary
            .as_deref()
            .filter(|arn| policy::managed(arn).is_none())
        {
            return Err(absent(format!(
                "Scope ARN: {arn} does not exist or is not attachable."
            )));
        }
        let path = input.path.unwrap_or_else(|| "/".to_owned());
        let mut role = Role {
            arn: format!("arn:aws:iam::{account}:role{path}{name}"),
            id: format!("AROA{}", ids::upper(17)),
            path,
            created: now_s(),
            trust: input.assume_role_policy_document,
            description: input.description,
            max_session: input.max_session_duration.unwrap_or(3600),
            boundary: input.permissions_boundary,
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            name: name.clone(),
        };
        role.add_tags(input.tags)?;
        let answer = json!({ "Role": role.shown() });
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
        let role = self.existing(&input.role_name)?;
        let conflict = |message| Err(ApiError::new(409, "DeleteConflict", message));
        if !role.attached.is_empty() {
            return conflict("Cannot delete entity, must detach all policies first.");
        }
        if !role.inline.is_empty() {
            return conflict("Cannot delete entity, must delete policies first.");
        }
        self.roles.remove(&input.role_name);
        Ok(())
    }

    pub(super) fn update_trust(&mut self, input: UpdateTrust) -> Result<()> {
        let role = self.existing_mut(&input.role_name)?;
        check_trust(&input.policy_document)?;
        role.trust = input.policy_document;
        Ok(())
    }

    pub(super) fn put_policy(&mut self, input: PutPolicy) -> Result<()> {
        let role = self.existing_mut(&input.role_name)?;
        Document::identity(&input.policy_document)?;
        let others = role
            .inline
            .iter()
            .filter(|(name, _)| **name != input.policy_name);
        let size: usize = others.map(|(_, document)| length(document)).sum();
        if size + length(&input.policy_document) > INLINE_QUOTA {
            let message = format!(
                "Maximum policy size of {INLINE_QUOTA} bytes exceeded for role {}",
                role.name
            );
            return Err(ApiError::new(409, "LimitExceeded", message));
        }
        role.inline.insert(input.policy_name, input.policy_document);
        Ok(())
    }

    pub(super) fn get_policy(&self, input: OfPolicy) -> Result<Value> {
        let role = self.existing(&input.role_name)?;
        let document = role
            .inline
            .get(&input.policy_name)
            .ok_or_else(|| no_policy(&input.policy_name))?;
        Ok(json!({
            "RoleName": role.name,
            "PolicyName": input.policy_name,
            "PolicyDocument": percent::encode(document),
        }))
    }

    pub(super) fn list_policies(&self, input: OfRole) -> Result<Value> {
        let names = self.existing(&input.role_name)?.inline.keys();
        paged(
            "PolicyNames",
            names,
            |name| (*name).clone(),
            |name| name,
            input.marker.as_deref(),
            input.max_items,
        )
    }

    pub(super) fn delete_policy(&mut self, input: OfPolicy) -> Result<()> {
        let role = self.existing_mut(&input.role_name)?;
        role.inline
            .remove(&input.policy_name)
            .map(drop)
            .ok_or_else(|| no_policy(&input.policy_name))
    }

    pub(super) fn attach(&mut self, input: Attachment) -> Result<()> {
        let role = self.existing_mut(&input.role_name)?;
        if policy::managed(&input.policy_arn).is_none() {
            return Err(not_attachable(&input.policy_arn));
        }
        if role.attached.len() >= ATTACHED_QUOTA && !role.attached.contains(&input.policy_arn) {
            return Err(exceeded("PoliciesPerRole", ATTACHED_QUOTA));
        }
        role.attached.insert(input.policy_arn);
        Ok(())
    }

    pub(super) fn detach(&mut self, input: Attachment) -> Result<()> {
        let role = self.existing_mut(&input.role_name)?;
        if role.attached.remove(&input.policy_arn) {
            Ok(())
        } else {
            Err(absent(format!(
                "Policy {} was not found.",
                input.policy_arn
            )))
        }
    }

    pub(super) fn list_attached(&self, input: OfRole) -> Result<Value> {
        let arns = self.existing(&input.role_name)?.attached.iter();
        let show = |arn: &String| {
            let name = arn.rsplit('/').next().unwrap_or(arn);
            json!({ "PolicyName": name, "PolicyArn": arn })
        };
        paged(
            "AttachedPolicies",
            arns,
            |arn| (*arn).clone(),
            show,
            input.marker.as_deref(),
            input.max_items,
        )
    }

    pub(super) fn tag(&mut self, input: TagRole) -> Result<()> {
        self.existing_mut(&input.role_name)?.add_tags(input.tags)
    }

    pub(super) fn untag(&mut self, input: UntagRole) -> Result<()> {
        let role = self.existing_mut(&input.role_name)?;
        role.tags.retain(|key, _| {
            !input
                .tag_keys
                .iter()
                .any(|untagged| untagged.eq_ignore_ascii_case(key))
        });
        Ok(())
    }

    pub(super) fn list_tags(&self, input: OfRole) -> Result<Value> {
        let tags = self.existing(&input.role_name)?.shown_tags();
        paged(
            "Tags",
            tags,
            |tag| tag.key.clone(),
            |tag| tag,
            input.marker.as_deref(),
            input.max_items,
        )
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
            "AttachedPoliciesPerRoleQuota": ATTACHED_QUOTA,
            "AssumeRolePolicySizeQuota": TRUST_QUOTA,
            "RolePolicySizeQuota": INLINE_QUOTA,
            "InstanceProfiles": 0,
            "Users": 0,
            "Groups": 0,
            "Policies": 0,
        }}))
    }
}
