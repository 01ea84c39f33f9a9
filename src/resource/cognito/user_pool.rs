//! The Cognito user pool: sign-in by e-mail, choice-based, with e-mail one-time passwords.

use std::collections::BTreeSet;

use aws_sdk_cognitoidentityprovider::types::{
    AdminCreateUserConfigType, AuthFactorType, DeletionProtectionType, EmailConfigurationType,
    EmailSendingAccountType, SignInPolicyType, UserPoolMfaType, UserPoolPolicyType,
    UserPoolTierType, UserPoolType, UsernameAttributeType, UsernameConfigurationType,
    VerifiedAttributeType,
};
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault, TAG_FIELD, stranger},
    engine::{At, Compare, Drift, Found, Given, Health, Rekey, Resource, Stranger},
    lab::Factor,
    resource::{Kind, form, gone, present},
    sweep::Swept,
};

/// A user pool.
#[derive(Debug, Clone)]
pub struct UserPool {
    /// Its name (not unique at AWS).
    pub name: String,
    /// Ways to begin a sign-in.
    pub first_factors: Vec<Factor>,
    /// MFA is another step's affair ([`super::MfaConfig`]); otherwise the pool has none.
    pub has_mfa: bool,
}

/// The pool's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::text")]
    pub name: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::user_pool_id")]
    pub id: String,
    #[serde(deserialize_with = "form::arn")]
    pub arn: String,
}

async fn describe(cx: &Cx, id: &str) -> Result<Option<UserPoolType>, Fault> {
    let answer = cx
        .call("cognito-idp:DescribeUserPool", Effect::Read, || {
            cx.clients()
                .cognito
                .describe_user_pool()
                .user_pool_id(id)
                .send()
        })
        .await;
    Ok(present(answer)?.and_then(|a| a.user_pool))
}

/// About how many users a pool has. `None`: AWS does not say.
pub async fn users(cx: &Cx, id: &str) -> Option<i32> {
    let pool = describe(cx, id).await.ok()??;
    Some(pool.estimated_number_of_users)
}

/// Describes somebody else's pool to which the recorded id leads.
fn foreign(pool: &UserPoolType, out: &Output) -> Stranger {
    let what = format!("{} `{}`", out.id, pool.name().unwrap_or_default());
    stranger(&what, pool.user_pool_tags())
}

fn output(pool: &UserPoolType) -> Option<Output> {
    Some(Output {
        id: pool.id.clone()?,
        arn: pool.arn.clone()?,
    })
}

fn factors(pool: &UserPoolType) -> BTreeSet<String> {
    let policy = pool.policies().and_then(|p| p.sign_in_policy());
    policy
        .map(aws_sdk_cognitoidentityprovider::types::SignInPolicyType::allowed_first_auth_factors)
        .into_iter()
        .flatten()
        .map(|f| f.as_str().to_owned())
        .collect()
}

impl UserPool {
    fn factors(&self) -> BTreeSet<String> {
        let names = self.first_factors.iter().map(|f| f.aws_name());
        names.map(str::to_owned).collect()
    }

    fn sign_in_policy(&self) -> SignInPolicyType {
        let factors = self
            .first_factors
            .iter()
            .map(|f| AuthFactorType::from(f.aws_name()))
            .collect();
        SignInPolicyType::builder()
            .set_allowed_first_auth_factors(Some(factors))
            .build()
    }
}

/// `UpdateUserPool` replaces the whole pool: starts from what is there, so that settings made
/// elsewhere survive. The deprecated validity of unused accounts conflicts with the newer one.
fn update_from(
    cx: &Cx,
    pool: &UserPoolType,
) -> aws_sdk_cognitoidentityprovider::operation::update_user_pool::builders::UpdateUserPoolFluentBuilder{
    let admin = pool.admin_create_user_config.clone().map(|mut admin| {
        admin.unused_account_validity_days = 0;
        AdminCreateUserConfigType::builder()
            .allow_admin_create_user_only(admin.allow_admin_create_user_only)
            .set_invite_message_template(admin.invite_message_template)
            .build()
    });
    cx.clients()
        .cognito
        .update_user_pool()
        .set_user_pool_id(pool.id.clone())
        .set_pool_name(pool.name.clone())
        .set_policies(pool.policies.clone())
        .set_deletion_protection(pool.deletion_protection.clone())
        .set_lambda_config(pool.lambda_config.clone())
        .set_auto_verified_attributes(pool.auto_verified_attributes.clone())
        .set_sms_verification_message(pool.sms_verification_message.clone())
        .set_email_verification_message(pool.email_verification_message.clone())
        .set_email_verification_subject(pool.email_verification_subject.clone())
        .set_verification_message_template(pool.verification_message_template.clone())
        .set_sms_authentication_message(pool.sms_authentication_message.clone())
        .set_user_attribute_update_settings(pool.user_attribute_update_settings.clone())
        .set_mfa_configuration(pool.mfa_configuration.clone())
        .set_device_configuration(pool.device_configuration.clone())
        .set_email_configuration(pool.email_configuration.clone())
        .set_sms_configuration(pool.sms_configuration.clone())
        .set_user_pool_tags(pool.user_pool_tags.clone())
        .set_admin_create_user_config(admin)
        .set_user_pool_add_ons(pool.user_pool_add_ons.clone())
        .set_account_recovery_setting(pool.account_recovery_setting.clone())
        .set_user_pool_tier(pool.user_pool_tier.clone())
        .set_key_configuration(pool.key_configuration.clone())
        .set_issuer_configuration(pool.issuer_configuration.clone())
        .set_acr_configuration(pool.acr_configuration.clone())
}

