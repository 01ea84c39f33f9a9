//! The stage that serves a deployment, tagged.

use aws_sdk_apigateway::types::{Op, PatchOperation};
use serde::{Deserialize, Serialize};

use super::rest_api;
use crate::{
    aws::{Cx, Effect, Fault, TAG_FIELD},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Resource, StepId},
    resource::{Deployment, Kind, RestApi, form, gone, present},
    sweep::Swept,
};

/// A stage.
#[derive(Debug, Clone)]
pub struct Stage {
    /// e.g. `dev`.
    pub name: String,
}

/// The API and the stage's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub api_id: String,
    #[serde(deserialize_with = "form::id")]
    pub name: String,
}

/// What makes up the invoke URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub api_id: String,
    #[serde(deserialize_with = "form::id")]
    pub name: String,
}

impl Key {
    fn output(&self) -> Output {
        Output {
            api_id: self.api_id.clone(),
            name: self.name.clone(),
        }
    }
}

async fn get(
    cx: &Cx,
    key: &Key,
) -> Result<Option<aws_sdk_apigateway::operation::get_stage::GetStageOutput>, Fault> {
    let answer = cx
        .call("apigateway:GetStage", Effect::Read, || {
            cx.clients()
                .apigateway
                .get_stage()
                .rest_api_id(&key.api_id)
                .stage_name(&key.name)
                .send()
        })
        .await;
    present(answer)
}

impl Resource for Stage {
    const KIND: Kind = Kind::Stage;
    const DERIVED: bool = true;
    const SWEPT: Swept = Swept::Within(Kind::RestApi);
    const ACTIONS: &'static [&'static str] = &[
        "apigateway:GET",
        "apigateway:POST",
        "apigateway:PATCH",
        "apigateway:DELETE",
    ];
    const CARRIES: Option<&'static str> = Some("its invoke URL");
    const TAGGED: bool = true;
    type Needs = (Ref<RestApi>, Ref<Deployment>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn within((api, _): &Self::Needs) -> Option<StepId> {
        Some(api.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::RestApi, &key.api_id))
    }

    fn key(&self, _cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (api, _) = given?;
        Some(Key {
            api_id: api.id.clone(),
            name: self.name.clone(),
        })
    }

    async fn create(
        &self,
        cx: &Cx,
        key: &Key,
        (_, deployment): &Given<Self>,
    ) -> Result<Output, Fault> {
        cx.call("apigateway:CreateStage", Effect::Create, || {
            cx.clients()
                .apigateway
                .create_stage()
                .rest_api_id(&key.api_id)
                .stage_name(&key.name)
                .deployment_id(&deployment.id)
                .set_tags(Some(cx.tag_map()))
                .send()
        })
        .await?;
        Ok(key.output())
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At {
            cx,
            key,
            given: (_, deployment),
            ..
        } = at;
        let Some(stage) = get(cx, key).await? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        compare.field(
            "deploymentId",
            &Some(deployment.id.as_str()),
            &stage.deployment_id(),
        );
        cx.compare_tag(&mut compare, stage.tags());
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At {
            cx,
            key,
            out,
            given: (_, deployment),
        } = at;
        if drift.iter().any(|d| d.field == TAG_FIELD) {
            Self::tag(cx, key, out).await?;
        }
        if drift.iter().all(|d| d.field == TAG_FIELD) {
            return Ok(out.clone());
        }
        let patch = PatchOperation::builder()
            .op(Op::Replace)
            .path("/deploymentId")
            .value(&deployment.id)
            .build();
        cx.call("apigateway:UpdateStage", Effect::Idempotent, || {
            cx.clients()
                .apigateway
                .update_stage()
                .rest_api_id(&key.api_id)
                .stage_name(&key.name)
                .patch_operations(patch.clone())
                .send()
        })
        .await?;
        Ok(out.clone())
    }

    /// In our API, so it is ours.
    async fn tag(cx: &Cx, key: &Key, _out: &Output) -> Result<bool, Fault> {
        let arn = format!("{}/stages/{}", rest_api::arn(cx, &key.api_id), key.name);
        rest_api::tag(cx, &arn).await.map(|()| true)
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        Ok(get(cx, key)
            .await?
            .map_or(Found::Absent, |_| Found::Ours(key.output())))
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        gone(
            cx.call("apigateway:DeleteStage", Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .delete_stage()
                    .rest_api_id(&key.api_id)
                    .stage_name(&key.name)
                    .send()
            })
            .await,
        )
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(key.name.clone())
    }
}
