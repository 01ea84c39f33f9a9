//! Usage plans: which keys may call which stages, and how much.

pub(super) mod keys;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    State,
    api::Paging,
    api_key::{change, read},
    fault,
    patch::{Op, PatchOperation},
    tags::check_tags,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
    ids,
};

/// `UsagePlan` of the model, and its keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsagePlan {
    pub(super) id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default)]
    api_stages: Vec<ApiStage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) throttle: Option<Throttle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quota: Option<Quota>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_code: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
    /// Ids of API keys; no member of the model's shape.
    pub(super) keys: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiStage {
    #[serde(default)]
    api_id: String,
    #[serde(default)]
    stage: String,
    /// Limits by method, which are not served.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    throttle: Map<String, Value>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Throttle {
    pub(super) burst_limit: i32,
    /// Requests a second.
    pub(super) rate_limit: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Quota {
    #[serde(default)]
    pub(super) limit: i32,
    /// Requests that count as made in the first period.
    #[serde(default)]
    pub(super) offset: i32,
    #[serde(default)]
    pub(super) period: Period,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Period {
    #[default]
    Day,
    Week,
    Month,
}

impl UsagePlan {
    pub(super) fn has_key(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key == id)
    }

    pub(super) fn serves(&self, api: &str, stage: &str) -> bool {
        let this = |s: &ApiStage| s.api_id == api && s.stage == stage;
        self.api_stages.iter().any(this)
    }

    fn shown(&self) -> Answer {
        let mut shown = answer(self)?;
        if let Value::Object(members) = &mut shown {
            members.remove("keys");
        }
        Ok(shown)
    }

    /// `GetUsagePlan` and `UpdateUsagePlan` answer tags also when there are none (LocalStack's `test_usage_plan_crud`).
    fn shown_alone(&self) -> Answer {
        let mut shown = self.shown()?;
        shown["tags"] = answer(&self.tags)?;
        Ok(shown)
    }

    /// `before` is the plan that this one replaces: stages of it may be gone by now.
    fn check(&self, state: &State, before: Option<&Self>) -> Result<(), ApiError> {
        if self.name.is_empty() {
            return Err(fault::bad_request("Usage plan name cannot be empty"));
        }
        for stage in &self.api_stages {
            if !stage.throttle.is_empty() {
                return Err(fault::not_served("throttling of usage plans by method"));
            }
            let known = before.is_some_and(|plan| plan.api_stages.contains(stage));
            let api = state.apis.get(&stage.api_id);
            if !known && api.is_none_or(|api| !api.stages.contains_key(&stage.stage)) {
                let message = format!(
                    "Invalid API Stage {{api: {}, stage: {}}} specified for usageplan {}",
                    stage.api_id, stage.stage, self.id
                );
                return Err(ApiError::new(404, "NotFoundException", message));
            }
        }
        if let Some(throttle) = &self.throttle
            && (throttle.burst_limit < 0 || throttle.rate_limit < 0.0)
        {
            return Err(fault::bad_request(
                "Usage Plan throttle limits must not be negative",
            ));
        }
        if let Some(quota) = &self.quota {
            let (days, words) = match quota.period {
                Period::Day => (0, "zero in the DAY period"),
                Period::Week => (6, "between zero and six inclusive in the WEEK period"),
                Period::Month => (27, "between zero and 27 inclusive in the MONTH period"),
            };
            if quota.limit <= 0 {
                return Err(fault::bad_request(
                    "Usage Plan quota limit must be greater than zero",
                ));
            }
            if !(0..=days).contains(&quota.offset) {
                return Err(fault::bad_request(format!(
                    "Usage Plan quota offset must be {words}"
                )));
            }
        }
        Ok(())
    }

    fn patch(&mut self, patch: &PatchOperation) -> Result<(), ApiError> {
        const CAN: [&str; 10] = [
            "/name",
            "/description",
            "/productCode",
            "/apiStages",
            "/throttle",
            "/throttle/rateLimit",
            "/throttle/burstLimit",
            "/quota",
            "/quota/limit, /quota/offset",
            "/quota/period",
        ];
        let quota = |plan: &mut Self| -> Quota {
            plan.quota.take().unwrap_or(Quota {
                limit: 0,
                offset: 0,
                period: Period::Day,
            })
        };
        match (patch.op, patch.path.as_str()) {
            (Some(Op::Replace), "/name") => patch.text()?.clone_into(&mut self.name),
            (Some(Op::Replace), "/description") => self.description = patch.optional(),
            (Some(Op::Replace), "/productCode") => self.product_code = patch.optional(),
            (Some(Op::Add), "/apiStages") => {
                let stage = stage_of(patch)?;
                if !self.api_stages.contains(&stage) {
                    self.api_stages.push(stage);
                }
            }
            (Some(Op::Remove), "/apiStages") => {
                let stage = stage_of(patch)?;
                self.api_stages.retain(|known| *known != stage);
            }
            (Some(Op::Remove), "/throttle") => self.throttle = None,
            (Some(Op::Remove), "/quota") => self.quota = None,
            (Some(Op::Add | Op::Replace), at) => match at {
                "/throttle/rateLimit" => {
                    self.throttle.get_or_insert_default().rate_limit = patch.number()?;
                }
                "/throttle/burstLimit" => {
                    self.throttle.get_or_insert_default().burst_limit = patch.number()?;
                }
                "/quota/limit" => {
                    let limit = patch.number()?;
                    self.quota = Some(Quota {
                        limit,
                        ..quota(self)
                    });
                }
                "/quota/offset" => {
                    let offset = patch.number()?;
                    self.quota = Some(Quota {
                        offset,
                        ..quota(self)
                    });
                }
                "/quota/period" => {
                    let period = patch.variant()?;
                    self.quota = Some(Quota {
                        period,
                        ..quota(self)
                    });
                }
                at if at.starts_with("/apiStages/") => {
                    return Err(fault::not_served("throttling of usage plans by method"));
                }
                _ => return Err(patch.refused(&CAN)),
            },
            _ => return Err(patch.refused(&CAN)),
        }
        Ok(())
    }
}

/// `{api id}:{stage}`
fn stage_of(patch: &PatchOperation) -> Result<ApiStage, ApiError> {
    let text = patch.optional().unwrap_or_default();
    let invalid = || fault::bad_request("Invalid API Stage specified");
    let (api_id, stage) = text.split_once(':').ok_or_else(invalid)?;
    Ok(ApiStage {
        api_id: api_id.to_owned(),
        stage: stage.to_owned(),
        throttle: Map::new(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    name: String,
    description: Option<String>,
    #[serde(default)]
    api_stages: Vec<ApiStage>,
    throttle: Option<Throttle>,
    quota: Option<Quota>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdInput {
    usage_plan_id: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListInput {
    key_id: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

fn plan<'a>(state: &'a State, id: &str) -> Result<&'a UsagePlan, ApiError> {
    state.usage_plans.get(id).ok_or_else(absent)
}

pub(super) fn absent() -> ApiError {
    ApiError::new(404, "NotFoundException", "Invalid Usage Plan ID specified")
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: CreateInput = call.input()?;
    check_tags(&input.tags)?;
    let plan = UsagePlan {
        id: ids::lower(6),
        name: input.name,
        description: input.description,
        api_stages: input.api_stages,
        throttle: input.throttle,
        quota: input.quota,
        product_code: None,
        tags: input.tags,
        keys: Vec::new(),
    };
    change(app, call, |state| {
        plan.check(state, None)?;
        let shown = plan.shown()?;
        state.usage_plans.insert(plan.id.clone(), plan);
        Ok(shown)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    read(app, call, |state| {
        plan(state, &input.usage_plan_id)?.shown_alone()
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    read(app, call, |state| {
        let wanted = |plan: &&UsagePlan| input.key_id.as_ref().is_none_or(|id| plan.has_key(id));
        let plans: Vec<Value> = state
            .usage_plans
            .values()
            .filter(wanted)
            .map(UsagePlan::shown)
            .collect::<Result<_, ApiError>>()?;
        let id = |shown: &Value| shown["id"].as_str().unwrap_or_default().to_owned();
        Ok(json!(input.paging.list(plans, id)?))
    })
}

pub(super) fn update(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    change(app, call, |state| {
        let before = plan(state, &input.usage_plan_id)?;
        let mut plan = before.clone();
        for patch in &input.patch_operations {
            plan.patch(patch)?;
        }
        plan.check(state, Some(before))?;
        let shown = plan.shown_alone()?;
        state.usage_plans.insert(input.usage_plan_id, plan);
        Ok(shown)
    })
}

/// Its stages have to be taken out first. Unsure of the wording.
pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    change(app, call, |state| {
        let plan = plan(state, &input.usage_plan_id)?;
        if !plan.api_stages.is_empty() {
            return Err(fault::bad_request(format!(
                "Usage plan {} cannot be deleted: its API stages have to be removed first",
                plan.id
            )));
        }
        state.usage_plans.remove(&input.usage_plan_id);
        empty()
    })
}
