//! Tags of functions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{fault, name::Named};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
};

const MOST: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagInput {
    resource: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > MOST {
        return Err(fault::invalid_parameter(
            "Number of tags exceeds resource tag limit.",
        ));
    }
    for (key, value) in tags {
        if key.to_lowercase().starts_with("aws:") {
            return Err(fault::invalid_parameter(
                "Tag keys that begin with aws: are reserved.",
            ));
        }
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(fault::invalid_parameter(format!(
                "The tag {key} is not valid: keys have 1 to 128 characters, values at most 256."
            )));
        }
    }
    Ok(())
}

/// Functions are tagged as a whole.
fn whole(call: &Call, resource: &str) -> Result<Named, ApiError> {
    if !resource.contains(":function:") {
        return Err(fault::not_served(
            "tags of anything but functions of Lambda",
        ));
    }
    let named = Named::of_call(call, resource, None)?;
    if named.qualifier().is_some() {
        return Err(fault::invalid_parameter(
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        ));
    }
    Ok(named)
}

pub(super) fn tag(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let named = whole(call, &input.resource)?;
    app.write(|world| {
        let function = named.get_mut(world)?;
        if input.tags.is_empty() {
            return Err(fault::invalid_parameter(
                "An error occurred and the request cannot be processed.",
            ));
        }
        let mut tags = function.tags.clone();
        tags.extend(input.tags);
        check_tags(&tags)?;
        function.tags = tags;
        empty()
    })
}

pub(super) fn untag(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let named = whole(call, &input.resource)?;
    app.write(|world| {
        let function = named.get_mut(world)?;
        function.tags.retain(|key, _| !input.tag_keys.contains(key));
        empty()
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let named = whole(call, &input.resource)?;
    app.read(|world| Ok(json!({ "Tags": answer(&named.get(world)?.function.tags)? })))
}
