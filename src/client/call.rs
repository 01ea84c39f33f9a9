//! A call of the lab's API: which route it is for, and what it carries.

use crate::{
    aws::{Keys, Request, sign},
    lab::{Api, Route, Source},
    verify::{SERVICE, query},
};

/// What a caller shows of itself.
pub enum Credential {
    /// Nothing.
    None,
    /// A token, in this header.
    Token {
        /// The header.
        header: String,
        /// An access or an ID token.
        token: String,
    },
    /// Values for a Lambda authorizer's sources.
    Values(Vec<(Source, String)>),
    /// A signature for this region.
    Keys {
        /// The caller's keys.
        keys: Keys,
        /// e.g. `us-east-1`.
        region: String,
    },
}

/// The request with what the caller shows. `body` is sent as JSON unless `headers` say otherwise.
pub fn request(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: Option<&str>,
    credential: &Credential,
) -> Result<Request, String> {
    let mut request = Request::new(method, url);
    request.headers = headers.to_vec();
    if let Some(body) = body {
        let typed = headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if !typed {
            request = request.header("Content-Type", "application/json");
        }
        request.body = body.as_bytes().to_vec();
    }
    match credential {
        Credential::None => Ok(request),
        Credential::Token { header, token } => Ok(request.header(header, token)),
        Credential::Values(values) => {
            for (source, value) in values {
                match source {
                    Source::Header(name) => request = request.header(name, value),
                    Source::Query(name) => {
                        let join = if request.url.contains('?') { '&' } else { '?' };
                        request.url.push(join);
                        request.url.push_str(&query(name, value));
                    }
                }
            }
            Ok(request)
        }
        Credential::Keys { keys, region } => sign(request, keys, region, SERVICE),
    }
}

/// The route that API Gateway takes for a method and a path: the most literal path, and the method itself
/// before `ANY`.
pub fn match_route<'a>(api: &'a Api, method: &str, path: &str) -> Option<&'a Route> {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut fitting: Vec<&Route> = api
        .routes
        .iter()
        .filter(|route| route.method == method || route.method == "ANY")
        .filter(|route| fits(&route.path, &parts))
        .collect();
    fitting.sort_by_key(|route| {
        let rank = |part: &str| match part {
            greedy if greedy.ends_with("+}") => 2,
            parameter if parameter.starts_with('{') => 1,
            _ => 0,
        };
        let ranks: Vec<u8> = route.path.split('/').map(rank).collect();
        (ranks, route.method == "ANY")
    });
    fitting.first().copied()
}

fn fits(template: &str, parts: &[&str]) -> bool {
    let mut parts = parts.iter();
    for wanted in template.trim_matches('/').split('/') {
        if wanted.ends_with("+}") {
            return parts.next().is_some_and(|part| !part.is_empty());
        }
        match parts.next() {
            Some(part) if wanted.starts_with('{') && !part.is_empty() => {}
            Some(part) if *part == wanted => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Guard;

    fn api(routes: &[&str]) -> Api {
        let route = |name: &&str| {
            let (method, path) = name.split_once(' ').unwrap_or_default();
            Route {
                method: method.to_owned(),
                path: path.to_owned(),
                function: String::new(),
                guard: Guard::Open,
                scopes: vec![],
                allow: vec![],
                deny: vec![],
                expect: None,
            }
        };
        Api {
            name: String::new(),
            authorizers: std::collections::BTreeMap::default(),
            cors: None,
            routes: routes.iter().map(route).collect(),
            stage: String::new(),
        }
    }

    #[test]
    fn the_most_literal_route_is_taken() {
        let api = api(&[
            "ANY /{proxy+}",
            "GET /items/{id}",
            "ANY /items/{id}",
            "GET /items/new",
            "GET /",
        ]);
        for (method, path, want) in [
            ("GET", "/", Some("GET /")),
            ("GET", "/items/new?x=1", Some("GET /items/new")),
            ("GET", "/items/7", Some("GET /items/{id}")),
            ("PUT", "/items/7", Some("ANY /items/{id}")),
            ("PUT", "/items/7/8", Some("ANY /{proxy+}")),
            ("POST", "/", None),
        ] {
            let route = match_route(&api, method, path).map(Route::name);
            assert_eq!(route.as_deref(), want, "{method} {path}");
        }
    }
}
