//! Deployments: snapshots of the API, which alone the data plane serves.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    api::{self, Api, Deployed, Paging, Snapshot},
    fault,
    stage::{self, Stage},
};
use crate::{
    app::{App, now_s},
    call::{Answer, ApiError, Call, answer, empty},
    ids,
};

/// `Deployment` of the model, without its `apiSummary`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deployment {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    created_date: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    rest_api_id: String,
    description: Option<String>,
    stage_name: Option<String>,
    stage_description: Option<String>,
    variables: Option<BTreeMap<String, String>>,
    #[serde(default)]
    cache_cluster_enabled: bool,
    tracing_enabled: Option<bool>,
    canary_settings: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdInput {
    rest_api_id: String,
    deployment_id: String,
    #[serde(default)]
    embed: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListInput {
    rest_api_id: String,
    #[serde(flatten)]
    paging: Paging,
}

impl Deployed {
    /// What can be called: path → method → who may.
    fn summary(&self) -> serde_json::Value {
        let with_methods = self
            .snapshot
            .resources
            .values()
            .filter(|r| !r.methods.is_empty());
        let paths = with_methods.map(|resource| {
            let methods = resource.methods.values().map(|method| {
                let shown = json!({
                    "authorizationType": method.authorization_type,
                    "apiKeyRequired": method.api_key_required,
                });
                (method.http_method.clone(), shown)
            });
            (
                resource.path.clone(),
                methods.collect::<serde_json::Value>(),
            )
        });
        paths.collect()
    }
}

/// Whether the API can be deployed as it is.
fn check(snapshot: &Snapshot) -> Result<(), ApiError> {
    let mut methods = snapshot
        .resources
        .values()
        .flat_map(|resource| resource.methods.values())
        .peekable();
    if methods.peek().is_none() {
        return Err(fault::bad_request(
            "The REST API doesn't contain any methods",
        ));
    }
    if methods.any(|method| method.method_integration.is_none()) {
        return Err(fault::bad_request("No integration defined for method"));
    }
    Ok(())
}

impl CreateInput {
    /// The stage that was named: a new one (without tags), or the old one moved to this deployment.
    fn stage(&self, api: &Api, deployment_id: &str) -> Result<Option<Stage>, ApiError> {
        let Some(name) = self.stage_name.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let mut stage = match api.stages.get(name) {
            Some(stage) => stage.clone(),
            None => Stage::new(api, name.to_owned(), deployment_id.to_owned())?,
        };
        deployment_id.clone_into(&mut stage.deployment_id);
        stage.last_updated_date = now_s();
        if let Some(description) = &self.stage_description {
            stage.description = Some(description.clone());
        }
        if let Some(variables) = &self.variables {
            stage::check_variables(variables)?;
            stage.variables.clone_from(variables);
        }
        stage.tracing_enabled = self.tracing_enabled.unwrap_or(stage.tracing_enabled);
        Ok(Some(stage))
    }
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: CreateInput = call.input()?;
    stage::check_served(input.cache_cluster_enabled, input.canary_settings.is_some())?;
    api::change(app, call, &input.rest_api_id, |api| {
        let snapshot = api.snapshot();
        check(&snapshot)?;
        let about = Deployment {
            id: ids::lower(6),
            description: input.description.clone(),
            created_date: now_s(),
        };
        let stage = input.stage(api, &about.id)?;
        let shown = answer(&about)?;
        let deployed = Deployed {
            snapshot: Arc::new(snapshot),
            about,
        };
        api.deployments.insert(deployed.about.id.clone(), deployed);
        if let Some(stage) = stage {
            api.stages.insert(stage.stage_name.clone(), stage);
        }
        Ok(shown)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    api::read(app, call, &input.rest_api_id, |api| {
        let deployed = api.deployment(&input.deployment_id)?;
        let mut shown = answer(&deployed.about)?;
        if input
            .embed
            .iter()
            .any(|what| what.eq_ignore_ascii_case("apisummary"))
        {
            shown["apiSummary"] = deployed.summary();
        }
        Ok(shown)
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    api::read(app, call, &input.rest_api_id, |api| {
        let deployments = api.deployments.values().map(|deployed| &deployed.about);
        answer(input.paging.list(deployments, |about| about.id.clone())?)
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    api::change(app, call, &input.rest_api_id, |api| {
        api.deployment(&input.deployment_id)?;
        if api
            .stages
            .values()
            .any(|stage| stage.deployment_id == input.deployment_id)
        {
            return Err(fault::bad_request(
                "Active stages pointing to this deployment must be moved or deleted",
            ));
        }
        api.deployments.remove(&input.deployment_id);
        empty()
    })
}
