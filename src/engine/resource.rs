//! The contract of one kind of AWS thing: how to make it, recognise it, judge it and unmake it.
//!
//! An implementation never prints, sleeps, retries or touches the state: it calls AWS through
//! [`Cx::call`], and the engine does the rest.

use std::future::Future;

use serde::{Serialize, de::DeserializeOwned};

use labengine::StepId;
pub use labengine::{Compare, Drift, Found, Health, Rekey, Retired, Stranger};

use super::needs::Needs;
use crate::{
    aws::{Cx, Fault},
    kind::Kind,
    sweep::Swept,
};

/// What a resource's needs give it once they exist.
pub type Given<R> = <<R as Resource>::Needs as Needs>::Given;

/// A resource as it is on record, and what it is made from: what [`Resource::check`] and [`Resource::update`] work on.
pub struct At<'a, R: Resource + ?Sized> {
    /// Clients, and whose lab it is.
    pub cx: &'a Cx,
    /// What identifies it.
    pub key: &'a R::Key,
    /// What AWS answered when it was made.
    pub out: &'a R::Output,
    /// What its needs give it.
    pub given: &'a Given<R>,
}

/// One kind of AWS thing. One file per implementation under `resource/`.
pub trait Resource: Send + Sync + 'static {
    /// Its entry in the closed list of kinds.
    const KIND: Kind;
    /// How `down --prove` learns that none is left.
    const SWEPT: Swept;
    /// The IAM actions that its calls need, as in `docs/policy.json`; those of the sweep are in its
    /// [`Question`](crate::sweep::Question).
    const ACTIONS: &'static [&'static str];
    /// AWS addresses it by a name we chose (a role), not by an id that AWS made (an API): a stranger
    /// may hold that name, so `down` looks at the tags before it deletes.
    const BY_NAME: bool = false;
    /// AWS makes another one when it is asked twice, since names are not unique (a pool): after a call of
    /// unknown outcome its result is waited for before it is sent again.
    const REPEATS: bool = false;
    /// It is addressed by name and carries tags of its own: a stranger's can become ours, see
    /// [`Resource::claim`].
    const ADOPTABLE: bool = false;
    /// What is made or changed in the same run may still use it, though AWS would let it go (a key that
    /// a distribution sends): when lab.yaml no longer wants it, it goes last.
    const LINGERS: bool = false;
    /// Its key says what all its needs are, and another one takes its place when the key changes
    /// ([`Rekey::Supersede`]).
    const SUPERSEDED: bool = false;
    /// Its output follows from its key, so another one with this key has the same.
    const DERIVED: bool = Self::BY_NAME;
    /// It is nothing but the end of its needs' last change: each change begins it again.
    const FOLLOWS: bool = false;
    /// What people have of it outside of the lab: users, ids, addresses. Completes "lost are …". `up` deletes such a
    /// thing only when it is told to.
    const CARRIES: Option<&'static str> = None;
    /// Where [`Resource::fixed`] says so, another one takes its place while it is still in use: see
    /// [`Resource::retire`]. It [lingers](Resource::LINGERS).
    const RETIRES: bool = false;
    /// It carries tags: see [`Resource::tag`].
    const TAGGED: bool = false;
    /// `create` writes it whole, whether it is there or not: that changes it, too.
    const PUT: bool = false;
    /// The resources it is made from, e.g. `(Ref<Role>, Ref<LogGroup>)`.
    type Needs: Needs;
    /// What identifies it before the call: journalled first, enough for `find` and `delete`.
    type Key: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync;
    /// What AWS answered: ids that others need.
    type Output: Serialize + DeserializeOwned + Clone + Send + Sync;

    /// The name a person knows it by.
    fn name(&self) -> String;

    /// AWS's id for it, if it follows from the lab's file.
    fn planned_id(&self) -> Option<String> {
        None
    }

    /// The step inside which it lives and with which AWS deletes it (a client in its pool).
    fn within(_needs: &Self::Needs) -> Option<StepId> {
        None
    }

    /// What its key says it lives in, at the top: what carries the tags that say whose it is, by id (a function by
    /// name). `None`: it has tags of its own, or looks at those of what it is in.
    fn inside(_key: &Self::Key) -> Option<(Kind, &str)> {
        None
    }

    /// Of its needs, those that AWS deletes while it is still there: `down` does not let them wait for it.
    fn independent_of(_needs: &Self::Needs) -> Vec<StepId> {
        Vec::new()
    }

    /// Returns what identifies it. `given` is `None` while its needs do not exist. A kind whose key depends on them
    /// then returns `None`; the others can be looked for all the same.
    fn key(&self, cx: &Cx, given: Option<&Given<Self>>) -> Option<Self::Key>;

    /// What to do when the key on record is no longer the key wanted.
    fn rekey(_old: &Self::Key, _new: &Self::Key) -> Rekey {
        Rekey::Recreate
    }

    /// Whether [`Resource::update`] cannot mend this difference, which `check` has found.
    fn fixed(_drift: &Drift) -> bool {
        false
    }

    /// The output that one with this key has, if it follows from the key alone.
    fn derived(_cx: &Cx, _key: &Self::Key) -> Option<Self::Output> {
        None
    }

    /// Makes it. `FaultKind::Exists` sends the engine to [`Resource::find`].
    fn create(
        &self,
        cx: &Cx,
        key: &Self::Key,
        given: &Given<Self>,
    ) -> impl Future<Output = Result<Self::Output, Fault>> + Send;

    /// Compares what AWS has with what the lab wants. Reads only.
    fn check(&self, at: At<'_, Self>) -> impl Future<Output = Result<Health, Fault>> + Send;

    /// Changes what drifted. The default puts it anew where [`Resource::PUT`] says so, and refuses elsewhere.
    fn update(
        &self,
        at: At<'_, Self>,
        drift: &[Drift],
    ) -> impl Future<Output = Result<Self::Output, Fault>> + Send {
        let fields: Vec<&str> = drift.iter().map(|d| d.field.as_str()).collect();
        let refused = Fault::cannot_change(Self::KIND.title(), &self.name(), &fields.join(", "));
        async move {
            if Self::PUT {
                self.create(at.cx, at.key, at.given).await
            } else {
                Err(refused)
            }
        }
    }

    // No `self` below: `down`, and `up` after a crash, work from the journal, without lab.yaml.

    /// Looks for it by its key, and at whose it is.
    fn find(
        cx: &Cx,
        key: &Self::Key,
    ) -> impl Future<Output = Result<Found<Self::Output>, Fault>> + Send;

    /// Waits until what was found can be used, as [`Resource::create`] does for what it made: the run that made it may
    /// have been cut off while it waited.
    fn ready(cx: &Cx, _key: &Self::Key) -> impl Future<Output = Result<(), Fault>> + Send {
        let _ = cx;
        async { Ok(()) }
    }

    /// Whose the thing is to which a recorded id leads, by its tags. What carries none belongs to what it lives in.
    fn own(
        _cx: &Cx,
        _key: &Self::Key,
        out: &Self::Output,
    ) -> impl Future<Output = Result<Found<Self::Output>, Fault>> + Send {
        let out = out.clone();
        async move { Ok(Found::Ours(out)) }
    }

    /// Puts our ownership tags on what is ours. `false`: the kind carries none.
    fn tag(
        _cx: &Cx,
        _key: &Self::Key,
        _out: &Self::Output,
    ) -> impl Future<Output = Result<bool, Fault>> + Send {
        async { Ok(false) }
    }

    /// Gives it another name, so that another one can have its name while it is still in use. `None`: it is not there.
    fn retire(
        cx: &Cx,
        _key: &Self::Key,
        _out: &Self::Output,
    ) -> impl Future<Output = Result<Option<Retired<Self::Key>>, Fault>> + Send {
        let fault = Fault::cannot_change(Self::KIND.title(), "", "name");
        let _ = cx;
        async move { Err(fault) }
    }

    /// Puts our ownership tags on a stranger's, after the user has seen it and agreed.
    fn claim(cx: &Cx, _key: &Self::Key) -> impl Future<Output = Result<(), Fault>> + Send {
        let fault = Fault::cannot_adopt(Self::KIND.title());
        let _ = cx;
        async move { Err(fault) }
    }

    /// Removes it. That it is not there (any more) is success.
    fn delete(
        cx: &Cx,
        key: &Self::Key,
        out: Option<&Self::Output>,
    ) -> impl Future<Output = Result<(), Fault>> + Send;

    /// AWS's own id or name for it, as a person would paste it into the console.
    fn physical_id(key: &Self::Key, out: Option<&Self::Output>) -> Option<String>;
}
