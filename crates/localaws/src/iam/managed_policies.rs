//! An account's own managed policies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    State,
    attached::{check_arn, not_served},
    fault::{Result, absent, exceeded},
    identity::Kind,
    paging::paged,
    policy::{self, Document},
    tags::{Tag, checked, shown},
};
use crate::{app::now_s, call::ApiError, ids};

/// Characters without white space.
const SIZE: usize = 6144;
const POLICIES: usize = 1500;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ManagedPolicy {
    pub(super) arn: String,
    name: String,
    /// `ANPA…`
    id: String,
    path: String,
    description: Option<String>,
    /// Seconds since the epoch.
    created: f64,
    pub(super) updated: f64,
    tags: BTreeMap<String, String>,
    /// By number.
    pub(super) versions: BTreeMap<u64, PolicyVersion>,
    pub(super) default: u64,
    /// The last number that was given.
    pub(super) last: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PolicyVersion {
    /// JSON text, as given.
    pub(super) document: String,
    /// Seconds since the epoch.
    pub(super) created: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    policy_name: String,
    path: Option<String>,
    policy_document: String,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfArn {
    pub(super) policy_arn: String,
    pub(super) marker: Option<String>,
    pub(super) max_items: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    scope: Option<String>,
    #[serde(default)]
    only_attached: bool,
    path_prefix: Option<String>,
    policy_usage_filter: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entities {
    policy_arn: String,
    entity_filter: Option<String>,
}

impl ManagedPolicy {
    /// The JSON text that counts.
    pub(super) fn document(&self) -> &str {
        let version = self.versions.get(&self.default);
        version.map_or("", |version| &version.document)
    }
}

pub(super) fn check_document(document: &str) -> Result<()> {
    Document::identity(document)?;
    if policy::length(document) > SIZE {
        return Err(exceeded("PolicySize", SIZE));
    }
    Ok(())
}

pub(super) fn conflict<T>(message: &str) -> Result<T> {
    Err(ApiError::new(409, "DeleteConflict", message))
}

impl State {
    /// How many have the policy attached, and how many are bounded by it.
    fn uses(&self, arn: &str) -> (usize, usize) {
        let attached = |it: &super::Permissions| it.attached.contains(arn);
        let bounded = |it: &super::Permissions| it.boundary.as_deref() == Some(arn);
        let all = || self.identities().map(|(_, _, _, permissions)| permissions);
        (
            all().filter(|it| attached(it)).count(),
            all().filter(|it| bounded(it)).count(),
        )
    }

    /// `Policy` of the model, as it is listed.
    fn shown_policy(&self, policy: &ManagedPolicy) -> Value {
        let (attached, bounded) = self.uses(&policy.arn);
        json!({
            "PolicyName": policy.name,
            "PolicyId": policy.id,
            "Arn": policy.arn,
            "Path": policy.path,
            "DefaultVersionId": format!("v{}", policy.default),
            "AttachmentCount": attached,
            "PermissionsBoundaryUsageCount": bounded,
            "IsAttachable": true,
            "CreateDate": policy.created,
            "UpdateDate": policy.updated,
        })
    }

    /// Of AWS's own, the twin knows no more than what they allow.
    pub(super) fn policy(&self, arn: &str) -> Result<&ManagedPolicy> {
        check_arn(arn)?;
        if policy::is_of_aws(arn) {
            return Err(not_served(arn));
        }
        self.policies
            .get(arn)
            .ok_or_else(|| absent(format!("Policy {arn} was not found.")))
    }

    pub(super) fn policy_mut(&mut self, arn: &str) -> Result<&mut ManagedPolicy> {
        self.policy(arn)?;
        let policy = self.policies.get_mut(arn);
        policy.ok_or_else(|| absent(format!("Policy {arn} was not found.")))
    }

    /// Recorded: LocalStack's `test_role_attach_policy`.
    pub(super) fn create_managed_policy(&mut self, account: &str, input: Create) -> Result<Value> {
        let name = input.policy_name;
        check_document(&input.policy_document)?;
        let same = |known: &ManagedPolicy| known.name.eq_ignore_ascii_case(&name);
        if self.policies.values().any(same) {
            return Err(ApiError::new(
                409,
                "EntityAlreadyExists",
                format!("A policy called {name} already exists. Duplicate names are not allowed."),
            ));
        }
        if self.policies.len() >= POLICIES {
            return Err(exceeded("PoliciesPerAccount", POLICIES));
        }
        let path = input.path.unwrap_or_else(|| "/".to_owned());
        let created = now_s();
        let version = PolicyVersion {
            document: input.policy_document,
            created,
        };
        let policy = ManagedPolicy {
            arn: format!("arn:aws:iam::{account}:policy{path}{name}"),
            id: format!("ANPA{}", ids::upper(17)),
            name,
            path,
            description: input.description,
            created,
            updated: created,
            tags: checked(BTreeMap::new(), input.tags, "TagsPerPolicy")?,
            versions: BTreeMap::from([(1, version)]),
            default: 1,
            last: 1,
        };
        let mut answer = self.shown_policy(&policy);
        if !policy.tags.is_empty() {
            answer["Tags"] = json!(shown(&policy.tags));
        }
        self.policies.insert(policy.arn.clone(), policy);
        Ok(json!({ "Policy": answer }))
    }

    pub(super) fn get_managed_policy(&self, input: OfArn) -> Result<Value> {
        let policy = self.policy(&input.policy_arn)?;
        let mut answer = self.shown_policy(policy);
        answer["Tags"] = json!(shown(&policy.tags));
        answer["Description"] = json!(policy.description);
        Ok(json!({ "Policy": answer }))
    }

    pub(super) fn list_managed_policies(&self, input: List) -> Result<Value> {
        if input.scope.as_deref() != Some("Local") {
            let message = "labctl's local AWS does not serve the list of AWS's own managed policies: ask for the Scope Local";
            return Err(ApiError::new(501, "NotImplementedException", message));
        }
        let prefix = input.path_prefix.unwrap_or_default();
        let bounds = input.policy_usage_filter.as_deref() == Some("PermissionsBoundary");
        let wanted = |policy: &&ManagedPolicy| {
            let (attached, bounded) = self.uses(&policy.arn);
            let used = if bounds { bounded } else { attached };
            policy.path.starts_with(&prefix) && (used > 0 || !(input.only_attached || bounds))
        };
        paged(
            "Policies",
            self.policies.values().filter(wanted),
            |policy| policy.arn.clone(),
            |policy| self.shown_policy(policy),
            input.marker.as_deref(),
            input.max_items,
        )
    }

    pub(super) fn list_entities(&self, input: Entities) -> Result<Value> {
        check_arn(&input.policy_arn)?;
        if !self.is_attachable(&input.policy_arn) {
            self.policy(&input.policy_arn)?;
        }
        let of = |wanted: Kind| -> Vec<Value> {
            let filter = input.entity_filter.as_deref();
            let asked = filter.is_none_or(|filter| filter.eq_ignore_ascii_case(wanted.word()));
            let found = self.identities().filter(|(kind, _, _, permissions)| {
                asked && *kind == wanted && permissions.attached.contains(&input.policy_arn)
            });
            let id = wanted.member().replace("Name", "Id");
            found
                .map(|(_, name, its, _)| json!({ wanted.member(): name, id.as_str(): its }))
                .collect()
        };
        Ok(json!({
            "PolicyRoles": of(Kind::Role),
            "PolicyUsers": of(Kind::User),
            "PolicyGroups": of(Kind::Group),
            "IsTruncated": false,
        }))
    }

    pub(super) fn delete_managed_policy(&mut self, input: OfArn) -> Result<()> {
        let policy = self.policy(&input.policy_arn)?;
        if self.uses(&policy.arn) != (0, 0) {
            return conflict("Cannot delete a policy attached to entities.");
        }
        if policy.versions.len() > 1 {
            return conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                 versions. The default version is deleted with the policy.",
            );
        }
        self.policies.remove(&input.policy_arn);
        Ok(())
    }
}
