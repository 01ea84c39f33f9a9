//! The keys of usage plans.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        api::Paging,
        api_key::{self, ApiKey, change, read},
        fault,
    },
    UsagePlan, plan,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, empty},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyInput {
    usage_plan_id: String,
    key_id: String,
    key_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeysInput {
    usage_plan_id: String,
    name_query: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

fn shown(key: &ApiKey) -> Value {
    json!({ "id": key.id, "type": "API_KEY", "value": key.value, "name": key.name })
}

/// A key is in one plan of a stage at most. Unsure of the wording.
pub(in super::super) fn create(app: &App, call: &Call) -> Answer {
    let input: KeyInput = call.input()?;
    if input.key_type.as_deref() != Some("API_KEY") {
        return Err(fault::bad_request(
            "Invalid key type specified. Must be one of: [API_KEY]",
        ));
    }
    change(app, call, |state| {
        let wanted = plan(state, &input.usage_plan_id)?;
        let key = state
            .api_keys
            .get(&input.key_id)
            .ok_or_else(api_key::absent)?;
        let shared = |other: &&UsagePlan| {
            let stages = &other.api_stages;
            other.has_key(&key.id)
                && (other.id == wanted.id
                    || stages.iter().any(|s| wanted.serves(&s.api_id, &s.stage)))
        };
        if let Some(other) = state.usage_plans.values().find(shared) {
            return Err(fault::conflict(format!(
                "API key {} is already in usage plan {} with the same API stage",
                key.id, other.id
            )));
        }
        let shown = shown(key);
        if let Some(plan) = state.usage_plans.get_mut(&input.usage_plan_id) {
            plan.keys.push(input.key_id);
        }
        Ok(shown)
    })
}

pub(in super::super) fn get(app: &App, call: &Call) -> Answer {
    let input: KeyInput = call.input()?;
    read(app, call, |state| {
        let plan = plan(state, &input.usage_plan_id)?;
        let key = state
            .api_keys
            .get(&input.key_id)
            .filter(|key| plan.has_key(&key.id));
        key.map(shown).ok_or_else(absent)
    })
}

pub(in super::super) fn list(app: &App, call: &Call) -> Answer {
    let input: KeysInput = call.input()?;
    read(app, call, |state| {
        // An unknown plan has none (moto's and LocalStack's tests, validated on AWS).
        let plan = state.usage_plans.get(&input.usage_plan_id);
        let wanted = |key: &&ApiKey| {
            let name = key.name.as_deref().unwrap_or_default();
            let named = input.name_query.as_ref();
            plan.is_some_and(|plan| plan.has_key(&key.id))
                && named.is_none_or(|prefix| name.starts_with(prefix))
        };
        let keys = state.api_keys.values().filter(wanted);
        let keys: Vec<Value> = keys.map(shown).collect();
        let id = |shown: &Value| shown["id"].as_str().unwrap_or_default().to_owned();
        Ok(json!(input.paging.list(keys, id)?))
    })
}

pub(in super::super) fn delete(app: &App, call: &Call) -> Answer {
    let input: KeyInput = call.input()?;
    change(app, call, |state| {
        if !plan(state, &input.usage_plan_id)?.has_key(&input.key_id) {
            return Err(absent());
        }
        if let Some(plan) = state.usage_plans.get_mut(&input.usage_plan_id) {
            plan.keys.retain(|key| *key != input.key_id);
        }
        empty()
    })
}

fn absent() -> ApiError {
    ApiError::new(
        404,
        "NotFoundException",
        "Invalid Usage Plan Key identifier specified",
    )
}
