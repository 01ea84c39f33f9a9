//! Proves that the lab does what the tutorial promises, as a student's client would use it.

mod by_password;
mod checks;
mod edge;
mod function;
mod guest;
mod iam;
mod keys;
mod login;
mod sign_in;
mod totp;
mod want;
mod why;

pub use checks::Prober;
pub use function::Judged;
pub(crate) use function::query;
pub use guest::{GUEST, Guest};
pub use iam::{Caller, SERVICE, nothing};
pub use keys::{assume, described, of_user};
pub(crate) use login::unescaped;
pub use login::{Federation, Login, Via};
pub(crate) use sign_in::user_exists;
pub use sign_in::{CodeSource, Tokens, refresh, sign_in};
pub use why::{Called, why};
