//! One step: from whatever the journal and AWS say to what the plan wants.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{
    down,
    event::{Change, Event, describe},
    failure::Failure,
    graph::Step,
    journal::Journal,
    late,
    needs::StepId,
    resource::{Found, Health, Rekey, Stranger},
    state::{Move, Phase, Record},
};
use crate::aws::{Cx, Fault, FaultKind};

/// How often a create of unsure outcome is looked up and tried again.
const CREATE_TRIES: usize = 3;
/// How long AWS may take to show tags that it was given.
const CLAIM_LIMIT: Duration = Duration::from_mins(1);

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
    /// What the journal does not know may be there all the same: the state was lost, or something
    /// that this step needs was found and not made.
    pub(super) look_first: bool,
    /// The user has seen the stranger that has this step's name, and wants it to become ours.
    pub(super) agreed: bool,
    /// It takes the place of something that goes in this run.
    pub(super) replaces: bool,
}

/// How a step that went well ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brought {
    pub(super) change: Change,
    /// It was there, and the journal had not known.
    pub(super) found: bool,
}

impl From<Change> for Brought {
    fn from(change: Change) -> Self {
        Self {
            change,
            found: false,
        }
    }
}

impl Builder<'_> {
    /// Makes, adopts, mends or leaves the step. `health`: a check already made.
    pub(super) async fn bring(&self, health: Option<Health>) -> Result<Brought, Failure> {
        let wanted =
            self.step.work.key(self.cx)?.ok_or_else(|| {
                Failure::Defect(format!("{} ran before what it needs", self.step.id))
            })?;
        match self.journal.record(&self.step.id) {
            None if self.look_first || self.agreed => self.look_and_create(wanted).await,
            None => self.create(wanted).await,
            Some(record) => match (record.phase, record.output.clone()) {
                (Phase::Created, Some(output)) => {
                    let fine = Change::Unchanged.into();
                    self.ensure(record, output, wanted, health, fine).await
                }
                (Phase::Deleting, _) => self.replace(&record, wanted).await,
                _ => {
                    let found = self.find_begun(&record.key).await?;
                    self.resolve(found, record.key, wanted).await
                }
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
        ended: Brought,
        why: Option<String>,
    ) -> Result<Brought, Failure> {
        let physical_id = self.step.kind.physical_id(&key, Some(&output));
        self.record(key, output).await?;
        self.teller.tell(ended.change, physical_id, why);
        Ok(ended)
    }

    async fn record(&self, key: Value, output: Value) -> Result<(), Failure> {
        self.step.work.settle(Some(&output))?;
        let id = &self.step.id;
        let mut moves = Vec::new();
        if let Some(record) = self.journal.record(id).filter(|r| r.name != self.step.name) {
            let name = self.step.name.clone();
            moves.push((id.clone(), Move::Replan(Record { name, ..record })));
        }
        moves.push((id.clone(), Move::Made { key, output }));
        Ok(self.journal.commit_all(moves).await?)
    }

    fn created(&self) -> Brought {
        if self.replaces {
            Change::Replaced.into()
        } else {
            Change::Created.into()
        }
    }

    async fn create(&self, key: Value) -> Result<Brought, Failure> {
        self.begin(&key).await?;
        self.make(key).await
    }

    async fn look_and_create(&self, key: Value) -> Result<Brought, Failure> {
        self.begin(&key).await?;
        let found = self.step.kind.find(self.cx, &key).await?;
        Box::pin(self.resolve(found, key.clone(), key)).await
    }

    /// Looks for what a create of unknown outcome may have made. Where a name is unique, a late one would be
    /// in the way of the next create, and seen then.
    async fn find_begun(&self, key: &Value) -> Result<Found<Value>, Fault> {
        if self.step.kind.repeats() {
            late::find(self.cx, self.step.kind, key).await
        } else {
            self.step.kind.find(self.cx, key).await
        }
    }

    /// Sends the create of a step that is begun. In doubt it looks before it tries again.
    async fn make(&self, key: Value) -> Result<Brought, Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let fault = match self.step.work.create(self.cx, &key).await {
                Ok(output) => {
                    return self.made(key, output, self.created(), None).await;
                }
                Err(fault) if matches!(fault.kind, FaultKind::Exists | FaultKind::Unsure) => fault,
                Err(fault) => return Err(fault.into()),
            };
            let found = match fault.kind {
                FaultKind::Unsure => self.find_begun(&key).await?,
                _ => late::find(self.cx, self.step.kind, &key).await?,
            };
            match found {
                Found::Ours(output) => return Box::pin(self.adopt(key.clone(), output, key)).await,
                Found::Foreign(seen) => return self.foreign(seen).await,
                // AWS has another word for "not now" that labctl does not know, or shows late what is there.
                Found::Absent if tries < CREATE_TRIES => {}
                Found::Absent => return Err(fault.into()),
            }
        }
    }

    /// Finds out whether a create that was begun was carried out, and goes on from there.
    async fn resolve(
        &self,
        found: Found<Value>,
        key: Value,
        wanted: Value,
    ) -> Result<Brought, Failure> {
        match found {
            Found::Ours(output) => self.adopt(key, output, wanted).await,
            Found::Absent if key == wanted => self.make(key).await,
            Found::Absent => {
                self.forget().await?;
                self.create(wanted).await
            }
            Found::Foreign(seen) if self.agreed && key == wanted && seen.lab.is_none() => {
                let output = self.claim(&key).await?;
                self.adopt(key, output, wanted).await
            }
            Found::Foreign(seen) => self.foreign(seen).await,
        }
    }

    async fn adopt(&self, key: Value, output: Value, wanted: Value) -> Result<Brought, Failure> {
        self.record(key, output.clone()).await?;
        let Some(record) = self.journal.record(&self.step.id) else {
            return Err(Failure::Defect(format!(
                "{} was not recorded",
                self.step.id
            )));
        };
        let fine = Change::Adopted.into();
        let ended = self.ensure(record, output, wanted, None, fine).await?;
        Ok(Brought {
            found: true,
            ..ended
        })
    }

    /// Makes a stranger's thing ours: the step is on record, the user has agreed.
    async fn claim(&self, key: &Value) -> Result<Value, Failure> {
        self.step.kind.claim(self.cx, key).await?;
        let what = "AWS to show the ownership tags";
        let output = self.cx.poll(what, CLAIM_LIMIT, || async {
            let found = self.step.kind.find(self.cx, key).await?;
            Ok(match found {
                Found::Ours(output) => Some(output),
                _ => None,
            })
        });
        let output = output.await?;
        Ok(output.ok_or_else(|| Fault::too_late(what, CLAIM_LIMIT))?)
    }

    /// A stranger has our name: ours was not made, and the stranger's is not touched.
    async fn foreign(&self, seen: Stranger) -> Result<Brought, Failure> {
        self.forget().await?;
        Err(self.is_foreign(seen))
    }

    fn is_foreign(&self, stranger: Stranger) -> Failure {
        let what = format!("{} `{}`", self.step.kind.title(), self.step.name);
        Fault::foreign(&what, stranger.seen).into()
    }

    /// What the journal shows as created: is it as wanted? Then it ends as `fine`.
    async fn ensure(
        &self,
        record: Record,
        output: Value,
        wanted: Value,
        health: Option<Health>,
        fine: Brought,
    ) -> Result<Brought, Failure> {
        if record.key != wanted {
            match self.step.work.rekey(&record.key, &wanted)? {
                Rekey::InPlace => {}
                Rekey::Recreate => return self.replace(&record, wanted).await,
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
                self.teller.tell(fine.change, physical_id, None);
                Ok(fine)
            }
            Health::Ok => self.made(wanted, output, fine, None).await,
            Health::Missing => {
                self.forget().await?;
                // Another copy of this state may have made it anew; a name would tell by itself.
                if self.step.kind.by_name() {
                    self.create(wanted).await
                } else {
                    self.look_and_create(wanted).await
                }
            }
            Health::Drifted(drift) => {
                let why = describe(&drift);
                self.teller.tell(Change::Updating, None, Some(why.clone()));
                let output = self
                    .step
                    .work
                    .update(self.cx, &wanted, &output, &drift)
                    .await?;
                self.made(wanted, output, Change::Updated.into(), Some(why))
                    .await
            }
            Health::Foreign(seen) if self.agreed && seen.lab.is_none() => {
                let output = self.claim(&wanted).await?;
                Box::pin(self.adopt(wanted.clone(), output, wanted)).await
            }
            Health::Foreign(seen) => Err(self.is_foreign(seen)),
        }
    }

    /// Removes what is on record, and makes what is wanted.
    async fn replace(&self, record: &Record, wanted: Value) -> Result<Brought, Failure> {
        self.step.work.settle(None)?;
        self.journal.commit(&self.step.id, Move::Unmake).await?;
        let old = record.kind.physical_id(&record.key, record.output.as_ref());
        let why = (record.name != self.step.name)
            .then(|| format!("{} → {}", record.name, self.step.name));
        self.teller.tell(Change::Deleting, old, why);
        down::delete(self.cx, record).await?;
        self.forget().await?;
        if self.look_first {
            self.look_and_create(wanted).await
        } else {
            self.create(wanted).await
        }
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
