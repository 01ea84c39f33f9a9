//! The plan: steps in the tutorial's order, each with typed needs; edges point backwards only.

use std::{collections::BTreeMap, future::Future, pin::Pin};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    decide::Wish,
    event::StepInfo,
    needs::{Needs, Ref, StepId},
    resource::{At, Drift, Health, Rekey, Resource},
    state::{Phase, Record, State},
};
use crate::{
    aws::{Cx, Fault, FaultKind},
    resource::Kind,
};

/// The tutorial's chapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the titles say it")]
pub enum Chapter {
    Function = 1,
    UserPool,
    RestApi,
    Authorizer,
    User,
    Edge,
}

impl Chapter {
    /// All chapters that have resources, in order. `labctl verify` comes after them.
    pub const ALL: [Self; 6] = [
        Self::Function,
        Self::UserPool,
        Self::RestApi,
        Self::Authorizer,
        Self::User,
        Self::Edge,
    ];

    /// 1, 2, …
    pub fn number(self) -> u8 {
        self as u8
    }

    /// What a person calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Function => "Lambda function",
            Self::UserPool => "User pool",
            Self::RestApi => "REST API",
            Self::Authorizer => "Authorizer",
            Self::User => "Test user",
            Self::Edge => "Edge",
        }
    }
}

/// A future that a type-erased step answers with.
pub(super) type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// A resource with its needs, without its types: what the scheduler works with.
pub(super) trait AnyResource: Send + Sync {
    fn rekey(&self, old: &Value, new: &Value) -> Result<Rekey, Fault>;
    fn key(&self, cx: &Cx) -> Result<Option<Value>, Fault>;
    fn create<'a>(&'a self, cx: &'a Cx, key: &'a Value) -> Work<'a, Value>;
    fn check<'a>(&'a self, cx: &'a Cx, key: &'a Value, out: &'a Value) -> Work<'a, Health>;
    fn update<'a>(
        &'a self,
        cx: &'a Cx,
        key: &'a Value,
        out: &'a Value,
        drift: &'a [Drift],
    ) -> Work<'a, Value>;
    /// Gives the output to the steps that need it.
    fn settle(&self, output: Option<&Value>) -> Result<(), Fault>;
}

struct Typed<R: Resource> {
    resource: R,
    needs: R::Needs,
    slot: Ref<R>,
}

/// One step of a plan.
pub struct Step {
    /// Its id, stable between runs.
    pub id: StepId,
    /// What it makes.
    pub kind: Kind,
    /// The name a person knows it by.
    pub name: String,
    /// Where the tutorial makes it.
    pub chapter: Chapter,
    /// Place in the tutorial's order.
    pub order: usize,
    /// The steps it needs, all before it.
    pub needs: Vec<StepId>,
    /// Of these, the steps that cannot be deleted while it is there.
    pub holds: Vec<StepId>,
    /// The step inside which it lives.
    pub within: Option<StepId>,
    pub(super) work: Box<dyn AnyResource>,
}

/// All steps of a lab, in the tutorial's order, which is also an order of dependencies.
#[derive(Default)]
pub struct Plan {
    steps: Vec<Step>,
    /// The last chapter, when the plan ends before the lab does.
    until: Option<u8>,
}

impl Plan {
    /// Adds a step; what it needs has been added before.
    pub fn add<R: Resource>(
        &mut self,
        chapter: Chapter,
        id: impl AsRef<str>,
        resource: R,
        needs: R::Needs,
    ) -> Ref<R> {
        let id = StepId::new(id);
        let slot = Ref::new(id.clone());
        let within = R::within(&needs);
        let mut needed = needs.ids();
        needed.dedup();
        let free = R::independent_of(&needs);
        let holds = needed.iter().filter(|id| !free.contains(id)).cloned();
        self.steps.push(Step {
            id,
            kind: R::KIND,
            name: resource.name(),
            chapter,
            order: self.steps.len(),
            holds: holds.collect(),
            needs: needed,
            within,
            work: Box::new(Typed {
                resource,
                needs,
                slot: slot.clone(),
            }),
        });
        slot
    }

    /// Ends the plan with a chapter: what the state has of later ones is left as it is.
    pub fn end_with(&mut self, chapter: u8) {
        self.until = Some(chapter);
    }

    /// Whether the record is of a chapter after the plan's last.
    pub fn leaves(&self, record: &Record) -> bool {
        self.until.is_some_and(|until| record.chapter > until)
    }

