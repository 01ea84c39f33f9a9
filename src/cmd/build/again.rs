//! What a person agreed to must still hold when the run begins: AWS may change while a question is open.

use std::collections::{BTreeMap, BTreeSet};

use super::Build;
use crate::{
    cmd::plan::{losses, text},
    engine::{Foresight, Intent, Reads, StepId},
    error::Error,
};

/// What a run is about to do, and what people lose by it.
pub(in crate::cmd) struct Foreseen {
    pub(in crate::cmd) foresight: Foresight,
    pub(in crate::cmd) losses: Vec<(StepId, String)>,
}

impl Foreseen {
    /// The resources of which the run would now do something else, lose something else, or change other fields.
    fn differ(&self, now: &Self) -> BTreeSet<StepId> {
        let before = self.by_step();
        let after = now.by_step();
        let ids = before.keys().chain(after.keys()).copied();
        ids.filter(|id| before.get(id) != after.get(id))
            .cloned()
            .collect()
    }

    fn by_step(&self) -> BTreeMap<&StepId, impl PartialEq> {
        let loss = |id: &StepId| self.losses.iter().find(|(step, _)| step == id);
        let of = |i: &Intent| {
            (
                i.action,
                i.drift.clone(),
                i.theirs.clone(),
                loss(&i.id).cloned(),
            )
        };
        let intents = self.foresight.intents.iter();
        intents.map(|intent| (&intent.id, of(intent))).collect()
    }
}

impl Build<'_> {
    pub(in crate::cmd) async fn foreseen(&self, reads: Reads) -> Result<Foreseen, Error> {
        let foresight = self.foresee(reads).await?;
        let state = self.journal.state();
        let losses = losses::losses(&foresight.intents, self.link, &self.cx, &state).await;
        Ok(Foreseen { foresight, losses })
    }

    /// Looks again after a question. `true`: all is as it was then. Otherwise says what differs.
    pub(in crate::cmd) async fn still_holds(
        &self,
        foreseen: &mut Foreseen,
        reads: Reads,
    ) -> Result<bool, Error> {
        let now = self.foreseen(reads).await?;
        let differ = foreseen.differ(&now);
        *foreseen = now;
        if differ.is_empty() {
            return Ok(true);
        }
        let changed = foreseen.foresight.intents.iter();
        let changed: Vec<&Intent> = changed.filter(|i| differ.contains(&i.id)).collect();
        self.cx
            .warn("AWS changed while you were asked. Now this run would:");
        for intent in changed {
            self.cx.warn(text::change(intent));
        }
        Ok(false)
    }
}
