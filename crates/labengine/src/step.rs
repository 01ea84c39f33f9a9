//! One step: from whatever the journal and the cloud say to what the plan wants.
//!
//! [`decide::next`] says what to do; this file does it, and keeps the journal ahead of every call.

mod going;
mod teller;

use std::time::Duration;

use serde_json::Value;

use crate::{
    Change, Drift, Driver, Failure, Fault, FaultKind, Found, Health, Kind, Phase, Record, Rekey,
    Step, StepId,
    decide::{self, Next, Patience, Rules, Saw, Wish},
    down,
    event::describe,
    journal::JournalOf,
    late,
    state::Move,
};

pub(crate) use teller::Teller;

/// How often a create of unsure outcome is looked up and tried again.
const CREATE_TRIES: usize = 3;
/// How long the cloud may take to show tags that it was given.
const CLAIM_LIMIT: Duration = Duration::from_mins(1);

/// Builds one step.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one step"
)]
pub(crate) struct Builder<'a, D: Driver> {
    pub(crate) step: &'a Step<D>,
    pub(crate) driver: &'a D,
    pub(crate) journal: &'a JournalOf<D>,
    pub(crate) teller: Teller<'a, D>,
    /// What the journal does not know may be there all the same: the state was lost, or something
    /// that this step needs was found and not made.
    pub(crate) look_first: bool,
    /// Something that it needs was changed in this run.
    pub(crate) fresh: bool,
    /// The user has seen the stranger that has this step's name, and wants it to become ours.
    pub(crate) agreed: bool,
    /// People know that it will be replaced, or nobody is asked.
    pub(crate) may_go: bool,
    /// What it replaces went with the thing that it lived in, in this run.
    pub(crate) replaces: bool,
}

/// How a step that went well ended.
#[derive(Debug)]
pub(crate) struct Brought {
    pub(crate) change: Change,
    /// It was there, and the journal had not known.
    pub(crate) found: bool,
    /// What went with the one that it replaces.
    pub(crate) took: Vec<StepId>,
    /// Where the state has the one that it replaces, which goes last.
    pub(crate) retired: Option<StepId>,
}

impl Brought {
    fn new(change: Change) -> Self {
        Self {
            change,
            found: false,
            took: Vec::new(),
            retired: None,
        }
    }
}

/// What a step's run remembers between two looks at the table.
struct Memory {
    saw: Saw,
    rules: Rules,
    /// Creates that were sent.
    tries: usize,
    /// Why the last create is in doubt.
    doubt: Option<Fault>,
    /// How it ends if there is nothing more to change.
    ends: Brought,
    /// It takes the place of something that went in this run.
    replaces: bool,
}

impl Memory {
    /// The end, with what happened last.
    fn end(&mut self, change: Change) -> Brought {
        let ends = std::mem::replace(&mut self.ends, Brought::new(change));
        Brought { change, ..ends }
    }
}

