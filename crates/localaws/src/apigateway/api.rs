//! What is kept of a REST API, and how its parts are found.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    apis::RestApi, authorizer::Authorizer, deployment::Deployment, fault,
    gateway_response::GatewayResponse, method::Method, resource::Resource, stage::Stage,
};
use crate::{
    app::App,
    call::{ApiError, Call},
    wire::page::{Page, page},
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Api {
    pub(super) about: RestApi,
    /// Its own policy: JSON text.
    #[serde(default)]
    pub(super) policy: Option<String>,
    /// By id; `/` is always among them.
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) authorizers: BTreeMap<String, Authorizer>,
    pub(super) deployments: BTreeMap<String, Deployed>,
    pub(super) stages: BTreeMap<String, Stage>,
    /// By type.
    #[serde(default)]
    pub(super) gateway_responses: BTreeMap<String, GatewayResponse>,
}

/// A deployment and what it froze.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Deployed {
    pub(super) about: Deployment,
    pub(super) snapshot: Arc<Snapshot>,
}

/// All of an API that the data plane looks at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Snapshot {
    pub(super) about: RestApi,
    #[serde(default)]
    pub(super) policy: Option<String>,
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) authorizers: BTreeMap<String, Authorizer>,
    #[serde(default)]
    pub(super) gateway_responses: BTreeMap<String, GatewayResponse>,
}

/// Where a method is; part of many inputs.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MethodPlace {
    pub(super) rest_api_id: String,
    pub(super) resource_id: String,
    pub(super) http_method: String,
}

impl Api {
    pub(super) fn resource(&self, id: &str) -> Result<&Resource, ApiError> {
        self.resources
            .get(id)
            .ok_or_else(|| fault::absent("Resource"))
    }

    pub(super) fn resource_mut(&mut self, id: &str) -> Result<&mut Resource, ApiError> {
        self.resources
            .get_mut(id)
            .ok_or_else(|| fault::absent("Resource"))
    }

    pub(super) fn method(&self, place: &MethodPlace) -> Result<&Method, ApiError> {
        self.resource(&place.resource_id)?
            .methods
            .get(&place.http_method)
            .ok_or_else(|| fault::absent("Method"))
    }

    pub(super) fn method_mut(&mut self, place: &MethodPlace) -> Result<&mut Method, ApiError> {
        self.resource_mut(&place.resource_id)?
            .methods
            .get_mut(&place.http_method)
            .ok_or_else(|| fault::absent("Method"))
    }

    pub(super) fn authorizer(&self, id: &str) -> Result<&Authorizer, ApiError> {
        self.authorizers
            .get(id)
            .ok_or_else(|| fault::absent("Authorizer"))
    }

    pub(super) fn stage(&self, name: &str) -> Result<&Stage, ApiError> {
        self.stages.get(name).ok_or_else(|| fault::absent("Stage"))
    }

    pub(super) fn deployment(&self, id: &str) -> Result<&Deployed, ApiError> {
        self.deployments
            .get(id)
            .ok_or_else(|| fault::absent("Deployment"))
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            about: self.about.clone(),
            policy: self.policy.clone(),
            resources: self.resources.clone(),
            authorizers: self.authorizers.clone(),
            gateway_responses: self.gateway_responses.clone(),
        }
    }
}

/// Looks at an API of the caller's account and region.
pub(super) fn read<T>(
    app: &App,
    call: &Call,
    id: &str,
    look: impl FnOnce(&Api) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let absent = || fault::api_absent(&call.account, id);
    read_or(app, call, id, absent, look)
}

/// Looks at the API of a method. Recorded: of an unknown API AWS says that it does not know the resource
/// (LocalStack's `test_put_method_validation`, `test_integration_response_wrong_api`).
pub(super) fn read_method<T>(
    app: &App,
    call: &Call,
    place: &MethodPlace,
    look: impl FnOnce(&Api) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let absent = || fault::absent("Resource");
    read_or(app, call, &place.rest_api_id, absent, look)
}

fn read_or<T>(
    app: &App,
    call: &Call,
    id: &str,
    absent: impl FnOnce() -> ApiError,
    look: impl FnOnce(&Api) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    app.read(|world| {
        let api = world
            .accounts
            .get(&call.account)
            .and_then(|account| account.regions.get(&call.region))
            .and_then(|region| region.apigateway.apis.get(id));
        look(api.ok_or_else(absent)?)
    })
}

/// Changes an API of the caller's account and region. `alter` checks before it changes anything.
pub(super) fn change<T>(
    app: &App,
    call: &Call,
    id: &str,
    alter: impl FnOnce(&mut Api) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let absent = || fault::api_absent(&call.account, id);
    change_or(app, call, id, absent, alter)
}

/// Changes the API of a method; see [`read_method`].
pub(super) fn change_method<T>(
    app: &App,
    call: &Call,
    place: &MethodPlace,
    alter: impl FnOnce(&mut Api) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let absent = || fault::absent("Resource");
    change_or(app, call, &place.rest_api_id, absent, alter)
}

fn change_or<T>(
    app: &App,
    call: &Call,
    id: &str,
    absent: impl FnOnce() -> ApiError,
    alter: impl FnOnce(&mut Api) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    app.write(|world| {
        let api = world
            .accounts
            .get_mut(&call.account)
            .and_then(|account| account.regions.get_mut(&call.region))
            .and_then(|region| region.apigateway.apis.get_mut(id));
        alter(api.ok_or_else(absent)?)
    })
}

/// `limit` and `position` of the Get…s operations.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Paging {
    limit: Option<i64>,
    position: Option<String>,
}

/// A list as those operations answer it.
#[derive(Serialize)]
pub(super) struct Listed<T> {
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
}

impl Paging {
    /// The page of sorted items; AWS's is 25 long when nothing else is said, and never longer than 500. A limit that
    /// makes no sense counts as none. Recorded: LocalStack's `test_get_api_keys` with a limit of -1.
    pub(super) fn list<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
    ) -> Result<Listed<T>, ApiError> {
        let limit = self.limit.and_then(|limit| usize::try_from(limit).ok());
        let limit = limit.filter(|limit| *limit > 0).unwrap_or(25);
        let Page { items, next } = page(items, key, self.position.as_deref(), limit.min(500))
            .ok_or_else(|| fault::bad_request("Invalid position parameter specified"))?;
        Ok(Listed {
            items,
            position: next,
        })
    }
}

impl<T> Listed<T> {
    pub(super) fn map<U>(
        self,
        show: impl Fn(T) -> Result<U, ApiError>,
    ) -> Result<Listed<U>, ApiError> {
        Ok(Listed {
            items: self.items.into_iter().map(show).collect::<Result<_, _>>()?,
            position: self.position,
        })
    }
}
