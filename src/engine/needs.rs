//! Typed dependencies: a step can only read what it declared, and edges only point backwards.

use std::sync::{Arc, PoisonError, RwLock};

use labengine::StepId;

use super::resource::Resource;

/// A promise of one resource's output. Only `Plan::add` makes one, so there are no cycles.
pub struct Ref<R: Resource> {
    id: StepId,
    slot: Slot<R::Output>,
}

pub(super) type Slot<T> = Arc<RwLock<Option<T>>>;

impl<R: Resource> Clone for Ref<R> {
    fn clone(&self) -> Self {
        Self {
            id: self.id.clone(),
            slot: Arc::clone(&self.slot),
        }
    }
}

impl<R: Resource> Ref<R> {
    pub(super) fn new(id: StepId) -> Self {
        Self {
            id,
            slot: Arc::default(),
        }
    }

    /// The step that will give the output.
    pub fn id(&self) -> &StepId {
        &self.id
    }

    /// The output, once it is known.
    pub fn output(&self) -> Option<R::Output> {
        self.slot
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn settle(&self, output: Option<R::Output>) {
        *self.slot.write().unwrap_or_else(PoisonError::into_inner) = output;
    }
}

/// Edges and values from one declaration.
pub trait Needs: Send + Sync + 'static {
    /// The outputs, owned.
    type Given: Send + Sync;
    /// The steps needed.
    fn ids(&self) -> Vec<StepId>;
    /// The outputs, when all are known.
    fn given(&self) -> Option<Self::Given>;
}

impl Needs for () {
    type Given = ();
    fn ids(&self) -> Vec<StepId> {
        Vec::new()
    }
    fn given(&self) -> Option<()> {
        Some(())
    }
}

impl<R: Resource> Needs for Ref<R> {
    type Given = R::Output;
    fn ids(&self) -> Vec<StepId> {
        vec![self.id.clone()]
    }
    fn given(&self) -> Option<R::Output> {
        self.output()
    }
}

impl<N: Needs> Needs for Option<N> {
    type Given = Option<N::Given>;
    fn ids(&self) -> Vec<StepId> {
        self.iter().flat_map(Needs::ids).collect()
    }
    fn given(&self) -> Option<Self::Given> {
        match self {
            None => Some(None),
            Some(n) => n.given().map(Some),
        }
    }
}

impl<N: Needs> Needs for Vec<N> {
    type Given = Vec<N::Given>;
    fn ids(&self) -> Vec<StepId> {
        self.iter().flat_map(Needs::ids).collect()
    }
    fn given(&self) -> Option<Self::Given> {
        self.iter().map(Needs::given).collect()
    }
}

impl<A: Needs, B: Needs> Needs for (A, B) {
    type Given = (A::Given, B::Given);
    fn ids(&self) -> Vec<StepId> {
        [self.0.ids(), self.1.ids()].concat()
    }
    fn given(&self) -> Option<Self::Given> {
        Some((self.0.given()?, self.1.given()?))
    }
}

impl<A: Needs, B: Needs, C: Needs> Needs for (A, B, C) {
    type Given = (A::Given, B::Given, C::Given);
    fn ids(&self) -> Vec<StepId> {
        [self.0.ids(), self.1.ids(), self.2.ids()].concat()
    }
    fn given(&self) -> Option<Self::Given> {
        Some((self.0.given()?, self.1.given()?, self.2.given()?))
    }
}
