//! The streams of a group.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Place, Result, State, Stream, arn, bad_token, groups::named, invalid};
use crate::{
    app::now_ms,
    call::ApiError,
    wire::page::{Page, page},
};

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
pub(super) struct OfStream {
    log_group_name: String,
    log_stream_name: String,
}

pub(super) fn no_stream() -> ApiError {
    let message = "The specified log stream does not exist.";
    ApiError::new(400, "ResourceNotFoundException", message)
}

impl State {
    /// Recorded: LocalStack's `test_create_log_stream_duplicate_error`.
    pub(super) fn create_stream(&mut self, input: OfStream) -> Result<()> {
        let group = self.existing_mut(&input.log_group_name)?;
        if group.streams.contains_key(&input.log_stream_name) {
            let message = "The specified log stream already exists";
            return Err(ApiError::new(
                400,
                "ResourceAlreadyExistsException",
                message,
            ));
        }
        group
            .streams
            .insert(input.log_stream_name, Stream::new(now_ms()));
        Ok(())
    }

    /// Its events go with it.
    pub(super) fn delete_stream(&mut self, input: OfStream) -> Result<()> {
        let group = self.existing_mut(&input.log_group_name)?;
        let stream = &input.log_stream_name;
        group.streams.remove(stream).ok_or_else(no_stream)?;
        group.events.retain(|event| event.stream != *stream);
        Ok(())
    }

    pub(super) fn describe_streams(
        &self,
        (account, region): Place<'_>,
        input: DescribeStreams,
    ) -> Result<Value> {
        let name = named(
            (account, region),
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
}
