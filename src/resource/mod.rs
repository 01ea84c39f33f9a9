//! The closed list of AWS kinds that labctl makes, one file each, in a folder per service.

mod apigateway;
mod cloudfront;
mod cognito;
mod cognito_identity;
pub(crate) mod form;
mod iam;
mod lambda;
mod logs;
mod recorded;
mod route53;
mod wafv2;

use std::time::Duration;

pub use apigateway::{Content, Snapshot, of_api};
pub use cognito::{Secret, of_pool, unguessable, users_of_pool};
pub use cognito_identity::provider_name;
pub use iam::{Trust, call_policy_document, of_role};
pub use lambda::{ZipError, pack, watched};
pub use recorded::{Recorded, StepOf};

use labengine::{Answer, Driver, Interrupt, Lock, Progress, StepId};
use labfiles::json::{self, Mismatch};
use serde::Serialize;
use serde_json::Value;

use crate::{
    aws::{Cx, Fault},
    engine::{Drift, Found, Record, Resource, decode, encode},
    kind::for_each_kind,
    sweep::{Question, Swept},
};

pub use crate::kind::Kind;

macro_rules! dispatch {
    ($($kind:ident = $service:ident, $title:literal;)*) => {
        $(pub use $service::$kind;)*

        impl labengine::Kind for Kind {
            fn title(self) -> &'static str {
                self.title()
            }
            fn by_name(self) -> bool {
                match self { $(Self::$kind => $kind::BY_NAME,)* }
            }
            fn repeats(self) -> bool {
                match self { $(Self::$kind => $kind::REPEATS,)* }
            }
            fn adoptable(self) -> bool {
                match self { $(Self::$kind => $kind::ADOPTABLE,)* }
            }
            fn lingers(self) -> bool {
                match self { $(Self::$kind => $kind::LINGERS,)* }
            }
            fn superseded(self) -> bool {
                match self { $(Self::$kind => $kind::SUPERSEDED,)* }
            }
            fn derived(self) -> bool {
                match self { $(Self::$kind => $kind::DERIVED,)* }
            }
            fn follows(self) -> bool {
                match self { $(Self::$kind => $kind::FOLLOWS,)* }
            }
            fn carries(self) -> Option<&'static str> {
                match self { $(Self::$kind => $kind::CARRIES,)* }
            }
            fn fixed(self, drift: &Drift) -> bool {
                match self { $(Self::$kind => $kind::fixed(drift),)* }
            }
            fn retires(self) -> bool {
                match self { $(Self::$kind => $kind::RETIRES,)* }
            }
            fn inside(self, key: &Value) -> Option<(Self, String)> {
                match self { $(Self::$kind => inside::<$kind>(key),)* }
            }
            fn unknown(self) -> Option<Value> {
                match self { $(Self::$kind => unknown::<$kind>(),)* }
            }
            fn check(self, key: &Value, out: Option<&Value>) -> Result<(), Mismatch> {
                match self { $(Self::$kind => check::<$kind>(key, out),)* }
            }
            fn physical_id(self, key: &Value, out: Option<&Value>) -> Option<String> {
                match self { $(Self::$kind => physical_id::<$kind>(key, out),)* }
            }
        }

        impl Kind {
            /// How the sweep learns that none is left: see [`Resource::SWEPT`].
            pub fn swept(self) -> Swept {
                match self { $(Self::$kind => $kind::SWEPT,)* }
            }

            /// Whether it carries tags: see [`Resource::TAGGED`].
            pub fn tagged(self) -> bool {
                match self { $(Self::$kind => $kind::TAGGED,)* }
            }

            /// IAM actions that its calls need: see [`Resource::ACTIONS`].
            pub fn actions(self) -> &'static [&'static str] {
                match self { $(Self::$kind => $kind::ACTIONS,)* }
            }
        }

        fn claim_of<'a>(kind: Kind, cx: &'a Cx, key: &'a Value) -> Answer<'a, ()> {
            match kind { $(Kind::$kind => Box::pin(claim::<$kind>(cx, key)),)* }
        }
        fn own_of<'a>(
            kind: Kind,
            cx: &'a Cx,
            key: &'a Value,
            out: &'a Value,
        ) -> Answer<'a, Found<Value>> {
            match kind { $(Kind::$kind => Box::pin(own::<$kind>(cx, key, out)),)* }
        }
        fn tag_of<'a>(kind: Kind, cx: &'a Cx, key: &'a Value, out: &'a Value) -> Answer<'a, bool> {
            match kind { $(Kind::$kind => Box::pin(tag::<$kind>(cx, key, out)),)* }
        }
        fn find_of<'a>(kind: Kind, cx: &'a Cx, key: &'a Value) -> Answer<'a, Found<Value>> {
            match kind { $(Kind::$kind => Box::pin(find::<$kind>(cx, key)),)* }
        }
        fn delete_of<'a>(
            kind: Kind,
            cx: &'a Cx,
            key: &'a Value,
            out: Option<&'a Value>,
        ) -> Answer<'a, ()> {
            match kind { $(Kind::$kind => Box::pin(delete::<$kind>(cx, key, out)),)* }
        }
    };
}

for_each_kind!(dispatch);

/// The engine's way to AWS, and to the twin.
impl Driver for Cx {
    type Kind = Kind;
    type Store = Lock;

    fn for_step(&self, step: &StepId) -> Self {
        self.for_step(step)
    }

    fn tell(&self, progress: Progress) {
        self.events().send(progress);
    }

    fn interrupt(&self) -> &Interrupt {
        self.interrupt()
    }

