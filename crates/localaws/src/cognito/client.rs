//! App clients: settings with AWS's rules and defaults, lifetimes and secrets.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use super::{
    fault,
    flow::Flow,
    pool::{Pool, Tier},
};
use crate::call::ApiError;

/// `UserPoolClientType` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the model's names")]
pub(super) struct Client {
    pub(super) user_pool_id: String,
    pub(super) client_name: String,
    pub(super) client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_secret: Option<String>,
    /// Seconds.
    pub(super) creation_date: f64,
    pub(super) last_modified_date: f64,
    #[serde(flatten)]
    pub(super) settings: ClientSettings,
}

/// What creating and updating a client share. What AWS leaves out of its answers when unset is
/// left out here too (lifetimes of access and ID token, flows, `PreventUserExistenceErrors`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ClientSettings {
    refresh_token_validity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_validity: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token_validity: Option<i64>,
    token_validity_units: Units,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) explicit_auth_flows: Vec<Flow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prevent_user_existence_errors: Option<Existence>,
    pub(super) enable_token_revocation: bool,
    enable_propagate_additional_user_context_data: bool,
    /// Minutes.
    pub(super) auth_session_validity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_rotation: Option<Rotation>,
    #[serde(rename = "AllowedOAuthFlowsUserPoolClient")]
    pub(super) allowed_oauth_flows_user_pool_client: bool,
    #[serde(rename = "AllowedOAuthFlows", skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed_oauth_flows: Vec<String>,
    #[serde(rename = "AllowedOAuthScopes", skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed_oauth_scopes: Vec<String>,
    #[serde(rename = "CallbackURLs", skip_serializing_if = "Vec::is_empty")]
    pub(super) callback_urls: Vec<String>,
    #[serde(rename = "LogoutURLs", skip_serializing_if = "Vec::is_empty")]
    pub(super) logout_urls: Vec<String>,
    #[serde(rename = "DefaultRedirectURI", skip_serializing_if = "Option::is_none")]
    default_redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) supported_identity_providers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    read_attributes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    write_attributes: Vec<String>,
    #[serde(skip_serializing_if = "Value::is_null")]
    analytics_configuration: Value,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            refresh_token_validity: 0,
            access_token_validity: None,
            id_token_validity: None,
            token_validity_units: Units::default(),
            explicit_auth_flows: Vec::new(),
            prevent_user_existence_errors: None,
            enable_token_revocation: true,
            enable_propagate_additional_user_context_data: false,
            auth_session_validity: 3,
            refresh_token_rotation: None,
            allowed_oauth_flows_user_pool_client: false,
            allowed_oauth_flows: Vec::new(),
            allowed_oauth_scopes: Vec::new(),
            callback_urls: Vec::new(),
            logout_urls: Vec::new(),
            default_redirect_uri: None,
            supported_identity_providers: Vec::new(),
            read_attributes: Vec::new(),
            write_attributes: Vec::new(),
            analytics_configuration: Value::Null,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the model's names")]
