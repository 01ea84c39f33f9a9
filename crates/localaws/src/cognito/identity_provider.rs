//! Identity providers of a pool. Sign-in through them is in `managed_login`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    fault,
    managed_login::learn,
    paging::{page, with_token},
    place::Place,
    pool::Pool,
};
use crate::{
    app::{App, now_s},
    call::{Answer, ApiError, Call, answer, empty},
};

/// `IdentityProviderType` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IdentityProvider {
    user_pool_id: String,
    provider_name: String,
    provider_type: String,
    provider_details: BTreeMap<String, String>,
    pub(super) attribute_mapping: BTreeMap<String, String>,
    idp_identifiers: Vec<String>,
    /// Seconds.
    creation_date: f64,
    last_modified_date: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateInput {
    user_pool_id: String,
    provider_name: String,
    provider_type: String,
    provider_details: BTreeMap<String, String>,
    #[serde(default)]
    attribute_mapping: BTreeMap<String, String>,
    #[serde(default)]
    idp_identifiers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateInput {
    user_pool_id: String,
    provider_name: String,
    provider_details: Option<BTreeMap<String, String>>,
    attribute_mapping: Option<BTreeMap<String, String>>,
    idp_identifiers: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    user_pool_id: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

impl IdentityProvider {
    pub(super) fn is_saml(&self) -> bool {
        self.provider_type == "SAML"
    }

    /// One of `ProviderDetails`.
    pub(super) fn detail(&self, name: &str) -> Option<&str> {
        self.provider_details.get(name).map(String::as_str)
    }

    /// What each type has to be told (documented with `ProviderDetails`), and the `username` that
    /// Cognito maps by itself.
    fn settle(mut self, pool: &Pool) -> Result<Self, ApiError> {
        let (required, username): (&[&str], _) = match self.provider_type.as_str() {
            "SAML" => (&[], None),
            "OIDC" => (
                &[
                    "client_id",
                    "attributes_request_method",
                    "oidc_issuer",
                    "authorize_scopes",
                ],
                Some("sub"),
            ),
            "SignInWithApple" => (
                &[
                    "client_id",
                    "team_id",
                    "key_id",
                    "private_key",
                    "authorize_scopes",
                ],
                Some("sub"),
            ),
            other => (
                &["client_id", "client_secret", "authorize_scopes"],
                Some(match other {
                    "Facebook" => "id",
                    "LoginWithAmazon" => "user_id",
                    _ => "sub",
                }),
            ),
        };
        let given = |name: &&str| self.provider_details.contains_key(*name);
        if self.provider_type == "SAML" && !["MetadataURL", "MetadataFile"].iter().any(given) {
            return Err(fault::invalid_parameter(
                "Either MetadataURL or MetadataFile is required in ProviderDetails of a SAML provider.",
            ));
        }
        if let Some(name) = required.iter().find(|name| !given(name)) {
            return Err(fault::invalid_parameter(format!(
                "{name} is required in ProviderDetails of a provider of type {}.",
                self.provider_type
            )));
        }
        let unknown = |name: &&String| {
            *name != "username" && !pool.schema.iter().any(|known| known.name == **name)
        };
        if let Some(name) = self.attribute_mapping.keys().find(unknown) {
            return Err(fault::invalid_parameter(format!(
                "Invalid AttributeMapping: the user pool has no attribute {name}."
            )));
        }
        if let Some(claim) = username {
            self.attribute_mapping
                .entry("username".to_owned())
                .or_insert_with(|| claim.to_owned());
        }
        Ok(self)
    }
}

fn existing<'p>(pool: &'p Pool, name: &str) -> Result<&'p IdentityProvider, ApiError> {
    pool.providers.get(name).ok_or_else(|| {
        fault::fault(
            "ResourceNotFoundException",
            format!("Identity provider {name} does not exist."),
        )
    })
}

pub(super) async fn create(app: &App, call: &Call) -> Answer {
    let mut input: CreateInput = call.input()?;
    input.provider_details = learn(&input.provider_type, input.provider_details).await?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let name = input.provider_name;
        if name == "COGNITO" || pool.providers.contains_key(&name) {
            return Err(fault::fault(
                "DuplicateProviderException",
                format!("A provider with the name {name} already exists in the user pool."),
            ));
        }
        let now = now_s();
        let provider = IdentityProvider {
            user_pool_id: input.user_pool_id,
            provider_name: name.clone(),
            provider_type: input.provider_type,
            provider_details: input.provider_details,
            attribute_mapping: input.attribute_mapping,
            idp_identifiers: input.idp_identifiers,
            creation_date: now,
            last_modified_date: now,
        }
        .settle(pool)?;
        let shown = json!({ "IdentityProvider": answer(&provider)? });
        pool.providers.insert(name, provider);
        Ok(shown)
    })
}

pub(super) fn describe(app: &App, call: &Call) -> Answer {
    let input: UpdateInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.read(|world| {
        let provider = existing(place.get(world)?, &input.provider_name)?;
        Ok(json!({ "IdentityProvider": answer(provider)? }))
    })
}

/// What is given replaces what was; what is left out stays.
pub(super) async fn update(app: &App, call: &Call) -> Answer {
    let mut input: UpdateInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    if let Some(details) = input.provider_details.take() {
        let provider_type = app.read(|world| {
            let provider = existing(place.get(world)?, &input.provider_name)?;
            Ok::<_, ApiError>(provider.provider_type.clone())
        })?;
        input.provider_details = Some(learn(&provider_type, details).await?);
    }
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let old = existing(pool, &input.provider_name)?.clone();
        let provider = IdentityProvider {
            provider_details: input.provider_details.unwrap_or(old.provider_details),
            attribute_mapping: input.attribute_mapping.unwrap_or(old.attribute_mapping),
            idp_identifiers: input.idp_identifiers.unwrap_or(old.idp_identifiers),
            last_modified_date: now_s(),
            ..old
        }
        .settle(pool)?;
        let shown = json!({ "IdentityProvider": answer(&provider)? });
        pool.providers.insert(input.provider_name, provider);
        Ok(shown)
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: UpdateInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        existing(pool, &input.provider_name)?;
        pool.providers.remove(&input.provider_name);
        empty()
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.read(|world| {
        // 0 counts as not given.
        let limit = input.max_results.filter(|limit| *limit > 0).unwrap_or(60);
        let (page, next) = page(
            place.get(world)?.providers.iter(),
            limit,
            input.next_token.as_deref(),
        )?;
        let shown: Vec<_> = page
            .into_iter()
            .map(|provider| {
                json!({
                    "ProviderName": provider.provider_name,
                    "ProviderType": provider.provider_type,
                    "CreationDate": provider.creation_date,
                    "LastModifiedDate": provider.last_modified_date,
                })
            })
            .collect();
        Ok(with_token(json!({ "Providers": shown }), "NextToken", next))
    })
}
