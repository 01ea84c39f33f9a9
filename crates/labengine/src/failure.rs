//! Why a step stopped, and whether the run goes on without it.

use crate::{Fault, FaultKind, JournalError, Kind, Record};

/// Why a step stopped.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// AWS, or something found at AWS.
    #[error(transparent)]
    Aws(#[from] Fault),
    /// The state could not be written: nothing more is begun.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Something that people have in use would be deleted, and nobody was told: it stays.
    #[error("{0}")]
    Unannounced(String),
    /// A task of ours died.
    #[error("labctl itself failed: {0}: please report this")]
    Defect(String),
}

impl Failure {
    pub(crate) fn unannounced<K: Kind>(record: &Record<K>, carries: &str) -> Self {
        Self::Unannounced(format!(
            "{} `{}` was not touched: only its deletion would make what lab.yaml wants now, {carries} would be lost, \
             and the plan did not announce that",
            record.kind.title(),
            record.name
        ))
    }

    /// Whether the run was told to stop.
    pub fn is_interrupt(&self) -> bool {
        matches!(self, Self::Aws(fault) if fault.kind == FaultKind::Interrupted)
    }

    /// Whether AWS no longer takes the credentials: nothing was done, and nothing else will work.
    pub fn is_pause(&self) -> bool {
        matches!(self, Self::Aws(fault) if fault.kind == FaultKind::Credentials)
    }

    /// Whether no other step should begin after this.
    pub(crate) fn ends_run(&self) -> bool {
        matches!(self, Self::Journal(_)) || self.is_interrupt() || self.is_pause()
    }
}
