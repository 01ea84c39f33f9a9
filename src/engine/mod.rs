//! labctl's side of the engine: its types with labctl's kinds, and the contract of a kind. The engine itself, which knows
//! no AWS, is the crate `labengine`.

mod needs;
mod resource;
mod typed;

pub use labengine::{
    Action, Built, Change, Driver, Ended, Failure, Interrupt, JournalError, Kind as KindExt, Lock,
    NEW, Phase, Reads, Removal, Sealing, Standing, StepId, Survey, VERSION, Verdict, discover,
    down, foresee, inspect, journal, recover, strangers, survey, up,
};
pub use needs::{Needs, Ref};
pub use resource::{At, Compare, Drift, Found, Given, Health, Rekey, Resource, Retired, Stranger};
pub use typed::Planning;
pub(crate) use typed::{decode, encode};

use crate::{aws::Cx, kind::Kind};

/// The state of a lab.
pub type State = labengine::State<Kind>;
/// One step of the state.
pub type Record = labengine::Record<Kind>;
/// The state file of a lab, under its lock.
pub type Journal = labengine::Journal<Kind>;
/// The plan of a lab.
pub type Plan = labengine::Plan<Cx>;
/// One step of a plan.
pub type Step = labengine::Step<Cx>;
/// How `up` works.
pub type Options = labengine::Options<Kind>;
/// What `up` would do.
pub type Foresight = labengine::Foresight<Kind>;
/// What `up` would do about one step.
pub type Intent = labengine::Intent<Kind>;
/// How one resource stands.
pub type Seen = labengine::Seen<Kind>;
/// A stranger in a step's place.
pub type Candidate = labengine::Candidate<Kind>;
