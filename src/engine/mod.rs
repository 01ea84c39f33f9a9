//! The engine: plan, journal, schedule, resume, reverse. Knows no AWS kind by name.

mod decide;
mod down;
mod event;
mod failure;
mod foresee;
mod graph;
mod inspect;
mod interrupt;
pub mod journal;
mod late;
mod lock;
mod needs;
mod prune;
mod receipt;
mod resource;
mod search;
mod state;
mod step;
mod strangers;
mod up;

pub use decide::Action;
pub use down::{Ended, Removal, Survey, down, survey};
pub use event::{Change, CheckResult, Event, EventSink, Outputs, StepInfo};
pub use failure::Failure;
pub use foresee::{Foresight, Intent, foresee};
pub use graph::{Chapter, Plan, Step};
pub(crate) use graph::{decode, encode};
pub use inspect::{Reads, Seen, Standing, inspect};
pub use interrupt::Interrupt;
pub use journal::{Journal, JournalError};
pub use lock::Lock;
pub use needs::{Needs, Ref, StepId};
pub use receipt::{By, Deleted, Left, Look, Receipt, Unseen};
pub use resource::{
    At, Compare, Drift, Found, Given, Health, Rekey, Resource, Stranger, TAG_FIELD,
};
pub use search::{discover, recover};
pub use state::{Phase, Record, State, VERSION};
pub use strangers::{Candidate, strangers};
pub use up::{Built, Options, up};
