//! The usage plan that makes an API key good for the stage.

use aws_sdk_apigateway::{
    operation::get_usage_plan::GetUsagePlanOutput,
    types::{ApiStage, Op, PatchOperation},
};
use serde::{Deserialize, Serialize};

use super::{rest_api, stage};
use crate::{
    aws::{Cx, Effect, Fault, TAG_FIELD, stranger},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Resource, Stranger},
    resource::{Kind, RestApi, Stage, form, gone, present},
    sweep::Swept,
};

/// A usage plan with one stage, without limits of its own.
#[derive(Debug, Clone)]
pub struct UsagePlan {
    /// Its name (not unique at AWS).
    pub name: String,
}

/// The plan's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::text")]
    pub name: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub id: String,
}

const STAGES: &str = "apiStages";

async fn get(cx: &Cx, id: &str) -> Result<Option<GetUsagePlanOutput>, Fault> {
    let answer = cx
        .call("apigateway:GetUsagePlan", Effect::Read, || {
            let get = cx.clients().apigateway.get_usage_plan();
            get.usage_plan_id(id).send()
        })
        .await;
    present(answer)
}

fn arn(cx: &Cx, id: &str) -> String {
    cx.arn("apigateway", &format!("/usageplans/{id}"))
}

/// Describes somebody else's plan to which the recorded id leads.
fn foreign(cx: &Cx, plan: &GetUsagePlanOutput, out: &Output) -> Stranger {
    let what = format!("{} `{}`", arn(cx, &out.id), plan.name().unwrap_or_default());
    stranger(&what, plan.tags())
}

/// `API:STAGE`, as changes name it.
fn address(stage: &ApiStage) -> String {
    let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
    format!("{}:{}", part(stage.api_id()), part(stage.stage()))
}

fn wanted(stage: &stage::Output) -> String {
    format!("{}:{}", stage.api_id, stage.name)
}

async fn change(cx: &Cx, id: &str, patches: Vec<PatchOperation>) -> Result<(), Fault> {
    if patches.is_empty() {
        return Ok(());
    }
    cx.call("apigateway:UpdateUsagePlan", Effect::Idempotent, || {
        let update = cx.clients().apigateway.update_usage_plan();
        update
            .usage_plan_id(id)
            .set_patch_operations(Some(patches.clone()))
            .send()
    })
    .await
    .map(drop)
}

fn patch(op: Op, stage: &str) -> PatchOperation {
    PatchOperation::builder()
        .op(op)
        .path("/apiStages")
        .value(stage)
        .build()
}

impl Resource for UsagePlan {
    const KIND: Kind = Kind::UsagePlan;
    const SWEPT: Swept = Swept::Asked(&super::sweep::USAGE_PLAN);
    const ACTIONS: &'static [&'static str] = &[
        "apigateway:GET",
        "apigateway:POST",
        "apigateway:PATCH",
        "apigateway:DELETE",
    ];
    const REPEATS: bool = true;
    const TAGGED: bool = true;
    type Needs = (Ref<RestApi>, Ref<Stage>);
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

    async fn create(&self, cx: &Cx, key: &Key, (_, stage): &Given<Self>) -> Result<Output, Fault> {
        let operation = "apigateway:CreateUsagePlan";
        let stage = ApiStage::builder()
            .api_id(&stage.api_id)
            .stage(&stage.name)
            .build();
        let made = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .apigateway
                    .create_usage_plan()
                    .name(&key.name)
                    .api_stages(stage.clone())
                    .set_tags(Some(cx.tag_map()))
                    .send()
            })
            .await?;
        Ok(Output {
            id: made.id.ok_or_else(|| Fault::missing(operation, "id"))?,
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At {
            cx,
            out,
            given: (_, stage),
            ..
        } = at;
        let Some(seen) = get(cx, &out.id).await? else {
            return Ok(Health::Missing);
        };
        if cx.is_strange(seen.tags(), seen.name(), &at.key.name) {
            return Ok(Health::Foreign(foreign(cx, &seen, out)));
        }
        let mut compare = Compare::default();
        let stages: Vec<String> = seen.api_stages().iter().map(address).collect();
        compare.field(STAGES, &vec![wanted(stage)], &stages);
        cx.compare_tag(&mut compare, seen.tags());
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At {
            cx,
            out,
            given: (_, stage),
            ..
        } = at;
        if drift.iter().any(|d| d.field == TAG_FIELD) {
            Self::tag(cx, at.key, out).await?;
        }
        if drift.iter().any(|d| d.field == STAGES) {
            let now = get(cx, &out.id).await?;
            let now = now.as_ref().map(GetUsagePlanOutput::api_stages);
            let now: Vec<String> = now.unwrap_or_default().iter().map(address).collect();
            let wanted = wanted(stage);
            let others = now.iter().filter(|stage| **stage != wanted);
            let mut patches: Vec<_> = others.map(|stage| patch(Op::Remove, stage)).collect();
            if !now.contains(&wanted) {
                patches.push(patch(Op::Add, &wanted));
            }
            change(cx, &out.id, patches).await?;
        }
        Ok(out.clone())
    }

    async fn own(cx: &Cx, key: &Key, out: &Output) -> Result<Found<Output>, Fault> {
        Ok(match get(cx, &out.id).await? {
            None => Found::Absent,
            Some(seen) if cx.is_strange(seen.tags(), seen.name(), &key.name) => {
                Found::Foreign(foreign(cx, &seen, out))
            }
            Some(_) => Found::Ours(out.clone()),
        })
    }

    async fn tag(cx: &Cx, _key: &Key, out: &Output) -> Result<bool, Fault> {
        rest_api::tag(cx, &arn(cx, &out.id)).await.map(|()| true)
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let plans = cx.pages(
            "apigateway:GetUsagePlans",
            |position| {
                let list = cx.clients().apigateway.get_usage_plans().limit(500);
                list.set_position(position).send()
            },
            |page| (page.items.unwrap_or_default(), page.position),
        );
        let plans = plans.await?;
        let named = plans.iter().filter(|p| p.name() == Some(&key.name));
        for id in named.filter_map(|p| p.id()) {
            let plan = get(cx, id).await?;
            if plan.is_some_and(|plan| cx.owns(plan.tags())) {
                return Ok(Found::Ours(Output { id: id.to_owned() }));
            }
        }
        Ok(Found::Absent)
    }

    /// A plan is only deleted without stages.
    async fn delete(cx: &Cx, _key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(out) = out else { return Ok(()) };
        let Some(now) = get(cx, &out.id).await? else {
            return Ok(());
        };
        let stages = now.api_stages().iter().map(address);
        let patches = stages.map(|stage| patch(Op::Remove, &stage)).collect();
        gone(change(cx, &out.id, patches).await)?;
        gone(
            cx.call("apigateway:DeleteUsagePlan", Effect::Idempotent, || {
                let delete = cx.clients().apigateway.delete_usage_plan();
                delete.usage_plan_id(&out.id).send()
            })
            .await,
        )
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.id.clone())
    }
}
