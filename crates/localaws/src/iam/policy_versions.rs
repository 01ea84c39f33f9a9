//! Versions of an account's own managed policies: one of them counts.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    State,
    fault::{Result, absent},
    managed_policies::{ManagedPolicy, OfArn, PolicyVersion, check_document, conflict},
    paging::paged,
};
use crate::{app::now_s, call::ApiError, wire::percent};

const VERSIONS: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    policy_arn: String,
    policy_document: String,
    #[serde(default)]
    set_as_default: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfVersion {
    policy_arn: String,
    version_id: String,
}

impl ManagedPolicy {
    fn shown(&self, number: u64, version: &PolicyVersion, whole: bool) -> Value {
        let mut shown = json!({
            "VersionId": format!("v{number}"),
            "IsDefaultVersion": number == self.default,
            "CreateDate": version.created,
        });
        if whole {
            shown["Document"] = json!(percent::encode(&version.document));
        }
        shown
    }

    fn version(&self, id: &str) -> Result<(u64, &PolicyVersion)> {
        let number = id.strip_prefix('v').and_then(|digits| digits.parse().ok());
        number
            .and_then(|number| Some((number, self.versions.get(&number)?)))
            .ok_or_else(|| {
                absent(format!(
                    "Policy {} version {id} does not exist or is not attachable.",
                    self.arn
                ))
            })
    }
}

impl State {
    pub(super) fn create_policy_version(&mut self, input: Create) -> Result<Value> {
        let policy = self.policy_mut(&input.policy_arn)?;
        check_document(&input.policy_document)?;
        if policy.versions.len() >= VERSIONS {
            return Err(ApiError::new(
                409,
                "LimitExceeded",
                "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
                 existing version.",
            ));
        }
        policy.last += 1;
        policy.updated = now_s();
        let number = policy.last;
        if input.set_as_default {
            policy.default = number;
        }
        let version = PolicyVersion {
            document: input.policy_document,
            created: policy.updated,
        };
        let shown = policy.shown(number, &version, false);
        policy.versions.insert(number, version);
        Ok(json!({ "PolicyVersion": shown }))
    }

    pub(super) fn get_policy_version(&self, input: OfVersion) -> Result<Value> {
        let policy = self.policy(&input.policy_arn)?;
        let (number, version) = policy.version(&input.version_id)?;
        Ok(json!({ "PolicyVersion": policy.shown(number, version, true) }))
    }

    /// The newest first, as AWS lists them.
    pub(super) fn list_policy_versions(&self, input: OfArn) -> Result<Value> {
        let policy = self.policy(&input.policy_arn)?;
        paged(
            "Versions",
            policy.versions.iter().rev(),
            |(number, _)| format!("{:020}", u64::MAX - **number),
            |(number, version)| policy.shown(*number, version, false),
            input.marker.as_deref(),
            input.max_items,
        )
    }

    pub(super) fn set_default_version(&mut self, input: OfVersion) -> Result<()> {
        let policy = self.policy_mut(&input.policy_arn)?;
        policy.default = policy.version(&input.version_id)?.0;
        policy.updated = now_s();
        Ok(())
    }

    pub(super) fn delete_policy_version(&mut self, input: OfVersion) -> Result<()> {
        let policy = self.policy_mut(&input.policy_arn)?;
        let (number, _) = policy.version(&input.version_id)?;
        if number == policy.default {
            return conflict("Cannot delete the default version of a policy.");
        }
        policy.versions.remove(&number);
        Ok(())
    }
}
