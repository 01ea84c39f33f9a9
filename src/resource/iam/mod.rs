//! IAM.

mod call_policy;
mod inside;
mod role;
mod role_policy;
mod sweep;

pub use call_policy::{CallPolicy, document as call_policy_document};
pub use inside::of_role;
pub use role::{Role, Trust};
pub use role_policy::RolePolicy;
