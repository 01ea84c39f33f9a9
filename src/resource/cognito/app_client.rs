//! The app client of a single-page app: no secret, choice-based sign-in, refresh.

use std::collections::BTreeSet;

use aws_sdk_cognitoidentityprovider::types::{
    ExplicitAuthFlowsType, FeatureType, PreventUserExistenceErrorTypes, RefreshTokenRotationType,
    TimeUnitsType, TokenValidityUnitsType, UserPoolClientType,
};
use serde::{Deserialize, Serialize};

use super::{client_login::Login, identity_provider};
use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Rekey, Resource, StepId},
    lab,
    resource::{IdentityProvider, Kind, UserPool, form, gone, present},
    sweep::Swept,
};

/// An app client.
#[derive(Debug, Clone)]
pub struct AppClient {
    /// What the lab says of it. Its name is not unique at AWS.
    pub spec: lab::AppClient,
    /// Its users sign in at the managed login domain. Without one, what the client has of it is left as it is.
    pub at_domain: bool,
}

/// The pool and the client's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::user_pool_id")]
    pub user_pool_id: String,
    #[serde(deserialize_with = "form::text")]
    pub name: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub client_id: String,
}

impl AppClient {
    fn login(&self, providers: &[identity_provider::Output]) -> Option<Login> {
        self.at_domain.then(|| Login::wanted(&self.spec, providers))
    }

    /// With rotation, `REFRESH_TOKEN_AUTH` cannot be used: it gives no new refresh token.
    fn flows(&self) -> Vec<ExplicitAuthFlowsType> {
        let mut flows = vec![ExplicitAuthFlowsType::AllowUserAuth];
        if self.spec.rotation_grace_s.is_none() {
            flows.push(ExplicitAuthFlowsType::AllowRefreshTokenAuth);
        }
        flows
    }

    /// `None`: as AWS makes a client that is not told.
    fn rotation(&self, operation: &str) -> Result<Option<RefreshTokenRotationType>, Fault> {
        let rotation = self.spec.rotation_grace_s.map(|seconds| {
            RefreshTokenRotationType::builder()
                .feature(FeatureType::Enabled)
                .retry_grace_period_seconds(seconds)
                .build()
        });
        rotation
            .transpose()
            .map_err(|e| Fault::defect(operation, e))
    }
}

/// How long a rotated token lives on, when tokens are rotated.
fn grace(rotation: Option<&RefreshTokenRotationType>) -> Option<i32> {
    rotation
        .filter(|r| r.feature() == &FeatureType::Enabled)
        .map(|r| r.retry_grace_period_seconds().unwrap_or_default())
}

fn units() -> TokenValidityUnitsType {
    TokenValidityUnitsType::builder()
        .access_token(TimeUnitsType::Minutes)
        .id_token(TimeUnitsType::Minutes)
        .refresh_token(TimeUnitsType::Days)
        .build()
}

/// Of access, ID and refresh tokens.
fn unit_names(units: &TokenValidityUnitsType) -> [Option<&str>; 3] {
    [
        units.access_token(),
        units.id_token(),
        units.refresh_token(),
    ]
    .map(|unit| unit.map(TimeUnitsType::as_str))
}

async fn describe(
    cx: &Cx,
    key: &Key,
    client_id: &str,
) -> Result<Option<UserPoolClientType>, Fault> {
    let answer = cx
        .call("cognito-idp:DescribeUserPoolClient", Effect::Read, || {
            cx.clients()
                .cognito
                .describe_user_pool_client()
                .user_pool_id(&key.user_pool_id)
                .client_id(client_id)
                .send()
        })
        .await;
    Ok(present(answer)?.and_then(|a| a.user_pool_client))
}

