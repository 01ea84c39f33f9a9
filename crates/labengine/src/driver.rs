//! What the engine works through. labctl's driver calls AWS; the engine's tests have one that holds a small world in
//! memory, and loses answers.

use std::{fmt, pin::Pin, time::Duration};

use labfiles::json::Mismatch;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Drift, Fault, Found, Health, Interrupt, Progress, Rekey, StepId, journal::Store};

/// A kind of thing: what the engine must know of it without knowing what it is.
pub trait Kind:
    Copy + Eq + Ord + fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// What a person calls it.
    fn title(self) -> &'static str;
    /// The cloud addresses it by a name that we chose, not by an id that the cloud made: a stranger may hold that
    /// name, so it is looked at before it is deleted.
    fn by_name(self) -> bool;
    /// `create` is not idempotent, since names are not unique: a retry would make a second one. After an unclear
    /// answer the first is looked for.
    fn repeats(self) -> bool;
    /// A stranger's can become ours, see [`Driver::claim`].
    fn adoptable(self) -> bool;
    /// Others may still use it until the run ends, and the cloud would not stop us from deleting it: it goes last.
    fn lingers(self) -> bool;
    /// When one of its needs is new, another one takes its place, and the old one stays with its parent: see
    /// [`Rekey::Supersede`].
    fn superseded(self) -> bool {
        false
    }
    /// Its output follows from its key, so another one has the same.
    fn derived(self) -> bool {
        self.by_name()
    }
    /// It is nothing but the end of its needs' last change: each change begins it again.
    fn follows(self) -> bool {
        false
    }
    /// What people have of it outside of the lab: users, ids, addresses. Completes "lost are …".
    fn carries(self) -> Option<&'static str>;
    /// Whether this difference cannot be mended on one that exists.
    fn fixed(self, drift: &Drift) -> bool;
    /// Where a difference is [fixed](Kind::fixed), another one takes its place while it is still in use under another
    /// name: see [`Work::retire`]. It [lingers](Kind::lingers).
    fn retires(self) -> bool {
        false
    }
    /// What a key says the thing lives in, at the top: the kind that carries the tags, and its id or name. `None`: it
    /// has tags of its own, or the key does not say.
    fn inside(self, _key: &Value) -> Option<(Self, String)> {
        None
    }
    /// An output of which nothing is known yet, see [`crate::unknown()`]. `None`: there is no such value.
    fn unknown(self) -> Option<Value>;
    /// Refuses a recorded key or output that is not this kind's.
    fn check(self, key: &Value, output: Option<&Value>) -> Result<(), Mismatch>;
    /// The cloud's id or name for it, as a person would paste it into the console.
    fn physical_id(self, key: &Value, output: Option<&Value>) -> Option<String>;
}

/// The way to one cloud, for one run. Clones share everything but the step that they work for.
pub trait Driver: Clone + Send + Sync + 'static {
    /// The kinds that it knows.
    type Kind: Kind;
    /// Where the state is kept.
    type Store: Store<Self::Kind>;

    /// The same driver, reporting its waits under `step`.
    #[must_use]
    fn for_step(&self, step: &StepId) -> Self;
    /// Tells what happens.
    fn tell(&self, progress: Progress);
    /// Whether the user wants to stop.
    fn interrupt(&self) -> &Interrupt;

    /// Asks `look` until it gives something. `None`: not within `limit`. `what` completes "waiting for …".
    fn poll<T, F, Fut>(
        &self,
        what: &str,
        limit: Duration,
        look: F,
    ) -> impl Future<Output = Result<Option<T>, Fault>> + Send
    where
        T: Send,
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<Option<T>, Fault>> + Send;

    /// Looks for a thing by its key, and at whose it is.
    fn find(
        &self,
        kind: Self::Kind,
        key: &Value,
    ) -> impl Future<Output = Result<Found<Value>, Fault>> + Send;
    /// Whose the thing is that a recorded id leads to: an id in a file is no proof by itself. A kind that cannot tell,
    /// since it lives inside another, is what the record says.
    fn own(
        &self,
        kind: Self::Kind,
        key: &Value,
        output: &Value,
    ) -> impl Future<Output = Result<Found<Value>, Fault>> + Send;
    /// Makes a stranger's thing ours, after the user has seen it and agreed.
    fn claim(
        &self,
        kind: Self::Kind,
        key: &Value,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Removes a thing. That it is not there (any more) is success.
    fn delete(
        &self,
        kind: Self::Kind,
        key: &Value,
        output: Option<&Value>,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// Something whose place another one takes, while it is still in use.
#[derive(Debug, Clone)]
pub struct Retired<K = Value> {
    /// The name that it has from then on.
    pub name: String,
    /// Its key from then on.
    pub key: K,
}

/// A future that a step answers with.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// What one step of a plan wants, and how to get it.
pub trait Work<D: Driver>: Send + Sync {
    /// What to do when the key on record is no longer the key wanted.
    fn rekey(&self, old: &Value, new: &Value) -> Result<Rekey, Fault>;
    /// What identifies the thing. `None`: that depends on something that is not there yet.
    fn key(&self, driver: &D) -> Result<Option<Value>, Fault>;
    /// The output that one with this key has, if it follows from the key alone.
    fn derived(&self, _driver: &D, _key: &Value) -> Result<Option<Value>, Fault> {
        Ok(None)
    }
    /// Makes it. `FaultKind::Exists` sends the engine to [`Driver::find`].
    fn create<'a>(&'a self, driver: &'a D, key: &'a Value) -> Answer<'a, Value>;
    /// Compares what is there with what is wanted. Reads only.
    fn check<'a>(&'a self, driver: &'a D, key: &'a Value, output: &'a Value) -> Answer<'a, Health>;
    /// Changes what drifted.
    fn update<'a>(
        &'a self,
        driver: &'a D,
        key: &'a Value,
        output: &'a Value,
        drift: &'a [Drift],
    ) -> Answer<'a, Value>;
    /// Gives it another name, so that another one can have its name while it is still in use. `None`: it is not there.
    fn retire<'a>(
        &'a self,
        driver: &'a D,
        key: &'a Value,
        output: &'a Value,
    ) -> Answer<'a, Option<Retired>>;
    /// Waits until what was found can be used: the run that made it may have been cut off while it waited.
    fn ready<'a>(&'a self, driver: &'a D, key: &'a Value, output: &'a Value) -> Answer<'a, ()>;
    /// Gives the output to the steps that need it.
    fn settle(&self, output: Option<&Value>) -> Result<(), Fault>;
}
