//! Chapter 2: the user pool, how its users sign in, and the app client.

use std::collections::BTreeMap;

use super::{Extent, Pool, identity_provider_step};
use crate::{
    chapter::Chapter,
    engine::{Plan, Planning},
    lab::{self, Metadata, Mfa, Provider},
    resource::{
        AppClient, ClientSecret, IdentityProvider, MfaConfig, OAuth, UserPool, UserPoolDomain,
    },
};

const CHAPTER: Chapter = Chapter::UserPool;

/// The app client comes last: it names the providers.
pub(super) fn add(plan: &mut Plan, file: &lab::UserPool, extent: &Extent<'_>) -> Pool {
    let factors = file.first_factors.iter();
    let pool = UserPool {
        name: file.name.clone(),
        first_factors: factors.map(|f| f.aws_name().to_owned()).collect(),
        has_mfa: file.mfa.is_some(),
    };
    let pool = plan.add(CHAPTER, "user_pool", pool, ());
    if let Some(mfa) = file.mfa {
        let mfa = MfaConfig {
            required: mfa == Mfa::Required,
        };
        plan.add(CHAPTER, "mfa", mfa, pool.clone());
    }
    let mut providers = Vec::new();
    for (name, file) in &file.identity_providers {
        let provider = provider(name, file, extent);
        let step = identity_provider_step(name);
        providers.push(step.add(plan, CHAPTER, provider, pool.clone()));
    }
    if let Some(prefix) = &file.domain {
        let domain = UserPoolDomain {
            prefix: prefix.clone(),
        };
        plan.add(CHAPTER, "domain", domain, pool.clone());
    }
    let client = &file.app_client;
    let client = AppClient {
        name: client.name.clone(),
        session_minutes: client.session_minutes,
        access_token_minutes: client.access_token_minutes,
        id_token_minutes: client.id_token_minutes,
        refresh_token_days: client.refresh_token_days,
        rotation_grace_s: client.rotation_grace_s,
        oauth: file.domain.as_ref().map(|_| OAuth {
            callback_urls: client.callback_urls.clone(),
            logout_urls: client.logout_urls.clone(),
            scopes: client.scopes.clone(),
        }),
    };
    let client = plan.add(CHAPTER, "app_client", client, (pool.clone(), providers));
    (pool, client)
}

fn provider(name: &str, file: &lab::IdentityProvider, extent: &Extent<'_>) -> IdentityProvider {
    let (provider_type, details, secret) = match &file.provider {
        Provider::Oidc {
            issuer,
            client_id,
            client_secret_env,
            scopes,
        } => {
            let details = BTreeMap::from([
                ("oidc_issuer", issuer.clone()),
                ("client_id", client_id.clone()),
                ("authorize_scopes", scopes.join(" ")),
                ("attributes_request_method", "GET".to_owned()),
            ]);
            let secret = ClientSecret {
                variable: client_secret_env.clone(),
                secret: extent.client_secrets.get(client_secret_env).cloned(),
            };
            ("OIDC", details, Some(secret))
        }
        Provider::Saml { metadata } => {
            let (name, value) = match metadata {
                Metadata::Url(url) => ("MetadataURL", url),
                Metadata::File(xml) => ("MetadataFile", xml),
            };
            ("SAML", BTreeMap::from([(name, value.clone())]), None)
        }
    };
    IdentityProvider {
        name: name.to_owned(),
        provider_type,
        details,
        secret,
        attributes: file.attributes.clone(),
    }
}
