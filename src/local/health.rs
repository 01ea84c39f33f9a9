//! Asks an address whether a twin listens there.

use std::time::Duration;

use labfiles::{Secret, hex};
use serde::Deserialize;

use super::Endpoint;
use crate::aws::{Answer, Http};

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
    /// See [`Secret`].
    proof: Option<String>,
}

/// Whether who answers at `endpoint` knows the secret of the lab's twin. `None`: nobody answers. Nothing but a random
/// number is sent.
pub(super) async fn proves(endpoint: Endpoint, secret: &Secret) -> Option<bool> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).ok()?;
    let (endpoint, nonce) = (endpoint.to_string(), hex(&random));
    let answer = ask(&format!("{endpoint}/_local/health.json?nonce={nonce}")).await?;
    let health: Option<Health> = serde_json::from_str(&answer.body).ok();
    let proof = health.and_then(|health| health.proof).unwrap_or_default();
    Some(secret.proves(&endpoint, &nonce, &proof))
}

pub(super) async fn health(endpoint: &str) -> Option<Health> {
    let endpoint = endpoint.trim_end_matches('/');
    let answer = ask(&format!("{endpoint}/_local/health.json")).await?;
    let health: Health = serde_json::from_str(&answer.body).ok()?;
    (answer.status == 200 && health.service == "localaws").then_some(health)
}

async fn ask(url: &str) -> Option<Answer> {
    let (time, size) = LIMIT;
    let http = Http::new(url).at_most(size);
    let answer = tokio::time::timeout(time, http.get(url, None)).await;
    answer.ok()?.ok()
}
