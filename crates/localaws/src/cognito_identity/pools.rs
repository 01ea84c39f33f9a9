//! Operations on identity pools.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    fault,
    pool::{Place, Pool, Settings, check_tags},
};
use crate::{
    app::App,
    call::{Answer, Call, empty},
    ids,
    wire::page::page,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagsInput {
    identity_pool_tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    identity_pool_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    max_results: usize,
    next_token: Option<String>,
}

/// Names need not be unique.
pub(super) fn create(app: &App, call: &Call) -> Answer {
    let settings = Settings::of(call)?;
    let TagsInput { identity_pool_tags } = call.input()?;
    let tags = identity_pool_tags.unwrap_or_default();
    check_tags(&tags)?;
    let pool = Pool {
        id: format!("{}:{}", call.region, ids::uuid()),
        settings,
        roles: BTreeMap::new(),
        tags,
        identities: BTreeMap::new(),
    };
    let shown = pool.shown();
    app.write(|world| {
        let state = &mut world.region(&call.account, &call.region).cognito_identity;
        state.pools.insert(pool.id.clone(), pool);
    });
    Ok(shown)
}

pub(super) fn describe(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    let place = Place::of_call(call, &input.identity_pool_id);
    app.read(|world| Ok(place.get(world)?.shown()))
}

/// What is left out gets its default. Unsure of tags: they stay here when they are left out.
pub(super) fn update(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    let settings = Settings::of(call)?;
    let TagsInput { identity_pool_tags } = call.input()?;
    let place = Place::of_call(call, &input.identity_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        if let Some(tags) = identity_pool_tags {
            check_tags(&tags)?;
            pool.tags = tags;
        }
        pool.settings = settings;
        Ok(pool.shown())
    })
}

/// Its identities go with it.
pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    app.write(|world| {
        let state = &mut world.region(&call.account, &call.region).cognito_identity;
        match state.pools.remove(&input.identity_pool_id) {
            Some(_) => empty(),
            None => Err(fault::pool_absent(&input.identity_pool_id)),
        }
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: List = call.input()?;
    app.read(|world| {
        let region = world
            .accounts
            .get(&call.account)
            .and_then(|account| account.regions.get(&call.region));
        let pools = region
            .into_iter()
            .flat_map(|region| region.cognito_identity.pools.values());
        let token = input.next_token.as_deref();
        let found = page(pools, |pool| pool.id.clone(), token, input.max_results)
            .ok_or_else(|| fault::invalid_parameter("Invalid pagination token."))?;
        let pools: Vec<Value> = found.items.iter().map(|pool| pool.short()).collect();
        let mut answer = json!({ "IdentityPools": pools });
        if let Some(next) = found.next {
            answer["NextToken"] = json!(next);
        }
        Ok(answer)
    })
}
