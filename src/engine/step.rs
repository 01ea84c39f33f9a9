//! One step: from whatever the journal and AWS say to what the plan wants.

use std::time::Instant;

use serde_json::Value;

use super::{
    event::{Change, Event, describe},
    graph::Step,
    journal::{Journal, JournalError},
    needs::StepId,
    resource::{Found, Health, Rekey},
    state::{Move, Phase, Record},
};
use crate::aws::{Cx, Fault, FaultKind};

/// How often a create of unsure outcome is looked up and tried again.
const CREATE_TRIES: usize = 3;

/// Why a step stopped.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// AWS, or something found at AWS.
    #[error(transparent)]
    Aws(#[from] Fault),
    /// The state could not be written: nothing more is begun.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A task of ours died.
    #[error("labctl itself failed: {0}: please report this")]
    Defect(String),
}

impl Failure {
    /// Whether the run was told to stop.
    pub fn is_interrupt(&self) -> bool {
        matches!(self, Self::Aws(fault) if fault.kind == FaultKind::Interrupted)
    }
}

/// Tells what happens to one step.
pub(super) struct Teller<'a> {
    cx: &'a Cx,
    id: &'a StepId,
    started: Instant,
}

impl<'a> Teller<'a> {
    pub(super) fn new(cx: &'a Cx, id: &'a StepId) -> Self {
        Self {
            cx,
            id,
            started: Instant::now(),
        }
    }

    pub(super) fn tell(
        &self,
        change: Change,
        physical_id: Option<String>,
        message: Option<String>,
    ) {
        self.cx.events().send(Event::Step {
            id: self.id.clone(),
            change,
            physical_id,
            message,
            seconds: self.started.elapsed().as_secs_f64(),
        });
    }
}

/// Builds one step.
pub(super) struct Builder<'a> {
    pub(super) step: &'a Step,
    pub(super) cx: &'a Cx,
    pub(super) journal: &'a Journal,
    pub(super) teller: Teller<'a>,
}

