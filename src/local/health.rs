//! Asks an address whether a twin listens there.

use std::time::Duration;

use serde::Deserialize;

use super::Endpoint;
use crate::aws::Http;

/// The most time and bytes that an answer may take.
const LIMIT: (Duration, usize) = (Duration::from_secs(2), 4096);

/// Whether a twin answers at `endpoint`, which the user chose. This is no proof: any program there can say so.
pub async fn is_twin(endpoint: &str) -> bool {
    endpoint.starts_with("http://") && health(endpoint).await.is_some()
}

/// The address of the inbox's page of the twin at `endpoint`.
pub async fn inbox_page(endpoint: &str) -> String {
    let inbox = health(endpoint).await.and_then(|health| health.inbox);
    let origin = inbox.map_or(endpoint.to_owned(), |inbox| inbox.to_string());
    format!("{}/_local/", origin.trim_end_matches('/'))
}

/// The part of `health.json` that labctl reads.
#[derive(Debug, Deserialize)]
pub(super) struct Health {
    service: String,
    pub(super) pid: u32,
    /// Older twins have none.
    inbox: Option<Endpoint>,
}

pub(super) async fn health(endpoint: &str) -> Option<Health> {
    let (time, size) = LIMIT;
    let url = format!("{}/_local/health.json", endpoint.trim_end_matches('/'));
    let http = Http::new(&url).at_most(size);
    let answer = tokio::time::timeout(time, http.get(&url, None)).await;
    let answer = answer.ok()?.ok().filter(|answer| answer.status == 200)?;
    let health: Health = serde_json::from_str(&answer.body).ok()?;
    (health.service == "localaws").then_some(health)
}
