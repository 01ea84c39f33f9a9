//! Changes on their way to the name servers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{State, fault::fault, zones::bare};
use crate::{
    app::{App, now_ms},
    call::{Answer, Call},
    ids,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Change {
    /// Milliseconds since the epoch.
    submitted: i64,
    comment: Option<String>,
}

/// Older ones are forgotten.
const KEPT: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    id: String,
}

/// A new change: its `ChangeInfo`.
pub(super) fn begin(app: &App, state: &mut State, comment: Option<String>) -> Value {
    if state.changes.len() >= KEPT {
        let oldest = state
            .changes
            .iter()
            .min_by_key(|(_, change)| change.submitted);
        if let Some(id) = oldest.map(|(id, _)| id.clone()) {
            state.changes.remove(&id);
        }
    }
    let change = Change {
        submitted: now_ms(),
        comment,
    };
    let id = format!("C{}", ids::upper(13));
    let shown = change.shown(&id, app.dns.sync(state));
    state.changes.insert(id, change);
    shown
}

impl Change {
    /// `sync`: how long changes take, in milliseconds.
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of this age fit a double exactly"
    )]
    fn shown(&self, id: &str, sync: i64) -> Value {
        let pending = self.submitted + sync > now_ms();
        let mut shown = json!({
            "Id": format!("/change/{id}"),
            "Status": if pending { "PENDING" } else { "INSYNC" },
            "SubmittedAt": self.submitted as f64 / 1000.0,
        });
        if let Some(comment) = &self.comment {
            shown["Comment"] = json!(comment);
        }
        shown
    }
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    let id = bare(&input.id, "change");
    app.read(|world| {
        let state = world
            .accounts
            .get(&call.account)
            .map(|account| &account.route53);
        let found = state.and_then(|state| Some((state, state.changes.get(id)?)));
        let (state, change) = found.ok_or_else(|| {
            // Unsure of the text.
            fault(
                404,
                "NoSuchChange",
                format!("Could not find resource with ID: {id}"),
            )
        })?;
        Ok(json!({ "ChangeInfo": change.shown(id, app.dns.sync(state)) }))
    })
}
