//! API keys: what a caller of a metered method shows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    State,
    api::Paging,
    fault,
    patch::{Op, PatchOperation},
    tags::check_tags,
};
use crate::{
    app::{App, now_s},
    call::{Answer, ApiError, Call, answer, empty},
    ids,
};

/// Characters of a description. AWS's documentation has no number; 125,001 are too many (LocalStack's
/// `test_update_api_key_invalid_description_length`).
const MOST_DESCRIBED: usize = 125_000;

/// `ApiKey` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiKey {
    pub(super) id: String,
    pub(super) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    pub(super) enabled: bool,
    created_date: f64,
    last_updated_date: f64,
    /// Always none: keys are let in by usage plans.
    stage_keys: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
}

impl ApiKey {
    fn shown(&self, with_value: bool) -> Answer {
        let mut shown = answer(self)?;
        if let (false, Value::Object(members)) = (with_value, &mut shown) {
            members.remove("value");
        }
        Ok(shown)
    }

    fn patch(&mut self, patch: &PatchOperation) -> Result<(), ApiError> {
        const CAN: [&str; 4] = ["/description", "/enabled", "/name", "/customerId"];
        match (patch.op, patch.path.as_str()) {
            (Some(Op::Replace), "/name") => self.name = patch.optional(),
            (Some(Op::Replace), "/description") => self.description = patch.optional(),
            (Some(Op::Replace), "/customerId") => self.customer_id = patch.optional(),
            (Some(Op::Replace), "/enabled") => self.enabled = patch.boolean()?,
            _ => return Err(patch.refused(&CAN)),
        }
        self.check()
    }

    /// Recorded: LocalStack's `TestApigatewayApiKeysCrud`.
    fn check(&self) -> Result<(), ApiError> {
        let length = |text: &Option<String>| text.as_deref().unwrap_or_default().chars().count();
        let wrong = match (self.value.chars().count(), length(&self.name)) {
            (..20, _) => "API Key value should be at least 20 characters",
            (129.., _) => "API Key value exceeds maximum size of 128 characters",
            (_, 1025..) => "Invalid API Key name, can be at most 1024 characters.",
            _ if length(&self.description) > MOST_DESCRIBED => {
                "Invalid API Key description specified."
            }
            _ => return Ok(()),
        };
        Err(fault::bad_request(wrong))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    name: Option<String>,
    description: Option<String>,
    /// Not by itself: a key has to be switched on.
    #[serde(default)]
    enabled: bool,
    value: Option<String>,
    #[serde(default)]
    stage_keys: Vec<Value>,
    customer_id: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdInput {
    api_key: String,
    #[serde(default)]
    include_value: bool,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListInput {
    name_query: Option<String>,
    customer_id: Option<String>,
    #[serde(default)]
    include_values: bool,
    #[serde(flatten)]
    paging: Paging,
}

pub(super) fn absent() -> ApiError {
    ApiError::new(
        404,
        "NotFoundException",
        "Invalid API Key identifier specified",
    )
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: CreateInput = call.input()?;
    if !input.stage_keys.is_empty() {
        return Err(fault::not_served(
            "stageKeys of API keys (deprecated on AWS: use a usage plan)",
        ));
    }
    check_tags(&input.tags)?;
    let value = input.value.filter(|value| !value.is_empty());
    let value = value.unwrap_or_else(|| ids::mixed(40));
    let now = now_s();
    let key = ApiKey {
        id: ids::lower(10),
        value,
        name: input.name.filter(|name| !name.is_empty()),
        customer_id: input.customer_id,
        description: input.description,
        enabled: input.enabled,
        created_date: now,
        last_updated_date: now,
        stage_keys: Vec::new(),
        tags: input.tags,
    };
    key.check()?;
    change(app, call, |state| {
        if state
            .api_keys
            .values()
            .any(|known| known.value == key.value)
        {
            return Err(fault::conflict("API Key already exists"));
        }
        let shown = key.shown(true)?;
        state.api_keys.insert(key.id.clone(), key);
        Ok(shown)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    read(app, call, |state| {
        let key = state.api_keys.get(&input.api_key);
        key.ok_or_else(absent)?.shown(input.include_value)
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    read(app, call, |state| {
        let wanted = |key: &&ApiKey| {
            let name = key.name.as_deref().unwrap_or_default();
            let named = input.name_query.as_ref();
            let customer = input.customer_id.as_ref();
            named.is_none_or(|prefix| name.starts_with(prefix))
                && customer.is_none_or(|id| key.customer_id.as_ref() == Some(id))
        };
        let keys: Vec<Value> = state
            .api_keys
            .values()
            .filter(wanted)
            .map(|key| key.shown(input.include_values))
            .collect::<Result<_, ApiError>>()?;
        let id = |shown: &Value| shown["id"].as_str().unwrap_or_default().to_owned();
        Ok(json!(input.paging.list(keys, id)?))
    })
}

pub(super) fn update(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    change(app, call, |state| {
        let mut key = state
            .api_keys
            .get(&input.api_key)
            .ok_or_else(absent)?
            .clone();
        for patch in &input.patch_operations {
            key.patch(patch)?;
        }
        key.last_updated_date = now_s();
        let shown = key.shown(false)?;
        state.api_keys.insert(input.api_key, key);
        Ok(shown)
    })
}

/// Usage plans lose it too.
pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    change(app, call, |state| {
        state.api_keys.remove(&input.api_key).ok_or_else(absent)?;
        for plan in state.usage_plans.values_mut() {
            plan.keys.retain(|key| *key != input.api_key);
        }
        empty()
    })
}

/// Looks at what the caller's account has in its region.
pub(super) fn read<T>(
    app: &App,
    call: &Call,
    look: impl FnOnce(&State) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    app.read(|world| {
        let account = world.accounts.get(&call.account);
        match account.and_then(|account| account.regions.get(&call.region)) {
            Some(region) => look(&region.apigateway),
            None => look(&State::default()),
        }
    })
}

/// Changes it. `alter` checks before it changes anything.
pub(super) fn change<T>(
    app: &App,
    call: &Call,
    alter: impl FnOnce(&mut State) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    app.write(|world| alter(&mut world.region(&call.account, &call.region).apigateway))
}
