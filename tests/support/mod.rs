//! Shared by the test binaries `it` and `matrix`.

pub(crate) mod owned;
pub(crate) mod ready;
pub(crate) mod said;
pub(crate) mod twin;
