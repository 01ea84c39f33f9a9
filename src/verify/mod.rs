//! Proves that the lab does what the tutorial promises, as a student's client would use it.

mod checks;
mod sign_in;
mod want;

pub use checks::{Prober, Route};
pub use sign_in::{CodeSource, Tokens, refresh, sign_in};
