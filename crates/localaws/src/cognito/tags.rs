//! Tags of user pools.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{fault, place::Place};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagInput {
    resource_arn: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
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

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let place = place_of_arn(call, &input.resource_arn)?;
    app.read(|world| {
        let tags = answer(&place.get(world)?.tags)?;
        Ok(json!({ "Tags": tags }))
    })
}
