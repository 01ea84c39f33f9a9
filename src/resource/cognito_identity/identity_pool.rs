//! A Cognito identity pool: temporary AWS keys for the signed-in users of the user pool.

use aws_sdk_cognitoidentity::{
    operation::describe_identity_pool::DescribeIdentityPoolOutput, types::CognitoIdentityProvider,
};
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault, stranger},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Rekey, Resource, Stranger},
    resource::{
        AppClient, Kind, UserPool, cognito::app_client, cognito::user_pool, form, gone, present,
    },
    sweep::Swept,
};

/// An identity pool without guests, whose only provider is the user pool's app client.
#[derive(Debug, Clone)]
pub struct IdentityPool {
    /// Its name (not unique at AWS).
    pub name: String,
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
    /// `us-east-1:` and a UUID.
    #[serde(deserialize_with = "form::identity_pool_id")]
    pub id: String,
}

/// What the ID tokens of a user pool are called as a login.
pub fn provider_name(region: &str, user_pool_id: &str) -> String {
    format!("cognito-idp.{region}.amazonaws.com/{user_pool_id}")
}

/// The server side check makes a globally signed-out user's token worthless here.
fn provider(
    cx: &Cx,
    pool: &user_pool::Output,
    client: &app_client::Output,
) -> CognitoIdentityProvider {
    CognitoIdentityProvider::builder()
        .provider_name(provider_name(cx.region(), &pool.id))
        .client_id(&client.client_id)
        .server_side_token_check(true)
        .build()
}

fn words(provider: &CognitoIdentityProvider) -> String {
    format!(
        "{} {} {}",
        provider.provider_name().unwrap_or_default(),
        provider.client_id().unwrap_or_default(),
        provider.server_side_token_check().unwrap_or_default()
    )
}

/// Describes somebody else's pool to which the recorded id leads.
fn foreign(pool: &DescribeIdentityPoolOutput) -> Stranger {
    let what = format!("{} `{}`", pool.identity_pool_id, pool.identity_pool_name);
    stranger(&what, pool.identity_pool_tags())
}

async fn describe(cx: &Cx, id: &str) -> Result<Option<DescribeIdentityPoolOutput>, Fault> {
    let answer = cx
        .call(
            "cognito-identity:DescribeIdentityPool",
            Effect::Read,
            || {
                cx.clients()
                    .cognito_identity
                    .describe_identity_pool()
                    .identity_pool_id(id)
                    .send()
            },
        )
        .await;
    present(answer)
}

