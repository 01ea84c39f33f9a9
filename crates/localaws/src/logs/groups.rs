//! The operations on log groups, their streams and tags.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Group, Result, State, arn, invalid, no_group};
use crate::{
    app::now_ms,
    call::ApiError,
    wire::page::{Page, page},
};

const RETENTIONS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];
const TAGS_QUOTA: usize = 50;

/// Account and region of the caller.
type Place<'a> = (&'a str, &'a str);

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
    retention_in_days: u32,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeStreams {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<usize>,
}

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

/// A group's name from its name or ARN; exactly one of the two members must be given.
pub(super) fn named<'a>(name: Option<&'a str>, identifier: Option<&'a str>) -> Result<&'a str> {
    match (name, identifier) {
        (Some(name), None) => Ok(name),
        (None, Some(identifier)) => Ok(identifier
            .split_once(":log-group:")
            .map_or(identifier, |(_, name)| name)),
        (None, None) => Err(invalid(
            "Either logGroupName or logGroupIdentifier is required.",
        )),
        (Some(_), Some(_)) => Err(invalid(
            "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
        )),
    }
}

fn bad_token() -> ApiError {
    invalid("The specified nextToken is invalid.")
}

impl State {
    pub(super) fn existing(&self, name: &str) -> Result<&Group> {
        self.groups.get(name).ok_or_else(no_group)
    }

    fn existing_mut(&mut self, name: &str) -> Result<&mut Group> {
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

    pub(super) fn put_retention(&mut self, input: PutRetention) -> Result<()> {
        let days = input.retention_in_days;
        if !RETENTIONS.contains(&days) {
            let message = format!(
                "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: \
                 Member must satisfy enum value set: {RETENTIONS:?}"
            );
            return Err(invalid(message));
        }
        self.existing_mut(&input.log_group_name)?.retention_days = Some(days);
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
                    .any(|id| named(None, Some(id)).is_ok_and(|id| id == *name))
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
                json!({
                    "logGroupName": name,
                    "creationTime": group.created,
                    "retentionInDays": group.retention_days,
                    "metricFilterCount": 0,
                    "arn": format!("{arn}:*"),
                    "storedBytes": group.events.iter().map(|event| event.message.len() + 26).sum::<usize>(),
                    "logGroupClass": class(group),
                    "logGroupArn": arn,
                    "deletionProtectionEnabled": group.protected,
                })
            })
            .collect();
        Ok(json!({ "logGroups": shown, "nextToken": next }))
    }

    pub(super) fn describe_streams(
        &self,
        (account, region): Place<'_>,
        input: DescribeStreams,
    ) -> Result<Value> {
        let name = named(
            input.log_group_name.as_deref(),
            input.log_group_identifier.as_deref(),
        )?;
        let group = self.existing(name)?;
        let by_time = input.order_by.as_deref() == Some("LastEventTime");
        if by_time && input.log_stream_name_prefix.is_some() {
            return Err(invalid(
                "Cannot order by LastEventTime with a logStreamNamePrefix.",
            ));
        }
        let prefix = input.log_stream_name_prefix.unwrap_or_default();
        // Paged by rank, since the order is not that of a key.
        let mut streams: Vec<_> = group
            .streams
            .iter()
            .filter(|(name, _)| name.starts_with(&prefix))
            .collect();
        if by_time {
            streams.sort_by_key(|(_, stream)| stream.last_event);
        }
        if input.descending {
            streams.reverse();
        }
        let ranked = streams.into_iter().enumerate();
        let limit = input.limit.unwrap_or(50);
        let Page { items, next } = page(
            ranked,
            |(rank, _)| format!("{rank:08}"),
            input.next_token.as_deref(),
            limit,
        )
        .ok_or_else(bad_token)?;
        let shown: Vec<_> = items
            .into_iter()
            .map(|(_, (stream, state))| {
                json!({
                    "logStreamName": stream,
                    "creationTime": state.created,
                    "firstEventTimestamp": state.first_event,
                    "lastEventTimestamp": state.last_event,
                    "lastIngestionTime": state.last_ingestion,
                    "arn": format!("{}:log-stream:{stream}", arn(account, region, name)),
                    // AWS has shown 0 for streams since 2019.
                    "storedBytes": 0,
                })
            })
            .collect();
        Ok(json!({ "logStreams": shown, "nextToken": next }))
    }

    pub(super) fn tag(&mut self, (account, region): Place<'_>, input: Tag) -> Result<()> {
        let prefix = arn(account, region, "");
        let name = input
            .resource_arn
            .strip_prefix(&prefix)
            .ok_or_else(no_group)?;
        let group = self.existing_mut(name)?;
        let mut tags = group.tags.clone();
        tags.extend(input.tags);
        if tags.len() > TAGS_QUOTA {
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
