//! Stages: names under which deployments are served.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    api::{self, Api},
    fault,
    method_setting::no_log_settings,
    patch::{self, Op, PatchOperation},
    tags::check_tags,
};
use crate::{
    app::{App, now_s},
    call::{Answer, ApiError, Call, answer, empty},
};

const STAGES: usize = 10;

/// `Stage` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "AWS's names")]
pub(super) struct Stage {
    pub(super) stage_name: String,
    pub(super) deployment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    cache_cluster_enabled: bool,
    cache_cluster_status: String,
    /// `{path}/{method}` (or `*/*`) → settings. They are kept, and change nothing here.
    pub(super) method_settings: BTreeMap<String, Map<String, Value>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) variables: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) tracing_enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) web_acl_arn: Option<String>,
    created_date: f64,
    pub(super) last_updated_date: f64,
}

impl Stage {
    pub(super) fn new(api: &Api, name: String, deployment_id: String) -> Result<Self, ApiError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if name.is_empty() || name.len() > 128 || !name.bytes().all(plain) {
            return Err(fault::bad_request("Stage name only allows a-zA-Z0-9_-"));
        }
        if name == "test-invoke-stage" {
            return Err(fault::bad_request(
                "Stage name test-invoke-stage is reserved",
            ));
        }
        if api.stages.contains_key(&name) {
            return Err(fault::conflict("Stage already exists"));
        }
        if api.stages.len() >= STAGES {
            return Err(fault::limit("Stages"));
        }
        let now = now_s();
        Ok(Self {
            stage_name: name,
            deployment_id,
            description: None,
            cache_cluster_enabled: false,
            cache_cluster_status: "NOT_AVAILABLE".to_owned(),
            method_settings: BTreeMap::new(),
            variables: BTreeMap::new(),
            tags: BTreeMap::new(),
            tracing_enabled: false,
            web_acl_arn: None,
            created_date: now,
            last_updated_date: now,
        })
    }

    fn patch(&mut self, api: &Api, patch: &PatchOperation) -> Result<(), ApiError> {
        if let Some(name) = patch.key("/variables/") {
            patch::entry(&mut self.variables, name, patch)?;
            return check_variables(&self.variables);
        }
        match (patch.op, patch.path.as_str()) {
            (Some(Op::Replace), "/deploymentId") => {
                api.deployment(patch.text()?)?;
                patch.text()?.clone_into(&mut self.deployment_id);
            }
            (Some(Op::Replace), "/description") => self.description = patch.optional(),
            (Some(Op::Replace), "/tracingEnabled") => self.tracing_enabled = patch.boolean()?,
            (Some(Op::Replace), "/cacheClusterEnabled") => {
                check_served(patch.boolean()?, false)?;
            }
            (_, at) if at.starts_with("/canarySettings") => check_served(false, true)?,
            (Some(Op::Remove), "/accessLogSettings") => {}
            (op, at) if at.starts_with("/accessLogSettings/") && op != Some(Op::Remove) => {
                return Err(no_log_settings(at, patch));
            }
            _ => self.patch_method_setting(patch)?,
        }
        Ok(())
    }
}

pub(super) fn check_served(cache: bool, canary: bool) -> Result<(), ApiError> {
    match (cache, canary) {
        (true, _) => Err(fault::not_served("cache clusters of stages")),
        (_, true) => Err(fault::not_served("canary settings of stages")),
        _ => Ok(()),
    }
}

pub(super) fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let key = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let value = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#&=,".contains(&b);
    for (name, text) in variables {
        if name.is_empty() || name.len() > 64 || !name.bytes().all(key) {
            return Err(fault::bad_request(format!(
                "Stage variable names can only have alphanumeric characters and underscores: {name}"
            )));
        }
        if text.len() > 512 || !text.bytes().all(value) {
            return Err(fault::bad_request(format!(
                "Stage variable values must match [A-Za-z0-9-._~:/?#&=,]+: {name}"
            )));
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    rest_api_id: String,
    stage_name: String,
    deployment_id: String,
    description: Option<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    cache_cluster_enabled: bool,
    #[serde(default)]
    tracing_enabled: bool,
    canary_settings: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NameInput {
    rest_api_id: String,
    stage_name: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListInput {
    rest_api_id: String,
    deployment_id: Option<String>,
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: CreateInput = call.input()?;
    check_served(input.cache_cluster_enabled, input.canary_settings.is_some())?;
    check_variables(&input.variables)?;
    check_tags(&input.tags)?;
    api::change(app, call, &input.rest_api_id, |api| {
        api.deployment(&input.deployment_id)?;
        let stage = Stage {
            description: input.description,
            variables: input.variables,
            tags: input.tags,
            tracing_enabled: input.tracing_enabled,
            ..Stage::new(api, input.stage_name, input.deployment_id)?
        };
        let shown = answer(&stage)?;
        api.stages.insert(stage.stage_name.clone(), stage);
        Ok(shown)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: NameInput = call.input()?;
    api::read(app, call, &input.rest_api_id, |api| {
        answer(api.stage(&input.stage_name)?)
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    api::read(app, call, &input.rest_api_id, |api| {
        let wanted = |stage: &&Stage| {
            input
                .deployment_id
                .as_ref()
                .is_none_or(|id| *id == stage.deployment_id)
        };
        let stages: Vec<&Stage> = api.stages.values().filter(wanted).collect();
        Ok(json!({ "item": answer(stages)? }))
    })
}

pub(super) fn update(app: &App, call: &Call) -> Answer {
    let input: NameInput = call.input()?;
    api::change(app, call, &input.rest_api_id, |api| {
        let mut stage = api.stage(&input.stage_name)?.clone();
        for patch in &input.patch_operations {
            stage.patch(api, patch)?;
        }
        stage.last_updated_date = now_s();
        let shown = answer(&stage)?;
        api.stages.insert(input.stage_name, stage);
        Ok(shown)
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: NameInput = call.input()?;
    api::change(app, call, &input.rest_api_id, |api| {
        api.stage(&input.stage_name)?;
        api.stages.remove(&input.stage_name);
        app.gateway.flush(&input.rest_api_id, &input.stage_name);
        empty()
    })
}

/// Of Lambda authorizers; tokens of user pools are verified anew with every request.
pub(super) fn flush_authorizers_cache(app: &App, call: &Call) -> Answer {
    let input: NameInput = call.input()?;
    api::read(app, call, &input.rest_api_id, |api| {
        api.stage(&input.stage_name).map(|_| ())
    })?;
    app.gateway.flush(&input.rest_api_id, &input.stage_name);
    empty()
}
