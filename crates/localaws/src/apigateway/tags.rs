//! Tags of APIs and stages, by ARN.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{
    api::{self, Api},
    fault,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagInput {
    resource_arn: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// The account is not in it.
pub(super) fn api_arn(region: &str, id: &str) -> String {
    format!("arn:aws:apigateway:{region}::/restapis/{id}")
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

/// The API's id, and the stage's name when it is one.
fn target<'a>(call: &Call, arn: &'a str) -> Result<(&'a str, Option<&'a str>), ApiError> {
    let within = arn
        .strip_prefix(&format!("arn:aws:apigateway:{}::/restapis/", call.region))
        .ok_or_else(|| fault::bad_request("Invalid ARN specified in the request"))?;
    let mut parts = within.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(api), None, ..) => Ok((api, None)),
        (Some(api), Some("stages"), Some(stage), None) => Ok((api, Some(stage))),
        _ => Err(fault::bad_request("Invalid ARN specified in the request")),
    }
}

fn tags_of<'a>(
    api: &'a Api,
    stage: Option<&str>,
) -> Result<&'a BTreeMap<String, String>, ApiError> {
    Ok(match stage {
        None => &api.about.tags,
        Some(name) => &api.stage(name)?.tags,
    })
}

pub(super) fn tag(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let (id, stage) = target(call, &input.resource_arn)?;
    api::change(app, call, id, |api| {
        let mut tags = tags_of(api, stage)?.clone();
        tags.extend(input.tags);
        check_tags(&tags)?;
        match stage.and_then(|name| api.stages.get_mut(name)) {
            Some(stage) => stage.tags = tags,
            None => api.about.tags = tags,
        }
        empty()
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let (id, stage) = target(call, &input.resource_arn)?;
    api::read(app, call, id, |api| {
        Ok(json!({ "tags": answer(tags_of(api, stage)?)? }))
    })
}
