//! What an app client has of sign-in at the managed login domain: OAuth flows, addresses, providers.

use std::collections::BTreeSet;

use aws_sdk_cognitoidentityprovider::types::{OAuthFlowType, UserPoolClientType};

use super::identity_provider;
use crate::lab;

/// The pool's own users, as `SupportedIdentityProviders` names them.
const COGNITO: &str = "COGNITO";

/// What a client has of sign-in at the domain, as sent and as compared.
pub(super) struct Login {
    pub(super) enabled: Option<bool>,
    pub(super) flows: Option<Vec<OAuthFlowType>>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) callback_urls: Option<Vec<String>>,
    pub(super) logout_urls: Option<Vec<String>>,
    pub(super) providers: Option<Vec<String>>,
}

impl Login {
    /// What is wanted of a client: codes, for the pool's users and those of its providers.
    pub(super) fn wanted(client: &lab::AppClient, providers: &[identity_provider::Output]) -> Self {
        let names = providers.iter().map(|provider| provider.name.clone());
        Self {
            enabled: Some(true),
            flows: Some(vec![OAuthFlowType::Code]),
            scopes: Some(client.scopes.clone()),
            callback_urls: Some(client.callback_urls.clone()),
            logout_urls: Some(client.logout_urls.clone()),
            providers: Some(std::iter::once(COGNITO.to_owned()).chain(names).collect()),
        }
    }

    pub(super) fn of(client: &UserPoolClientType) -> Self {
        Self {
            enabled: client.allowed_o_auth_flows_user_pool_client,
            flows: client.allowed_o_auth_flows.clone(),
            scopes: client.allowed_o_auth_scopes.clone(),
            callback_urls: client.callback_urls.clone(),
            logout_urls: client.logout_urls.clone(),
            providers: client.supported_identity_providers.clone(),
        }
    }

    /// Fields by AWS's names; their order means nothing.
    pub(super) fn fields(&self) -> [(&'static str, BTreeSet<&str>); 6] {
        fn set(list: Option<&Vec<String>>) -> BTreeSet<&str> {
            list.into_iter().flatten().map(String::as_str).collect()
        }
        let enabled = self.enabled.unwrap_or_default();
        let flows = self.flows.iter().flatten().map(OAuthFlowType::as_str);
        [
            (
                "AllowedOAuthFlowsUserPoolClient",
                BTreeSet::from([if enabled { "true" } else { "false" }]),
            ),
            ("AllowedOAuthFlows", flows.collect()),
            ("AllowedOAuthScopes", set(self.scopes.as_ref())),
            ("CallbackURLs", set(self.callback_urls.as_ref())),
            ("LogoutURLs", set(self.logout_urls.as_ref())),
            ("SupportedIdentityProviders", set(self.providers.as_ref())),
        ]
    }
}
