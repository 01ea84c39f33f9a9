//! What the sweep asks about this service's kinds.

mod api_key;
mod rest_api;

pub(super) use api_key::{API_KEY, USAGE_PLAN};
pub(super) use rest_api::REST_API;
