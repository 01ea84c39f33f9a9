//! Which distribution a request is for.

use hyper::header;

use crate::server::Request;

/// A request's URL taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// An id (`E…`), a domain name, or its first part (`d…`); in small letters.
    name: String,
    /// As sent.
    pub(super) path: &'a str,
}

impl<'a> Address<'a> {
    /// `None`: not a distribution's URL.
    pub(super) fn of(request: &'a Request) -> Option<Self> {
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
                name: label.to_owned(),
                path,
            });
        }
        let within = path.strip_prefix("/_cloudfront/")?;
        let name = within.split('/').next().unwrap_or_default();
        let path = within.get(name.len()..).filter(|path| !path.is_empty());
        Some(Self {
            name: name.to_ascii_lowercase(),
            path: path.unwrap_or("/"),
        })
    }

    pub(super) fn is_of(&self, id: &str, domain: &str) -> bool {
        self.name.eq_ignore_ascii_case(id)
            || self.name == domain
            || domain.strip_suffix(".cloudfront.net") == Some(&self.name)
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
            Address::of(&request).map(|it| format!("{} {}", it.name, it.path))
        };
        for (host, path, found) in [
            ("d1.cloudfront.net", "/a/b", "d1 /a/b"),
            ("D1.CloudFront.net:443", "/", "d1 /"),
            ("d1.cloudfront.localhost:4588", "/_api/x", "d1 /_api/x"),
            ("127.0.0.1:4588", "/_cloudfront/E1A/a%2Fb", "e1a /a%2Fb"),
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
                name: name.to_owned(),
                path: "/",
            };
            address.is_of("E1A", "d1.cloudfront.net")
        };
        assert!(of("e1a") && of("d1") && of("d1.cloudfront.net"));
        assert!(!of("d") && !of("") && !of("d1.cloudfront"));
    }
}
