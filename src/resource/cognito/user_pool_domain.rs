//! The managed login domain of a user pool, by its prefix. All accounts of a region share the prefixes.

use aws_sdk_cognitoidentityprovider::types::DomainDescriptionType;
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Found, Given, Health, Ref, Resource, Stranger},
    resource::{Kind, UserPool, form, present},
    sweep::Swept,
};

/// A prefix domain. A pool with a domain cannot be deleted, so it goes before the pool.
#[derive(Debug, Clone)]
pub struct UserPoolDomain {
    /// `PREFIX` of `https://PREFIX.auth.REGION.amazoncognito.com`.
    pub prefix: String,
}

/// The pool and the prefix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::user_pool_id")]
    pub user_pool_id: String,
    #[serde(deserialize_with = "form::id")]
    pub domain: String,
}

/// The prefix, for who needs the domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub domain: String,
}

/// The classic pages: they need no branding style of each app client, as managed login's newer ones do.
const CLASSIC: i32 = 1;

/// A prefix that no pool of this account has is described empty.
async fn describe(cx: &Cx, key: &Key) -> Result<Option<DomainDescriptionType>, Fault> {
    let answer = cx
        .call("cognito-idp:DescribeUserPoolDomain", Effect::Read, || {
            let describe = cx.clients().cognito.describe_user_pool_domain();
            describe.domain(&key.domain).send()
        })
        .await;
    let described = present(answer)?.and_then(|answer| answer.domain_description);
    Ok(described.filter(|domain| domain.user_pool_id().is_some_and(|id| !id.is_empty())))
}

fn output(key: &Key) -> Output {
    Output {
        domain: key.domain.clone(),
    }
}

fn found(key: &Key, domain: Option<&DomainDescriptionType>) -> Found<Output> {
    match domain.and_then(|domain| domain.user_pool_id()) {
        None => Found::Absent,
        Some(id) if id == key.user_pool_id => Found::Ours(output(key)),
        Some(id) => Found::Foreign(Stranger {
            seen: format!("the domain prefix {} belongs to user pool {id}", key.domain),
            lab: None,
        }),
    }
}

impl Resource for UserPoolDomain {
    const KIND: Kind = Kind::UserPoolDomain;
    const SWEPT: Swept = Swept::Asked(&super::sweep::USER_POOL_DOMAIN);
    const ACTIONS: &'static [&'static str] = &[
        "cognito-idp:CreateUserPoolDomain",
        "cognito-idp:DeleteUserPoolDomain",
        "cognito-idp:DescribeUserPoolDomain",
    ];
    const BY_NAME: bool = true;
    const CARRIES: Option<&'static str> = Some("its address");
    type Needs = Ref<UserPool>;
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.prefix.clone()
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::UserPool, &key.user_pool_id))
    }

    fn key(&self, _cx: &Cx, pool: Option<&Given<Self>>) -> Option<Key> {
        let pool = pool?;
        Some(Key {
            user_pool_id: pool.id.clone(),
            domain: self.prefix.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _pool: &Given<Self>) -> Result<Output, Fault> {
        let operation = "cognito-idp:CreateUserPoolDomain";
        let created = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .cognito
                    .create_user_pool_domain()
                    .user_pool_id(&key.user_pool_id)
                    .domain(&key.domain)
                    .managed_login_version(CLASSIC)
                    .send()
            })
            .await;
        let Err(fault) = created else {
            return Ok(output(key));
        };
        if !fault.is_code("InvalidParameterException") {
            return Err(fault);
        }
        // Taken: by an earlier call of ours, or by anybody in the region, whose pool is not shown.
        match Self::find(cx, key).await? {
            Found::Ours(out) => Ok(out),
            Found::Foreign(stranger) => Err(Fault::foreign(operation, stranger.seen)),
            Found::Absent if fault.message.contains("already associated") => {
                let prefix = &key.domain;
                let seen = format!(
                    "the domain prefix {prefix} is taken in this region, perhaps in another account: write another `domain` in lab.yaml"
                );
                Err(Fault::foreign(operation, seen))
            }
            Found::Absent => Err(fault),
        }
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        Ok(match found(key, describe(cx, key).await?.as_ref()) {
            Found::Ours(_) => Health::Ok,
            Found::Foreign(stranger) => Health::Foreign(stranger),
            Found::Absent => Health::Missing,
        })
    }

    /// Domains carry no tags: it is ours when it is our pool's.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        Ok(found(key, describe(cx, key).await?.as_ref()))
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        let deleted = cx
            .call(
                "cognito-idp:DeleteUserPoolDomain",
                Effect::Idempotent,
                || {
                    cx.clients()
                        .cognito
                        .delete_user_pool_domain()
                        .user_pool_id(&key.user_pool_id)
                        .domain(&key.domain)
                        .send()
                },
            )
            .await;
        match present(deleted) {
            Ok(_) => Ok(()),
            // A domain that is not there is a wrong parameter.
            Err(fault) if fault.is_code("InvalidParameterException") => {
                match Self::find(cx, key).await? {
                    Found::Ours(_) => Err(fault),
                    Found::Foreign(_) | Found::Absent => Ok(()),
                }
            }
            Err(fault) => Err(fault),
        }
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(key.domain.clone())
    }
}
