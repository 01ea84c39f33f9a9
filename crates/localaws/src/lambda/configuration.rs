//! `FunctionConfiguration` of the model.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{name::Named, settings::Settings, version::Version};

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
    version: &'a str,
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
        let hex = labfiles::hex(&Sha256::digest(runtime));
        Self {
            runtime_version_arn: format!("arn:aws:lambda:{region}::runtime:{hex}"),
        }
    }
}

impl<'a> Configuration<'a> {
    /// As lists show it: without a state.
    pub(super) fn listed(named: &'a Named, number: &'a str, version: &'a Version) -> Self {
        Self {
            state: None,
            ..Self::of(named, number, version)
        }
    }

    /// Of a version, under the name that it was asked for by.
    pub(super) fn of(named: &'a Named, number: &'a str, version: &'a Version) -> Self {
        let pending = version.is_pending();
        let updating = !pending && version.is_updating();
        Self {
            function_name: &named.name,
            function_arn: named.arn(),
            settings: &version.settings,
            code_size: version.code.size,
            code_sha256: &version.code.sha256,
            last_modified: last_modified(version.modified()),
            version: number,
            revision_id: version.revision_id(),
            package_type: "Zip",
            architectures: &version.architectures,
            snap_start: SnapStart {
                apply_on: "None",
                optimization_status: "Off",
            },
            runtime_version_config: RuntimeVersion::of(&named.region, &version.settings.runtime),
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