impl Resource for IdentityPool {
    const KIND: Kind = Kind::IdentityPool;
    const SWEPT: Swept = Swept::Asked(&super::sweep::IDENTITY_POOL);
    const ACTIONS: &'static [&'static str] = &[
        "cognito-identity:CreateIdentityPool",
        "cognito-identity:DeleteIdentityPool",
        "cognito-identity:DescribeIdentityPool",
        "cognito-identity:ListIdentityPools",
        "cognito-identity:TagResource",
        "cognito-identity:UpdateIdentityPool",
    ];
    const CARRIES: Option<&'static str> = Some("its id and its users' identities");
    const TAGGED: bool = true;
    type Needs = (Ref<UserPool>, Ref<AppClient>);
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

    async fn create(
        &self,
        cx: &Cx,
        key: &Key,
        (pool, client): &Given<Self>,
    ) -> Result<Output, Fault> {
        let made = cx
            .call(
                "cognito-identity:CreateIdentityPool",
                Effect::Create,
                || {
                    cx.clients()
                        .cognito_identity
                        .create_identity_pool()
                        .identity_pool_name(&key.name)
                        .allow_unauthenticated_identities(false)
                        .allow_classic_flow(false)
                        .cognito_identity_providers(provider(cx, pool, client))
                        .set_identity_pool_tags(Some(cx.tag_map()))
                        .send()
                },
            )
            .await?;
        Ok(Output {
            id: made.identity_pool_id,
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At {
            cx,
            out,
            given: (pool, client),
            ..
        } = at;
        let Some(seen) = describe(cx, &out.id).await? else {
            return Ok(Health::Missing);
        };
        let name = Some(seen.identity_pool_name());
        if cx.is_strange(seen.identity_pool_tags(), name, &at.key.name) {
            return Ok(Health::Foreign(foreign(&seen)));
        }
        let mut compare = Compare::default();
        compare.field(
            "IdentityPoolName",
            self.name.as_str(),
            seen.identity_pool_name.as_str(),
        );
        compare.field(
            "AllowUnauthenticatedIdentities",
            &false,
            &seen.allow_unauthenticated_identities,
        );
        compare.field(
            "AllowClassicFlow",
            &false,
            &seen.allow_classic_flow.unwrap_or_default(),
        );
        let wanted = vec![words(&provider(cx, pool, client))];
        let now = seen.cognito_identity_providers().iter().map(words);
        compare.field(
            "CognitoIdentityProviders",
            &wanted,
            &now.collect::<Vec<_>>(),
        );
        cx.compare_tag(&mut compare, seen.identity_pool_tags());
        Ok(compare.health())
    }

    /// `UpdateIdentityPool` replaces the whole pool: read, merge, write.
    async fn update(&self, at: At<'_, Self>, _drift: &[Drift]) -> Result<Output, Fault> {
        let At {
            cx,
            out,
            given: (pool, client),
            ..
        } = at;
        let operation = "cognito-identity:UpdateIdentityPool";
        let now = describe(cx, &out.id)
            .await?
            .ok_or_else(|| Fault::missing(operation, "IdentityPool"))?;
        let mut tags = now.identity_pool_tags.clone().unwrap_or_default();
        tags.extend(cx.tag_map());
        cx.call(operation, Effect::Idempotent, || {
            cx.clients()
                .cognito_identity
                .update_identity_pool()
                .identity_pool_id(&out.id)
                .identity_pool_name(&self.name)
                .set_supported_login_providers(now.supported_login_providers.clone())
                .set_developer_provider_name(now.developer_provider_name.clone())
                .set_open_id_connect_provider_arns(now.open_id_connect_provider_arns.clone())
                .set_saml_provider_arns(now.saml_provider_arns.clone())
                .allow_unauthenticated_identities(false)
                .allow_classic_flow(false)
                .cognito_identity_providers(provider(cx, pool, client))
                .set_identity_pool_tags(Some(tags.clone()))
                .send()
        })
        .await?;
        Ok(out.clone())
    }

    async fn own(cx: &Cx, key: &Key, out: &Output) -> Result<Found<Output>, Fault> {
        let Some(seen) = describe(cx, &out.id).await? else {
            return Ok(Found::Absent);
        };
        let name = Some(seen.identity_pool_name());
        Ok(
            if cx.is_strange(seen.identity_pool_tags(), name, &key.name) {
                Found::Foreign(foreign(&seen))
            } else {
                Found::Ours(out.clone())
            },
        )
    }

    async fn tag(cx: &Cx, _key: &Key, out: &Output) -> Result<bool, Fault> {
        let arn = cx.arn("cognito-identity", &format!("identitypool/{}", out.id));
        cx.call("cognito-identity:TagResource", Effect::Idempotent, || {
            cx.clients()
                .cognito_identity
                .tag_resource()
                .resource_arn(&arn)
                .set_tags(Some(cx.tag_map()))
                .send()
        })
        .await
        .map(|_| true)
    }

    /// By name, then by tags: a list shows no tags, and names are not unique.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let pools = cx.pages(
            "cognito-identity:ListIdentityPools",
            |token| {
                let list = cx.clients().cognito_identity.list_identity_pools();
                list.max_results(60).set_next_token(token).send()
            },
            |page| (page.identity_pools.unwrap_or_default(), page.next_token),
        );
        let pools = pools.await?;
        let named = pools
            .iter()
            .filter(|p| p.identity_pool_name() == Some(&key.name));
        for id in named.filter_map(|p| p.identity_pool_id()) {
            let pool = describe(cx, id).await?;
            if pool.is_some_and(|pool| cx.owns(pool.identity_pool_tags())) {
                return Ok(Found::Ours(Output { id: id.to_owned() }));
            }
        }
        Ok(Found::Absent)
    }

    async fn delete(cx: &Cx, _key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(out) = out else { return Ok(()) };
        let operation = "cognito-identity:DeleteIdentityPool";
        gone(
            cx.call(operation, Effect::Idempotent, || {
                cx.clients()
                    .cognito_identity
                    .delete_identity_pool()
                    .identity_pool_id(&out.id)
                    .send()
            })
            .await,
        )
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.id.clone())
    }
}
