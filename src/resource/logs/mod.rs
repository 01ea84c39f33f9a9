//! `CloudWatch` Logs.

mod log_group;
mod sweep;

pub use log_group::LogGroup;
