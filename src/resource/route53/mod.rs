//! Route 53.

mod record_set;

pub use record_set::RecordSet;
