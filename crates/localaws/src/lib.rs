//! An AWS twin on loopback: the operations a hands-on lab uses, strict where labs go wrong.
//!
//! It never depends on an AWS SDK crate, so that it cannot share labctl's idea of the wire format:
//! shapes, bindings and constraints come from the official service models (see `models/`).
//!
//! Flow of one request: [`server`] (hyper, loopback) → [`wire`] (which operation, parse, check
//! constraints) → a service's `handle` (behaviour on typed structs) → [`wire`] (serialise).
//! The data planes (invoke URLs, distributions) and Cognito's well-known pages go from [`server`] to their
//! service.

mod acm;
mod apigateway;
mod app;
mod call;
mod calls;
mod cloudfront;
mod cognito;
mod cognito_identity;
pub mod environment;
mod faults;
#[doc(hidden)]
pub mod fuzz;
mod iam;
mod ids;
mod lambda;
mod logs;
mod outgoing;
mod rates;
mod route53;
mod server;
mod signature;
mod sts;
mod tagging;
mod wafv2;
mod wire;
mod world;

pub use app::{Config, Handlers, Note, Sealing};
pub use server::{Door, FILES, FOLDERS, Running, Saved, WORLD, saved, start};
