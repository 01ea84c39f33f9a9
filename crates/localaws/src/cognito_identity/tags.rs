//! Tags of identity pools, by ARN.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    fault,
    pool::{Place, check_tags, unless_empty},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, empty},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagInput {
    resource_arn: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

impl TagInput {
    fn place(&self, call: &Call) -> Result<Place, ApiError> {
        let (region, account) = (&call.region, &call.account);
        let within = format!("arn:aws:cognito-identity:{region}:{account}:identitypool/");
        match self.resource_arn.strip_prefix(&within) {
            Some(pool) => Ok(Place::of_call(call, pool)),
            // Unsure of the text.
            None => Err(fault::fault(
                "ResourceNotFoundException",
                format!("Resource '{}' not found.", self.resource_arn),
            )),
        }
    }
}

pub(super) fn tag(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let place = input.place(call)?;
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let mut tags = pool.tags.clone();
        tags.extend(input.tags);
        check_tags(&tags)?;
        pool.tags = tags;
        empty()
    })
}

pub(super) fn untag(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let place = input.place(call)?;
    app.write(|world| {
        let tags = &mut place.get_mut(world)?.tags;
        tags.retain(|key, _| !input.tag_keys.contains(key));
        empty()
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: TagInput = call.input()?;
    let place = input.place(call)?;
    app.read(|world| Ok(unless_empty(&place.get(world)?.tags, "Tags")))
}
