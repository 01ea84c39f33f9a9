//! Typed resources as the engine's untyped steps.

use labengine::{Answer, Plan, Step, StepId, Work};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    needs::{Needs, Ref},
    resource::{At, Drift, Given, Health, Rekey, Resource, Retired},
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
            planned_id: resource.planned_id(),
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
    fn given(&self) -> Result<Given<R>, Fault> {
        self.needs.given().ok_or_else(|| {
            Fault::new(
                FaultKind::Other,
                "planning",
                "a step ran before what it needs: please report this",
            )
        })
    }

    fn read(&self, key: &Value, out: &Value) -> Result<Decoded<R>, Fault> {
        Ok(Decoded {
            key: decode(key)?,
            out: decode(out)?,
            given: self.given()?,
        })
    }
}

/// A record's values in the types of the kind, for [`At`] to borrow.
struct Decoded<R: Resource> {
    key: R::Key,
    out: R::Output,
    given: Given<R>,
}

impl<R: Resource> Decoded<R> {
    fn at<'a>(&'a self, cx: &'a Cx) -> At<'a, R> {
        At {
            cx,
            key: &self.key,
            out: &self.out,
            given: &self.given,
        }
    }
}

impl<R: Resource> Work<Cx> for Typed<R> {
    fn rekey(&self, old: &Value, new: &Value) -> Result<Rekey, Fault> {
        Ok(R::rekey(&decode(old)?, &decode(new)?))
    }

    fn key(&self, cx: &Cx) -> Result<Option<Value>, Fault> {
        let key = self.resource.key(cx, self.needs.given().as_ref());
        key.as_ref().map(encode).transpose()
    }

    fn derived(&self, cx: &Cx, key: &Value) -> Result<Option<Value>, Fault> {
        let output = R::derived(cx, &decode(key)?);
        output.as_ref().map(encode).transpose()
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
            let read = self.read(key, out)?;
            self.resource.check(read.at(cx)).await
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
            let read = self.read(key, out)?;
            encode(&self.resource.update(read.at(cx), drift).await?)
        })
    }

    fn retire<'a>(
        &'a self,
        cx: &'a Cx,
        key: &'a Value,
        out: &'a Value,
    ) -> Answer<'a, Option<Retired>> {
        Box::pin(async move {
            let retired = R::retire(cx, &decode(key)?, &decode(out)?).await?;
            let Some(Retired { name, key }) = retired else {
                return Ok(None);
            };
            let key = encode(&key)?;
            Ok(Some(Retired { name, key }))
        })
    }

    fn ready<'a>(&'a self, cx: &'a Cx, key: &'a Value, _out: &'a Value) -> Answer<'a, ()> {
        Box::pin(async move { R::ready(cx, &decode(key)?).await })
    }

    fn settle(&self, output: Option<&Value>) -> Result<(), Fault> {
        self.slot.settle(output.map(decode).transpose()?);
        Ok(())
    }
}
