//! `PutLogEvents`: what anybody writes into a stream.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Result, State, invalid, streams::no_stream};
use crate::{app::now_ms, ids};

/// Bytes of a batch, and of each event besides its message.
const MOST: usize = 1_048_576;
const OVERHEAD: usize = 26;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutEvents {
    log_group_name: String,
    log_stream_name: String,
    log_events: Vec<InputEvent>,
}

#[derive(Deserialize)]
struct InputEvent {
    timestamp: i64,
    message: String,
}

impl State {
    /// Rules: "Uploads a batch of log events" in the API reference. Recorded: LocalStack's `test_put_log_events_too_old`,
    /// `…_too_new` and `…_wrong_order`.
    pub(super) fn put_log_events(&mut self, input: PutEvents) -> Result<Value> {
        let group = self.existing_mut(&input.log_group_name)?;
        let stream = &input.log_stream_name;
        if !group.streams.contains_key(stream) {
            return Err(no_stream());
        }
        let events = input.log_events;
        if !events.is_sorted_by_key(|event| event.timestamp) {
            return Err(invalid(
                "Log events in a single PutLogEvents request must be in chronological order.",
            ));
        }
        let sizes = events.iter().map(|event| event.message.len() + OVERHEAD);
        let size: usize = sizes.sum();
        if size > MOST {
            return Err(invalid(format!(
                "Upload too large: {size} bytes exceeds limit of {MOST}"
            )));
        }
        let now = now_ms();
        let before = |limit: i64| events.partition_point(|event| event.timestamp < limit);
        let too_old = before(now - 14 * DAY);
        let kept_days = group.retention_days.map(i64::from);
        let expired = kept_days.map_or(0, |days| before(now - days * DAY));
        let too_new = before(now + 2 * HOUR + 1);
        let valid = events
            .get(too_old.max(expired)..too_new)
            .unwrap_or_default();
        if let (Some(first), Some(last)) = (valid.first(), valid.last())
            && last.timestamp - first.timestamp > DAY
        {
            return Err(invalid(
                "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
            ));
        }
        let lines: Vec<_> = valid
            .iter()
            .map(|event| (event.timestamp, event.message.clone()))
            .collect();
        let mut rejected = Map::new();
        for (name, index, any) in [
            ("tooOldLogEventEndIndex", too_old, too_old > 0),
            ("expiredLogEventEndIndex", expired, expired > too_old),
            ("tooNewLogEventStartIndex", too_new, too_new < events.len()),
        ] {
            if any {
                rejected.insert(name.to_owned(), index.into());
            }
        }
        group.append(stream, &lines, now);
        let mut answer = json!({ "nextSequenceToken": ids::digits(56) });
        if !rejected.is_empty() {
            answer["rejectedLogEventsInfo"] = Value::Object(rejected);
        }
        Ok(answer)
    }
}
