//! Operations on user pools, and their tags.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    fault, keys,
    place::Place,
    pool::{Pool, Protection, Settings, Tier},
    schema::{self, Attribute},
};
use crate::{
    app::{App, now_s},
    call::{Answer, ApiError, Call, answer, empty},
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
    schema: Vec<Attribute>,
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
    keys::make_soon(app, &place);
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
        if place.get(world)?.settings.deletion_protection == Protection::Active {
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

/// One page of a map, in key order; the token is the last key seen.
pub(super) fn page<'a, T>(
    entries: impl Iterator<Item = (&'a String, &'a T)>,
    limit: usize,
    token: Option<&str>,
) -> Result<(Vec<&'a T>, Option<String>), ApiError> {
    let after = token
        .map(|token| {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok();
            bytes
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| fault::invalid_parameter("Invalid pagination token."))
        })
        .transpose()?;
    let mut rest = entries.skip_while(|(key, _)| after.as_ref().is_some_and(|after| *key <= after));
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let next = rest
        .next()
        .and(page.last())
        .map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
    Ok((page.into_iter().map(|(_, value)| value).collect(), next))
}

/// The answer with its paging token, which the last page lacks.
pub(super) fn with_token(mut answer: Value, member: &str, token: Option<String>) -> Value {
    if let (Some(object), Some(token)) = (answer.as_object_mut(), token) {
        object.insert(member.to_owned(), token.into());
    }
    answer
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagInput {
    resource_arn: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > 50 {
        return Err(fault::invalid_parameter(
            "A user pool can have at most 50 tags.",
        ));
    }
    if tags
        .keys()
        .any(|key| key.to_lowercase().starts_with("aws:"))
    {
        return Err(fault::invalid_parameter(
            "Tag keys that begin with aws: are reserved.",
        ));
    }
    Ok(())
}

fn place_of_arn(call: &Call, arn: &str) -> Result<Place, ApiError> {
    Place::of_arn(arn)
        .filter(|place| place.account == call.account && place.region == call.region)
        .ok_or_else(|| {
            fault::fault(
                "ResourceNotFoundException",
                format!("Resource {arn} does not exist."),
            )
        })
}

pub(super) fn tag(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let place = place_of_arn(call, &input.resource_arn)?;
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let mut tags = pool.tags.clone();
        tags.extend(input.tags);
        check_tags(&tags)?;
        pool.tags = tags;
        empty()
    })
}

pub(super) fn list_tags(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let place = place_of_arn(call, &input.resource_arn)?;
    app.read(|world| {
        let tags = answer(&place.get(world)?.tags)?;
        Ok(Value::Object(Map::from_iter([("Tags".to_owned(), tags)])))
    })
}
