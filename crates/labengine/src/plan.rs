//! The plan: steps in order, each with what it needs; edges point backwards only.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Driver, Fault, Phase, Record, Rekey, State, StepId, Work, decide::Wish};

/// One step of a plan.
pub struct Step<D: Driver> {
    /// Its id, stable between runs.
    pub id: StepId,
    /// What it makes.
    pub kind: D::Kind,
    /// The name a person knows it by.
    pub name: String,
    /// The id it will have, if that follows from the plan alone.
    pub planned_id: Option<String>,
    /// Number of its chapter.
    pub chapter: u8,
    /// Place in the plan; [`Plan::push`] gives it.
    pub order: usize,
    /// The steps it needs, all before it.
    pub needs: Vec<StepId>,
    /// Of these, the steps that cannot be deleted while it is there.
    pub holds: Vec<StepId>,
    /// The step inside which it lives.
    pub within: Option<StepId>,
    /// What it wants, and how to get it.
    pub work: Box<dyn Work<D>>,
}

/// All steps of a lab, in an order of dependencies.
pub struct Plan<D: Driver> {
    steps: Vec<Step<D>>,
    /// The last chapter, when the plan ends before the lab does.
    until: Option<u8>,
}

impl<D: Driver> Default for Plan<D> {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            until: None,
        }
    }
}

impl<D: Driver> Plan<D> {
    /// Adds a step; what it needs has been added before.
    pub fn push(&mut self, step: Step<D>) {
        let order = self.steps.len();
        self.steps.push(Step { order, ..step });
    }

    /// Ends the plan with a chapter: what the state has of later ones is left as it is.
    pub fn end_with(&mut self, chapter: u8) {
        self.until = Some(chapter);
    }

    /// Whether the record is of a chapter after the plan's last.
    pub fn leaves(&self, record: &Record<D::Kind>) -> bool {
        self.until.is_some_and(|until| record.chapter > until)
    }

    /// What the plan wants of a record that is none of its steps.
    pub(crate) fn wish_of(&self, record: &Record<D::Kind>) -> Wish {
        if self.leaves(record) {
            Wish::Left
        } else {
            Wish::Unwanted
        }
    }

    /// Gives the steps what the state knows of those that they need.
    pub(crate) fn settle(&self, state: &State<D::Kind>) -> Result<(), Fault> {
        for step in &self.steps {
            let record = state.steps.get(&step.id);
            let made = record.filter(|r| r.phase == Phase::Created);
            step.work.settle(made.and_then(|r| r.output.as_ref()))?;
        }
        Ok(())
    }

    /// The steps, in order.
    pub fn steps(&self) -> &[Step<D>] {
        &self.steps
    }

    /// One step.
    pub fn get(&self, id: &StepId) -> Option<&Step<D>> {
        self.steps.iter().find(|s| &s.id == id)
    }

    /// For each step, how many steps at most come one after another from it on: the longest first
    /// makes the shortest run.
    pub(crate) fn path_lengths(&self) -> BTreeMap<StepId, usize> {
        let mut lengths: BTreeMap<StepId, usize> = BTreeMap::new();
        for step in self.steps.iter().rev() {
            let mine = *lengths.entry(step.id.clone()).or_insert(1);
            for need in &step.needs {
                let theirs = lengths.entry(need.clone()).or_insert(1);
                *theirs = (*theirs).max(mine + 1);
            }
        }
        lengths
    }
}

impl<D: Driver> Step<D> {
    /// What is wanted of it, compared with its record.
    pub(crate) fn wish(&self, driver: &D, record: Option<&Record<D::Kind>>) -> Result<Wish, Fault> {
        Ok(match (record, self.work.key(driver)?) {
            (None, _) => Wish::Same,
            (_, None) => Wish::Unknown,
            (Some(record), Some(wanted)) if record.key == wanted => Wish::Same,
            (Some(record), Some(wanted)) => Wish::Other(self.work.rekey(&record.key, &wanted)?),
        })
    }

    /// The key by which what is on record is compared with what is wanted: the wanted one, if an update brings it
    /// there; else the recorded one says what is there. `None`: the wanted one is not known yet.
    pub(crate) fn key_to_check(
        &self,
        driver: &D,
        record: &Record<D::Kind>,
    ) -> Result<Option<Value>, Fault> {
        let Some(wanted) = self.work.key(driver)? else {
            return Ok(None);
        };
        let in_place =
            record.key != wanted && self.work.rekey(&record.key, &wanted)? == Rekey::InPlace;
        Ok(Some(if in_place { wanted } else { record.key.clone() }))
    }

    /// Its record, as it will be when `key` is begun.
    pub(crate) fn record(&self, key: Value) -> Record<D::Kind> {
        Record {
            kind: self.kind,
            name: self.name.clone(),
            chapter: self.chapter,
            order: self.order,
            needs: self.holds.clone(),
            within: self.within.clone(),
            phase: Phase::Creating,
            key,
            output: None,
            at: jiff::Timestamp::now(),
        }
    }
}
