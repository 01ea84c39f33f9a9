//! The operations on log groups.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Group, Place, Result, State, arn, bad_token, invalid, no_group};
use crate::{
    app::now_ms,
    call::ApiError,
    wire::page::{Page, page},
};

const RETENTIONS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    log_group_name: String,
    log_group_class: Option<String>,
    #[serde(default)]
    deletion_protection_enabled: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Named {
    log_group_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutRetention {
    log_group_name: String,
    retention_in_days: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Protect {
    log_group_identifier: String,
    deletion_protection_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeGroups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    log_group_identifiers: Option<Vec<String>>,
    next_token: Option<String>,
    limit: Option<usize>,
}

/// A group's name from its name or ARN; exactly one of the two members must be given. An ARN of another
/// place names nothing here.
pub(super) fn named<'a>(
    (account, region): Place<'_>,
    name: Option<&'a str>,
    identifier: Option<&'a str>,
) -> Result<&'a str> {
    match (name, identifier) {
        (Some(name), None) => Ok(name),
        (None, Some(identifier)) if identifier.starts_with("arn:") => identifier
            .strip_prefix(&arn(account, region, ""))
            .ok_or_else(no_group),
        (None, Some(identifier)) => Ok(identifier),
        (None, None) => Err(invalid(
            "Either logGroupName or logGroupIdentifier is required.",
        )),
        // Recorded: LocalStack's `test_describe_log_streams_with_log_group_identifier`. Unsure of the other operations.
        (Some(_), Some(_)) => Err(ApiError::new(
            400,
            "ValidationException",
            "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
        )),
    }
}

impl State {
    pub(super) fn existing(&self, name: &str) -> Result<&Group> {
        self.groups.get(name).ok_or_else(no_group)
    }

    pub(super) fn existing_mut(&mut self, name: &str) -> Result<&mut Group> {
        self.groups.get_mut(name).ok_or_else(no_group)
    }

    pub(super) fn create(&mut self, input: Create) -> Result<()> {
        if input.log_group_name.starts_with("aws/") {
            return Err(invalid(
                "Log groups starting with AWS/ are reserved for AWS.",
            ));
        }
        if self.groups.contains_key(&input.log_group_name) {
            let message = "The specified log group already exists";
            return Err(ApiError::new(
                400,
                "ResourceAlreadyExistsException",
                message,
            ));
        }
        let group = Group {
            created: now_ms(),
            class: input.log_group_class,
            protected: input.deletion_protection_enabled,
            tags: input.tags,
            ..Group::default()
        };
        self.groups.insert(input.log_group_name, group);
        Ok(())
    }

    pub(super) fn delete(&mut self, input: Named) -> Result<()> {
        if self.existing(&input.log_group_name)?.protected {
            let message = "The specified log group has deletion protection enabled.";
            return Err(ApiError::new(400, "ValidationException", message));
        }
        self.groups.remove(&input.log_group_name);
        Ok(())
    }

    pub(super) fn protect(&mut self, place: Place<'_>, input: Protect) -> Result<()> {
        let name = named(place, None, Some(&input.log_group_identifier))?;
        self.existing_mut(name)?.protected = input.deletion_protection_enabled;
        Ok(())
    }

    pub(super) fn put_retention(&mut self, input: PutRetention) -> Result<()> {
        let days = input.retention_in_days;
        let Some(served) = RETENTIONS.into_iter().find(|d| i64::from(*d) == days) else {
            let message = format!(
                "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: \
                 Member must satisfy enum value set: {RETENTIONS:?}"
            );
            return Err(invalid(message));
        };
        self.existing_mut(&input.log_group_name)?.retention_days = Some(served);
        Ok(())
    }

    pub(super) fn describe_groups(
        &self,
        (account, region): Place<'_>,
        input: DescribeGroups,
    ) -> Result<Value> {
        if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
            let message =
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
            return Err(invalid(message));
        }
        let class = |group: &Group| group.class.clone().unwrap_or_else(|| "STANDARD".to_owned());
        // Patterns are case-insensitive substrings.
        let pattern = input
            .log_group_name_pattern
            .map(|pattern| pattern.to_lowercase());
        let wanted = self.groups.iter().filter(|(name, group)| {
            let listed = |ids: &Vec<String>| {
                ids.iter()
                    .any(|id| named((account, region), None, Some(id)).is_ok_and(|id| id == *name))
            };
            input
                .log_group_name_prefix
                .as_ref()
                .is_none_or(|prefix| name.starts_with(prefix))
                && pattern
                    .as_ref()
                    .is_none_or(|pattern| name.to_lowercase().contains(pattern))
                && input
                    .log_group_class
                    .as_ref()
                    .is_none_or(|wanted| class(group) == *wanted)
                && input.log_group_identifiers.as_ref().is_none_or(listed)
        });
        let limit = input.limit.unwrap_or(50);
        let Page { items, next } = page(
            wanted,
            |(name, _)| (*name).clone(),
            input.next_token.as_deref(),
            limit,
        )
        .ok_or_else(bad_token)?;
        let shown: Vec<_> = items
            .into_iter()
            .map(|(name, group)| {
                let arn = arn(account, region, name);
                // Not told of groups that are looked for by a pattern (LocalStack's `test_describe_log_groups_with_pattern`).
                let stored = || {
                    group
                        .events
                        .iter()
                        .map(|event| event.message.len() + 26)
                        .sum::<usize>()
                };
                let stored = pattern.is_none().then(stored);
                let protected = pattern.is_none().then_some(group.protected);
                json!({
                    "logGroupName": name,
                    "creationTime": group.created,
                    "retentionInDays": group.retention_days,
                    "metricFilterCount": 0,
                    "arn": format!("{arn}:*"),
                    "storedBytes": stored,
                    "logGroupClass": class(group),
                    "logGroupArn": arn,
                    "deletionProtectionEnabled": protected,
                })
            })
            .collect();
        Ok(json!({ "logGroups": shown, "nextToken": next }))
    }
}
