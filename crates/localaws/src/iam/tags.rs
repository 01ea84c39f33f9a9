//! Tags of roles.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Role, State,
    fault::{Result, exceeded},
    paging::paged,
    roles::OfRole,
};
use crate::call::ApiError;

const QUOTA: usize = 50;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagRole {
    role_name: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagRole {
    role_name: String,
    tag_keys: Vec<String>,
}

impl Role {
    pub(super) fn shown_tags(&self) -> Vec<Tag> {
        shown(&self.tags)
    }

    pub(super) fn add_tags(&mut self, tags: Vec<Tag>) -> Result<()> {
        self.tags = checked(self.tags.clone(), tags, "TagsPerRole")?;
        Ok(())
    }
}

pub(super) fn shown(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag {
            key: key.clone(),
            value: value.clone(),
        })
        .collect()
}

/// All tags, with the new ones. A tag replaces one whose key differs in case only.
pub(super) fn checked(
    mut all: BTreeMap<String, String>,
    tags: Vec<Tag>,
    quota: &str,
) -> Result<BTreeMap<String, String>> {
    let mut seen = BTreeSet::new();
    if !tags
        .iter()
        .all(|tag| seen.insert(tag.key.to_ascii_lowercase()))
    {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(ApiError::new(400, "InvalidInput", message));
    }
    if let Some(tag) = tags
        .iter()
        .find(|tag| tag.key.to_ascii_lowercase().starts_with("aws:"))
    {
        let message = format!("The tag key {} has the reserved prefix aws:", tag.key);
        return Err(ApiError::new(400, "InvalidInput", message));
    }
    all.retain(|key, _| !seen.contains(&key.to_ascii_lowercase()));
    all.extend(tags.into_iter().map(|tag| (tag.key, tag.value)));
    if all.len() > QUOTA {
        return Err(exceeded(quota, QUOTA));
    }
    Ok(all)
}

impl State {
    pub(super) fn tag(&mut self, input: TagRole) -> Result<()> {
        self.existing_mut(&input.role_name)?.add_tags(input.tags)
    }

    pub(super) fn untag(&mut self, input: UntagRole) -> Result<()> {
        let role = self.existing_mut(&input.role_name)?;
        role.tags.retain(|key, _| {
            !input
                .tag_keys
                .iter()
                .any(|untagged| untagged.eq_ignore_ascii_case(key))
        });
        Ok(())
    }

    pub(super) fn list_tags(&self, input: OfRole) -> Result<Value> {
        let tags = self.existing(&input.role_name)?.shown_tags();
        paged(
            "Tags",
            tags,
            |tag| tag.key.clone(),
            |tag| tag,
            input.marker.as_deref(),
            input.max_items,
        )
    }
}
