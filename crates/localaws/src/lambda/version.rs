//! One version of a function: its code and settings. `$LATEST` can change, published ones cannot.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{code::Code, fault, name::Named, policy::Policy, settings::Settings};
use crate::{app::now_ms, call::ApiError, ids};

/// How long (ms) Lambda takes to make a new or changed function ready.
const SETTLE: i64 = 150;

/// All times are milliseconds since the epoch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) settings: Settings,
    pub(super) architectures: Vec<String>,
    pub(super) code: Code,
    pub(super) policy: Policy,
    /// Of code and configuration.
    pub(super) revision: String,
    /// What AWS answers as `RevisionId` once the change is settled; becoming ready counts as a change, and so does the
    /// resource policy. Recorded: LocalStack's `test_function_revisions_basic` and `…_permissions`.
    #[serde(default)]
    pub(super) settled: String,
    pub(super) modified: i64,
    pub(super) active_from: i64,
    pub(super) updated_from: i64,
    /// Of a published one: what `$LATEST` was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) published_from: Option<String>,
}

impl Version {
    pub(super) fn new(settings: Settings, architectures: Vec<String>, code: Code) -> Self {
        let now = now_ms();
        Self {
            settings,
            architectures,
            code,
            policy: Policy::default(),
            revision: ids::uuid(),
            settled: ids::uuid(),
            modified: now,
            active_from: now + SETTLE,
            updated_from: now + SETTLE,
            published_from: None,
        }
    }

    /// This version, published: ready as soon as this one is, and with a policy of its own.
    pub(super) fn published(&self, description: Option<String>) -> Self {
        let mut settings = self.settings.clone();
        settings.describe(description);
        let revision = ids::uuid();
        Self {
            settings,
            policy: Policy::default(),
            settled: revision.clone(),
            revision,
            active_from: self.updated_from,
            published_from: Some(self.content()),
            ..self.clone()
        }
    }

    /// Whether this published version was made of just that code and configuration.
    pub(super) fn is_of(&self, latest: &Self) -> bool {
        self.published_from.as_ref() == Some(&latest.content())
    }

    fn content(&self) -> String {
        json!([self.code.sha256, self.architectures, self.settings]).to_string()
    }

    /// Changes with code and configuration: a process of another revision is out of date.
    pub(super) fn revision(&self) -> &str {
        &self.revision
    }

    /// `RevisionId`, as it is now.
    pub(super) fn revision_id(&self) -> &str {
        if self.is_updating() || self.settled.is_empty() {
            &self.revision
        } else {
            &self.settled
        }
    }

    pub(super) fn modified(&self) -> i64 {
        self.modified
    }

    pub(super) fn is_updating(&self) -> bool {
        now_ms() < self.updated_from
    }

    pub(super) fn is_pending(&self) -> bool {
        now_ms() < self.active_from
    }

    /// Refuses a change or an invocation that comes before the function is ready.
    pub(super) fn refuse_pending(&self) -> Result<(), ApiError> {
        if self.is_pending() {
            return Err(fault::conflict(
                "The operation cannot be performed at this time. The function is currently in the \
                 following state: Pending",
            ));
        }
        Ok(())
    }

    /// Whether an update that the caller founded on `revision` may begin.
    pub(super) fn may_change(&self, named: &Named, revision: Option<&str>) -> Result<(), ApiError> {
        self.refuse_pending()?;
        if self.is_updating() {
            return Err(fault::conflict(format!(
                "The operation cannot be performed at this time. An update is in progress for \
                 resource: {}",
                named.plain_arn()
            )));
        }
        if revision.is_some_and(|revision| revision != self.revision_id()) {
            return Err(fault::stale_revision("GetFunction/GetAlias"));
        }
        Ok(())
    }

    /// Has a test choose when (ms) the version is ready, so that it need not wait or hurry.
    #[cfg(test)]
    pub(super) fn ready_from(&mut self, active: i64, updated: i64) {
        (self.active_from, self.updated_from) = (active, updated);
    }

    pub(super) fn changed(&mut self) {
        self.revision = ids::uuid();
        self.settled = ids::uuid();
        self.modified = now_ms();
        self.updated_from = self.modified + SETTLE;
    }
}
