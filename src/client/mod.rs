//! What a client of the lab's API needs: tokens that are kept and refreshed, AWS keys, and calls that carry
//! what a route asks for.

mod browser;
mod cache;
mod call;
mod callback;

pub use browser::{SignInByBrowser, who};
pub use cache::{Fresh, forget, fresh, signed_in};
pub use call::{Credential, match_route, request};
pub use callback::{Arrival, Brought, Callback, arrival};
