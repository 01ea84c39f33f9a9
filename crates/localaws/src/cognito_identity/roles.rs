//! The roles of identity pools.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    fault,
    pool::{Place, unless_empty},
};
use crate::{
    app::App,
    call::{Answer, Call, empty},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Set {
    identity_pool_id: String,
    roles: BTreeMap<String, String>,
    #[serde(default)]
    role_mappings: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    identity_pool_id: String,
}

/// All of the roles are replaced. Whether they are there and trust the pool shows when they are assumed.
pub(super) fn set(app: &App, call: &Call) -> Answer {
    let input: Set = call.input()?;
    if !input.role_mappings.is_empty() {
        return Err(fault::not_served("RoleMappings of identity pools"));
    }
    let is_role = |arn: &&String| arn.starts_with("arn:aws:iam::") && arn.contains(":role/");
    if let Some(arn) = input.roles.values().find(|arn| !is_role(arn)) {
        // Unsure of the text.
        let message = format!("Invalid role ARN: {arn}");
        return Err(fault::invalid_parameter(message));
    }
    let place = Place::of_call(call, &input.identity_pool_id);
    app.write(|world| {
        place.get_mut(world)?.roles = input.roles;
        empty()
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: Get = call.input()?;
    let place = Place::of_call(call, &input.identity_pool_id);
    app.read(|world| {
        let mut answer = unless_empty(&place.get(world)?.roles, "Roles");
        answer["IdentityPoolId"] = json!(input.identity_pool_id);
        Ok(answer)
    })
}
