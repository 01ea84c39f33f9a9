//! The engine: plan, journal, schedule, resume, reverse. Knows no AWS kind by name.

mod down;
mod event;
mod graph;
mod inspect;
mod interrupt;
mod journal;
mod needs;
mod prune;
mod resource;
mod schedule;
mod state;
mod step;
mod up;

pub use down::{Removal, down, recover};
pub use event::{Change, CheckResult, Event, EventSink, Outputs, StepInfo};
pub use graph::{Chapter, Plan, Step};
pub(crate) use graph::{decode, encode};
pub use inspect::{Seen, inspect};
pub use interrupt::Interrupt;
pub use journal::{Journal, JournalError};
pub use needs::{Needs, Ref, StepId};
pub use resource::{Compare, Drift, Found, Given, Health, Rekey, Resource};
pub use state::{Phase, Record, State};
pub use up::{Built, up};
