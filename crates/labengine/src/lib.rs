//! labctl's engine: plan, journal, schedule, resume, reverse. It knows no cloud and no kind of thing by name: all that
//! it does goes through a [`Driver`].
//!
//! A step is carried on by a loop over one pure function, `decide::next`: from what is on record, what the plan wants
//! and what was seen, to the next thing to do. `status`, `--dry-run` and a run share it.

mod decide;
mod down;
mod driver;
mod event;
mod failure;
mod fault;
mod foresee;
pub mod form;
mod id;
mod inspect;
mod interrupt;
pub mod journal;
mod late;
mod lock;
mod plan;
mod prune;
mod search;
mod seen;
mod state;
mod step;
mod strangers;
#[cfg(test)]
mod tests;
mod unknown;
mod up;

pub use decide::Action;
pub use down::{Ended, Removal, Survey, Verdict, down, survey};
pub use driver::{Answer, Driver, Kind, Retired, Work};
pub use event::{Change, Progress};
pub use failure::Failure;
pub use fault::{Fault, FaultKind};
pub use foresee::{Foresight, Intent, foresee};
pub use form::NEW;
pub use id::StepId;
pub use inspect::{Reads, Seen, Standing, inspect};
pub use interrupt::Interrupt;
pub use journal::{Journal, JournalError, Store};
pub use lock::{Lock, Sealing};
pub use plan::{Plan, Step};
pub use search::{discover, recover};
pub use seen::{Compare, Drift, Found, Health, Rekey, Stranger};
pub use state::{Phase, Record, State, VERSION};
pub use strangers::{Candidate, strangers};
pub use unknown::unknown;
pub use up::{Built, Options, up};
