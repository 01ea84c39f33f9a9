//! Tags of distributions, by ARN.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    distributions::{of, of_mut},
    fault::{fault, invalid_argument},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, empty},
};

/// `Tags` of the model.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tags {
    #[serde(default)]
    items: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

impl Tags {
    /// These over those that there are. Unsure of the texts.
    pub(super) fn checked(
        self,
        mut tags: BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, ApiError> {
        let invalid = |message: &str| Err(fault(400, "InvalidTagging", message));
        tags.extend(self.items.into_iter().map(|tag| (tag.key, tag.value)));
        if tags.len() > 50 {
            return invalid("A resource can have at most 50 tags.");
        }
        if tags
            .keys()
            .any(|key| key.to_lowercase().starts_with("aws:"))
        {
            return invalid("Tag keys that begin with aws: are reserved.");
        }
        Ok(tags)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    resource: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagInput {
    resource: String,
    tags: Tags,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UntagInput {
    resource: String,
    tag_keys: Keys,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Keys {
    #[serde(default)]
    items: Vec<String>,
}

/// The id of the caller's distribution with this ARN.
fn id<'a>(call: &Call, arn: &'a str) -> Result<&'a str, ApiError> {
    let within = format!("arn:aws:cloudfront::{}:", call.account);
    let resource = arn.strip_prefix(&within).ok_or_else(|| absent(arn))?;
    resource
        .strip_prefix("distribution/")
        .ok_or_else(|| invalid_argument(format!("Invalid ARN: {arn}")))
}

fn absent(arn: &str) -> ApiError {
    fault(
        404,
        "NoSuchResource",
        format!("The specified resource does not exist: {arn}"),
    )
}

pub(super) fn tag(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let id = id(call, &input.resource)?;
    app.write(|world| {
        let state = &mut world.account(&call.account).cloudfront;
        let it = of_mut(state, id).map_err(|_| absent(&input.resource))?;
        it.tags = input.tags.checked(it.tags.clone())?;
        empty()
    })
}

pub(super) fn untag(app: &App, call: &Call) -> Answer {
    let input: UntagInput = call.input()?;
    let id = id(call, &input.resource)?;
    app.write(|world| {
        let state = &mut world.account(&call.account).cloudfront;
        let it = of_mut(state, id).map_err(|_| absent(&input.resource))?;
        it.tags.retain(|key, _| !input.tag_keys.items.contains(key));
        empty()
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: Resource = call.input()?;
    let id = id(call, &input.resource)?;
    app.read(|world| {
        let it = of(world, &call.account, id).map_err(|_| absent(&input.resource))?;
        let items = it.tags.iter();
        let items: Vec<Value> = items
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
        // Unsure whether AWS leaves an empty list out. No tags have no items here.
        let tags = if items.is_empty() {
            json!({})
        } else {
            json!({ "Items": items })
        };
        Ok(json!({ "Tags": tags }))
    })
}
