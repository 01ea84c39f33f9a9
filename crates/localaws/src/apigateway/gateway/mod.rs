//! The data plane: requests to invoke URLs, and test invocations.
//!
//! `address` (which deployment) → `route` (which method) → `authorize` → `integrate` (`proxy`, `mock`) →
//! `reply`. Test invocations enter at `integrate`, with what is not deployed yet.

mod address;
mod authorize;
mod event;
mod exchange;
mod log;
mod mock;
mod proxy;
mod reply;
mod result;
mod route;
mod test_invoke;

use std::sync::Arc;

pub(super) use self::test_invoke::test_invoke;
use self::{
    address::{Address, Deployment},
    exchange::{Exchange, Ids, Incoming},
    log::Log,
    reply::Reply,
};
use super::integration::{Integration, Type};
use crate::{
    app::App,
    server::{Request, Response},
};

/// What API Gateway takes in one request.
const PAYLOAD: usize = 10 << 20;

pub(super) async fn serve(app: &Arc<App>, request: &Request) -> Option<Response> {
    let address = Address::of(request)?;
    let ids = Ids::new();
    let reply = match exchange(app, request, &address, &ids) {
        Ok(exchange) => integrate(app, &exchange, &mut Log::default()).await,
        Err(refusal) => refusal,
    };
    Some(reply.response(&ids))
}

/// Everything up to the integration, or the gateway's own answer.
fn exchange(app: &App, request: &Request, address: &Address, ids: &Ids) -> Result<Exchange, Reply> {
    let Deployment {
        account,
        region,
        stage,
        snapshot,
    } = address.deployment(app).ok_or_else(Reply::forbidden)?;
    if request.body().len() > PAYLOAD {
        return Err(Reply::too_large());
    }
    let incoming = Incoming::of(request, address.path).ok_or_else(Reply::bad_request)?;
    let (resource, parameters) = route::resource(&snapshot.resources, &incoming.path)
        .ok_or_else(Reply::missing_authentication_token)?;
    let method = route::method(resource, &incoming.http_method)
        .ok_or_else(Reply::missing_authentication_token)?;
    let claims = authorize::claims(app, &snapshot, method, &incoming)?;
    if method.api_key_required {
        // The twin has no API keys, so none is right.
        return Err(Reply::forbidden());
    }
    Ok(Exchange {
        account,
        region,
        api_id: snapshot.about.id.clone(),
        stage: stage.stage_name,
        deployment_id: Some(stage.deployment_id),
        variables: stage.variables,
        binary_media_types: snapshot.about.binary_media_types.clone(),
        resource_id: resource.id.clone(),
        resource_path: resource.path.clone(),
        parameters,
        integration: method
            .method_integration
            .clone()
            .ok_or_else(|| Reply::internal(500))?,
        claims,
        incoming,
        ids: ids.clone(),
    })
}

async fn integrate(app: &Arc<App>, exchange: &Exchange, log: &mut Log) -> Reply {
    match exchange.integration {
        Integration {
            kind: Type::Mock, ..
        } => mock::answer(exchange, log),
        _ => proxy::call(app, exchange, log).await,
    }
}
