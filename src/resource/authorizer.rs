//! The Cognito authorizer: checks the token that a caller sends.

use aws_sdk_apigateway::types::{AuthorizerType, Op, PatchOperation};
use serde::{Deserialize, Serialize};

use super::{RestApi, UserPool, gone, present};
use crate::{
    aws::{Cx, Effect, Fault},
    engine::{Compare, Drift, Found, Given, Health, Ref, Resource, StepId},
    resource::Kind,
};

/// A `COGNITO_USER_POOLS` authorizer.
#[derive(Debug, Clone)]
pub struct Authorizer {
    /// Its name, unique in the API.
    pub name: String,
    /// The header with the token.
    pub token_source: String,
    /// How long results are cached, seconds.
    pub ttl_s: i32,
}

/// The API and the name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    pub api_id: String,
    pub name: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub id: String,
}

impl Authorizer {
    fn identity_source(&self) -> String {
        format!("method.request.header.{}", self.token_source)
    }
}

impl Resource for Authorizer {
    const KIND: Kind = Kind::Authorizer;
    type Needs = (Ref<RestApi>, Ref<UserPool>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn within((api, _): &Self::Needs) -> Option<StepId> {
        Some(api.id().clone())
    }

    fn key(&self, _cx: &Cx, (api, _): &Given<Self>) -> Key {
        Key {
            api_id: api.id.clone(),
            name: self.name.clone(),
        }
    }

    async fn create(&self, cx: &Cx, key: &Key, (_, pool): &Given<Self>) -> Result<Output, Fault> {
        let operation = "apigateway:CreateAuthorizer";
        let made = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .apigateway
                    .create_authorizer()
                    .rest_api_id(&key.api_id)
                    .name(&key.name)
                    .r#type(AuthorizerType::CognitoUserPools)
                    .provider_arns(&pool.arn)
                    .identity_source(self.identity_source())
                    .authorizer_result_ttl_in_seconds(self.ttl_s)
                    .send()
            })
            .await?;
        Ok(Output {
            id: made.id.ok_or_else(|| Fault::missing(operation, "id"))?,
        })
    }

    async fn check(
        &self,
        cx: &Cx,
        key: &Key,
        out: &Output,
        (_, pool): &Given<Self>,
    ) -> Result<Health, Fault> {
        let answer = cx
            .call("apigateway:GetAuthorizer", Effect::Read, || {
                cx.clients()
                    .apigateway
                    .get_authorizer()
                    .rest_api_id(&key.api_id)
                    .authorizer_id(&out.id)
                    .send()
            })
            .await;
        let Some(seen) = present(answer)? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        compare.field("name", &Some(self.name.as_str()), &seen.name());
        compare.field(
            "providerARNs",
            &[pool.arn.clone()][..],
            seen.provider_arns(),
        );
        compare.field(
            "identitySource",
            &Some(self.identity_source().as_str()),
            &seen.identity_source(),
        );
        compare.field(
            "authorizerResultTtlInSeconds",
            &Some(self.ttl_s),
            &seen.authorizer_result_ttl_in_seconds(),
        );
        Ok(compare.health())
    }

    async fn update(
        &self,
        cx: &Cx,
        key: &Key,
        out: &Output,
        drift: &[Drift],
        (_, pool): &Given<Self>,
    ) -> Result<Output, Fault> {
        let patch = |op: Op, path: &str, value: &str| {
            PatchOperation::builder()
                .op(op)
                .path(path)
                .value(value)
                .build()
        };
        let mut patches = Vec::new();
        for field in drift.iter().map(|d| d.field.as_str()) {
            match field {
                "name" => patches.push(patch(Op::Replace, "/name", &self.name)),
                "identitySource" => patches.push(patch(
                    Op::Replace,
                    "/identitySource",
                    &self.identity_source(),
                )),
                "authorizerResultTtlInSeconds" => {
                    patches.push(patch(
                        Op::Replace,
                        "/authorizerResultTtlInSeconds",
                        &self.ttl_s.to_string(),
                    ));
                }
                "providerARNs" => {
                    let answer = cx
                        .call("apigateway:GetAuthorizer", Effect::Read, || {
                            let api = &cx.clients().apigateway;
                            api.get_authorizer()
                                .rest_api_id(&key.api_id)
                                .authorizer_id(&out.id)
                                .send()
                        })
                        .await?;
                    // The new one first: an authorizer is never without a pool.
                    patches.push(patch(Op::Add, "/providerARNs", &pool.arn));
                    let others = answer
                        .provider_arns()
                        .iter()
                        .filter(|arn| **arn != pool.arn);
                    patches.extend(others.map(|arn| patch(Op::Remove, "/providerARNs", arn)));
                }
                _ => return Err(Fault::cannot_change(Self::KIND, &self.name, field)),
            }
        }
        cx.call("apigateway:UpdateAuthorizer", Effect::Idempotent, || {
            cx.clients()
                .apigateway
                .update_authorizer()
                .rest_api_id(&key.api_id)
                .authorizer_id(&out.id)
                .set_patch_operations(Some(patches.clone()))
                .send()
        })
        .await?;
        Ok(out.clone())
    }

    /// By name in our API, so it is ours.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let answer = cx
            .call("apigateway:GetAuthorizers", Effect::Read, || {
                cx.clients()
                    .apigateway
                    .get_authorizers()
                    .rest_api_id(&key.api_id)
                    .limit(500)
                    .send()
            })
            .await;
        let Some(all) = present(answer)? else {
            return Ok(Found::Absent);
        };
        let id = all
            .items()
            .iter()
            .find(|a| a.name() == Some(&key.name))
            .and_then(|a| a.id());
        Ok(id.map_or(Found::Absent, |id| {
            Found::Ours(Output { id: id.to_owned() })
        }))
    }

    async fn delete(cx: &Cx, key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(out) = out else { return Ok(()) };
        gone(
            cx.call("apigateway:DeleteAuthorizer", Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .delete_authorizer()
                    .rest_api_id(&key.api_id)
                    .authorizer_id(&out.id)
                    .send()
            })
            .await,
        )
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.id.clone())
    }
}
