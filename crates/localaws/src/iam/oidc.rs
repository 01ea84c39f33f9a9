//! `OpenID` Connect providers: whose ID tokens roles may trust.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    State,
    fault::{Result, absent},
    tags::{Tag, checked, shown},
};
use crate::{app::now_s, call::ApiError};

/// Client ids of a provider.
const CLIENTS: usize = 100;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OidcProvider {
    pub(crate) arn: String,
    /// Without `https://`.
    url: String,
    /// The audiences whose tokens are taken.
    pub(crate) clients: BTreeSet<String>,
    thumbprints: Vec<String>,
    /// Seconds since the epoch.
    created: f64,
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    url: String,
    #[serde(default, rename = "ClientIDList")]
    client_ids: Vec<String>,
    #[serde(default)]
    thumbprint_list: Vec<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: String,
}

#[derive(Deserialize)]
pub(super) struct List {}

impl State {
    /// The provider of an issuer (`https://…`), as its tokens name it.
    pub(crate) fn oidc_provider(&self, issuer: &str) -> Option<&OidcProvider> {
        let url = issuer.strip_prefix("https://")?;
        self.oidc_providers.values().find(|known| known.url == url)
    }

    /// AWS finds out the certificate's thumbprint when none is given; the twin keeps none.
    pub(super) fn create_oidc_provider(&mut self, account: &str, input: Create) -> Result<Value> {
        let url = input
            .url
            .strip_prefix("https://")
            .filter(|rest| !rest.is_empty() && !rest.contains([':', '?', '#', ' ']))
            // Unsure of the text.
            .ok_or_else(|| {
                ApiError::new(
                    400,
                    "ValidationError",
                    "Invalid Open ID Connect Provider URL",
                )
            })?;
        let arn = format!("arn:aws:iam::{account}:oidc-provider/{url}");
        if self.oidc_providers.contains_key(&arn) {
            return Err(ApiError::new(
                409,
                "EntityAlreadyExists",
                format!("Provider with url {} already exists.", input.url),
            ));
        }
        let clients: BTreeSet<String> = input.client_ids.into_iter().collect();
        if clients.len() > CLIENTS {
            return Err(super::fault::exceeded(
                "ClientIdsPerOpenIdConnectProvider",
                CLIENTS,
            ));
        }
        let provider = OidcProvider {
            arn: arn.clone(),
            url: url.to_owned(),
            clients,
            thumbprints: input.thumbprint_list,
            created: now_s(),
            tags: checked(BTreeMap::new(), input.tags, "TagsPerOpenIdConnectProvider")?,
        };
        let mut answer = json!({ "OpenIDConnectProviderArn": arn });
        if !provider.tags.is_empty() {
            answer["Tags"] = json!(shown(&provider.tags));
        }
        self.oidc_providers.insert(arn, provider);
        Ok(answer)
    }

    pub(super) fn get_oidc_provider(&self, input: Named) -> Result<Value> {
        let provider = self.oidc_providers.get(&input.arn).ok_or_else(|| {
            absent(format!(
                "OpenIDConnect Provider not found for arn {}",
                input.arn
            ))
        })?;
        Ok(json!({
            "Url": provider.url,
            "ClientIDList": provider.clients,
            "ThumbprintList": provider.thumbprints,
            "CreateDate": provider.created,
            "Tags": shown(&provider.tags),
        }))
    }

    #[expect(clippy::unnecessary_wraps, reason = "operations look alike")]
    pub(super) fn list_oidc_providers(&self, _input: List) -> Result<Value> {
        let providers = self.oidc_providers.keys();
        let shown: Vec<Value> = providers.map(|arn| json!({ "Arn": arn })).collect();
        Ok(json!({ "OpenIDConnectProviderList": shown }))
    }

    /// Of one that is not there, too.
    #[expect(clippy::unnecessary_wraps, reason = "operations look alike")]
    pub(super) fn delete_oidc_provider(&mut self, input: Named) -> Result<()> {
        self.oidc_providers.remove(&input.arn);
        Ok(())
    }
}
