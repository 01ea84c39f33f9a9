//! What the origin gets to see: what the policies take from the viewer, and the origin's own headers over it.

use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use super::{Visit, set};
use crate::{
    cloudfront::{config::Origin, policy::Picked},
    server::Request,
    wire::percent,
};

/// Never passed on: they are of one connection, `CloudFront` writes them itself, or they are for the twin.
const OWN: [&str; 13] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-amz-cf-id",
    "x-forwarded-for",
    "x-forwarded-proto",
];
/// They go with the body, whatever the policies say. Unsure of the type.
const OF_BODY: [&str; 3] = ["content-encoding", "content-length", "content-type"];
/// Loopback.
pub(super) const VIEWER: &str = "127.0.0.1";

/// The request to the origin. `None`: its URL would not be one.
///
/// Unsure: without a policy that takes it, a viewer's Authorization reaches no origin here, whatever the method;
/// the developer guide says so of GET and HEAD. With one that takes all headers it does, even when the
/// answer is cached for everybody.
pub(super) fn request(visit: &Visit) -> Option<Request> {
    let Origin {
        domain_name,
        origin_path,
        custom_headers,
        ..
    } = visit.origin;
    let query = match query(visit) {
        query if query.is_empty() => String::new(),
        query => format!("?{query}"),
    };
    let mut request = Request::new(visit.request.body().clone());
    *request.method_mut() = visit.request.method().clone();
    *request.uri_mut() = format!("{origin_path}{}{query}", visit.path).parse().ok()?;

    let headers = request.headers_mut();
    set(headers, "host", domain_name);
    headers.insert(USER_AGENT, HeaderValue::from_static("Amazon CloudFront"));
    take(visit, headers);
    set(headers, "x-amz-cf-id", &visit.request_id);
    set(headers, "via", &visit.via);
    set(headers, "x-forwarded-for", VIEWER);
    for header in &custom_headers.items {
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(&header.name),
            HeaderValue::try_from(&header.value),
        ) {
            headers.insert(name, value);
        }
    }
    Some(request)
}

/// Takes over the viewer's headers.
fn take(visit: &Visit, headers: &mut HeaderMap) {
    let request_policy = visit.request_policy;
    let takes = |name: &str| {
        let by_cache = visit.cache_policy.is_some_and(|p| p.headers.takes(name));
        by_cache || request_policy.is_some_and(|p| p.headers.takes(name))
    };
    let cookies = [
        visit.cache_policy.map(|p| p.cookies),
        request_policy.map(|p| p.cookies),
    ];
    let takes_cookies = cookies
        .into_iter()
        .flatten()
        .any(|cookies| !matches!(cookies, Picked::None));
    let given = visit.request.headers();
    for name in given.keys() {
        let lower = name.as_str();
        let wanted = match lower {
            "cookie" => takes_cookies,
            lower if OF_BODY.contains(&lower) => true,
            lower if OWN.contains(&lower) || lower.starts_with("x-localaws-") => false,
            lower => takes(lower),
        };
        if !wanted {
            continue;
        }
        headers.remove(name);
        if name == HOST {
            // A viewer on loopback calls the twin by another name.
            set(headers, "host", &visit.domain);
            continue;
        }
        for value in given.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
}

/// The viewer's query, as far as a policy takes it.
fn query(visit: &Visit) -> String {
    let queries = [
        visit.cache_policy.map(|p| p.queries),
        visit.request_policy.map(|p| p.queries),
    ];
    let takes = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        let name = percent::decode(name, true).unwrap_or_default();
        queries.into_iter().flatten().any(|p| p.takes(&name))
    };
    let given = visit.request.uri().query().unwrap_or_default();
    let taken: Vec<&str> = given.split('&').filter(takes).collect();
    taken.join("&")
}
