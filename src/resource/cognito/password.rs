//! A user's password, set for good. Only Cognito knows it; the state keeps a fingerprint of it.

use std::sync::Arc;

use aws_sdk_cognitoidentityprovider::types::UserStatusType;
use serde::{Deserialize, Serialize};

use super::{fingerprint::Fingerprint, user};
use crate::{
    aws::{Cx, Effect, Fault, FaultKind},
    engine::{At, Compare, Found, Given, Health, Ref, Resource, StepId},
    resource::{Kind, User, UserPool, form, gone},
    sweep::Swept,
};

/// A secret in memory: never shown, logged or kept.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// This text is a secret.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text, to be sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The password of a user.
#[derive(Debug, Clone)]
pub struct Password {
    /// The user's address.
    pub email: String,
    /// The environment variable that holds it.
    pub variable: String,
    /// Its value, if the variable is set or somebody typed it.
    pub secret: Option<Secret>,
}

/// The pool and the address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::user_pool_id")]
    pub user_pool_id: String,
    #[serde(deserialize_with = "form::text")]
    pub email: String,
}

/// What is known of the password that was set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Older versions of labctl kept none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

impl Resource for Password {
    const KIND: Kind = Kind::Password;
    const SWEPT: Swept = Swept::Within(Kind::User);
    const ACTIONS: &'static [&'static str] = &["cognito-idp:AdminSetUserPassword"];
    const PUT: bool = true;
    type Needs = (Ref<UserPool>, Ref<User>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        format!("of {}", self.email)
    }

    fn within((_, user): &Self::Needs) -> Option<StepId> {
        Some(user.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::UserPool, &key.user_pool_id))
    }

    fn key(&self, _cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (pool, _) = given?;
        Some(Key {
            user_pool_id: pool.id.clone(),
            email: self.email.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        let operation = "cognito-idp:AdminSetUserPassword";
        let Some(secret) = &self.secret else {
            let message = format!(
                "the password of {} is not known here: set {} and run `labctl up` again",
                self.email, self.variable
            );
            return Err(Fault::new(FaultKind::Other, operation, message));
        };
        cx.call(operation, Effect::Idempotent, || {
            cx.clients()
                .cognito
                .admin_set_user_password()
                .user_pool_id(&key.user_pool_id)
                .username(&key.email)
                .password(secret.reveal())
                .permanent(true)
                .send()
        })
        .await?;
        Ok(Output {
            fingerprint: Some(Fingerprint::of(secret, operation).await?),
        })
    }

    /// Cognito says only whether the user needs a new password. Whether it is the wanted one shows by its fingerprint.
    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, out, .. } = at;
        let key = user::Key {
            user_pool_id: key.user_pool_id.clone(),
            email: key.email.clone(),
        };
        let Some(user) = user::get(cx, &key).await? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        let status = user.user_status().map(UserStatusType::as_str);
        compare.field("UserStatus", &Some("CONFIRMED"), &status);
        if let (Some(secret), Some(fingerprint)) = (&self.secret, &out.fingerprint)
            && fingerprint.fits(secret).await == Some(false)
        {
            let wanted = format!("as in {}", self.variable);
            compare.field("Password", wanted.as_str(), "another");
        }
        Ok(compare.health())
    }

    /// Nobody can see whether it was set: setting it again does no harm.
    async fn find(_cx: &Cx, _key: &Key) -> Result<Found<Output>, Fault> {
        Ok(Found::Absent)
    }

    /// A password cannot be taken away: nobody knows the one that takes its place.
    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        let operation = "cognito-idp:AdminSetUserPassword";
        let nobodys = unguessable(operation)?;
        gone(
            cx.call(operation, Effect::Idempotent, || {
                cx.clients()
                    .cognito
                    .admin_set_user_password()
                    .user_pool_id(&key.user_pool_id)
                    .username(&key.email)
                    .password(nobodys.reveal())
                    .permanent(true)
                    .send()
            })
            .await,
        )
    }

    fn physical_id(_key: &Key, _out: Option<&Output>) -> Option<String> {
        None
    }
}

/// Good for every password policy, and forgotten at once.
pub fn unguessable(operation: &str) -> Result<Secret, Fault> {
    let mut random = [0_u8; 24];
    getrandom::fill(&mut random)
        .map_err(|e| Fault::new(FaultKind::Other, operation, format!("no randomness: {e}")))?;
    Ok(Secret::new(&format!("aA1!{}", labfiles::hex(&random))))
}
