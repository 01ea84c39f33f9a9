//! How what is on record makes room for what is wanted.

use serde_json::Value;

use super::{Brought, Builder, Memory};
use crate::{Change, Driver, Failure, Record, Retired, StepId, decide::Saw, down, state::Move};

/// Transitions of steps, for one commit.
type Moves<D> = Vec<(StepId, Move<<D as Driver>::Kind>)>;

impl<D: Driver> Builder<'_, D> {
    pub(super) async fn replace(
        &self,
        record: &Record<D::Kind>,
        memory: &mut Memory,
    ) -> Result<Option<Brought>, Failure> {
        let (change, took) = self.remove(record).await?;
        // It may have gone with what it was part of.
        memory.replaces = change != Change::LeftAlone;
        if memory.replaces {
            memory.ends.took = took;
        }
        memory.saw = Saw::Nothing;
        Ok(None)
    }

    /// Sets what is on record aside, under another name and as a step that no plan has: it is deleted like all that is
    /// no longer wanted, and last. A run that is cut off before that is on record does it again.
    pub(super) async fn retire(
        &self,
        wanted: &Value,
        record: Record<D::Kind>,
        memory: &mut Memory,
    ) -> Result<Option<Brought>, Failure> {
        let Some(output) = record.output.clone() else {
            return Err(self.defect("has no output"));
        };
        let old = record.physical_id().unwrap_or_default();
        let why = Some("another one takes its place first".to_owned());
        self.teller.tell(Change::Updating, Some(old.clone()), why);
        let work = &self.step.work;
        let Some(Retired { name, key }) = work.retire(self.driver, &record.key, &output).await?
        else {
            memory.saw = Saw::Absent;
            return Ok(None);
        };
        work.settle(None)?;
        let aside = StepId::new(format!("{}.old-{old}", self.step.id));
        let moves = vec![
            (aside.clone(), Move::Begin(Record { name, ..record })),
            (aside.clone(), Move::Made { key, output }),
            self.begun(wanted),
        ];
        self.journal.commit_all(moves).await?;
        self.teller.tell(Change::Creating, None, None);
        // Its name is free by now.
        memory.rules.look = false;
        memory.saw = Saw::Begun;
        memory.replaces = true;
        memory.ends.retired = Some(aside);
        Ok(None)
    }

    /// Removes what is on record, to make what is wanted. Answers what else went with it.
    async fn remove(&self, record: &Record<D::Kind>) -> Result<(Change, Vec<StepId>), Failure> {
        self.step.work.settle(None)?;
        self.journal.commit(&self.step.id, Move::Unmake).await?;
        let old = record.physical_id();
        let why = (record.name != self.step.name)
            .then(|| format!("{} → {}", record.name, self.step.name));
        self.teller.tell(Change::Deleting, old, why);
        let state = self.journal.state();
        let change = down::delete(self.driver, &state, record).await?;
        let took = self.forget().await?;
        Ok((change, took))
    }

    /// Records that the step, and with it all that lived inside it, is not there. Answers which.
    pub(super) async fn forget(&self) -> Result<Vec<StepId>, Failure> {
        let gone = self.gone()?;
        let all = gone.iter().map(|(id, _)| id.clone()).collect();
        self.journal.commit_all(gone).await?;
        Ok(all)
    }

    /// That the step, and all that lived inside it, is not there.
    pub(super) fn gone(&self) -> Result<Moves<D>, Failure> {
        self.step.work.settle(None)?;
        let all = self.journal.state().with_inhabitants(&self.step.id);
        Ok(all.into_iter().map(|id| (id, Move::Gone)).collect())
    }
}