impl<D: Driver> Builder<'_, D> {
    /// Makes, adopts, changes or leaves the step. `seen`: what a check before the run saw.
    pub(crate) async fn bring(&self, seen: Option<Health>) -> Result<Brought, Failure> {
        let key = self.step.work.key(self.driver)?;
        let wanted = key.ok_or_else(|| self.defect("ran before what it needs"))?;
        let record = self.journal.record(&self.step.id);
        let saw = self.still_true(self.wish(record.as_ref(), &wanted)?, seen);
        let mut memory = Memory {
            saw,
            rules: Rules {
                look: self.look_first || self.agreed,
                adopt: self.agreed,
                repeats: self.step.kind.repeats(),
            },
            tries: 0,
            doubt: None,
            ends: Brought::new(Change::Unchanged),
            replaces: self.replaces,
        };
        loop {
            if let Some(ended) = self.advance(&wanted, &mut memory).await? {
                return Ok(ended);
            }
        }
    }

    /// What of an earlier check can be relied on.
    fn still_true(&self, wish: Wish, seen: Option<Health>) -> Saw {
        let saw = seen.map_or(Saw::Nothing, |health| Saw::of(self.step.kind, health));
        match (wish, &saw) {
            // Its record would be dropped, and nobody would look for the old name again.
            (Wish::Other(Rekey::Recreate), Saw::Absent) => Saw::Nothing,
            // What is to go was compared with itself, and what did not exist is not made by its needs.
            (Wish::Other(Rekey::Recreate), _) | (_, Saw::Absent) => saw,
            // It was compared with what was wanted before its needs changed.
            _ if self.fresh => Saw::Nothing,
            _ => saw,
        }
    }

    fn may_go(&self) -> bool {
        #[cfg(test)]
        if crate::tests::seed() == Some(crate::tests::Seed::SilentLoss) {
            return true;
        }
        self.may_go
    }

    fn wish(&self, record: Option<&Record<D::Kind>>, wanted: &Value) -> Result<Wish, Fault> {
        Ok(match record {
            Some(record) if record.key != *wanted => {
                Wish::Other(self.step.work.rekey(&record.key, wanted)?)
            }
            _ => Wish::Same,
        })
    }

    /// Does the next thing. `None`: there is more to do.
    async fn advance(
        &self,
        wanted: &Value,
        memory: &mut Memory,
    ) -> Result<Option<Brought>, Failure> {
        let record = self.journal.record(&self.step.id);
        let wish = self.wish(record.as_ref(), wanted)?;
        let phase = record.as_ref().map(|r| r.phase);
        let next = decide::next(phase, wish, &memory.saw, memory.rules);
        match (next, record) {
            (Next::Begin, superseded) => {
                // What is superseded is on record: nothing else is in its place.
                memory.rules.look &= superseded.is_none();
                self.begin(wanted, memory).await
            }
            (Next::Find(patience), Some(record)) => {
                memory.saw = self.find(&record.key, patience).await?.into();
                Ok(None)
            }
            (Next::Create, Some(record)) => self.create(record.key, memory).await,
            (Next::Record, Some(record)) => self.record_seen(wanted, record, memory).await,
            (Next::Check, Some(record)) => {
                let state = self.journal.state();
                if let Some(found) = down::elsewhere(self.driver, &state, &record).await? {
                    memory.saw = found.into();
                    return Ok(None);
                }
                let key = self.step.key_to_check(self.driver, &record)?;
                let health = match &record.output {
                    Some(output) => {
                        let key = key.as_ref().unwrap_or(&record.key);
                        self.step.work.check(self.driver, key, output).await?
                    }
                    // Its creation was cut off, then its deletion.
                    None => Health::from_found(self.find(&record.key, Patience::Late).await?),
                };
                memory.saw = Saw::of(self.step.kind, health);
                Ok(None)
            }
            (Next::Update, Some(record)) => self.update(wanted, record, memory).await,
            (Next::Claim, Some(record)) => {
                let output = self.claim(&record.key).await?;
                self.adopt(record.key, output, memory).await
            }
            // A stranger's is left alone: nothing is lost.
            (Next::Replace | Next::Retire, Some(record))
                if !self.may_go()
                    && record.phase != Phase::Creating
                    // A run that was cut off made it: nobody has it yet.
                    && !memory.ends.found
                    && !matches!(memory.saw, Saw::Theirs(_))
                    && let Some(carries) = self.step.kind.carries() =>
            {
                Err(Failure::unannounced(&record, carries))
            }
            (Next::Replace, Some(record)) => self.replace(&record, memory).await,
            (Next::Retire, Some(record)) => self.retire(wanted, record, memory).await,
            (Next::Forget, Some(record)) => {
                // Another copy of this state may have made it anew; a name would show by itself.
                memory.rules.look |= record.output.is_some() && !self.step.kind.by_name();
                // In one commit: a run that is cut off here still knows of it.
                let mut moves = self.gone()?;
                moves.push(self.begun(wanted));
                self.journal.commit_all(moves).await?;
                self.teller.tell(Change::Creating, None, None);
                memory.saw = Saw::Begun;
                Ok(None)
            }
            (Next::Keep, Some(record)) => {
                self.tell(
                    memory.ends.change,
                    &record.key,
                    record.output.as_ref(),
                    None,
                );
                Ok(Some(memory.end(memory.ends.change)))
            }
            (Next::Refuse, Some(record)) => Err(self.refuse(&record, memory).await?),
            (next, _) => Err(self.defect(&format!("cannot {next:?}"))),
        }
    }

    fn defect(&self, what: &str) -> Failure {
        Failure::Defect(format!("{} {what}", self.step.id))
    }

    fn tell(&self, change: Change, key: &Value, output: Option<&Value>, why: Option<String>) {
        let physical_id = self.step.kind.physical_id(key, output);
        self.teller.tell(change, physical_id, why);
    }

    async fn begin(&self, key: &Value, memory: &mut Memory) -> Result<Option<Brought>, Failure> {
        self.journal.commit_all(vec![self.begun(key)]).await?;
        self.teller.tell(Change::Creating, None, None);
        memory.saw = Saw::Begun;
        Ok(None)
    }

    /// The intent to create it under this key.
    fn begun(&self, key: &Value) -> (StepId, Move<D::Kind>) {
        let record = self.step.record(key.clone());
        (self.step.id.clone(), Move::Begin(record))
    }

    async fn find(&self, key: &Value, patience: Patience) -> Result<Found<Value>, Fault> {
        match patience {
            Patience::Once => self.driver.find(self.step.kind, key).await,
            Patience::Late => late::find(self.driver, self.step.kind, key).await,
        }
    }

    /// Sends the create of a step that is begun.
    async fn create(&self, key: Value, memory: &mut Memory) -> Result<Option<Brought>, Failure> {
        // The cloud has another word for "not now" that labctl does not know, or shows late what is there.
        if memory.tries == CREATE_TRIES
            && let Some(fault) = memory.doubt.take()
        {
            return Err(fault.into());
        }
        memory.tries += 1;
        match self.step.work.create(self.driver, &key).await {
            Ok(output) => {
                let change = if memory.replaces {
                    Change::Replaced
                } else {
                    Change::Created
                };
                self.record(&key, &output).await?;
                self.tell(change, &key, Some(&output), None);
                Ok(Some(memory.end(change)))
            }
            Err(fault) => {
                memory.saw = match fault.kind {
                    FaultKind::Exists => Saw::Exists,
                    FaultKind::Unsure => Saw::Unsure,
                    _ => return Err(fault.into()),
                };
                memory.doubt = Some(fault);
                Ok(None)
            }
        }
    }

    /// Records what a look found, or that what is there has the wanted key by now.
    async fn record_seen(
        &self,
        wanted: &Value,
        record: Record<D::Kind>,
        memory: &mut Memory,
    ) -> Result<Option<Brought>, Failure> {
        match (
            std::mem::replace(&mut memory.saw, Saw::Nothing),
            record.output,
        ) {
            (Saw::Ours(output), _) => self.adopt(record.key, output, memory).await,
            (_, Some(output)) => {
                self.record(wanted, &output).await?;
                self.tell(memory.ends.change, wanted, Some(&output), None);
                Ok(Some(memory.end(memory.ends.change)))
            }
            _ => Err(self.defect("has no output")),
        }
    }

    /// Records what the journal did not know to be there. It is compared with what is wanted next.
    async fn adopt(
        &self,
        key: Value,
        output: Value,
        memory: &mut Memory,
    ) -> Result<Option<Brought>, Failure> {
        self.record(&key, &output).await?;
        self.step.work.ready(self.driver, &key, &output).await?;
        memory.saw = Saw::Nothing;
        (memory.ends.change, memory.ends.found) = (Change::Adopted, true);
        Ok(None)
    }

    async fn record(&self, key: &Value, output: &Value) -> Result<(), Failure> {
        self.step.work.settle(Some(output))?;
        let id = &self.step.id;
        let mut moves = Vec::new();
        let Step { name, within, .. } = self.step;
        let record = self.journal.record(id);
        if let Some(record) = record.filter(|r| (&r.name, &r.within) != (name, within)) {
            let (name, within) = (name.clone(), within.clone());
            let record = Record {
                name,
                within,
                ..record
            };
            moves.push((id.clone(), Move::Replan(record)));
        }
        let (key, output) = (key.clone(), output.clone());
        moves.push((id.clone(), Move::Made { key, output }));
        Ok(self.journal.commit_all(moves).await?)
    }

    async fn update(
        &self,
        wanted: &Value,
        record: Record<D::Kind>,
        memory: &mut Memory,
    ) -> Result<Option<Brought>, Failure> {
        let drift: &[Drift] = match &memory.saw {
            Saw::Drifted(drift) => drift,
            _ => &[],
        };
        let why = describe(drift);
        self.teller.tell(Change::Updating, None, Some(why.clone()));
        let output = record.output.unwrap_or_default();
        let work = &self.step.work;
        let output = work.update(self.driver, wanted, &output, drift).await?;
        self.record(wanted, &output).await?;
        self.tell(Change::Updated, wanted, Some(&output), Some(why));
        Ok(Some(memory.end(Change::Updated)))
    }

    /// Makes a stranger's thing ours: the step is on record, the user has agreed.
    async fn claim(&self, key: &Value) -> Result<Value, Failure> {
        let (driver, kind) = (self.driver, self.step.kind);
        driver.claim(kind, key).await?;
        let what = "AWS to show the ownership tags";
        let output = driver.poll(what, CLAIM_LIMIT, || async {
            Ok(match driver.find(kind, key).await? {
                Found::Ours(output) => Some(output),
                _ => None,
            })
        });
        let output = output.await?;
        Ok(output.ok_or_else(|| Fault::too_late(what, CLAIM_LIMIT))?)
    }

    /// A stranger has our name, and is not touched. What was only begun was not made.
    async fn refuse(
        &self,
        record: &Record<D::Kind>,
        memory: &mut Memory,
    ) -> Result<Failure, Failure> {
        if record.is_begun() {
            self.forget().await?;
        }
        let Saw::Theirs(stranger) = std::mem::replace(&mut memory.saw, Saw::Nothing) else {
            return Err(self.defect("is nobody else's"));
        };
        let what = format!("{} `{}`", self.step.kind.title(), self.step.name);
        Ok(Fault::foreign(&what, stranger.seen).into())
    }
}