    async fn poll<T, F, Fut>(
        &self,
        what: &str,
        limit: Duration,
        look: F,
    ) -> Result<Option<T>, Fault>
    where
        T: Send,
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<Option<T>, Fault>> + Send,
    {
        self.poll(what, limit, look).await
    }

    async fn find(&self, kind: Kind, key: &Value) -> Result<Found<Value>, Fault> {
        find_of(kind, self, key).await
    }

    async fn own(&self, kind: Kind, key: &Value, out: &Value) -> Result<Found<Value>, Fault> {
        own_of(kind, self, key, out).await
    }

    async fn claim(&self, kind: Kind, key: &Value) -> Result<(), Fault> {
        claim_of(kind, self, key).await
    }

    async fn delete(&self, kind: Kind, key: &Value, out: Option<&Value>) -> Result<(), Fault> {
        delete_of(kind, self, key, out).await
    }
}

/// Puts the ownership tags on a thing of the state. `false`: it carries none.
pub async fn tag_record(cx: &Cx, record: &Record) -> Result<bool, Fault> {
    match &record.output {
        Some(out) => tag_of(record.kind, cx, &record.key, out).await,
        None => Ok(false),
    }
}

impl Kind {
    /// Whether its name does not identify it: see [`Question::named_by_aws`].
    pub fn named_by_aws(self) -> bool {
        match self.swept() {
            Swept::Asked(question) => question.named_by_aws,
            Swept::Within(_) => false,
        }
    }
}

/// What the sweep asks, by kind.
pub fn questions() -> Vec<(Kind, &'static Question)> {
    let asked = |kind: &Kind| match kind.swept() {
        Swept::Asked(question) => Some((*kind, question)),
        Swept::Within(_) => None,
    };
    Kind::ALL.iter().filter_map(asked).collect()
}

async fn find<R: Resource>(cx: &Cx, key: &Value) -> Result<Found<Value>, Fault> {
    encoded(R::find(cx, &decode(key)?).await?)
}

async fn own<R: Resource>(cx: &Cx, key: &Value, out: &Value) -> Result<Found<Value>, Fault> {
    encoded(R::own(cx, &decode(key)?, &decode(out)?).await?)
}

fn encoded<T: Serialize>(found: Found<T>) -> Result<Found<Value>, Fault> {
    Ok(match found {
        Found::Ours(out) => Found::Ours(encode(&out)?),
        Found::Foreign(seen) => Found::Foreign(seen),
        Found::Absent => Found::Absent,
    })
}

async fn tag<R: Resource>(cx: &Cx, key: &Value, out: &Value) -> Result<bool, Fault> {
    R::tag(cx, &decode(key)?, &decode(out)?).await
}

async fn claim<R: Resource>(cx: &Cx, key: &Value) -> Result<(), Fault> {
    R::claim(cx, &decode(key)?).await
}

fn inside<R: Resource>(key: &Value) -> Option<(Kind, String)> {
    let key = decode(key).ok()?;
    let (kind, id) = R::inside(&key)?;
    Some((kind, id.to_owned()))
}

/// An output of which nothing is known yet.
fn unknown<R: Resource>() -> Option<Value> {
    let output: R::Output = labengine::unknown()?;
    encode(&output).ok()
}

fn check<R: Resource>(key: &Value, out: Option<&Value>) -> Result<(), Mismatch> {
    json::from_value::<R::Key>(key).map_err(|wrong| wrong.within("key"))?;
    if let Some(out) = out {
        json::from_value::<R::Output>(out).map_err(|wrong| wrong.within("output"))?;
        agree(key, out).map_err(|wrong| wrong.within("output"))?;
    }
    Ok(())
}

/// Refuses an output that is of another thing than its key: others would be made, or found, in that one.
fn agree(key: &Value, out: &Value) -> Result<(), Mismatch> {
    let other = |field: &str| Mismatch {
        field: field.to_owned(),
        reason: "not of the same resource as the rest of this step".to_owned(),
    };
    // Ids and names are texts. A number may be another one: a rotated key counts on.
    let differs = |field: &str| {
        key.get(field)
            .is_some_and(|said| said.is_string() && *said != out[field])
    };
    let members = out.as_object().into_iter().flatten();
    for (field, value) in members {
        // A method's response has its whole key.
        if differs(field) || (field == "key" && value != key) {
            return Err(other(field));
        }
    }
    let (id, arn) = (out["id"].as_str(), out["arn"].as_str());
    let named = id.or_else(|| out["name"].as_str());
    match (named, arn) {
        (Some(named), Some(arn))
            if !arn.ends_with(&format!("/{named}")) && !arn.ends_with(&format!(":{named}")) =>
        {
            Err(other("arn"))
        }
        _ => Ok(()),
    }
}

async fn delete<R: Resource>(cx: &Cx, key: &Value, out: Option<&Value>) -> Result<(), Fault> {
    R::delete(cx, &decode(key)?, out.map(decode).transpose()?.as_ref()).await
}

fn physical_id<R: Resource>(key: &Value, out: Option<&Value>) -> Option<String> {
    let out = out.map(decode).transpose().ok()?;
    R::physical_id(&decode(key).ok()?, out.as_ref())
}

/// The answer of a call on something that may not be there: `Absent` is `None`.
fn present<T>(answer: Result<T, Fault>) -> Result<Option<T>, Fault> {
    use crate::aws::FaultKind;
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(fault) if fault.kind == FaultKind::Absent => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// A deletion's answer: that it was not there is success.
fn gone<T>(answer: Result<T, Fault>) -> Result<(), Fault> {
    present(answer).map(drop)
}

#[cfg(test)]
mod tests;