    /// What the plan wants of a record that is none of its steps.
    pub(super) fn wish_of(&self, record: &Record) -> Wish {
        if self.leaves(record) {
            Wish::Left
        } else {
            Wish::Unwanted
        }
    }

    /// Gives the steps what the state knows of those that they need.
    pub(super) fn settle(&self, state: &State) -> Result<(), Fault> {
        for step in &self.steps {
            let record = state.steps.get(&step.id);
            let made = record.filter(|r| r.phase == Phase::Created);
            step.work.settle(made.and_then(|r| r.output.as_ref()))?;
        }
        Ok(())
    }

    /// The steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// One step.
    pub fn get(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|s| &s.id == id)
    }

    /// For each step, how many steps at most come one after another from it on: the longest first
    /// makes the shortest run.
    pub(super) fn path_lengths(&self) -> BTreeMap<StepId, usize> {
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

impl Step {
    /// As reporters know it.
    pub fn info(&self) -> StepInfo {
        StepInfo {
            id: self.id.clone(),
            kind: self.kind,
            name: self.name.clone(),
            chapter: self.chapter.number(),
        }
    }

    /// What is wanted of it, compared with its record.
    pub(super) fn wish(&self, cx: &Cx, record: Option<&Record>) -> Result<Wish, Fault> {
        Ok(match (record, self.work.key(cx)?) {
            (None, _) => Wish::Same,
            (_, None) => Wish::Unknown,
            (Some(record), Some(wanted)) if record.key == wanted => Wish::Same,
            (Some(record), Some(wanted)) => Wish::Other(self.work.rekey(&record.key, &wanted)?),
        })
    }

    /// Its record, as it will be when `key` is begun.
    pub(super) fn record(&self, key: Value) -> Record {
        Record {
            kind: self.kind,
            name: self.name.clone(),
            chapter: self.chapter.number(),
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

/// A value of the state as the type that a resource knows.
pub(crate) fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, Fault> {
    T::deserialize(value).map_err(|e| {
        Fault::new(
            FaultKind::Other,
            "reading the state",
            format!("a value of another version of labctl: {e}"),
        )
    })
}

/// A value for the state.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Value, Fault> {
    serde_json::to_value(value)
        .map_err(|e| Fault::new(FaultKind::Other, "writing the state", e.to_string()))
}

impl<R: Resource> Typed<R> {
    fn given(&self) -> Result<<R::Needs as Needs>::Given, Fault> {
        self.needs.given().ok_or_else(|| {
            Fault::new(
                FaultKind::Other,
                "planning",
                "a step ran before what it needs: please report this",
            )
        })
    }
}

impl<R: Resource> AnyResource for Typed<R> {
    fn rekey(&self, old: &Value, new: &Value) -> Result<Rekey, Fault> {
        Ok(R::rekey(&decode(old)?, &decode(new)?))
    }

    fn key(&self, cx: &Cx) -> Result<Option<Value>, Fault> {
        let given = self.needs.given();
        let key = given.map(|given| self.resource.key(cx, &given));
        key.or_else(|| self.resource.own_key())
            .map(|key| encode(&key))
            .transpose()
    }

    fn create<'a>(&'a self, cx: &'a Cx, key: &'a Value) -> Work<'a, Value> {
        Box::pin(async move {
            encode(
                &self
                    .resource
                    .create(cx, &decode(key)?, &self.given()?)
                    .await?,
            )
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx, key: &'a Value, out: &'a Value) -> Work<'a, Health> {
        Box::pin(async move {
            let (key, out, given) = (&decode(key)?, &decode(out)?, &self.given()?);
            let at = At {
                cx,
                key,
                out,
                given,
            };
            self.resource.check(at).await
        })
    }

    fn update<'a>(
        &'a self,
        cx: &'a Cx,
        key: &'a Value,
        out: &'a Value,
        drift: &'a [Drift],
    ) -> Work<'a, Value> {
        Box::pin(async move {
            let (key, out, given) = (&decode(key)?, &decode(out)?, &self.given()?);
            let at = At {
                cx,
                key,
                out,
                given,
            };
            encode(&self.resource.update(at, drift).await?)
        })
    }

    fn settle(&self, output: Option<&Value>) -> Result<(), Fault> {
        self.slot.settle(output.map(decode).transpose()?);
        Ok(())
    }
}
