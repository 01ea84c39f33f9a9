//! Which distribution a request is for.

use hyper::header;
use serde_json::Value;

use crate::{cloudfront::distribution::items, server::Request};

/// A request's URL taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    name: Name,
    /// As sent.
    pub(super) path: &'a str,
}

/// In small letters.
#[derive(Debug, PartialEq, Eq)]
enum Name {
    /// An id (`E…`), a domain name, or its first part (`d…`).
    Own(String),
    Alias(String),
}

/// How an alias names a host; the better one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alias {
    /// `*.example.com`
    Star,
    Exact,
}

impl Alias {
    /// The best of a config's aliases for a host in small letters.
    pub(super) fn best(config: &Value, host: &str) -> Option<Self> {
        let parent = host.split_once('.').map(|(_, parent)| parent);
        let rank = |alias: &Value| {
            let alias = alias.as_str()?.to_ascii_lowercase();
            let star = alias
                .strip_prefix("*.")
                .is_some_and(|within| parent == Some(within));
            if alias == host {
                Some(Self::Exact)
            } else {
                star.then_some(Self::Star)
            }
        };
        items(&config["Aliases"]).filter_map(rank).max()
    }
}

impl<'a> Address<'a> {
    /// `None`: not a distribution's URL. `is_alias` tells of a host that is not loopback's own or AWS's whether a
    /// distribution has it.
    pub(super) fn of(request: &'a Request, is_alias: impl Fn(&str) -> bool) -> Option<Self> {
        let path = request.uri().path();
        let host = match request.headers().get(header::HOST) {
            Some(host) => host.to_str().ok()?,
            None => request.uri().authority().map_or("", |host| host.as_str()),
        };
        let host = host.split(':').next().unwrap_or_default();
        // No other names: one that a web page rebinds to 127.0.0.1 must not get in.
        let lower = host.to_ascii_lowercase();
        let label = lower
            .strip_suffix(".cloudfront.net")
            .or_else(|| lower.strip_suffix(".cloudfront.localhost"));
        if let Some(label) = label {
            return Some(Self {
                name: Name::Own(label.to_owned()),
                path,
            });
        }
        let ours = matches!(lower.as_str(), "" | "127.0.0.1" | "localhost" | "[");
        if !ours && !lower.ends_with(".amazonaws.com") && is_alias(&lower) {
            return Some(Self {
                name: Name::Alias(lower),
                path,
            });
        }
        let within = path.strip_prefix("/_cloudfront/")?;
        let name = within.split('/').next().unwrap_or_default();
        let path = within.get(name.len()..).filter(|path| !path.is_empty());
        Some(Self {
            name: Name::Own(name.to_ascii_lowercase()),
            path: path.unwrap_or("/"),
        })
    }

    /// A name of the distribution's owner's.
    pub(super) fn alias(&self) -> Option<&str> {
        match &self.name {
            Name::Alias(name) => Some(name),
            Name::Own(_) => None,
        }
    }

    pub(super) fn is_of(&self, id: &str, domain: &str) -> bool {
        let Name::Own(name) = &self.name else {
            return false;
        };
        name.eq_ignore_ascii_case(id)
            || name == domain
            || domain.strip_suffix(".cloudfront.net") == Some(name)
    }
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;

    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let at = |host: &str, path: &str| {
            let request = hyper::Request::builder()
                .uri(path)
                .header("host", host)
                .body(Bytes::new())
                .ok()?;
            let it = Address::of(&request, |host| host == "api.example.com")?;
            let name = match &it.name {
                Name::Own(name) => name.clone(),
                Name::Alias(name) => format!("alias {name}"),
            };
            Some(format!("{name} {}", it.path))
        };
        for (host, path, found) in [
            ("d1.cloudfront.net", "/a/b", "d1 /a/b"),
            ("D1.CloudFront.net:443", "/", "d1 /"),
            ("d1.cloudfront.localhost:4588", "/_api/x", "d1 /_api/x"),
            ("127.0.0.1:4588", "/_cloudfront/E1A/a%2Fb", "e1a /a%2Fb"),
            (
                "API.example.com:4588",
                "/_cloudfront/x",
                "alias api.example.com /_cloudfront/x",
            ),
            (
                "127.0.0.1",
                "/_cloudfront/d1.cloudfront.net",
                "d1.cloudfront.net /",
            ),
        ] {
            assert_eq!(at(host, path).as_deref(), Some(found), "{host}{path}");
        }
        for (host, path) in [
            ("127.0.0.1", "/_cloudfront"),
            ("cloudfront.net", "/"),
            ("d1.cloudfront.example.com", "/"),
        ] {
            assert_eq!(at(host, path), None, "{host}{path}");
        }
    }

    #[test]
    fn names() {
        let of = |name: &str| {
            let address = Address {
                name: Name::Own(name.to_owned()),
                path: "/",
            };
            address.is_of("E1A", "d1.cloudfront.net")
        };
        assert!(of("e1a") && of("d1") && of("d1.cloudfront.net"));
        assert!(!of("d") && !of("") && !of("d1.cloudfront"));
    }

    #[test]
    fn aliases() {
        let best = |aliases: &[&str]| {
            let config =
                serde_json::json!({"Aliases": {"Quantity": aliases.len(), "Items": aliases}});
            Alias::best(&config, "a.b.c")
        };
        assert_eq!(best(&["*.b.c", "A.b.c"]), Some(Alias::Exact));
        assert_eq!(best(&["x.b.c", "*.B.c"]), Some(Alias::Star));
        assert_eq!(best(&["*.c", "b.c", "*.a.b.c"]), None);
        assert_eq!(best(&[]), None);
    }
}