impl Resource for UserPool {
    const KIND: Kind = Kind::UserPool;
    const SWEPT: Swept = Swept::Asked(&super::sweep::USER_POOL);
    const ACTIONS: &'static [&'static str] = &[
        "cognito-idp:CreateUserPool",
        "cognito-idp:DeleteUserPool",
        "cognito-idp:DeleteUserPoolDomain",
        "cognito-idp:DescribeUserPool",
        "cognito-idp:ListUserPools",
        "cognito-idp:TagResource",
        "cognito-idp:UpdateUserPool",
    ];
    const REPEATS: bool = true;
    const CARRIES: Option<&'static str> = Some(
        "its users with their passwords and second factors, its id, its clients' ids and its sign-in domain",
    );
    const TAGGED: bool = true;
    type Needs = ();
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn key(&self, _cx: &Cx, _given: Option<&Given<Self>>) -> Option<Key> {
        Some(Key {
            name: self.name.clone(),
        })
    }

    /// Its name is changed in place: its id stays, and all that hangs on it.
    fn rekey(_old: &Key, _new: &Key) -> Rekey {
        Rekey::InPlace
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        let operation = "cognito-idp:CreateUserPool";
        let case = UsernameConfigurationType::builder()
            .case_sensitive(false)
            .build()
            .map_err(|e| Fault::defect(operation, e))?;
        let answer = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .cognito
                    .create_user_pool()
                    .pool_name(&key.name)
                    .user_pool_tier(UserPoolTierType::Essentials)
                    .policies(
                        UserPoolPolicyType::builder()
                            .sign_in_policy(self.sign_in_policy())
                            .build(),
                    )
                    .username_attributes(UsernameAttributeType::Email)
                    .auto_verified_attributes(VerifiedAttributeType::Email)
                    .username_configuration(case.clone())
                    .mfa_configuration(UserPoolMfaType::Off)
                    .admin_create_user_config(
                        AdminCreateUserConfigType::builder()
                            .allow_admin_create_user_only(true)
                            .build(),
                    )
                    .email_configuration(
                        EmailConfigurationType::builder()
                            .email_sending_account(EmailSendingAccountType::CognitoDefault)
                            .build(),
                    )
                    .deletion_protection(DeletionProtectionType::Inactive)
                    .set_user_pool_tags(Some(cx.tag_map()))
                    .send()
            })
            .await?;
        let pool = answer
            .user_pool
            .ok_or_else(|| Fault::missing(operation, "UserPool"))?;
        output(&pool).ok_or_else(|| Fault::missing(operation, "Id"))
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, out, .. } = at;
        let Some(pool) = describe(cx, &out.id).await? else {
            return Ok(Health::Missing);
        };
        if cx.is_strange(pool.user_pool_tags(), pool.name(), &at.key.name) {
            return Ok(Health::Foreign(foreign(&pool, out)));
        }
        let mut compare = Compare::default();
        cx.compare_tag(&mut compare, pool.user_pool_tags());
        compare.field("name", &Some(self.name.as_str()), &pool.name());
        compare.field("SignInPolicy", &self.factors(), &factors(&pool));
        if let Some(tier) = pool.user_pool_tier() {
            compare.field(
                "UserPoolTier",
                UserPoolTierType::Essentials.as_str(),
                tier.as_str(),
            );
        }
        if let Some(mfa) = pool.mfa_configuration().filter(|_| !self.has_mfa) {
            compare.field(
                "MfaConfiguration",
                UserPoolMfaType::Off.as_str(),
                mfa.as_str(),
            );
        }
        if let Some(admin) = pool.admin_create_user_config() {
            compare.field(
                "AllowAdminCreateUserOnly",
                &true,
                &admin.allow_admin_create_user_only,
            );
        }
        if let Some(protection) = pool.deletion_protection() {
            compare.field(
                "DeletionProtection",
                DeletionProtectionType::Inactive.as_str(),
                protection.as_str(),
            );
        }
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At { cx, out, .. } = at;
        if drift.iter().any(|d| d.field == TAG_FIELD) {
            Self::tag(cx, at.key, out).await?;
        }
        if drift.iter().all(|d| d.field == TAG_FIELD) {
            return Ok(out.clone());
        }
        let operation = "cognito-idp:UpdateUserPool";
        let mut pool = describe(cx, &out.id)
            .await?
            .ok_or_else(|| Fault::missing(operation, "UserPool"))?;
        if let Some(admin) = &mut pool.admin_create_user_config {
            admin.allow_admin_create_user_only = true;
        }
        let policies = UserPoolPolicyType::builder()
            .set_password_policy(pool.policies().and_then(|p| p.password_policy().cloned()))
            .sign_in_policy(self.sign_in_policy())
            .build();
        let mfa = pool.mfa_configuration.take().filter(|_| self.has_mfa);
        let mfa = mfa.unwrap_or(UserPoolMfaType::Off);
        cx.call(operation, Effect::Idempotent, || {
            update_from(cx, &pool)
                .pool_name(&self.name)
                .policies(policies.clone())
                .user_pool_tier(UserPoolTierType::Essentials)
                .mfa_configuration(mfa.clone())
                .deletion_protection(DeletionProtectionType::Inactive)
                .send()
        })
        .await?;
        Ok(out.clone())
    }

    async fn own(cx: &Cx, key: &Key, out: &Output) -> Result<Found<Output>, Fault> {
        let Some(pool) = describe(cx, &out.id).await? else {
            return Ok(Found::Absent);
        };
        Ok(
            if cx.is_strange(pool.user_pool_tags(), pool.name(), &key.name) {
                Found::Foreign(foreign(&pool, out))
            } else {
                Found::Ours(out.clone())
            },
        )
    }

    async fn tag(cx: &Cx, _key: &Key, out: &Output) -> Result<bool, Fault> {
        cx.call("cognito-idp:TagResource", Effect::Idempotent, || {
            cx.clients()
                .cognito
                .tag_resource()
                .resource_arn(&out.arn)
                .set_tags(Some(cx.tag_map()))
                .send()
        })
        .await
        .map(|_| true)
    }

    /// By name, then by tags: a list shows no tags, and names are not unique.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let pools = cx.pages(
            "cognito-idp:ListUserPools",
            |token| {
                let list = cx.clients().cognito.list_user_pools().max_results(60);
                list.set_next_token(token).send()
            },
            |page| (page.user_pools.unwrap_or_default(), page.next_token),
        );
        let pools = pools.await?;
        let named = pools.iter().filter(|p| p.name() == Some(&key.name));
        for id in named.filter_map(|p| p.id()) {
            let Some(pool) = describe(cx, id).await? else {
                continue;
            };
            if let Some(out) = output(&pool).filter(|_| cx.owns(pool.user_pool_tags())) {
                return Ok(Found::Ours(out));
            }
        }
        Ok(Found::Absent)
    }

    /// Turns deletion protection off when somebody turned it on, and deletes a domain that somebody gave it: the pool
    /// is ours, and what lives in it.
    async fn delete(cx: &Cx, key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(Output { id, .. }) = out else {
            return Ok(());
        };
        let delete = || async {
            cx.call("cognito-idp:DeleteUserPool", Effect::Idempotent, || {
                cx.clients()
                    .cognito
                    .delete_user_pool()
                    .user_pool_id(id)
                    .send()
            })
            .await
        };
        let Err(fault) = delete().await else {
            return Ok(());
        };
        if !fault.is_code("InvalidParameterException") {
            return gone::<()>(Err(fault));
        }
        let Some(pool) = describe(cx, id).await? else {
            return Ok(());
        };
        let protected = pool.deletion_protection() == Some(&DeletionProtectionType::Active);
        let domains = [pool.domain(), pool.custom_domain()];
        let domains: Vec<&str> = domains.into_iter().flatten().collect();
        let in_the_way = protected || !domains.is_empty();
        let tags = pool.user_pool_tags();
        // Whoever protects a pool that has lost its tags may have taken it over.
        let theirs = cx.is_strange(tags, pool.name(), &key.name) || (protected && !cx.owns(tags));
        if !in_the_way || theirs {
            return Err(fault);
        }
        if protected {
            cx.call("cognito-idp:UpdateUserPool", Effect::Idempotent, || {
                update_from(cx, &pool)
                    .deletion_protection(DeletionProtectionType::Inactive)
                    .send()
            })
            .await?;
            cx.warn(format!(
                "turned off deletion protection of our user pool {id}"
            ));
        }
        for domain in domains {
            let operation = "cognito-idp:DeleteUserPoolDomain";
            let delete = cx.call(operation, Effect::Idempotent, || {
                let delete = cx.clients().cognito.delete_user_pool_domain();
                delete.domain(domain).user_pool_id(id).send()
            });
            gone(delete.await)?;
            cx.warn(format!(
                "deleted the domain {}, which someone had added to this lab's user pool {id}",
                labfiles::plain(domain)
            ));
        }
        gone(delete().await)
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.id.clone())
    }
}
