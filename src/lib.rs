//! labctl builds, proves and removes hands-on AWS labs.

pub mod aws;
pub mod engine;
pub mod resource;
