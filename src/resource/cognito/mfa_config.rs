//! The user pool's second factor: codes of a generator (TOTP), required or optional.

use aws_sdk_cognitoidentityprovider::{
    operation::get_user_pool_mfa_config::GetUserPoolMfaConfigOutput,
    types::{SoftwareTokenMfaConfigType, UserPoolMfaType},
};
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Found, Given, Health, Ref, Resource, StepId},
    lab::Mfa,
    resource::{Kind, UserPool, form, gone, present},
    sweep::Swept,
};

/// MFA by TOTP, in the user pool that this needs.
#[derive(Debug, Clone)]
pub struct MfaConfig(pub Mfa);

/// The pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::user_pool_id")]
    pub user_pool_id: String,
}

/// Nothing that the key does not say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {}

impl MfaConfig {
    fn configuration(&self) -> UserPoolMfaType {
        match self.0 {
            Mfa::Required => UserPoolMfaType::On,
            Mfa::Optional => UserPoolMfaType::Optional,
        }
    }
}

async fn get(cx: &Cx, key: &Key) -> Result<Option<GetUserPoolMfaConfigOutput>, Fault> {
    let answer = cx
        .call("cognito-idp:GetUserPoolMfaConfig", Effect::Read, || {
            let get = cx.clients().cognito.get_user_pool_mfa_config();
            get.user_pool_id(&key.user_pool_id).send()
        })
        .await;
    present(answer)
}

/// Other second factors that somebody has configured are sent again as they are: whether what is left out
/// would be kept is not documented.
async fn set(cx: &Cx, key: &Key, mfa: &UserPoolMfaType, totp: bool) -> Result<(), Fault> {
    let now = get(cx, key).await?;
    let now = now.as_ref();
    let token = SoftwareTokenMfaConfigType::builder().enabled(totp).build();
    cx.call(
        "cognito-idp:SetUserPoolMfaConfig",
        Effect::Idempotent,
        || {
            cx.clients()
                .cognito
                .set_user_pool_mfa_config()
                .user_pool_id(&key.user_pool_id)
                .mfa_configuration(mfa.clone())
                .software_token_mfa_configuration(token.clone())
                .set_sms_mfa_configuration(now.and_then(|n| n.sms_mfa_configuration().cloned()))
                .set_email_mfa_configuration(now.and_then(|n| n.email_mfa_configuration().cloned()))
                .set_web_authn_configuration(now.and_then(|n| n.web_authn_configuration().cloned()))
                .send()
        },
    )
    .await
    .map(drop)
}

fn has_totp(config: &GetUserPoolMfaConfigOutput) -> bool {
    let totp = config.software_token_mfa_configuration();
    totp.is_some_and(SoftwareTokenMfaConfigType::enabled)
}

impl Resource for MfaConfig {
    const KIND: Kind = Kind::MfaConfig;
    const SWEPT: Swept = Swept::Within(Kind::UserPool);
    const ACTIONS: &'static [&'static str] = &[
        "cognito-idp:GetUserPoolMfaConfig",
        "cognito-idp:SetUserPoolMfaConfig",
    ];
    const PUT: bool = true;
    type Needs = Ref<UserPool>;
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        let how = match self.0 {
            Mfa::Required => "required",
            Mfa::Optional => "optional",
        };
        format!("TOTP, {how}")
    }

    fn within(pool: &Self::Needs) -> Option<StepId> {
        Some(pool.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::UserPool, &key.user_pool_id))
    }

    fn key(&self, _cx: &Cx, pool: Option<&Given<Self>>) -> Option<Key> {
        let pool = pool?;
        Some(Key {
            user_pool_id: pool.id.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _pool: &Given<Self>) -> Result<Output, Fault> {
        set(cx, key, &self.configuration(), true).await?;
        Ok(Output {})
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        let Some(config) = get(cx, key).await? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        let seen = config.mfa_configuration().map(UserPoolMfaType::as_str);
        let wanted = self.configuration();
        compare.field("MfaConfiguration", &Some(wanted.as_str()), &seen);
        compare.field(
            "SoftwareTokenMfaConfiguration.Enabled",
            &true,
            &has_totp(&config),
        );
        Ok(compare.health())
    }

    /// In our pool, so it is ours.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let config = get(cx, key).await?;
        Ok(if config.is_some_and(|config| has_totp(&config)) {
            Found::Ours(Output {})
        } else {
            Found::Absent
        })
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        gone(set(cx, key, &UserPoolMfaType::Off, false).await)
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(key.user_pool_id.clone())
    }
}
