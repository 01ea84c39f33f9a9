//! One function as the twin keeps it, and `FunctionConfiguration` of the model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{code::Code, fault, name::Named, policy::Policy, settings::Settings};
use crate::{
    app::now_ms,
    call::ApiError,
    ids::{self, FileId},
};

/// How long (ms) Lambda takes to make a new or changed function ready.
const SETTLE: i64 = 150;

/// All times are milliseconds since the epoch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Function {
    /// Names its folder, so that a function made anew under the same name shares nothing.
    pub(super) id: FileId,
    pub(super) settings: Settings,
    pub(super) architectures: Vec<String>,
    pub(super) code: Code,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) policy: Policy,
    /// Of code and configuration.
    revision: String,
    /// What AWS answers as `RevisionId` once the change is settled; becoming ready counts as a change, and so does the
    /// resource policy. Recorded: LocalStack's `test_function_revisions_basic` and `…_permissions`.
    #[serde(default)]
    settled: String,
    modified: i64,
    active_from: i64,
    updated_from: i64,
}

/// `FunctionConfiguration` of the model.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Configuration<'a> {
    function_name: &'a str,
    function_arn: String,
    #[serde(flatten)]
    settings: &'a Settings,
    code_size: usize,
    code_sha256: &'a str,
    last_modified: String,
    version: &'static str,
    revision_id: &'a str,
    package_type: &'static str,
    architectures: &'a [String],
    snap_start: SnapStart,
    runtime_version_config: RuntimeVersion,
    #[serde(flatten)]
    state: Option<State>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SnapStart {
    apply_on: &'static str,
    optimization_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the model's names")]
struct State {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_update_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_update_status_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_update_status_reason_code: Option<&'static str>,
}

/// Recorded: LocalStack's snapshots of Lambda; updates have the same words as new functions.
const CREATED: (&str, &str) = ("The function is being created.", "Creating");

/// The version of the runtime, as an ARN whose end is 64 hexadecimal digits.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RuntimeVersion {
    runtime_version_arn: String,
}

impl RuntimeVersion {
    /// Always the same one for a runtime: this machine's interpreter has no such name.
    fn of(region: &str, runtime: &str) -> Self {
        let digest = Sha256::digest(runtime);
        let digits: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let hex = digits.concat();
        Self {
            runtime_version_arn: format!("arn:aws:lambda:{region}::runtime:{hex}"),
        }
    }
}

impl Function {
    pub(super) fn new(
        id: FileId,
        settings: Settings,
        architectures: Vec<String>,
        code: Code,
        tags: BTreeMap<String, String>,
    ) -> Self {
        let now = now_ms();
        Self {
            id,
            settings,
            architectures,
            code,
            tags,
            policy: Policy::default(),
            revision: ids::uuid(),
            settled: ids::uuid(),
            modified: now,
            active_from: now + SETTLE,
            updated_from: now + SETTLE,
        }
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

    fn is_updating(&self) -> bool {
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

    /// Has a test choose when (ms) the function is ready, so that it need not wait or hurry.
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

    /// Of the resource policy: the code and its processes stay as they are.
    pub(super) fn policy_changed(&mut self) {
        self.settled = ids::uuid();
    }

    /// `ListFunctions` tells no state.
    pub(super) fn listed<'a>(&'a self, named: &'a Named) -> Configuration<'a> {
        Configuration {
            state: None,
            ..self.described(named)
        }
    }

    pub(super) fn described<'a>(&'a self, named: &'a Named) -> Configuration<'a> {
        let pending = self.is_pending();
        let updating = !pending && self.is_updating();
        Configuration {
            function_name: &named.name,
            function_arn: named.arn(),
            settings: &self.settings,
            code_size: self.code.size,
            code_sha256: &self.code.sha256,
            last_modified: last_modified(self.modified),
            version: "$LATEST",
            revision_id: self.revision_id(),
            package_type: "Zip",
            architectures: &self.architectures,
            snap_start: SnapStart {
                apply_on: "None",
                optimization_status: "Off",
            },
            runtime_version_config: RuntimeVersion::of(&named.region, &self.settings.runtime),
            state: Some(State {
                state: if pending { "Pending" } else { "Active" },
                state_reason: pending.then_some(CREATED.0),
                state_reason_code: pending.then_some(CREATED.1),
                last_update_status: (!pending).then_some(if updating {
                    "InProgress"
                } else {
                    "Successful"
                }),
                last_update_status_reason: updating.then_some(CREATED.0),
                last_update_status_reason_code: updating.then_some(CREATED.1),
            }),
        }
    }
}

/// `2026-01-31T12:00:00.000+0000`
fn last_modified(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%S.%3f+0000")
        .to_string()
}
