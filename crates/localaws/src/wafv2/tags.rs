//! Tags of web ACLs, by ARN.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{State, acl::WebAcl, acls, fault};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, empty},
    wire::page::page,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(rename = "ResourceARN")]
    arn: String,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    tag_keys: Vec<String>,
    next_marker: Option<String>,
    limit: Option<usize>,
}

/// These over those that there are. Unsure of the code of too many.
pub(super) fn with(
    mut tags: BTreeMap<String, String>,
    more: Vec<Tag>,
) -> Result<BTreeMap<String, String>, ApiError> {
    if let Some(own) = more
        .iter()
        .find(|tag| tag.key.to_lowercase().starts_with("aws:"))
    {
        let reason = "Tag keys that begin with aws: are reserved.";
        return Err(fault::invalid(reason, "TAGS", &own.key));
    }
    tags.extend(more.into_iter().map(|tag| (tag.key, tag.value)));
    if tags.len() > 50 {
        return Err(fault::limits_exceeded());
    }
    Ok(tags)
}

fn checked<'a>(arn: &'a str, call: &Call) -> Result<&'a str, ApiError> {
    let within = format!("arn:aws:wafv2:{}:{}:", call.region, call.account);
    let rest = arn
        .strip_prefix(&within)
        .ok_or_else(|| fault::invalid_arn(arn))?;
    let mut parts = rest.split('/');
    match (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) {
        (Some("global" | "regional"), Some("webacl"), Some(_), Some(id), None) => Ok(id),
        _ => Err(fault::invalid_arn(arn)),
    }
}

fn of_mut<'s>(state: &'s mut State, arn: &str, call: &Call) -> Result<&'s mut WebAcl, ApiError> {
    let acl = state.acls.get_mut(checked(arn, call)?);
    acl.filter(|acl| acl.arn(&call.account, &call.region) == arn)
        .ok_or_else(fault::absent)
}

pub(super) fn tag(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    app.write(|world| {
        let state = &mut world.region(&call.account, &call.region).wafv2;
        let acl = of_mut(state, &input.arn, call)?;
        acl.tags = with(acl.tags.clone(), input.tags)?;
        empty()
    })
}

pub(super) fn untag(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    app.write(|world| {
        let state = &mut world.region(&call.account, &call.region).wafv2;
        let acl = of_mut(state, &input.arn, call)?;
        acl.tags.retain(|key, _| !input.tag_keys.contains(key));
        empty()
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    let id = checked(&input.arn, call)?;
    app.read(|world| {
        let acl = acls::region(world, call).and_then(|region| region.wafv2.acls.get(id));
        let acl = acl.filter(|acl| acl.arn(&call.account, &call.region) == input.arn);
        let acl = acl.ok_or_else(fault::absent)?;
        let (token, limit) = (input.next_marker.as_deref(), input.limit.unwrap_or(100));
        let found = page(&acl.tags, |(key, _)| (*key).clone(), token, limit).ok_or_else(|| {
            let reason = "The parameter contains formatting that is not valid.";
            fault::invalid(reason, "TAGS", "NextMarker")
        })?;
        let tags = found
            .items
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}));
        let tags: Vec<Value> = tags.collect();
        // The model has no empty list.
        let mut info = json!({ "ResourceARN": input.arn });
        if !tags.is_empty() {
            info["TagList"] = json!(tags);
        }
        let mut answer = json!({ "TagInfoForResource": info });
        if let Some(next) = found.next {
            answer["NextMarker"] = json!(next);
        }
        Ok(answer)
    })
}
