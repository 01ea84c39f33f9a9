//! The files that labctl and its twin keep for themselves, below a lab's `.labctl`.
//!
//! A lab's folder is cloned, unzipped and shared, so whatever it holds may have been put there by somebody else:
//! [`Dir`] opens nothing through a link, and [`json`] says which field of a file is not what it should be.

mod dir;
mod file;
mod hex;
pub mod json;
mod proof;
mod refused;
mod seal;
mod shown;
mod temp;
#[cfg(test)]
mod tests;

pub use dir::{Dir, OWN, real};
pub use file::How;
pub use hex::hex;
pub use proof::Secret;
pub use refused::{Refused, quoted};
pub use seal::{COUNT, Key, SEAL, Seal, Sealed, Text};
pub use shown::{escaped, harmless, is_unruly, plain, shown};
pub use temp::Temp;