struct Units {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<Unit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<Unit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Unit>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl Unit {
    fn seconds(self) -> i64 {
        match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
            Self::Hours => 3600,
            Self::Days => 86400,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Existence {
    Legacy,
    Enabled,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rotation {
    feature: Feature,
    /// Seconds.
    #[serde(default)]
    retry_grace_period_seconds: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Feature {
    Enabled,
    Disabled,
}

impl ClientSettings {
    /// Checks what a request asked for, in a pool of this tier, and fills in what it left out.
    pub(super) fn settle(mut self, tier: Tier) -> Result<Self, ApiError> {
        if tier == Tier::Lite && self.explicit_auth_flows.contains(&Flow::AllowUserAuth) {
            return Err(fault::fault(
                "FeatureUnavailableInTierException",
                "ALLOW_USER_AUTH is not available in the LITE tier: it needs ESSENTIALS or PLUS.",
            ));
        }
        // Model: 0 and absence both mean the default.
        if self.refresh_token_validity == 0 {
            self.refresh_token_validity = 30 * 86400
                / self
                    .token_validity_units
                    .refresh_token
                    .unwrap_or(Unit::Days)
                    .seconds();
        }
        let (access, id, refresh) = (
            self.access_seconds(),
            self.id_seconds(),
            self.refresh_seconds(),
        );
        let fits = (300..=86400).contains(&access)
            && (300..=86400).contains(&id)
            && (3600..=315_360_000).contains(&refresh)
            && access.max(id) <= refresh;
        if !fits {
            return Err(fault::invalid_parameter(
                "Invalid range for token validity.",
            ));
        }
        let flows = self.explicit_auth_flows.iter();
        let legacy = flows.filter(|flow| flow.is_legacy()).count();
        if legacy > 0 && legacy < self.explicit_auth_flows.len() {
            return Err(fault::invalid_parameter(
                "ExplicitAuthFlows cannot mix legacy values with values that begin with ALLOW_.",
            ));
        }
        // Unsure whether AWS refuses this or only makes the flow useless: "Refresh tokens" in Cognito's developer
        // guide says that rotation and REFRESH_TOKEN_AUTH do not go together.
        if self.rotation_grace().is_some()
            && self
                .explicit_auth_flows
                .contains(&Flow::AllowRefreshTokenAuth)
        {
            return Err(fault::invalid_parameter(
                "ALLOW_REFRESH_TOKEN_AUTH cannot be enabled together with refresh token rotation.",
            ));
        }
        if self.allowed_oauth_flows_user_pool_client
            && (self.allowed_oauth_flows.is_empty() || self.allowed_oauth_scopes.is_empty())
        {
            return Err(fault::invalid_parameter(
                "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
            ));
        }
        Ok(self)
    }

    /// The providers named must be the pool's.
    pub(super) fn check_providers(&self, pool: &Pool) -> Result<(), ApiError> {
        let known = |name: &String| name == "COGNITO" || pool.providers.contains_key(name);
        match self.supported_identity_providers.iter().find(|n| !known(n)) {
            None => Ok(()),
            Some(name) => Err(fault::invalid_parameter(format!(
                "The provider {name} does not exist for User Pool {}.",
                pool.id
            ))),
        }
    }

    fn lifetime(validity: Option<i64>, unit: Option<Unit>) -> i64 {
        validity.map_or(3600, |n| n * unit.unwrap_or(Unit::Hours).seconds())
    }

    pub(super) fn access_seconds(&self) -> i64 {
        Self::lifetime(
            self.access_token_validity,
            self.token_validity_units.access_token,
        )
    }

    pub(super) fn id_seconds(&self) -> i64 {
        Self::lifetime(self.id_token_validity, self.token_validity_units.id_token)
    }

    pub(super) fn refresh_seconds(&self) -> i64 {
        let unit = self
            .token_validity_units
            .refresh_token
            .unwrap_or(Unit::Days);
        self.refresh_token_validity.saturating_mul(unit.seconds())
    }

    /// Seconds that a rotated refresh token stays usable; `None` without rotation.
    pub(super) fn rotation_grace(&self) -> Option<i64> {
        self.refresh_token_rotation
            .filter(|rotation| rotation.feature == Feature::Enabled)
            .map(|rotation| rotation.retry_grace_period_seconds)
    }

    /// Whether the client may set an attribute. That an address is verified is never for it to say.
    pub(super) fn writes(&self, attribute: &str) -> bool {
        let listed = &self.write_attributes;
        !attribute.ends_with("_verified")
            && (listed.is_empty() || listed.iter().any(|listed| listed == attribute))
    }

    pub(super) fn hides_users(&self) -> bool {
        self.prevent_user_existence_errors == Some(Existence::Enabled)
    }

    /// Whether the client may use a flow, named by its `ALLOW_` value.
    pub(super) fn allows(&self, wanted: Flow) -> bool {
        wanted.is_allowed(&self.explicit_auth_flows)
    }
}

impl Client {
    /// Checks `SECRET_HASH`, made with one of the names the user is known by.
    pub(super) fn check_hash(&self, names: &[&str], given: Option<&str>) -> Result<(), ApiError> {
        let id = &self.client_id;
        match (&self.client_secret, given) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(fault::not_authorized(format!(
                "Client {id} is not configured for secret but secret was received"
            ))),
            (Some(_), None) => Err(fault::not_authorized(format!(
                "Client {id} is configured with secret but SECRET_HASH was not received"
            ))),
            (Some(secret), Some(given)) => {
                let matches = names
                    .iter()
                    .any(|name| secret_hash(secret, name, id) == given);
                matches.then_some(()).ok_or_else(|| {
                    fault::not_authorized(format!("Unable to verify secret hash for client {id}"))
                })
            }
        }
    }

    /// Checks `ClientSecret` of the token operations.
    pub(super) fn has_secret(&self, given: Option<&str>) -> bool {
        self.client_secret.as_deref() == given
    }
}

/// Base64 of HMAC-SHA256 over username and client id, keyed by the secret.
pub(super) fn secret_hash(secret: &str, username: &str, client_id: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(username.as_bytes());
    mac.update(client_id.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
