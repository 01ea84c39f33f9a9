//! Typed resources as the engine's untyped steps.

use labengine::{Answer, Plan, Step, StepId, Work};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    needs::{Needs, Ref},
    resource::{At, Drift, Health, Rekey, Resource},
};
use crate::{
    aws::{Cx, Fault, FaultKind},
    chapter::Chapter,
};

/// Adds typed resources to a plan. Only this makes a [`Ref`], so edges point backwards.
pub trait Planning {
    /// Adds a step; what it needs has been added before.
    fn add<R: Resource>(
        &mut self,
        chapter: Chapter,
        id: impl AsRef<str>,
        resource: R,
        needs: R::Needs,
    ) -> Ref<R>;
}

impl Planning for Plan<Cx> {
    fn add<R: Resource>(
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
        self.push(Step {
            id,
            kind: R::KIND,
            name: resource.name(),
            chapter: chapter.number(),
            order: 0,
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
}

struct Typed<R: Resource> {
    resource: R,
    needs: R::Needs,
    slot: Ref<R>,
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

impl<R: Resource> Work<Cx> for Typed<R> {
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

    fn create<'a>(&'a self, cx: &'a Cx, key: &'a Value) -> Answer<'a, Value> {
        Box::pin(async move {
            encode(
                &self
                    .resource
                    .create(cx, &decode(key)?, &self.given()?)
                    .await?,
            )
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx, key: &'a Value, out: &'a Value) -> Answer<'a, Health> {
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
    ) -> Answer<'a, Value> {
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
