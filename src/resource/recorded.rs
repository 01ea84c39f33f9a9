//! What a state knows of resources, in the types of their kinds.

use std::marker::PhantomData;

use serde::Deserialize;

use crate::{
    chapter::Chapter,
    engine::{Plan, Planning as _, Record, Ref, Resource, State, StepId},
};

/// The id of a step, with the kind that the step makes.
pub struct StepOf<R> {
    id: StepId,
    kind: PhantomData<fn() -> R>,
}

impl<R: Resource> StepOf<R> {
    /// The step named `id`.
    pub fn new(id: impl AsRef<str>) -> Self {
        Self {
            id: StepId::new(id),
            kind: PhantomData,
        }
    }

    /// Its id.
    pub fn id(&self) -> &StepId {
        &self.id
    }

    /// Adds the step to a plan.
    pub fn add(&self, plan: &mut Plan, chapter: Chapter, resource: R, needs: R::Needs) -> Ref<R> {
        plan.add(chapter, self.id.to_string(), resource, needs)
    }

    /// Its record, if it is of this kind.
    pub fn record<'a>(&self, state: &'a State) -> Option<&'a Record> {
        state.steps.get(&self.id).filter(|r| r.kind == R::KIND)
    }
}

/// Reads keys and outputs as the types of their kinds. Another kind's are `None`.
pub trait Recorded {
    /// What identifies it.
    fn key<R: Resource>(&self) -> Option<R::Key>;
    /// What AWS answered, once it did.
    fn output<R: Resource>(&self) -> Option<R::Output>;
}

impl Recorded for Record {
    fn key<R: Resource>(&self) -> Option<R::Key> {
        let mine = Some(&self.key).filter(|_| self.kind == R::KIND)?;
        R::Key::deserialize(mine).ok()
    }

    fn output<R: Resource>(&self) -> Option<R::Output> {
        let mine = self.output.as_ref().filter(|_| self.kind == R::KIND)?;
        R::Output::deserialize(mine).ok()
    }
}

/// Of the first of a kind that has an output, in the tutorial's order.
impl Recorded for State {
    fn key<R: Resource>(&self) -> Option<R::Key> {
        self.first(R::KIND)?.1.key::<R>()
    }

    fn output<R: Resource>(&self) -> Option<R::Output> {
        self.first(R::KIND)?.1.output::<R>()
    }
}
