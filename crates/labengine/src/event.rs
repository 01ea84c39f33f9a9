//! What the engine says of a run while it goes on.

use serde::Serialize;

use crate::{Drift, StepId};

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Progress {
    /// A step changed; results are sent only after they are durable in the journal.
    Step {
        /// Which step.
        id: StepId,
        /// What happened to it.
        change: Change,
        /// The cloud's id or name for it, once known.
        #[serde(skip_serializing_if = "Option::is_none")]
        physical_id: Option<String>,
        /// Why, for failures, skips and updates.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Seconds since the step began.
        seconds: f64,
    },
    /// A step cannot go on yet.
    Waiting {
        /// Which step.
        id: StepId,
        /// Completes "waiting for …".
        reason: String,
        /// Seconds waited so far.
        seconds: f64,
    },
    /// Something the user should know.
    Warning {
        /// One sentence.
        message: String,
    },
}

/// What happened to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Change {
    Creating,
    Created,
    /// Found from an earlier run and recorded.
    Adopted,
    /// Deleted, and another one made.
    Replaced,
    Unchanged,
    Updating,
    Updated,
    Deleting,
    Deleted,
    /// It was not there any more.
    AlreadyGone,
    /// A stranger's now; not touched.
    LeftAlone,
    Failed,
    /// Not tried because something it needs failed.
    Skipped,
}

/// Drift in one line.
pub(crate) fn describe(drift: &[Drift]) -> String {
    drift
        .iter()
        .map(|d| format!("{}: wanted {}, seen {}", d.field, d.wanted, d.seen))
        .collect::<Vec<_>>()
        .join("; ")
}
