//! How long changes take to be in sync, as tests and users of the twin set it (`/_local/route53`).

use std::sync::atomic::{AtomicI64, Ordering};

use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use crate::{app::App, faults::is_account};

/// When nobody has said it (ms). On AWS it is up to a minute.
const SYNC: i64 = 300;
/// An hour, in seconds.
const LONGEST: f64 = 3600.0;

/// What Route 53 knows besides the world: it is not saved.
pub(crate) struct Memory {
    sync: AtomicI64,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            sync: AtomicI64::new(SYNC),
        }
    }
}

impl Memory {
    /// How long a change takes in an account (ms).
    pub(super) fn sync(&self, state: &State) -> i64 {
        state
            .sync
            .unwrap_or_else(|| self.sync.load(Ordering::Relaxed))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    account: Option<String>,
    sync_seconds: f64,
}

/// Sets the time for one account, or for all that have none of their own; changes under way follow it.
///
/// # Errors
/// What is wrong with the body.
pub(crate) fn set(app: &App, body: &[u8]) -> Result<Value, String> {
    let setting: Setting = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    if !(0.0..=LONGEST).contains(&setting.sync_seconds) {
        return Err(format!("sync_seconds: must be from 0 to {LONGEST} seconds"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "an hour at most")]
    let ms = (setting.sync_seconds * 1000.0) as i64;
    match &setting.account {
        Some(account) if !is_account(account) => {
            return Err("account: must be 12 digits".to_owned());
        }
        Some(account) => app.write(|world| world.account(account).route53.sync = Some(ms)),
        None => app.dns.sync.store(ms, Ordering::Relaxed),
    }
    Ok(json!({"account": setting.account, "sync_seconds": setting.sync_seconds}))
}

/// The time for accounts that have none of their own.
pub(crate) fn show(app: &App) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "an hour at most")]
    let seconds = app.dns.sync(&State::default()) as f64 / 1000.0;
    json!({ "sync_seconds": seconds })
}
