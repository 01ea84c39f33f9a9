//! The runs that this user's labctl made on this machine: when a state is lost, they tell the user's own lab from
//! somebody else's of the same name. Nothing depends on them: without, labctl asks whose a lab is.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Entry, User};
use crate::{engine::State, error::Error};

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The UUID in the tag `labctl:run`.
    run: String,
    lab: String,
    account: String,
    region: String,
    /// The endpoint when it is not AWS's own, nor a lab's twin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// The folder of the lab's twin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    twin: Option<PathBuf>,
    /// The folder of the lab's file.
    folder: PathBuf,
    /// When it was made.
    at: Timestamp,
}

impl Run {
    /// The run of a state, whose lab's file is in `folder`.
    pub(crate) fn of(state: &State, folder: &Path) -> Self {
        Self {
            run: state.run.clone(),
            lab: state.lab.clone(),
            account: state.account.clone(),
            region: state.region.clone(),
            endpoint: state.endpoint.clone().filter(|_| state.local.is_none()),
            twin: state.local.clone(),
            folder: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
            at: state.created_at,
        }
    }
}

impl Entry for Run {
    const LIST: &'static str = "runs";
    const WITHOUT: &'static str = "labctl asks whose a lab is whose state is lost";

    /// A twin that was deleted with its folder took the run's things along.
    fn is_over(&self) -> bool {
        self.twin.as_ref().is_some_and(|twin| !twin.exists())
    }
}

impl User {
    /// The ids of all runs.
    pub(crate) fn runs(&self) -> Result<BTreeSet<String>, Error> {
        let runs = self.list()?.into_iter();
        Ok(runs.map(|run: Run| run.run).collect())
    }

    /// Adds a run, durably. The error completes "cannot …".
    pub(crate) fn add_run(&self, run: Run) -> Result<(), String> {
        self.change(|runs: &mut Vec<Run>| {
            let new = runs.iter().all(|known| known.run != run.run);
            runs.extend(new.then_some(run));
            new
        })
    }

    /// Removes runs of which nothing is left. One that stays only costs its line.
    pub(crate) fn remove_runs(&self, gone: &BTreeSet<&str>) {
        let removed = self.change(|runs: &mut Vec<Run>| {
            let before = runs.len();
            runs.retain(|known| !gone.contains(known.run.as_str()));
            runs.len() < before
        });
        if let Err(error) = removed {
            tracing::debug!("{error}");
        }
    }
}
