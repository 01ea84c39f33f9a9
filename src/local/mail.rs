//! The mail that a twin "sent".

use serde::{Deserialize, Serialize};

use crate::{aws::Http, error::Error};

/// One mail of the inbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub code: Option<String>,
    /// Account of the user pool that sent it.
    #[serde(default)]
    pub account: String,
    /// RFC 3339, UTC.
    pub at: String,
}

/// The mail that the twin at `endpoint` "sent", newest first.
pub async fn inbox(endpoint: &str, to: Option<&str>) -> Result<Vec<Mail>, Error> {
    let query = to
        .map(|to| format!("?to={}", percent(to)))
        .unwrap_or_default();
    let url = format!("{endpoint}/_local/inbox.json{query}");
    let answer = Http::new(&url).get(&url, None).await?;
    serde_json::from_str(&answer.body).map_err(|e| Error::failed(format!("{url}: {e}")))
}

fn percent(text: &str) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~@".contains(b);
    text.bytes()
        .map(|b| {
            if plain(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
