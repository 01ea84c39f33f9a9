//! Tags of groups.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Place, Result, State, arn, no_group};
use crate::call::ApiError;

const QUOTA: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tag {
    resource_arn: String,
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfResource {
    resource_arn: String,
}

impl State {
    pub(super) fn tag(&mut self, (account, region): Place<'_>, input: Tag) -> Result<()> {
        let prefix = arn(account, region, "");
        let name = input
            .resource_arn
            .strip_prefix(&prefix)
            .ok_or_else(no_group)?;
        let group = self.existing_mut(name)?;
        let mut tags = group.tags.clone();
        tags.extend(input.tags);
        if tags.len() > QUOTA {
            let mut error = ApiError::new(
                400,
                "TooManyTagsException",
                "The resource has too many tags",
            );
            error
                .members
                .insert("resourceName".to_owned(), Value::from(input.resource_arn));
            return Err(error);
        }
        group.tags = tags;
        Ok(())
    }

    pub(super) fn list_tags(
        &self,
        (account, region): Place<'_>,
        input: OfResource,
    ) -> Result<Value> {
        let prefix = arn(account, region, "");
        let name = input
            .resource_arn
            .strip_prefix(&prefix)
            .ok_or_else(no_group)?;
        Ok(json!({ "tags": self.existing(name)?.tags }))
    }
}
