//! The data plane: requests to invoke URLs, and test invocations.
//!
//! `address` (which deployment) → `route` (which method) → `authorize` (`policy`, `iam`, `lambda_authorizer`) →
//! `usage` (API keys) → `integrate` (`proxy`, `mock`) → `reply` → `customize`. Test invocations enter at `integrate`, with what
//! is not deployed yet.

mod address;
mod authorize;
mod customize;
mod event;
mod exchange;
mod iam;
mod lambda_authorizer;
mod log;
mod memory;
mod mock;
mod policy;
mod proxy;
mod reply;
mod result;
mod route;
mod test_authorizer;
mod test_invoke;
mod usage;

use std::sync::Arc;

use hyper::header::HeaderValue;

pub(crate) use self::memory::Memory;
use self::{
    address::{Address, Deployment},
    exchange::{Caller, Exchange, Ids, Incoming},
    log::Log,
    reply::Reply,
};
pub(super) use self::{
    customize::REFERENCES, test_authorizer::test_authorizer, test_invoke::test_invoke,
};
use super::{
    integration::{Integration, Type},
    method::Method,
};
use crate::{
    app::App,
    cloudfront,
    server::{Request, Response},
    wafv2,
};

/// Bytes of a body. Source: API Gateway's quotas, as the next one.
const PAYLOAD: usize = 10 << 20;
/// Bytes of the request line and the headers' values. Unsure whether AWS counts the names, too.
const HEAD: usize = 10_240;

pub(super) async fn serve(app: &Arc<App>, request: &Request) -> Option<Response> {
    let address = Address::of(request)?;
    let ids = Ids::new();
    if let Some(reply) = too_large(request, &address) {
        return Some(reply.response(&ids));
    }
    let Some(deployment) = address.deployment(app) else {
        return Some(Reply::forbidden().response(&ids));
    };
    let reply = match answer(app, request, &address, &deployment, &ids).await {
        Ok(reply) | Err(reply) => reply,
    };
    let responses = &deployment.snapshot.gateway_responses;
    let stage = &deployment.stage.stage_name;
    let reply = customize::customize(reply, responses, request, stage, &ids);
    let mut response = reply.response(&ids);
    if deployment.snapshot.about.is_edge_optimized() {
        cloudfront::pass_through(&mut response);
    }
    Some(response)
}

pub(super) fn is_invoke(request: &Request) -> bool {
    Address::of(request).is_some()
}

pub(super) fn foreign_host() -> Response {
    Reply::forbidden().response(&Ids::new())
}

/// The integration's answer, or the gateway's own.
async fn answer(
    app: &Arc<App>,
    request: &Request,
    address: &Address<'_>,
    deployment: &Deployment,
    ids: &Ids,
) -> Result<Reply, Reply> {
    if let Some(acl) = &deployment.stage.web_acl_arn {
        let seen = wafv2::Seen {
            headers: request.headers(),
            address: exchange::SOURCE_IP,
            country: None,
        };
        if !wafv2::lets_in(app, acl, &seen) {
            return Err(Reply::blocked_by_waf());
        }
    }
    let (mut exchange, method) = exchange(request, address, deployment, ids)?;
    let snapshot = &deployment.snapshot;
    exchange.caller = authorize::caller(app, snapshot, method, &exchange, request).await?;
    if method.api_key_required {
        let source = &snapshot.about.api_key_source;
        exchange.api_key = Some(usage::key(app, &exchange, source)?);
    }
    Ok(integrate(app, &exchange, &mut Log::default()).await)
}

/// What AWS answers, before it looks which API it is, to a request that is larger than it takes.
fn too_large(request: &Request, address: &Address<'_>) -> Option<Reply> {
    let query = request.uri().query().map_or(0, |query| query.len() + 1);
    let line = format!(
        "{} /{}{} HTTP/1.1",
        request.method(),
        address.stage,
        address.path
    );
    let values = request.headers().values().map(HeaderValue::len);
    if line.len() + query + values.sum::<usize>() > HEAD {
        return Some(Reply::too_large(&format!(
            "HTTP header is larger than {HEAD} bytes."
        )));
    }
    (request.body().len() > PAYLOAD)
        .then(|| Reply::too_large(&format!("HTTP content length exceeded {PAYLOAD} bytes.")))
}

/// The request and the method that it is for, before anybody asks who calls.
fn exchange<'a>(
    request: &Request,
    address: &Address<'_>,
    deployment: &'a Deployment,
    ids: &Ids,
) -> Result<(Exchange, &'a Method), Reply> {
    let Deployment {
        account,
        region,
        stage,
        snapshot,
    } = deployment;
    let incoming = Incoming::of(request, address.path).ok_or_else(Reply::bad_request)?;
    let (resource, method, parameters) =
        route::resource(&snapshot.resources, &incoming.path, &incoming.http_method)
            .ok_or_else(Reply::missing_authentication_token)?;
    let exchange = Exchange {
        account: account.clone(),
        region: region.clone(),
        api_id: snapshot.about.id.clone(),
        stage: stage.stage_name.clone(),
        deployment_id: Some(stage.deployment_id.clone()),
        variables: stage.variables.clone(),
        binary_media_types: snapshot.about.binary_media_types.clone(),
        edge_optimized: snapshot.about.is_edge_optimized(),
        resource_id: resource.id.clone(),
        resource_path: resource.path.clone(),
        parameters,
        integration: method.called().ok_or_else(|| Reply::internal(500))?,
        caller: Caller::Anyone,
        api_key: None,
        incoming,
        ids: ids.clone(),
    };
    Ok((exchange, method))
}

async fn integrate(app: &Arc<App>, exchange: &Exchange, log: &mut Log) -> Reply {
    match exchange.integration {
        Integration {
            kind: Type::Mock, ..
        } => mock::answer(exchange, log),
        _ => proxy::call(app, exchange, log).await,
    }
}
