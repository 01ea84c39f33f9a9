//! Cognito user pools.

pub(super) mod app_client;
mod client_login;
mod fingerprint;
mod identity_provider;
mod inside;
mod mfa_config;
mod password;
mod sweep;
mod user;
pub(super) mod user_pool;
mod user_pool_domain;

pub use app_client::AppClient;
pub use identity_provider::IdentityProvider;
pub use inside::of_pool;
pub use mfa_config::MfaConfig;
pub use password::{Password, Secret, unguessable};
pub use user::User;
pub use user_pool::{UserPool, users as users_of_pool};
pub use user_pool_domain::UserPoolDomain;
