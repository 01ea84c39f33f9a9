//! stub
/// stub
pub const FILES: &[(&str, &str)] = &[];
