//! One user pool as the twin keeps it, and its settings with AWS's rules and defaults.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    client::Client,
    domain::Domain,
    fault,
    identity_provider::IdentityProvider,
    managed_login::{Code, Pending},
    mfa_config::MfaConfig,
    password::PasswordPolicy,
    schema::Attribute,
    session::Session,
    token::RefreshToken,
    user::User,
};
use crate::call::ApiError;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pool {
    pub(super) id: String,
    pub(super) name: String,
    /// Seconds.
    pub(super) created: f64,
    pub(super) modified: f64,
    // These four cannot be changed after creation.
    pub(super) username_attributes: Vec<String>,
    pub(super) alias_attributes: Vec<String>,
    pub(super) case_sensitive: Option<bool>,
    pub(super) schema: Vec<Attribute>,
    pub(super) tier: Tier,
    pub(super) settings: Settings,
    pub(super) mfa: MfaConfig,
    pub(super) domain: Option<Domain>,
    /// By name.
    pub(super) providers: BTreeMap<String, IdentityProvider>,
    pub(super) tags: BTreeMap<String, String>,
    /// By client id.
    pub(super) clients: BTreeMap<String, Client>,
    /// By username.
    pub(super) users: BTreeMap<String, User>,
    /// By SHA-256 of the session string.
    pub(super) sessions: BTreeMap<String, Session>,
    /// By SHA-256 of the token.
    pub(super) refresh_tokens: BTreeMap<String, RefreshToken>,
    /// By SHA-256 of the code that a sign-in at the domain ended with.
    pub(super) codes: BTreeMap<String, Code>,
    /// Users at a provider, by SHA-256 of the `state` that they went with.
    pub(super) pending: BTreeMap<String, Pending>,
    /// `origin_jti` of revoked sign-ins, and when (seconds) nothing of them can be alive any more.
    pub(super) revoked: BTreeMap<String, i64>,
    /// The signing key, PKCS#8 in base64, once it is made.
    pub(super) key: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Tier {
    Lite,
    #[default]
    Essentials,
    Plus,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Protection {
    Active,
    #[default]
    Inactive,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Mfa {
    #[default]
    Off,
    On,
    Optional,
}

/// `AuthFactorType` of the model: a way to begin choice-based sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Factor {
    Password,
    EmailOtp,
    SmsOtp,
    WebAuthn,
}

/// What `CreateUserPool` and `UpdateUserPool` share, and `DescribeUserPool` shows. Members that
/// nothing here acts on are kept as they came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the model's names")]
pub(super) struct Settings {
    pub(super) policies: Policies,
    pub(super) deletion_protection: Protection,
    pub(super) mfa_configuration: Mfa,
    pub(super) admin_create_user_config: AdminCreateUserConfig,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) auto_verified_attributes: Vec<String>,
    pub(super) lambda_config: Value,
    pub(super) email_configuration: Value,
    pub(super) verification_message_template: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    sms_verification_message: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    email_verification_message: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    email_verification_subject: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    sms_authentication_message: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    user_attribute_update_settings: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    device_configuration: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    sms_configuration: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    user_pool_add_ons: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    account_recovery_setting: Value,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Policies {
    pub(super) password_policy: PasswordPolicy,
    pub(super) sign_in_policy: SignInPolicy,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct SignInPolicy {
    pub(super) allowed_first_auth_factors: Vec<Factor>,
}

impl Default for SignInPolicy {
    fn default() -> Self {
        Self {
            allowed_first_auth_factors: vec![Factor::Password],
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct AdminCreateUserConfig {
    pub(super) allow_admin_create_user_only: bool,
    unused_account_validity_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invite_message_template: Option<InviteMessage>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InviteMessage {
    #[serde(rename = "SMSMessage", skip_serializing_if = "Option::is_none")]
    sms_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email_subject: Option<String>,
}

impl Settings {
    /// Checks what a request asked for and fills in what it left out.
    pub(super) fn settle(mut self, tier: Tier) -> Result<Self, ApiError> {
        let factors = &self.policies.sign_in_policy.allowed_first_auth_factors;
        if tier == Tier::Lite && factors.iter().any(|factor| *factor != Factor::Password) {
            return Err(fault::fault(
                "FeatureUnavailableInTierException",
                "Passwordless sign-in is not available in the LITE tier: it needs ESSENTIALS or PLUS.",
            ));
        }
        // Unsure: the evidence is third-party only (aws-cdk's UserPool demands a password, too).
        if !factors.contains(&Factor::Password) {
            return Err(fault::invalid_parameter(
                "AllowedFirstAuthFactors must contain PASSWORD.",
            ));
        }
        self.check_mfa(self.mfa_configuration)?;
        if self
            .lambda_config
            .as_object()
            .is_some_and(|triggers| !triggers.is_empty())
        {
            return Err(fault::not_served("user pool triggers (LambdaConfig)"));
        }
        // 0 counts as not given (model).
        let policy = &mut self.policies.password_policy;
        let config = &mut self.admin_create_user_config;
        let unused = config.unused_account_validity_days.filter(|days| *days > 0);
        let temporary = policy
            .temporary_password_validity_days
            .filter(|days| *days > 0);
        if unused.is_some() && temporary.is_some() {
            return Err(fault::invalid_parameter(
                "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
            ));
        }
        let days = temporary.or(unused).or(Some(7));
        policy.temporary_password_validity_days = days;
        config.unused_account_validity_days = days;
        let or = |value: &mut Value, default: Value| {
            if value.is_null() {
                *value = default;
            }
        };
        or(&mut self.lambda_config, json!({}));
        or(
            &mut self.email_configuration,
            json!({"EmailSendingAccount": "COGNITO_DEFAULT"}),
        );
        or(
            &mut self.verification_message_template,
            json!({"DefaultEmailOption": "CONFIRM_WITH_CODE"}),
        );
        Ok(self)
    }
}

impl Settings {
    pub(super) fn confirms_by_link(&self) -> bool {
        self.verification_message_template["DefaultEmailOption"] == "CONFIRM_WITH_LINK"
    }

    /// Subject and text of mail with a code, where the pool has its own.
    pub(super) fn verification_mail(&self) -> (Option<&str>, Option<&str>) {
        let template = &self.verification_message_template;
        (
            template["EmailSubject"]
                .as_str()
                .or_else(|| self.email_verification_subject.as_str()),
            template["EmailMessage"]
                .as_str()
                .or_else(|| self.email_verification_message.as_str()),
        )
    }

    /// Required MFA and factors without a password exclude each other (documented).
    pub(super) fn check_mfa(&self, mfa: Mfa) -> Result<(), ApiError> {
        let factors = &self.policies.sign_in_policy.allowed_first_auth_factors;
        if mfa == Mfa::On && factors.iter().any(|factor| *factor != Factor::Password) {
            return Err(fault::invalid_parameter(
                "MfaConfiguration ON cannot be combined with passwordless factors in AllowedFirstAuthFactors.",
            ));
        }
        Ok(())
    }
}

impl Pool {
    /// The region is the first part of the id.
    pub(super) fn issuer(&self) -> String {
        issuer(&self.id)
    }

    pub(super) fn allows(&self, factor: Factor) -> bool {
        self.settings
            .policies
            .sign_in_policy
            .allowed_first_auth_factors
            .contains(&factor)
    }

    /// Whether people can sign in without a password.
    pub(super) fn passwordless(&self) -> bool {
        self.allows(Factor::EmailOtp) || self.allows(Factor::SmsOtp)
    }

    pub(super) fn client(&self, id: &str) -> Result<&Client, ApiError> {
        self.clients.get(id).ok_or_else(|| fault::client_absent(id))
    }
}

/// `iss` of a pool's tokens: AWS's own name, also here, so that verifiers need no special case.
pub(super) fn issuer(pool: &str) -> String {
    let region = pool.rsplit_once('_').map_or("", |(region, _)| region);
    format!("https://cognito-idp.{region}.amazonaws.com/{pool}")
}
