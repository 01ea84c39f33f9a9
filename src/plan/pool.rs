//! Chapter 2: the user pool, how its users sign in, and the app client.

use super::{Extent, Pool, identity_provider_step};
use crate::{
    chapter::Chapter,
    engine::{Plan, Planning as _},
    lab::{self, Provider},
    resource::{AppClient, IdentityProvider, MfaConfig, UserPool, UserPoolDomain},
};

const CHAPTER: Chapter = Chapter::UserPool;

/// The app client comes last: it names the providers.
pub(super) fn add(plan: &mut Plan, file: &lab::UserPool, extent: &Extent<'_>) -> Pool {
    let pool = UserPool {
        name: file.name.clone(),
        first_factors: file.first_factors.clone(),
        has_mfa: file.mfa.is_some(),
    };
    let pool = plan.add(CHAPTER, "user_pool", pool, ());
    if let Some(mfa) = file.mfa {
        plan.add(CHAPTER, "mfa", MfaConfig(mfa), pool.clone());
    }
    let mut providers = Vec::new();
    for (name, file) in &file.identity_providers {
        let secret = match &file.provider {
            Provider::Oidc {
                client_secret_env, ..
            } => extent.client_secrets.get(client_secret_env).cloned(),
            Provider::Saml { .. } => None,
        };
        let provider = IdentityProvider {
            name: name.clone(),
            spec: file.clone(),
            secret,
        };
        let step = identity_provider_step(name);
        providers.push(step.add(plan, CHAPTER, provider, pool.clone()));
    }
    if let Some(prefix) = &file.domain {
        let domain = UserPoolDomain {
            prefix: prefix.clone(),
        };
        plan.add(CHAPTER, "domain", domain, pool.clone());
    }
    let client = AppClient {
        spec: file.app_client.clone(),
        at_domain: file.domain.is_some(),
    };
    let client = plan.add(CHAPTER, "app_client", client, (pool.clone(), providers));
    (pool, client)
}