impl Resource for AppClient {
    const KIND: Kind = Kind::AppClient;
    const SWEPT: Swept = Swept::Within(Kind::UserPool);
    const ACTIONS: &'static [&'static str] = &[
        "cognito-idp:CreateUserPoolClient",
        "cognito-idp:DeleteUserPoolClient",
        "cognito-idp:DescribeUserPoolClient",
        "cognito-idp:ListUserPoolClients",
        "cognito-idp:UpdateUserPoolClient",
    ];
    const REPEATS: bool = true;
    type Needs = (Ref<UserPool>, Vec<Ref<IdentityProvider>>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.spec.name.clone()
    }

    fn within((pool, _): &Self::Needs) -> Option<StepId> {
        Some(pool.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::UserPool, &key.user_pool_id))
    }

    fn key(&self, _cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (pool, _) = given?;
        Some(Key {
            user_pool_id: pool.id.clone(),
            name: self.spec.name.clone(),
        })
    }

    /// In the same pool its name is changed in place: its id stays.
    fn rekey(old: &Key, new: &Key) -> Rekey {
        if old.user_pool_id == new.user_pool_id {
            Rekey::InPlace
        } else {
            Rekey::Recreate
        }
    }

    async fn create(
        &self,
        cx: &Cx,
        key: &Key,
        (_, providers): &Given<Self>,
    ) -> Result<Output, Fault> {
        let operation = "cognito-idp:CreateUserPoolClient";
        let rotation = self.rotation(operation)?;
        let login = self.login(providers);
        let login = login.as_ref();
        let answer = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .cognito
                    .create_user_pool_client()
                    .user_pool_id(&key.user_pool_id)
                    .client_name(&key.name)
                    .generate_secret(false)
                    .set_explicit_auth_flows(Some(self.flows()))
                    .set_refresh_token_rotation(rotation.clone())
                    .prevent_user_existence_errors(PreventUserExistenceErrorTypes::Enabled)
                    .enable_token_revocation(true)
                    .auth_session_validity(self.spec.session_minutes)
                    .access_token_validity(self.spec.access_token_minutes)
                    .id_token_validity(self.spec.id_token_minutes)
                    .refresh_token_validity(self.spec.refresh_token_days)
                    .token_validity_units(units())
                    .set_allowed_o_auth_flows_user_pool_client(login.and_then(|l| l.enabled))
                    .set_allowed_o_auth_flows(login.and_then(|l| l.flows.clone()))
                    .set_allowed_o_auth_scopes(login.and_then(|l| l.scopes.clone()))
                    .set_callback_urls(login.and_then(|l| l.callback_urls.clone()))
                    .set_logout_urls(login.and_then(|l| l.logout_urls.clone()))
                    .set_supported_identity_providers(login.and_then(|l| l.providers.clone()))
                    .send()
            })
            .await?;
        let client_id = answer.user_pool_client.and_then(|c| c.client_id);
        Ok(Output {
            client_id: client_id.ok_or_else(|| Fault::missing(operation, "ClientId"))?,
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At {
            cx,
            key,
            out,
            given: (_, providers),
        } = at;
        let Some(client) = describe(cx, key, &out.client_id).await? else {
            return Ok(Health::Missing);
        };
        let flows = |flows: &[ExplicitAuthFlowsType]| -> BTreeSet<String> {
            flows.iter().map(|f| f.as_str().to_owned()).collect()
        };
        let mut compare = Compare::default();
        compare.field(
            "ClientName",
            &Some(key.name.as_str()),
            &client.client_name(),
        );
        compare.field(
            "ExplicitAuthFlows",
            &flows(&self.flows()),
            &flows(client.explicit_auth_flows()),
        );
        compare.field(
            "AuthSessionValidity",
            &Some(self.spec.session_minutes),
            &client.auth_session_validity(),
        );
        compare.field(
            "AccessTokenValidity",
            &Some(self.spec.access_token_minutes),
            &client.access_token_validity(),
        );
        compare.field(
            "IdTokenValidity",
            &Some(self.spec.id_token_minutes),
            &client.id_token_validity(),
        );
        compare.field(
            "RefreshTokenValidity",
            &self.spec.refresh_token_days,
            &client.refresh_token_validity(),
        );
        compare.field(
            "TokenValidityUnits",
            &Some(unit_names(&units())),
            &client.token_validity_units().map(unit_names),
        );
        let prevent = client.prevent_user_existence_errors();
        compare.field(
            "PreventUserExistenceErrors",
            &Some(PreventUserExistenceErrorTypes::Enabled.as_str()),
            &prevent.map(PreventUserExistenceErrorTypes::as_str),
        );
        let revocation = client.enable_token_revocation.unwrap_or(true);
        compare.field("EnableTokenRevocation", &true, &revocation);
        let seen = grace(client.refresh_token_rotation());
        let feature = |grace: Option<i32>| match grace {
            Some(_) => FeatureType::Enabled.as_str().to_owned(),
            None => FeatureType::Disabled.as_str().to_owned(),
        };
        let (wanted, now) = (feature(self.spec.rotation_grace_s), feature(seen));
        if wanted == now {
            compare.field(
                "RetryGracePeriodSeconds",
                &self.spec.rotation_grace_s,
                &seen,
            );
        } else {
            compare.field("RefreshTokenRotation", &wanted, &now);
        }
        if let Some(login) = self.login(providers) {
            let seen = Login::of(&client);
            for ((field, wanted), (_, seen)) in login.fields().iter().zip(&seen.fields()) {
                compare.field(field, wanted, seen);
            }
        }
        Ok(compare.health())
    }

    /// `UpdateUserPoolClient` replaces the whole client: read, merge, write.
    async fn update(&self, at: At<'_, Self>, _drift: &[Drift]) -> Result<Output, Fault> {
        let At {
            cx,
            key,
            out,
            given: (_, providers),
        } = at;
        let operation = "cognito-idp:UpdateUserPoolClient";
        let rotation = self.rotation(operation)?;
        let now = describe(cx, key, &out.client_id)
            .await?
            .ok_or_else(|| Fault::missing(operation, "UserPoolClient"))?;
        let login = self.login(providers).unwrap_or_else(|| Login::of(&now));
        cx.call(operation, Effect::Idempotent, || {
            cx.clients()
                .cognito
                .update_user_pool_client()
                .user_pool_id(&key.user_pool_id)
                .client_id(&out.client_id)
                .set_read_attributes(now.read_attributes.clone())
                .set_write_attributes(now.write_attributes.clone())
                .set_supported_identity_providers(login.providers.clone())
                .set_callback_urls(login.callback_urls.clone())
                .set_logout_urls(login.logout_urls.clone())
                .set_default_redirect_uri(now.default_redirect_uri.clone())
                .set_allowed_o_auth_flows(login.flows.clone())
                .set_allowed_o_auth_scopes(login.scopes.clone())
                .set_allowed_o_auth_flows_user_pool_client(login.enabled)
                .set_analytics_configuration(now.analytics_configuration.clone())
                .set_enable_propagate_additional_user_context_data(
                    now.enable_propagate_additional_user_context_data,
                )
                .client_name(&key.name)
                .prevent_user_existence_errors(PreventUserExistenceErrorTypes::Enabled)
                .enable_token_revocation(true)
                .set_explicit_auth_flows(Some(self.flows()))
                .set_refresh_token_rotation(rotation.clone())
                .auth_session_validity(self.spec.session_minutes)
                .access_token_validity(self.spec.access_token_minutes)
                .id_token_validity(self.spec.id_token_minutes)
                .refresh_token_validity(self.spec.refresh_token_days)
                .token_validity_units(units())
                .send()
        })
        .await?;
        Ok(out.clone())
    }

    /// By name in our pool, so it is ours.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let clients = cx.pages(
            "cognito-idp:ListUserPoolClients",
            |token| {
                let list = cx.clients().cognito.list_user_pool_clients();
                let list = list.user_pool_id(&key.user_pool_id).max_results(60);
                list.set_next_token(token).send()
            },
            |page| (page.user_pool_clients.unwrap_or_default(), page.next_token),
        );
        let clients = present(clients.await)?.unwrap_or_default();
        let client = clients
            .into_iter()
            .find(|c| c.client_name() == Some(&key.name));
        Ok(client
            .and_then(|c| c.client_id)
            .map_or(Found::Absent, |client_id| Found::Ours(Output { client_id })))
    }

    async fn delete(cx: &Cx, key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(out) = out else { return Ok(()) };
        gone(
            cx.call(
                "cognito-idp:DeleteUserPoolClient",
                Effect::Idempotent,
                || {
                    cx.clients()
                        .cognito
                        .delete_user_pool_client()
                        .user_pool_id(&key.user_pool_id)
                        .client_id(&out.client_id)
                        .send()
                },
            )
            .await,
        )
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.client_id.clone())
    }
}
