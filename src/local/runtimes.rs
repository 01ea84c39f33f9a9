//! The interpreters that run a twin's functions, and the packages that Lambda's runtimes have.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use crate::aws::Http;

/// Where `labctl local runtimes install` puts packages: `python` and `nodejs/node_modules` in it. `None`: there is no home.
pub fn packages() -> Option<PathBuf> {
    let set = |name| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(cache.join("labctl").join("runtimes"))
}

/// The part of `runtimes` that labctl reads.
#[derive(Deserialize)]
struct Runtime {
    differs: Vec<String>,
}

/// How the handlers of the twin at `endpoint` differ from those on Lambda: sentences, each once. Nothing when it does not
/// say.
pub async fn differences(endpoint: &str) -> Vec<String> {
    let url = format!("{}/_local/runtimes", endpoint.trim_end_matches('/'));
    let Ok(answer) = Http::new(&url).get(&url, None).await else {
        return Vec::new();
    };
    let runtimes: BTreeMap<String, Runtime> =
        serde_json::from_str(&answer.body).unwrap_or_default();
    let differs = runtimes.into_values().flat_map(|runtime| runtime.differs);
    let mut all: Vec<String> = differs.collect();
    all.sort();
    all.dedup();
    all
}
