//! API Gateway (REST, v1): control plane, snapshot deployments, and the data plane that serves them.
//!
//! `api` is what is kept; `apis`, `policy`, `resource`, `method`, `integration`, `responses`, `authorizer`,
//! `endpoint`, `gateway_response`, `deployment`, `stage`, `method_setting` and `tags` are its parts and the operations on them; `api_key` and
//! `usage_plan` meter them. `gateway` is the data plane.

mod api;
mod api_key;
mod apis;
mod authorizer;
mod deployment;
mod endpoint;
mod fault;
mod gateway;
mod gateway_response;
mod integration;
mod method;
mod method_setting;
mod patch;
mod policy;
mod resource;
mod responses;
mod stage;
mod tags;
#[cfg(test)]
mod tests;
mod usage_plan;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

pub(crate) use gateway::Memory;

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
    /// By key id.
    api_keys: BTreeMap<String, api_key::ApiKey>,
    /// By plan id.
    usage_plans: BTreeMap<String, usage_plan::UsagePlan>,
}

impl State {
    /// The ARN of a stage's web ACL; empty: it has none. `None`: no such stage of this API.
    pub(crate) fn web_acl(&self, api: &str, stage: &str) -> Option<&str> {
        let stage = self.apis.get(api)?.stages.get(stage)?;
        Some(stage.web_acl_arn.as_deref().unwrap_or_default())
    }

    /// Sets it. Whether there is this stage.
    pub(crate) fn set_web_acl(&mut self, api: &str, stage: &str, arn: Option<String>) -> bool {
        let api = self.apis.get_mut(api);
        let stage = api.and_then(|api| api.stages.get_mut(stage));
        stage.map(|stage| stage.web_acl_arn = arn).is_some()
    }

    /// Whether a stage has this web ACL.
    pub(crate) fn uses_web_acl(&self, arn: &str) -> bool {
        let mut stages = self.apis.values().flat_map(|api| api.stages.values());
        stages.any(|stage| stage.web_acl_arn.as_deref() == Some(arn))
    }

    /// ARNs and tags of APIs, stages, API keys and usage plans, for the tagging API.
    pub(crate) fn tagged(
        &self,
        _account: &str,
        region: &str,
    ) -> Vec<(String, BTreeMap<String, String>)> {
        let keys = self.api_keys.values().map(|key| {
            let arn = tags::arn(region, &format!("/apikeys/{}", key.id));
            (arn, key.tags.clone())
        });
        let plans = self.usage_plans.values().map(|plan| {
            let arn = tags::arn(region, &format!("/usageplans/{}", plan.id));
            (arn, plan.tags.clone())
        });
        let apis = self.apis.values().flat_map(|api| {
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
        });
        apis.chain(keys).chain(plans).collect()
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
        "GetMethodResponse" => responses::get_method_response(app, call),
        "DeleteMethodResponse" => responses::delete_method_response(app, call),
        "PutIntegration" => integration::put(app, call),
        "GetIntegration" => integration::get(app, call),
        "DeleteIntegration" => integration::delete(app, call),
        "PutIntegrationResponse" => responses::put_integration_response(app, call),
        "GetIntegrationResponse" => responses::get_integration_response(app, call),
        "DeleteIntegrationResponse" => responses::delete_integration_response(app, call),
        "PutGatewayResponse" => gateway_response::put(app, call),
        "GetGatewayResponse" => gateway_response::get(app, call),
        "GetGatewayResponses" => gateway_response::list(app, call),
        "DeleteGatewayResponse" => gateway_response::delete(app, call),
        "TestInvokeMethod" => gateway::test_invoke(app, call).await,
        "CreateAuthorizer" => authorizer::create(app, call),
        "GetAuthorizer" => authorizer::get(app, call),
        "GetAuthorizers" => authorizer::list(app, call),
        "UpdateAuthorizer" => authorizer::update(app, call),
        "DeleteAuthorizer" => authorizer::delete(app, call),
        "TestInvokeAuthorizer" => gateway::test_authorizer(app, call).await,
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
        "CreateApiKey" => api_key::create(app, call),
        "GetApiKey" => api_key::get(app, call),
        "GetApiKeys" => api_key::list(app, call),
        "UpdateApiKey" => api_key::update(app, call),
        "DeleteApiKey" => api_key::delete(app, call),
        "CreateUsagePlan" => usage_plan::create(app, call),
        "GetUsagePlan" => usage_plan::get(app, call),
        "GetUsagePlans" => usage_plan::list(app, call),
        "UpdateUsagePlan" => usage_plan::update(app, call),
        "DeleteUsagePlan" => usage_plan::delete(app, call),
        "CreateUsagePlanKey" => usage_plan::keys::create(app, call),
        "GetUsagePlanKey" => usage_plan::keys::get(app, call),
        "GetUsagePlanKeys" => usage_plan::keys::list(app, call),
        "DeleteUsagePlanKey" => usage_plan::keys::delete(app, call),
        "TagResource" => tags::tag(app, call),
        "UntagResource" => tags::untag(app, call),
        "GetTags" => tags::list(app, call),
        _ => Err(call.not_served()),
    }
}

/// Serves an invoke URL: `/_api/{api}/{stage}/{path}` on any host, or by Host
/// (`{api}.execute-api.…`, path `/{stage}/{path}`). `None`: the request is not for the data plane.
pub(crate) async fn data_plane(app: &Arc<App>, request: &Request) -> Option<Response> {
    gateway::serve(app, request).await
}

/// Whether a request is for an invoke URL.
pub(crate) fn is_invoke(request: &Request) -> bool {
    gateway::is_invoke(request)
}

/// What answers a request that comes here with the name of another host, as a proxy may pass it on.
pub(crate) fn foreign_host() -> Response {
    gateway::foreign_host()
}
