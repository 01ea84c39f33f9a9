//! Cognito identity pools.

pub(super) mod identity_pool;
mod pool_roles;
mod sweep;

pub use identity_pool::{IdentityPool, provider_name};
pub use pool_roles::PoolRoles;
