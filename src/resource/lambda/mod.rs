//! Lambda.

mod function;
mod permission;
mod sweep;
mod zip;

pub use function::Function;
pub use permission::Permission;
pub use zip::{ZipError, pack, watched};
