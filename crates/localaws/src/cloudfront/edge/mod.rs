//! The data plane: a viewer's request at an edge.
//!
//! `address` (which distribution) → what its config says of the viewer → `cache` → `forward` (what the origin
//! gets to see) → API Gateway → the answer with the edge's headers. `page` has the edge's own answers.
//!
//! The twin has no TLS: a viewer over plain HTTP stands for one over HTTPS, as on invoke URLs, unless the
//! header `X-Forwarded-Proto: http` says otherwise. Where viewers are nobody can tell on loopback: the header
//! `x-localaws-country: DE` says it, or the setting of `/_local/cloudfront`. Without either nobody knows, and
//! then `CloudFront` blocks nobody.

mod address;
mod cache;
mod forward;
mod page;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use hyper::{
    Method,
    header::{HOST, HeaderMap, HeaderValue},
};

use self::{
    address::{Address, Alias},
    cache::{Cache, Key},
};
use super::{
    State,
    config::{Behavior, Config, GeoKind, Origin, ViewerProtocol},
    distribution::Distribution,
    policy::{self, CachePolicy, OriginRequestPolicy},
    unserved,
};
use crate::{
    apigateway,
    app::App,
    iam, ids,
    server::{Request, Response},
    wafv2,
};

/// How long deployments take when nobody has said it (ms). On AWS it is minutes.
const DEPLOY: i64 = 300;
/// Where viewers of the twin are.
const POP: &str = "LOC50-C1";

/// What edges know besides the world: it is not saved.
pub(crate) struct Edge {
    deploy: AtomicI64,
    /// Where viewers are; empty: nobody knows.
    viewer_country: Mutex<String>,
    cache: Cache,
}

impl Default for Edge {
    fn default() -> Self {
        Self {
            deploy: AtomicI64::new(DEPLOY),
            viewer_country: Mutex::default(),
            cache: Cache::default(),
        }
    }
}

impl Edge {
    /// How long a deployment takes in an account (ms).
    pub(super) fn deploy(&self, state: &State) -> i64 {
        state
            .deploy
            .unwrap_or_else(|| self.deploy.load(Ordering::Relaxed))
    }

    pub(super) fn set_deploy(&self, ms: i64) {
        self.deploy.store(ms, Ordering::Relaxed);
    }

    /// Where an account's viewers are; empty: nobody knows.
    pub(super) fn viewer_country(&self, state: &State) -> String {
        let everybody = || {
            self.viewer_country
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        state
            .viewer_country
            .clone()
            .unwrap_or_else(|| everybody().clone())
    }

    pub(super) fn set_viewer_country(&self, country: String) {
        *self
            .viewer_country
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = country;
    }

    /// Drops what is cached under these paths, which may end with a star.
    pub(super) fn forget(&self, distribution: &str, paths: &[String]) {
        self.cache.forget(distribution, paths);
    }
}

/// A viewer's request, and what serves it.
struct Visit<'a> {
    request: &'a Request,
    distribution: String,
    /// What a viewer writes in its Host header.
    domain: String,
    /// As sent, or the default root object.
    path: String,
    /// The behaviour's place among those of the distribution.
    number: usize,
    origin: &'a Origin,
    cache_policy: Option<&'static CachePolicy>,
    request_policy: Option<&'static OriginRequestPolicy>,
    request_id: String,
    via: String,
}

/// Serves a request to a distribution: by Host (`d….cloudfront.net`, `d….cloudfront.localhost`, an alias), or
/// `/_cloudfront/{id or domain name}/{path}` on any host. `None`: the request is for no distribution.
pub(crate) async fn data_plane(app: &Arc<App>, request: &Request) -> Option<Response> {
    let address = Address::of(request, |host| is_alias(app, host))?;
    let mut response = match find(app, &address) {
        Some(served) => serve(app, request, &address, served).await,
        None => page::bad_request(),
    };
    let hop = via();
    let headers = response.headers_mut();
    if !headers.contains_key("via") {
        set(headers, "via", &hop);
    }
    if !headers.contains_key("x-amz-cf-id") {
        set(headers, "x-amz-cf-id", &request_id());
    }
    set(headers, "x-amz-cf-pop", POP);
    Some(response)
}

/// Whether a request is for a distribution.
pub(crate) fn is_edge(app: &App, request: &Request) -> bool {
    Address::of(request, |host| is_alias(app, host)).is_some()
}

/// Whether edges serve a distribution under this name of somebody's own.
pub(crate) fn is_alias(app: &App, host: &str) -> bool {
    app.read(|world| {
        let states = world.accounts.values().map(|account| &account.cloudfront);
        let all = states.flat_map(|state| state.distributions.values());
        let mut configs = all.filter_map(Distribution::served);
        configs.any(|config| Alias::best(config, host).is_some())
    })
}

/// A distribution, as the edges serve it now.
struct Served {
    id: String,
    /// What a viewer writes in its Host header.
    domain: String,
    config: Config,
    /// Where its account's viewers are.
    country: String,
}

/// The distribution that edges serve under this name now. Of two with this alias the one wins that has it without
/// a star.
fn find(app: &App, address: &Address) -> Option<Served> {
    app.read(|world| {
        let states = world.accounts.values().map(|account| &account.cloudfront);
        let all = states.flat_map(|state| state.distributions.values().map(move |it| (state, it)));
        let named = all.filter_map(|(state, it)| {
            let rank = match address.alias() {
                Some(alias) => Alias::best(it.served()?, alias)?,
                None if address.is_of(&it.id, &it.domain_name) => Alias::Exact,
                None => return None,
            };
            Some((rank, state, it))
        });
        let (_, state, it) = named.max_by_key(|(rank, ..)| *rank)?;
        Some(Served {
            id: it.id.clone(),
            domain: address.alias().unwrap_or(&it.domain_name).to_owned(),
            config: Config::of(it.served()?).ok()?,
            country: app.edge.viewer_country(state),
        })
    })
}

