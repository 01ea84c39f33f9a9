//! A test user: no invitation, e-mail verified, no password.

use aws_sdk_cognitoidentityprovider::types::{AttributeType, MessageActionType, UserStatusType};
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Resource, StepId},
    resource::{Kind, UserPool, form, gone, present},
    sweep::Swept,
};

/// A user, known by e-mail address.
#[derive(Debug, Clone)]
pub struct User {
    /// Lower-case.
    pub email: String,
}

/// The pool and the address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::user_pool_id")]
    pub user_pool_id: String,
    #[serde(deserialize_with = "form::text")]
    pub email: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The user name that Cognito made, a UUID (the tokens' `sub`).
    #[serde(deserialize_with = "form::text")]
    pub username: String,
}

fn attribute(operation: &str, name: &str, value: &str) -> Result<AttributeType, Fault> {
    AttributeType::builder()
        .name(name)
        .value(value)
        .build()
        .map_err(|e| Fault::defect(operation, e))
}

pub(super) async fn get(
    cx: &Cx,
    key: &Key,
) -> Result<
    Option<aws_sdk_cognitoidentityprovider::operation::admin_get_user::AdminGetUserOutput>,
    Fault,
> {
    let answer = cx
        .call("cognito-idp:AdminGetUser", Effect::Read, || {
            cx.clients()
                .cognito
                .admin_get_user()
                .user_pool_id(&key.user_pool_id)
                .username(&key.email)
                .send()
        })
        .await;
    present(answer)
}

impl Resource for User {
    const KIND: Kind = Kind::User;
    const SWEPT: Swept = Swept::Within(Kind::UserPool);
    const ACTIONS: &'static [&'static str] = &[
        "cognito-idp:AdminCreateUser",
        "cognito-idp:AdminDeleteUser",
        "cognito-idp:AdminEnableUser",
        "cognito-idp:AdminGetUser",
        "cognito-idp:AdminUpdateUserAttributes",
    ];
    const CARRIES: Option<&'static str> = Some("the account, with its password and MFA");
    type Needs = Ref<UserPool>;
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.email.clone()
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
            email: self.email.clone(),
        })
    }

    /// Without a temporary password: a user who has one cannot sign in by e-mail code.
    async fn create(&self, cx: &Cx, key: &Key, _pool: &Given<Self>) -> Result<Output, Fault> {
        let operation = "cognito-idp:AdminCreateUser";
        let email = attribute(operation, "email", &key.email)?;
        let verified = attribute(operation, "email_verified", "true")?;
        let answer = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .cognito
                    .admin_create_user()
                    .user_pool_id(&key.user_pool_id)
                    .username(&key.email)
                    .user_attributes(email.clone())
                    .user_attributes(verified.clone())
                    .message_action(MessageActionType::Suppress)
                    .send()
            })
            .await?;
        let username = answer.user.and_then(|u| u.username);
        Ok(Output {
            username: username.ok_or_else(|| Fault::missing(operation, "Username"))?,
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        let Some(user) = get(cx, key).await? else {
            return Ok(Health::Missing);
        };
        let attributes = user.user_attributes();
        let verified = attributes
            .iter()
            .find(|a| a.name() == "email_verified")
            .and_then(|a| a.value());
        let mut compare = Compare::default();
        compare.field("email_verified", &Some("true"), &verified);
        compare.field("Enabled", &true, &user.enabled());
        // A user with a temporary password cannot use e-mail codes; emulators may say so of any.
        if user.user_status() == Some(&UserStatusType::ResetRequired) {
            compare.field(
                "UserStatus",
                UserStatusType::Confirmed.as_str(),
                UserStatusType::ResetRequired.as_str(),
            );
        }
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At { cx, key, out, .. } = at;
        let cognito = &cx.clients().cognito;
        let operation = "cognito-idp:AdminUpdateUserAttributes";
        for field in drift.iter().map(|d| d.field.as_str()) {
            match field {
                "email_verified" => {
                    let verified = attribute(operation, "email_verified", "true")?;
                    cx.call(operation, Effect::Idempotent, || {
                        cognito
                            .admin_update_user_attributes()
                            .user_pool_id(&key.user_pool_id)
                            .username(&key.email)
                            .user_attributes(verified.clone())
                            .send()
                    })
                    .await?;
                }
                "Enabled" => {
                    cx.call("cognito-idp:AdminEnableUser", Effect::Idempotent, || {
                        cognito
                            .admin_enable_user()
                            .user_pool_id(&key.user_pool_id)
                            .username(&key.email)
                            .send()
                    })
                    .await?;
                }
                _ => return Err(Fault::cannot_change(Self::KIND.title(), &key.email, field)),
            }
        }
        Ok(out.clone())
    }

    /// By address in our pool, so it is ours.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        Ok(get(cx, key).await?.map_or(Found::Absent, |u| {
            Found::Ours(Output {
                username: u.username,
            })
        }))
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        gone(
            cx.call("cognito-idp:AdminDeleteUser", Effect::Idempotent, || {
                cx.clients()
                    .cognito
                    .admin_delete_user()
                    .user_pool_id(&key.user_pool_id)
                    .username(&key.email)
                    .send()
            })
            .await,
        )
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.username.clone())
    }
}
