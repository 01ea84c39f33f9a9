//! Tags of roles and users.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Role, State,
    fault::{Result, exceeded},
    identity::Kind,
    inline::Of,
    paging::paged,
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
pub(super) struct TagIdentity {
    #[serde(alias = "RoleName", alias = "UserName")]
    name: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagIdentity {
    #[serde(alias = "RoleName", alias = "UserName")]
    name: String,
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
    fn tags(&mut self, kind: Kind, name: &str) -> Result<&mut BTreeMap<String, String>> {
        match kind {
            Kind::Role => Ok(&mut self.own_role_mut(name)?.tags),
            Kind::User => Ok(&mut self.user_mut(name)?.tags),
            Kind::Group => Err(kind.absent(name)),
        }
    }

    pub(super) fn tag(&mut self, kind: Kind, input: TagIdentity) -> Result<()> {
        let tags = self.tags(kind, &input.name)?;
        let quota = match kind {
            Kind::User => "TagsPerUser",
            Kind::Role | Kind::Group => "TagsPerRole",
        };
        *tags = checked(tags.clone(), input.tags, quota)?;
        Ok(())
    }

    pub(super) fn untag(&mut self, kind: Kind, input: UntagIdentity) -> Result<()> {
        let tags = self.tags(kind, &input.name)?;
        tags.retain(|key, _| {
            !input
                .tag_keys
                .iter()
                .any(|untagged| untagged.eq_ignore_ascii_case(key))
        });
        Ok(())
    }

    pub(super) fn list_tags(&self, kind: Kind, input: Of) -> Result<Value> {
        let tags = match kind {
            Kind::User => &self.user(&input.name)?.tags,
            Kind::Role | Kind::Group => &self.existing(&input.name)?.tags,
        };
        paged(
            "Tags",
            shown(tags),
            |tag| tag.key.clone(),
            |tag| tag,
            input.marker.as_deref(),
            input.max_items,
        )
    }
}
