//! REST APIs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    api::{self, Api, Paging},
    endpoint::{Asked, EndpointConfiguration},
    fault,
    patch::{Op, PatchOperation},
    policy,
    resource::Resource,
    tags::check_tags,
};
use crate::{
    app::{App, now_s},
    call::{Answer, ApiError, Call, answer, empty},
    ids,
};

/// `RestApi` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestApi {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    created_date: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) binary_media_types: Vec<String>,
    pub(super) api_key_source: String,
    endpoint_configuration: EndpointConfiguration,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
    pub(super) disable_execute_api_endpoint: bool,
    pub(super) root_resource_id: String,
    api_status: String,
}

impl RestApi {
    /// Whether its endpoint is of type `EDGE`.
    pub(super) fn is_edge_optimized(&self) -> bool {
        self.endpoint_configuration.is_edge()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    name: String,
    description: Option<String>,
    version: Option<String>,
    #[serde(default)]
    binary_media_types: Vec<String>,
    api_key_source: Option<String>,
    endpoint_configuration: Option<Asked>,
    #[serde(default)]
    disable_execute_api_endpoint: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    policy: Option<String>,
    clone_from: Option<String>,
    minimum_compression_size: Option<i64>,
    endpoint_access_mode: Option<String>,
    security_policy: Option<String>,
}

impl CreateInput {
    /// What would change the data plane, and is not served there.
    fn check(&self) -> Result<(), ApiError> {
        if self.description.as_deref() == Some("") {
            return Err(fault::bad_request("Description cannot be an empty string"));
        }
        if let Some(size) = self.minimum_compression_size {
            check_compression(size)?;
        }
        let unserved = [
            (self.clone_from.is_some(), "cloneFrom of CreateRestApi"),
            (
                self.minimum_compression_size.is_some(),
                "minimumCompressionSize of APIs",
            ),
            (
                self.endpoint_access_mode.is_some(),
                "endpointAccessMode of APIs",
            ),
            (self.security_policy.is_some(), "securityPolicy of APIs"),
        ];
        if let Some((_, what)) = unserved.iter().find(|(given, _)| *given) {
            return Err(fault::not_served(what));
        }
        check_name(&self.name)?;
        check_tags(&self.tags)
    }
}

fn check_compression(size: i64) -> Result<(), ApiError> {
    if !(0..=10_485_760).contains(&size) {
        return Err(fault::bad_request(
            "Invalid minimum compression size, must be between 0 and 10485760",
        ));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if name.trim().is_empty() {
        return Err(fault::bad_request("API name cannot be empty"));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdInput {
    rest_api_id: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

/// Always a new API: names are not unique, and there is no token to repeat a call with.
pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: CreateInput = call.input()?;
    input.check()?;
    let root = Resource::root();
    let id = ids::lower(10);
    let policy = match &input.policy {
        Some(given) => policy::of(app, call, &id, given)?,
        None => None,
    };
    let about = RestApi {
        id,
        name: input.name,
        description: input.description,
        created_date: now_s(),
        version: input.version,
        binary_media_types: input.binary_media_types,
        api_key_source: input.api_key_source.unwrap_or("HEADER".to_owned()),
        endpoint_configuration: EndpointConfiguration::of(input.endpoint_configuration)?,
        tags: input.tags,
        disable_execute_api_endpoint: input.disable_execute_api_endpoint,
        root_resource_id: root.id.clone(),
        api_status: "AVAILABLE".to_owned(),
    };
    let api = Api {
        about,
        policy,
        resources: BTreeMap::from([(root.id.clone(), root)]),
        authorizers: BTreeMap::new(),
        deployments: BTreeMap::new(),
        stages: BTreeMap::new(),
        gateway_responses: BTreeMap::new(),
    };
    let created = api.shown()?;
    app.write(|world| {
        let state = &mut world.region(&call.account, &call.region).apigateway;
        state.apis.insert(api.about.id.clone(), api);
    });
    Ok(created)
}

impl Api {
    /// `RestApi` of the model, with the policy.
    fn shown(&self) -> Answer {
        let mut shown = answer(&self.about)?;
        if let Some(policy) = &self.policy {
            shown["policy"] = policy::shown(policy).into();
        }
        Ok(shown)
    }
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    api::read(app, call, &input.rest_api_id, Api::shown)
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let paging: Paging = call.input()?;
    app.read(|world| {
        let region = world
            .accounts
            .get(&call.account)
            .and_then(|account| account.regions.get(&call.region));
        let apis = region.map(|region| &region.apigateway.apis);
        let apis = apis.into_iter().flat_map(BTreeMap::values);
        let page = paging.list(apis, |api| api.about.id.clone())?;
        answer(page.map(Api::shown)?)
    })
}

impl RestApi {
    /// Recorded: LocalStack's `test_update_rest_api_*`.
    fn patch(&mut self, patch: &PatchOperation) -> Result<(), ApiError> {
        if let Some(media_type) = patch.key("/binaryMediaTypes/") {
            patch.only(&[Op::Add, Op::Remove, Op::Replace])?;
            self.binary_media_types.retain(|known| *known != media_type);
            match patch.op {
                Some(Op::Add) => self.binary_media_types.push(media_type),
                Some(Op::Replace) => self.binary_media_types.push(patch.text()?.to_owned()),
                _ => {}
            }
            return Ok(());
        }
        if let Some(at) = patch.path.strip_prefix("/endpointConfiguration/") {
            return self.endpoint_configuration.patch(at, patch);
        }
        match patch.path.as_str() {
            // A description may be removed, too.
            "/description" => {
                patch.only(&[Op::Add, Op::Replace, Op::Remove])?;
                self.description = patch.left();
            }
            "/version" => {
                patch.only(&[Op::Add, Op::Replace, Op::Remove])?;
                self.version = patch.left();
            }
            "/name" => {
                patch.only(&[Op::Replace])?;
                check_name(patch.text()?)?;
                patch.text()?.clone_into(&mut self.name);
            }
            "/apiKeySource" if matches!(patch.text()?, "HEADER" | "AUTHORIZER") => {
                patch.only(&[Op::Replace])?;
                patch.text()?.clone_into(&mut self.api_key_source);
            }
            "/disableExecuteApiEndpoint" => {
                patch.only(&[Op::Replace])?;
                self.disable_execute_api_endpoint = patch.boolean()?;
            }
            // See `update`.
            "/policy" => patch.only(&[Op::Replace])?,
            "/minimumCompressionSize" => {
                patch.only(&[Op::Replace])?;
                if let Some(size) = patch.optional() {
                    check_compression(size.parse().unwrap_or(-1))?;
                    return Err(fault::not_served(&format!("{} of APIs", patch.path)));
                }
            }
            _ => return Err(patch.invalid_path()),
        }
        Ok(())
    }
}

pub(super) fn update(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    let id = &input.rest_api_id;
    api::read(app, call, id, |_| Ok(()))?;
    let mut policies = input.patch_operations.iter().rev();
    let policy = match policies.find(|patch| patch.path == "/policy") {
        Some(patch) => Some(policy::of(app, call, id, patch.text()?)?),
        None => None,
    };
    api::change(app, call, id, |api| {
        let mut about = api.about.clone();
        for patch in &input.patch_operations {
            about.patch(patch)?;
        }
        api.about = about;
        if let Some(policy) = policy {
            api.policy = policy;
        }
        let mut shown = api.shown()?;
        // This answer has tags also when there are none.
        shown["tags"] = answer(&api.about.tags)?;
        Ok(shown)
    })
}

/// Takes all that is within the API with it.
pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    app.write(|world| {
        world
            .region(&call.account, &call.region)
            .apigateway
            .apis
            .remove(&input.rest_api_id)
            .ok_or_else(|| fault::api_absent(&call.account, &input.rest_api_id))
    })?;
    empty()
}
