//! What a client of the lab's API needs: tokens that are kept and refreshed, AWS keys, and calls that carry
//! what a route asks for.

mod cache;
mod call;

pub use cache::{Fresh, forget, fresh};
pub use call::{Credential, match_route, request};
