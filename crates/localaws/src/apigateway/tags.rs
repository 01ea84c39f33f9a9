//! Tags of APIs, stages, API keys and usage plans, by ARN.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{
    State,
    api_key::{self, change, read},
    fault, usage_plan,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
};

type Tags = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagInput {
    resource_arn: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UntagInput {
    resource_arn: String,
    tag_keys: Vec<String>,
}

/// The account is not in it.
pub(super) fn arn(region: &str, path: &str) -> String {
    format!("arn:aws:apigateway:{region}::{path}")
}

pub(super) fn api_arn(region: &str, id: &str) -> String {
    arn(region, &format!("/restapis/{id}"))
}

pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > 50 {
        return Err(fault::bad_request("A resource can have at most 50 tags"));
    }
    for (key, value) in tags {
        if key.to_lowercase().starts_with("aws:") {
            return Err(fault::bad_request(format!(
                "Tag key {key} is invalid: the prefix aws: is reserved"
            )));
        }
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(fault::bad_request(format!(
                "Tag {key} is invalid: a key has 1 to 128 characters, a value at most 256"
            )));
        }
    }
    Ok(())
}

/// What an ARN names that can have tags.
enum Target<'a> {
    Api(&'a str),
    Stage(&'a str, &'a str),
    ApiKey(&'a str),
    UsagePlan(&'a str),
}

impl<'a> Target<'a> {
    fn of(call: &Call, arn: &'a str) -> Result<Self, ApiError> {
        let path = arn.strip_prefix(&format!("arn:aws:apigateway:{}::/", call.region));
        let parts: Vec<&str> = path.unwrap_or_default().split('/').collect();
        Ok(match parts.as_slice() {
            ["restapis", id] => Self::Api(id),
            ["restapis", id, "stages", name] => Self::Stage(id, name),
            ["apikeys", id] => Self::ApiKey(id),
            ["usageplans", id] => Self::UsagePlan(id),
            _ => return Err(fault::bad_request("Invalid ARN specified in the request")),
        })
    }

    fn absent(&self, state: &State, account: &str) -> ApiError {
        match *self {
            Self::Stage(api, _) if state.apis.contains_key(api) => fault::absent("Stage"),
            Self::Api(api) | Self::Stage(api, _) => fault::api_absent(account, api),
            Self::ApiKey(_) => api_key::absent(),
            Self::UsagePlan(_) => usage_plan::absent(),
        }
    }

    fn tags(&self, state: &'a State) -> Option<&'a Tags> {
        match *self {
            Self::Api(api) => Some(&state.apis.get(api)?.about.tags),
            Self::Stage(api, stage) => Some(&state.apis.get(api)?.stages.get(stage)?.tags),
            Self::ApiKey(key) => Some(&state.api_keys.get(key)?.tags),
            Self::UsagePlan(plan) => Some(&state.usage_plans.get(plan)?.tags),
        }
    }

    fn set(&self, state: &mut State, tags: Tags) -> Option<()> {
        let old = match *self {
            Self::Api(api) => &mut state.apis.get_mut(api)?.about.tags,
            Self::Stage(api, stage) => {
                let api = state.apis.get_mut(api)?;
                &mut api.stages.get_mut(stage)?.tags
            }
            Self::ApiKey(key) => &mut state.api_keys.get_mut(key)?.tags,
            Self::UsagePlan(plan) => &mut state.usage_plans.get_mut(plan)?.tags,
        };
        *old = tags;
        Some(())
    }
}

fn retag(app: &App, call: &Call, arn: &str, alter: impl FnOnce(&mut Tags)) -> Answer {
    let target = Target::of(call, arn)?;
    change(app, call, |state| {
        let absent = target.absent(state, &call.account);
        let mut tags = target.tags(state).ok_or(absent.clone())?.clone();
        alter(&mut tags);
        check_tags(&tags)?;
        target.set(state, tags).ok_or(absent)?;
        empty()
    })
}

pub(super) fn tag(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    retag(app, call, &input.resource_arn, |tags| {
        tags.extend(input.tags);
    })
}

pub(super) fn untag(app: &App, call: &Call) -> Answer {
    let input: UntagInput = call.input()?;
    let gone = |key: &String| input.tag_keys.contains(key);
    retag(app, call, &input.resource_arn, |tags| {
        tags.retain(|key, _| !gone(key));
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let target = Target::of(call, &input.resource_arn)?;
    read(app, call, |state| {
        let tags = target.tags(state);
        let tags = tags.ok_or_else(|| target.absent(state, &call.account))?;
        Ok(json!({ "tags": answer(tags)? }))
    })
}
