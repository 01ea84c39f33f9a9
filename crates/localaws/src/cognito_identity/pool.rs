//! What is kept of identity pools, and where they live: sign-in carries no credentials, so it finds them by id.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fault;
use crate::{
    call::{ApiError, Call},
    world::World,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pool {
    /// `{region}:{uuid}`
    pub(super) id: String,
    pub(super) settings: Settings,
    /// `authenticated` and `unauthenticated` → ARN.
    pub(super) roles: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    /// By identity id.
    pub(super) identities: BTreeMap<String, Identity>,
}

/// What a client says of a pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Settings {
    identity_pool_name: String,
    pub(super) allow_unauthenticated_identities: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) allow_classic_flow: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) cognito_identity_providers: Vec<Provider>,
}

/// An app client of a user pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Provider {
    /// `cognito-idp.{region}.amazonaws.com/{pool}`
    #[serde(default)]
    pub(super) provider_name: String,
    #[serde(default)]
    pub(super) client_id: String,
    #[serde(default)]
    pub(super) server_side_token_check: bool,
}

/// A person, or a guest.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Identity {
    /// Guests have none.
    pub(super) logins: BTreeSet<Login>,
}

/// Who somebody is at a provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Login {
    pub(super) provider: String,
    pub(super) sub: String,
}

/// Providers that the twin cannot ask.
const UNSERVED: [&str; 4] = [
    "SupportedLoginProviders",
    "DeveloperProviderName",
    "OpenIdConnectProviderARNs",
    "SamlProviderARNs",
];

impl Settings {
    /// From the input of `CreateIdentityPool` or `UpdateIdentityPool`.
    pub(super) fn of(call: &Call) -> Result<Self, ApiError> {
        let used = |name: &&&str| match &call.input[**name] {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(entries) => !entries.is_empty(),
            _ => true,
        };
        if let Some(name) = UNSERVED.iter().find(used) {
            return Err(fault::not_served(&format!("{name} of identity pools")));
        }
        let settings: Self = call.input()?;
        for provider in &settings.cognito_identity_providers {
            let name = provider.provider_name.as_str();
            let is_pool = name
                .strip_prefix("cognito-idp.")
                .and_then(|rest| rest.split_once(".amazonaws.com/"))
                .is_some_and(|(region, pool)| pool.starts_with(&format!("{region}_")));
            // Unsure of the text. AWS is not seen to ask whether the user pool exists.
            if !is_pool || provider.client_id.is_empty() {
                let message = format!("Invalid Cognito Identity Provider: {name}");
                return Err(fault::invalid_parameter(message));
            }
        }
        Ok(settings)
    }
}

impl Pool {
    /// `IdentityPool` of the model.
    pub(super) fn shown(&self) -> Value {
        let mut shown = json!(self.settings);
        shown["IdentityPoolId"] = json!(self.id);
        if !self.tags.is_empty() {
            shown["IdentityPoolTags"] = json!(self.tags);
        }
        shown
    }

    pub(super) fn short(&self) -> Value {
        json!({"IdentityPoolId": self.id, "IdentityPoolName": self.settings.identity_pool_name})
    }

    /// The identities that have one of these logins.
    pub(super) fn of_logins<'p>(
        &'p self,
        logins: &'p BTreeSet<Login>,
    ) -> impl Iterator<Item = &'p String> {
        self.identities
            .iter()
            .filter(|(_, identity)| !identity.logins.is_disjoint(logins))
            .map(|(id, _)| id)
    }
}

pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > 50 {
        return Err(fault::invalid_parameter(
            "An identity pool can have at most 50 tags.",
        ));
    }
    if tags
        .keys()
        .any(|key| key.to_lowercase().starts_with("aws:"))
    {
        return Err(fault::invalid_parameter(
            "Tag keys that begin with aws: are reserved.",
        ));
    }
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) pool: String,
}

impl Place {
    /// A pool named by a caller with credentials: in the caller's own account and region.
    pub(super) fn of_call(call: &Call, pool: &str) -> Self {
        Self {
            account: call.account.clone(),
            region: call.region.clone(),
            pool: pool.to_owned(),
        }
    }

    pub(super) fn of_pool(world: &World, id: &str) -> Option<Self> {
        Self::search(world, |pool| pool.id == id)
    }

    pub(super) fn of_identity(world: &World, id: &str) -> Option<Self> {
        Self::search(world, |pool| pool.identities.contains_key(id))
    }

    fn search(world: &World, wanted: impl Fn(&Pool) -> bool) -> Option<Self> {
        world.regions().find_map(|(account, region, state)| {
            let mut pools = state.cognito_identity.pools.values();
            let pool = pools.find(|pool| wanted(pool))?;
            Some(Self {
                account: account.to_owned(),
                region: region.to_owned(),
                pool: pool.id.clone(),
            })
        })
    }

    pub(super) fn get<'w>(&self, world: &'w World) -> Result<&'w Pool, ApiError> {
        world
            .accounts
            .get(&self.account)
            .and_then(|account| account.regions.get(&self.region))
            .and_then(|region| region.cognito_identity.pools.get(&self.pool))
            .ok_or_else(|| fault::pool_absent(&self.pool))
    }

    pub(super) fn get_mut<'w>(&self, world: &'w mut World) -> Result<&'w mut Pool, ApiError> {
        world
            .accounts
            .get_mut(&self.account)
            .and_then(|account| account.regions.get_mut(&self.region))
            .and_then(|region| region.cognito_identity.pools.get_mut(&self.pool))
            .ok_or_else(|| fault::pool_absent(&self.pool))
    }
}

/// Canonical JSON of a map; what is empty is left out.
pub(super) fn unless_empty(entries: &BTreeMap<String, String>, member: &str) -> Value {
    let mut answer = Map::new();
    if !entries.is_empty() {
        answer.insert(member.to_owned(), json!(entries));
    }
    Value::Object(answer)
}
