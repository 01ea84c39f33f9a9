//! Route 53.

mod record_set;
mod sweep;

pub use record_set::RecordSet;
