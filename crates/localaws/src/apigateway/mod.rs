//! API Gateway (REST, v1): control plane, snapshot deployments, and the data plane that serves them.
//!
//! `api` is what is kept; `apis`, `resource`, `method`, `integration`, `responses`, `authorizer`,
//! `deployment`, `stage` and `tags` are its parts and the operations on them. `gateway` is the data plane.

mod api;
mod apis;
mod authorizer;
mod deployment;
mod fault;
mod gateway;
mod integration;
mod method;
mod patch;
mod resource;
mod responses;
mod stage;
mod tags;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    call::{Answer, Call},
    server::{Request, Response},
};

/// The REST APIs of one region of an account.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By API id.
    apis: BTreeMap<String, api::Api>,
}

impl State {
    /// ARNs and tags of APIs and stages, for the tagging API.
    pub(crate) fn tagged(
        &self,
        _account: &str,
        region: &str,
    ) -> Vec<(String, BTreeMap<String, String>)> {
        self.apis
            .values()
            .flat_map(|api| {
                let arn = tags::api_arn(region, &api.about.id);
                let stages = api.stages.values().map({
                    let arn = arn.clone();
                    move |stage| {
                        (
                            format!("{arn}/stages/{}", stage.stage_name),
                            stage.tags.clone(),
                        )
                    }
                });
                std::iter::once((arn, api.about.tags.clone())).chain(stages)
            })
            .collect()
    }
}

pub(crate) async fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateRestApi" => apis::create(app, call),
        "GetRestApi" => apis::get(app, call),
        "GetRestApis" => apis::list(app, call),
        "UpdateRestApi" => apis::update(app, call),
        "DeleteRestApi" => apis::delete(app, call),
        "CreateResource" => resource::create(app, call),
        "GetResource" => resource::get(app, call),
        "GetResources" => resource::list(app, call),
        "DeleteResource" => resource::delete(app, call),
        "PutMethod" => method::put(app, call),
        "GetMethod" => method::get(app, call),
        "UpdateMethod" => method::update(app, call),
        "DeleteMethod" => method::delete(app, call),
        "PutMethodResponse" => responses::put_method_response(app, call),
        "PutIntegration" => integration::put(app, call),
        "GetIntegration" => integration::get(app, call),
        "DeleteIntegration" => integration::delete(app, call),
        "PutIntegrationResponse" => responses::put_integration_response(app, call),
        "TestInvokeMethod" => gateway::test_invoke(app, call).await,
        "CreateAuthorizer" => authorizer::create(app, call),
        "GetAuthorizer" => authorizer::get(app, call),
        "GetAuthorizers" => authorizer::list(app, call),
        "UpdateAuthorizer" => authorizer::update(app, call),
        "DeleteAuthorizer" => authorizer::delete(app, call),
        "CreateDeployment" => deployment::create(app, call),
        "GetDeployment" => deployment::get(app, call),
        "GetDeployments" => deployment::list(app, call),
        "DeleteDeployment" => deployment::delete(app, call),
        "CreateStage" => stage::create(app, call),
        "GetStage" => stage::get(app, call),
        "GetStages" => stage::list(app, call),
        "UpdateStage" => stage::update(app, call),
        "DeleteStage" => stage::delete(app, call),
        "FlushStageAuthorizersCache" => stage::flush_authorizers_cache(app, call),
        "TagResource" => tags::tag(app, call),
        "GetTags" => tags::list(app, call),
        _ => Err(call.not_served()),
    }
}

/// Serves an invoke URL: `/_api/{api}/{stage}/{path}` on any host, or by Host
/// (`{api}.execute-api.…`, path `/{stage}/{path}`). `None`: the request is not for the data plane.
pub(crate) async fn data_plane(app: &Arc<App>, request: &Request) -> Option<Response> {
    gateway::serve(app, request).await
}
