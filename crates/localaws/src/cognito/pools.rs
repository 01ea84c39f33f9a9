//! Operations on user pools.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    fault, keys,
    paging::{page, with_token},
    place::Place,
    pool::{Pool, Protection, Settings, Tier},
    schema::{self, Attribute},
    tags::check_tags,
};
use crate::{
    app::{App, now_s},
    call::{Answer, Call, answer, empty},
    ids,
};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct UsernameConfiguration {
    case_sensitive: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateInput {
    pool_name: String,
    #[serde(default)]
    username_attributes: Vec<String>,
    #[serde(default)]
    alias_attributes: Vec<String>,
    username_configuration: Option<UsernameConfiguration>,
    #[serde(default)]
    schema: Vec<schema::Wanted>,
    #[serde(default)]
    user_pool_tags: BTreeMap<String, String>,
    #[serde(default)]
    user_pool_tier: Tier,
    #[serde(flatten)]
    settings: Settings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateInput {
    user_pool_id: String,
    pool_name: Option<String>,
    #[serde(default)]
    user_pool_tags: BTreeMap<String, String>,
    user_pool_tier: Option<Tier>,
    #[serde(flatten)]
    settings: Settings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IdInput {
    user_pool_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    max_results: usize,
    next_token: Option<String>,
}

/// `UserPoolType` of the model.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description<'a> {
    id: &'a str,
    name: &'a str,
    arn: String,
    creation_date: f64,
    last_modified_date: f64,
    schema_attributes: &'a [Attribute],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    username_attributes: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    alias_attributes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    username_configuration: Option<UsernameConfiguration>,
    estimated_number_of_users: usize,
    user_pool_tags: &'a BTreeMap<String, String>,
    user_pool_tier: Tier,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    #[serde(flatten)]
    settings: &'a Settings,
}

fn described(place: &Place, pool: &Pool) -> Answer {
    let description = Description {
        id: &pool.id,
        name: &pool.name,
        arn: place.arn(),
        creation_date: pool.created,
        last_modified_date: pool.modified,
        schema_attributes: &pool.schema,
        username_attributes: &pool.username_attributes,
        alias_attributes: &pool.alias_attributes,
        username_configuration: pool
            .case_sensitive
            .map(|case_sensitive| UsernameConfiguration { case_sensitive }),
        estimated_number_of_users: pool.users.len(),
        user_pool_tags: &pool.tags,
        user_pool_tier: pool.tier,
        domain: pool.domain.as_ref().map(|domain| domain.name.as_str()),
        settings: &pool.settings,
    };
    Ok(json!({ "UserPool": answer(description)? }))
}

/// Always a new pool: names are not unique, and there is no token to repeat a call with.
pub(super) fn create(app: &Arc<App>, call: &Call) -> Answer {
    let input: CreateInput = call.input()?;
    if !input.username_attributes.is_empty() && !input.alias_attributes.is_empty() {
        return Err(fault::invalid_parameter(
            "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.",
        ));
    }
    check_tags(&input.user_pool_tags)?;
    let now = now_s();
    let pool = Pool {
        id: format!("{}_{}", call.region, ids::mixed(9)),
        name: input.pool_name,
        created: now,
        modified: now,
        username_attributes: input.username_attributes,
        alias_attributes: input.alias_attributes,
        case_sensitive: input.username_configuration.map(|c| c.case_sensitive),
        schema: schema::of_request(input.schema)?,
        tier: input.user_pool_tier,
        settings: input.settings.settle(input.user_pool_tier)?,
        tags: input.user_pool_tags,
        ..Pool::default()
    };
    let place = Place::of_call(call, &pool.id);
    let created = described(&place, &pool)?;
    app.write(|world| {
        let state = &mut world.region(&call.account, &call.region).cognito;
        state.pools.insert(pool.id.clone(), pool);
    });
    keys::make_soon();
    Ok(created)
}

pub(super) fn describe(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.read(|world| described(&place, place.get(world)?))
}

/// A full replacement: what is left out goes back to its default, the tier excepted.
pub(super) fn update(app: &App, call: &Call) -> Answer {
    let input: UpdateInput = call.input()?;
    check_tags(&input.user_pool_tags)?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let tier = input.user_pool_tier.unwrap_or(pool.tier);
        pool.settings = input.settings.settle(tier)?;
        pool.tier = tier;
        pool.tags = input.user_pool_tags;
        if let Some(name) = input.pool_name {
            pool.name = name;
        }
        pool.modified = now_s();
        empty()
    })
}

/// Takes clients and users with it.
pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get(world)?;
        if pool.domain.is_some() {
            return Err(fault::invalid_parameter(
                "User pool cannot be deleted. It has a domain configured that should be deleted first.",
            ));
        }
        if pool.settings.deletion_protection == Protection::Active {
            return Err(fault::invalid_parameter(
                "The user pool cannot be deleted because deletion protection is activated. \
                 Deletion protection must be inactivated first.",
            ));
        }
        world
            .region(&call.account, &call.region)
            .cognito
            .pools
            .remove(&input.user_pool_id);
        Ok(())
    })?;
    keys::forget(&input.user_pool_id);
    empty()
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    app.read(|world| {
        let region = world
            .accounts
            .get(&call.account)
            .and_then(|a| a.regions.get(&call.region));
        let pools = region.map(|region| &region.cognito.pools);
        let (page, next) = page(
            pools.into_iter().flatten(),
            input.max_results,
            input.next_token.as_deref(),
        )?;
        let pools: Vec<Value> = page
            .into_iter()
            .map(|pool| {
                json!({
                    "Id": pool.id,
                    "Name": pool.name,
                    "LambdaConfig": pool.settings.lambda_config,
                    "CreationDate": pool.created,
                    "LastModifiedDate": pool.modified,
                })
            })
            .collect();
        Ok(with_token(json!({ "UserPools": pools }), "NextToken", next))
    })
}