impl Builder<'_> {
    /// Makes, adopts, mends or leaves the step. `look_first`: something of this lab was found without
    /// a state, so even a step never begun may exist. `health`: a check already made.
    pub(super) async fn bring(
        &self,
        look_first: bool,
        health: Option<Health>,
    ) -> Result<Change, Failure> {
        let wanted =
            self.step.work.key(self.cx)?.ok_or_else(|| {
                Failure::Defect(format!("{} ran before what it needs", self.step.id))
            })?;
        match self.journal.record(&self.step.id) {
            None if look_first => {
                self.begin(&wanted).await?;
                self.resolve(wanted.clone(), wanted).await
            }
            None => self.create(wanted).await,
            Some(record) => match (record.phase, record.output.clone()) {
                (Phase::Created, Some(output)) => {
                    let fine = Change::Unchanged;
                    self.ensure(record, output, wanted, health, fine).await
                }
                (Phase::Deleting, _) => {
                    self.remove(&record).await?;
                    self.create(wanted).await
                }
                _ => self.resolve(record.key, wanted).await,
            },
        }
    }

    async fn begin(&self, key: &Value) -> Result<(), Failure> {
        self.journal
            .commit(&self.step.id, Move::Begin(self.step.record(key.clone())))
            .await?;
        self.teller.tell(Change::Creating, None, None);
        Ok(())
    }

    async fn made(
        &self,
        key: Value,
        output: Value,
        change: Change,
        why: Option<String>,
    ) -> Result<Change, Failure> {
        let physical_id = self.step.kind.physical_id(&key, Some(&output));
        self.record(key, output).await?;
        self.teller.tell(change, physical_id, why);
        Ok(change)
    }

    async fn record(&self, key: Value, output: Value) -> Result<(), Failure> {
        self.step.work.settle(Some(&output))?;
        let made = Move::Made { key, output };
        Ok(self.journal.commit(&self.step.id, made).await?)
    }

    async fn create(&self, key: Value) -> Result<Change, Failure> {
        self.begin(&key).await?;
        self.make(key).await
    }

    /// Sends the create of a step that is begun. In doubt it looks before it tries again.
    async fn make(&self, key: Value) -> Result<Change, Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let fault = match self.step.work.create(self.cx, &key).await {
                Ok(output) => return self.made(key, output, Change::Created, None).await,
                Err(fault) if matches!(fault.kind, FaultKind::Exists | FaultKind::Unsure) => fault,
                Err(fault) => return Err(fault.into()),
            };
            match self.step.kind.find(self.cx, &key).await? {
                Found::Ours(output) => return Box::pin(self.adopt(key.clone(), output, key)).await,
                Found::Foreign(seen) => return self.foreign(&seen).await,
                Found::Absent if fault.kind == FaultKind::Unsure && tries < CREATE_TRIES => {}
                Found::Absent => return Err(fault.into()),
            }
        }
    }

    /// Finds out whether a create that was begun was carried out, and goes on from there.
    async fn resolve(&self, key: Value, wanted: Value) -> Result<Change, Failure> {
        match self.step.kind.find(self.cx, &key).await? {
            Found::Ours(output) => self.adopt(key, output, wanted).await,
            Found::Absent if key == wanted => self.make(key).await,
            Found::Absent => {
                self.forget().await?;
                self.create(wanted).await
            }
            Found::Foreign(seen) => self.foreign(&seen).await,
        }
    }

    async fn adopt(&self, key: Value, output: Value, wanted: Value) -> Result<Change, Failure> {
        self.record(key, output.clone()).await?;
        let Some(record) = self.journal.record(&self.step.id) else {
            return Err(Failure::Defect(format!(
                "{} was not recorded",
                self.step.id
            )));
        };
        self.ensure(record, output, wanted, None, Change::Adopted)
            .await
    }

    /// A stranger has our name: ours was not made, and the stranger's is not touched.
    async fn foreign(&self, seen: &str) -> Result<Change, Failure> {
        self.forget().await?;
        Err(Fault::foreign(
            &format!("{} `{}`", self.step.kind.title(), self.step.name),
            seen,
        )
        .into())
    }

    /// What the journal shows as created: is it as wanted? Then it ends as `fine`.
    async fn ensure(
        &self,
        record: Record,
        output: Value,
        wanted: Value,
        health: Option<Health>,
        fine: Change,
    ) -> Result<Change, Failure> {
        let mut health = health;
        if record.key != wanted {
            match self.step.work.rekey(&record.key, &wanted)? {
                Rekey::InPlace => health = None,
                Rekey::Recreate => {
                    self.remove(&record).await?;
                    return self.create(wanted).await;
                }
                Rekey::Supersede => return self.create(wanted).await,
            }
        }
        let health = match health {
            Some(health) => health,
            None => self.step.work.check(self.cx, &wanted, &output).await?,
        };
        match health {
            Health::Ok if record.key == wanted => {
                let physical_id = self.step.kind.physical_id(&wanted, Some(&output));
                self.teller.tell(fine, physical_id, None);
                Ok(fine)
            }
            Health::Ok => self.made(wanted, output, fine, None).await,
            Health::Missing => {
                self.forget().await?;
                self.create(wanted).await
            }
            Health::Drifted(drift) => {
                let why = describe(&drift);
                self.teller.tell(Change::Updating, None, Some(why.clone()));
                let output = self
                    .step
                    .work
                    .update(self.cx, &wanted, &output, &drift)
                    .await?;
                self.made(wanted, output, Change::Updated, Some(why)).await
            }
            Health::Foreign(seen) => Err(Fault::foreign(
                &format!("{} `{}`", self.step.kind.title(), self.step.name),
                seen,
            )
            .into()),
        }
    }

    async fn remove(&self, record: &Record) -> Result<(), Failure> {
        self.step.work.settle(None)?;
        self.journal.commit(&self.step.id, Move::Unmake).await?;
        self.teller.tell(Change::Deleting, None, None);
        record
            .kind
            .delete(self.cx, &record.key, record.output.as_ref())
            .await?;
        self.forget().await
    }

    /// Records that the step, and with it all that lived inside it, is not there.
    async fn forget(&self) -> Result<(), Failure> {
        self.step.work.settle(None)?;
        let all = self.journal.state().with_inhabitants(&self.step.id);
        self.journal
            .commit_all(all.into_iter().map(|id| (id, Move::Gone)).collect())
            .await?;
        Ok(())
    }
}
