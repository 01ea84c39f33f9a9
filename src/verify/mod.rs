//! Proves that the lab does what the tutorial promises, as a student's client would use it.

mod checks;
mod edge;
mod function;
mod iam;
mod keys;
mod sign_in;
mod want;

pub use checks::{Guard, Prober, Route};
pub use function::Judged;
pub(crate) use function::query;
pub use iam::{Caller, SERVICE, nothing};
pub use keys::{assume, described, of_user};
pub(crate) use sign_in::user_exists;
pub use sign_in::{CodeSource, Tokens, refresh, sign_in};
