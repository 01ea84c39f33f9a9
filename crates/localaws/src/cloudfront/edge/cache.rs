//! What edges keep of answers. Only 200s to GET: unsure of errors, which `CloudFront` keeps for some seconds.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use hyper::{Method, StatusCode, header::CACHE_CONTROL};

use super::{Visit, set};
use crate::{
    app::now_ms,
    cloudfront::policy::{CachePolicy, Picked},
    iam,
    server::Response,
};

/// Then everything is forgotten: a twin's edge is small.
const ENTRIES: usize = 1000;

#[derive(Default)]
pub(super) struct Cache(Mutex<HashMap<Key, Entry>>);

/// What tells one cached answer from another: what the cache policy names, and nothing else.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Key {
    distribution: String,
    behavior: usize,
    path: String,
    /// Query, headers and cookies, as far as the policy takes them.
    others: Vec<String>,
}

struct Entry {
    response: Response,
    /// Milliseconds since the epoch.
    kept: i64,
    until: i64,
}

impl Key {
    /// `None`: nothing is cached of such requests.
    pub(super) fn of(visit: &Visit) -> Option<Self> {
        let policy = visit.cache_policy.filter(|policy| policy.max_ttl > 0)?;
        let method = visit.request.method();
        // What is cached of OPTIONS is not told apart from nothing.
        if method != Method::GET && method != Method::HEAD {
            return None;
        }
        let query = visit.request.uri().query().unwrap_or_default();
        let pairs = query.split('&').filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            policy.queries.takes(name)
        });
        let mut others: Vec<String> = pairs.map(str::to_owned).collect();
        for (name, value) in visit.request.headers() {
            let counts = match name.as_str() {
                "cookie" => !matches!(policy.cookies, Picked::None),
                name => policy.headers.takes(name),
            };
            if counts {
                others.push(format!("{name}: {value:?}"));
            }
        }
        Some(Self {
            distribution: visit.distribution.clone(),
            behavior: visit.number,
            path: visit.path.clone(),
            others,
        })
    }
}

impl Cache {
    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, key: &Key) -> Option<Response> {
        let now = now_ms();
        let entries = self.entries();
        let entry = entries.get(key).filter(|entry| entry.until > now)?;
        let mut response = entry.response.clone();
        let age = (now - entry.kept) / 1000;
        set(response.headers_mut(), "age", &age.to_string());
        Some(response)
    }

    pub(super) fn keep(&self, key: Key, policy: &CachePolicy, response: &Response) {
        let seconds = seconds(policy, response);
        if response.status() != StatusCode::OK || seconds <= 0 {
            return;
        }
        let kept = now_ms();
        let mut entries = self.entries();
        if entries.len() >= ENTRIES {
            entries.clear();
        }
        let entry = Entry {
            response: response.clone(),
            kept,
            until: kept + seconds * 1000,
        };
        entries.insert(key, entry);
    }

    pub(super) fn forget(&self, distribution: &str, paths: &[String]) {
        let meant = |key: &Key| {
            key.distribution == distribution && paths.iter().any(|path| iam::glob(path, &key.path))
        };
        self.entries().retain(|key, _| !meant(key));
    }
}

/// How long an answer is kept: what the origin says, within the policy's limits. `Expires` is not looked at.
fn seconds(policy: &CachePolicy, response: &Response) -> i64 {
    let said = response.headers().get(CACHE_CONTROL);
    let said = said
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let directives: Vec<&str> = said.split(',').map(str::trim).collect();
    let number = |name: &str| {
        let value = directives.iter().find_map(|d| d.strip_prefix(name))?;
        value.trim_matches('"').parse::<i64>().ok()
    };
    let forbids = |d: &&str| matches!(*d, "no-store" | "no-cache" | "private");
    if directives.iter().any(forbids) {
        return policy.min_ttl;
    }
    number("s-maxage=")
        .or_else(|| number("max-age="))
        .unwrap_or(policy.default_ttl)
        .clamp(policy.min_ttl, policy.max_ttl)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::policy;

    #[test]
    fn times_to_live() {
        let seconds = |id: &str, said: &str| {
            let mut response = Response::default();
            if !said.is_empty() {
                set(response.headers_mut(), "cache-control", said);
            }
            super::seconds(policy::cache(id).expect("managed"), &response)
        };
        let optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6";
        for (said, wanted) in [
            ("", 86_400),
            ("max-age=60", 60),
            ("public, max-age=60, s-maxage=5", 5),
            ("max-age=0", 1),
            ("private, max-age=60", 1),
            ("max-age=99999999999", 31_536_000),
            ("max-age=nonsense", 86_400),
        ] {
            assert_eq!(seconds(optimized, said), wanted, "{said}");
        }
        let origin_controls = "83da9c7e-98b4-4e11-a168-04f0df8e2c65";
        assert_eq!(seconds(origin_controls, ""), 0);
        assert_eq!(seconds(origin_controls, "no-store"), 0);
    }
}
