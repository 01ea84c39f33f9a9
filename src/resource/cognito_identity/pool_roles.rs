//! Which role the signed-in users of an identity pool get.

use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Found, Given, Health, Ref, Resource, StepId},
    resource::{IdentityPool, Kind, Role, form, gone, present},
    sweep::Swept,
};

/// The `authenticated` role of the identity pool that this needs. Guests get none.
#[derive(Debug, Clone)]
pub struct PoolRoles {
    /// The identity pool's name, for its own.
    pub pool: String,
}

/// The identity pool's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::identity_pool_id")]
    pub identity_pool_id: String,
}

/// Nothing that the key does not say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {}

const AUTHENTICATED: &str = "authenticated";

/// All roles of the pool. `None`: there is no such pool.
async fn get(cx: &Cx, key: &Key) -> Result<Option<Vec<(String, String)>>, Fault> {
    let answer = cx
        .call(
            "cognito-identity:GetIdentityPoolRoles",
            Effect::Read,
            || {
                cx.clients()
                    .cognito_identity
                    .get_identity_pool_roles()
                    .identity_pool_id(&key.identity_pool_id)
                    .send()
            },
        )
        .await;
    let Some(answer) = present(answer)? else {
        return Ok(None);
    };
    let mut roles: Vec<_> = answer.roles.unwrap_or_default().into_iter().collect();
    roles.sort();
    Ok(Some(roles))
}

async fn set(cx: &Cx, key: &Key, role: Option<&str>) -> Result<(), Fault> {
    let operation = "cognito-identity:SetIdentityPoolRoles";
    let roles = role.map(|arn| (AUTHENTICATED.to_owned(), arn.to_owned()));
    cx.call(operation, Effect::Idempotent, || {
        cx.clients()
            .cognito_identity
            .set_identity_pool_roles()
            .identity_pool_id(&key.identity_pool_id)
            .set_roles(Some(roles.clone().into_iter().collect()))
            .send()
    })
    .await
    .map(drop)
}

impl Resource for PoolRoles {
    const KIND: Kind = Kind::PoolRoles;
    const SWEPT: Swept = Swept::Within(Kind::IdentityPool);
    const ACTIONS: &'static [&'static str] = &[
        "cognito-identity:GetIdentityPoolRoles",
        "cognito-identity:SetIdentityPoolRoles",
        "iam:PassRole",
    ];
    const PUT: bool = true;
    type Needs = (Ref<IdentityPool>, Ref<Role>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        format!("{} → {AUTHENTICATED}", self.pool)
    }

    fn within((pool, _): &Self::Needs) -> Option<StepId> {
        Some(pool.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::IdentityPool, &key.identity_pool_id))
    }

    fn key(&self, _cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (pool, _) = given?;
        Some(Key {
            identity_pool_id: pool.id.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, (_, role): &Given<Self>) -> Result<Output, Fault> {
        set(cx, key, Some(&role.arn)).await?;
        Ok(Output {})
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At {
            cx,
            key,
            given: (_, role),
            ..
        } = at;
        let Some(seen) = get(cx, key).await?.filter(|roles| !roles.is_empty()) else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        let wanted = vec![(AUTHENTICATED.to_owned(), role.arn.clone())];
        compare.field("Roles", &wanted, &seen);
        Ok(compare.health())
    }

    /// In our pool, so it is ours.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let roles = get(cx, key).await?.unwrap_or_default();
        Ok(if roles.is_empty() {
            Found::Absent
        } else {
            Found::Ours(Output {})
        })
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        gone(set(cx, key, None).await)
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(key.identity_pool_id.clone())
    }
}