async fn serve(
    app: &Arc<App>,
    request: &Request,
    address: &Address<'_>,
    served: Served,
) -> Response {
    let config = &served.config;
    if !config.enabled {
        return page::bad_request();
    }
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    let country = header("x-localaws-country").unwrap_or(&served.country);
    let country = Some(country).filter(|country| !country.is_empty());
    // In this order: what the distribution blocks, WAF does not get to see.
    if is_blocked(config, country) {
        return page::blocked_country();
    }
    let seen = wafv2::Seen {
        headers: request.headers(),
        address: forward::VIEWER,
        country,
    };
    if !config.web_acl.is_empty() && !wafv2::lets_in(app, &config.web_acl, &seen) {
        return page::blocked_by_waf();
    }
    let root = config.default_root_object.trim_start_matches('/');
    let path = match address.path {
        "/" if !root.is_empty() => format!("/{root}"),
        path => path.to_owned(),
    };
    let Some((number, behavior)) = config
        .behaviors()
        .enumerate()
        .find(|(_, behavior)| covers(behavior, &path))
    else {
        return page::bad_request();
    };
    let plain = header("x-forwarded-proto").is_some_and(|scheme| scheme == "http");
    match behavior.viewer_protocol_policy {
        ViewerProtocol::RedirectToHttps if plain => {
            let query = request.uri().query();
            return page::to_https(request.method(), &served.domain, address.path, query);
        }
        ViewerProtocol::HttpsOnly if plain => return page::bad_request(),
        _ => {}
    }
    let method = request.method().as_str();
    if !behavior.allowed_methods.items.iter().any(|m| m == method) {
        return page::method_not_allowed(behavior.allowed_methods.items.len());
    }
    let mut origins = config.origins.items.iter();
    let Some(origin) = origins.find(|origin| origin.id == behavior.target_origin_id) else {
        return page::bad_request();
    };
    let visit = Visit {
        request,
        distribution: served.id,
        domain: served.domain,
        path,
        number,
        origin,
        cache_policy: behavior.cache_policy_id.as_deref().and_then(policy::cache),
        request_policy: behavior
            .origin_request_policy_id
            .as_deref()
            .and_then(policy::origin_request),
        request_id: request_id(),
        via: via(),
    };
    answer(app, &visit).await
}

/// From the cache, or from the origin.
async fn answer(app: &Arc<App>, visit: &Visit<'_>) -> Response {
    let key = Key::of(visit);
    if let Some(key) = &key
        && let Some(mut cached) = app.edge.cache.get(key)
    {
        set(cached.headers_mut(), "x-cache", "Hit from cloudfront");
        set(cached.headers_mut(), "via", &visit.via);
        return without_body(visit, cached);
    }
    let mut response = ask(app, visit).await;
    for name in ["connection", "keep-alive", "transfer-encoding", "upgrade"] {
        response.headers_mut().remove(name);
    }
    if let (Some(key), Some(policy)) = (key, visit.cache_policy) {
        app.edge.cache.keep(key, policy, &response);
    }
    let outcome = outcome(&response);
    let headers = response.headers_mut();
    set(headers, "x-cache", outcome);
    set(headers, "via", &visit.via);
    set(headers, "x-amz-cf-id", &visit.request_id);
    without_body(visit, response)
}

/// The origin's answer.
async fn ask(app: &Arc<App>, visit: &Visit<'_>) -> Response {
    let Some(request) = forward::request(visit) else {
        return page::bad_request();
    };
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok());
    // The way to API Gateway is by the origin's name; which API it is, by the Host header. So the header of
    // the viewer, passed on, names none.
    if !host.is_some_and(unserved::is_api) {
        return apigateway::foreign_host();
    }
    match apigateway::data_plane(app, &request).await {
        Some(response) => response,
        None => apigateway::foreign_host(),
    }
}

fn is_blocked(config: &Config, country: Option<&str>) -> bool {
    let geo = &config.restrictions.geo_restriction;
    country.is_some_and(|country| {
        let listed = geo.items.iter().any(|c| c.eq_ignore_ascii_case(country));
        match geo.restriction_type {
            GeoKind::None => false,
            GeoKind::Whitelist => !listed,
            GeoKind::Blacklist => listed,
        }
    })
}

/// Path patterns have `*` and `?`; the slash at the beginning may be left out.
fn covers(behavior: &Behavior, path: &str) -> bool {
    behavior.path_pattern.as_ref().is_none_or(|pattern| {
        let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
        iam::glob(pattern, path.strip_prefix('/').unwrap_or(path))
    })
}

fn without_body(visit: &Visit, mut response: Response) -> Response {
    if visit.request.method() == Method::HEAD {
        *response.body_mut() = hyper::body::Bytes::new();
    }
    response
}

/// `X-Cache` of an answer that comes from the origin.
fn outcome(response: &Response) -> &'static str {
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        "Error from cloudfront"
    } else {
        "Miss from cloudfront"
    }
}

/// Sets the headers of `CloudFront` on an answer that passes through it uncached, as those of APIs of type `EDGE` do.
pub(crate) fn pass_through(response: &mut Response) {
    let outcome = outcome(response);
    let headers = response.headers_mut();
    set(headers, "x-cache", outcome);
    set(headers, "via", &via());
    set(headers, "x-amz-cf-pop", POP);
    set(headers, "x-amz-cf-id", &request_id());
}

pub(crate) fn request_id() -> String {
    format!("{}==", ids::mixed(54))
}

pub(crate) fn via() -> String {
    format!("1.1 {}.cloudfront.net (CloudFront)", ids::lower(32))
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
