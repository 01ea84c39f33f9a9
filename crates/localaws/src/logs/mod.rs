//! `CloudWatch` Logs: groups, streams, events. Each group keeps its last events only.

mod events;
mod groups;
mod pattern;
mod put;
mod streams;
mod tags;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    app::{App, now_ms},
    call::{Answer, ApiError, Call, answer},
};

/// Events kept of each group; older ones go.
const KEPT: usize = 10_000;

type Result<T> = std::result::Result<T, ApiError>;
/// Account and region of the caller.
type Place<'a> = (&'a str, &'a str);

/// Log groups by name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    groups: BTreeMap<String, Group>,
}

/// All times are milliseconds since the epoch.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Group {
    created: i64,
    retention_days: Option<u32>,
    class: Option<String>,
    protected: bool,
    tags: BTreeMap<String, String>,
    streams: BTreeMap<String, Stream>,
    /// In the order of their arrival.
    events: VecDeque<Event>,
    /// Number of the next event.
    next: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Stream {
    created: i64,
    first_event: Option<i64>,
    last_event: Option<i64>,
    last_ingestion: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Event {
    number: u64,
    stream: String,
    at: i64,
    ingested: i64,
    message: String,
}

impl State {
    /// Makes a group; does nothing when it is there.
    pub(crate) fn create_group(&mut self, name: &str) {
        self.groups.entry(name.to_owned()).or_insert_with(|| Group {
            created: now_ms(),
            ..Group::default()
        });
    }

    /// Appends lines (time in ms, text) to a stream, which is made when missing. False: no such group.
    pub(crate) fn put_events(
        &mut self,
        group: &str,
        stream: &str,
        lines: &[(i64, String)],
    ) -> bool {
        let Some(group) = self.groups.get_mut(group) else {
            return false;
        };
        group.append(stream, lines, now_ms());
        true
    }

    /// Every group's ARN and tags.
    pub(crate) fn tagged(
        &self,
        account: &str,
        region: &str,
    ) -> Vec<(String, BTreeMap<String, String>)> {
        self.groups
            .iter()
            .map(|(name, group)| (arn(account, region, name), group.tags.clone()))
            .collect()
    }
}

impl Stream {
    fn new(created: i64) -> Self {
        Self {
            created,
            first_event: None,
            last_event: None,
            last_ingestion: None,
        }
    }
}

impl Group {
    fn append(&mut self, stream: &str, lines: &[(i64, String)], now: i64) {
        let state = self
            .streams
            .entry(stream.to_owned())
            .or_insert_with(|| Stream::new(now));
        for (at, message) in lines {
            state.first_event = Some(state.first_event.map_or(*at, |first| first.min(*at)));
            state.last_event = Some(state.last_event.map_or(*at, |last| last.max(*at)));
            state.last_ingestion = Some(now);
            let (stream, message) = (stream.to_owned(), message.clone());
            self.events.push_back(Event {
                number: self.next,
                stream,
                at: *at,
                ingested: now,
                message,
            });
            self.next += 1;
        }
        let surplus = self.events.len().saturating_sub(KEPT);
        self.events.drain(..surplus);
    }
}

/// A group's ARN, without the `:*` that stands for its streams.
fn arn(account: &str, region: &str, group: &str) -> String {
    format!("arn:aws:logs:{region}:{account}:log-group:{group}")
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterException", message)
}

fn bad_token() -> ApiError {
    invalid("The specified nextToken is invalid.")
}

fn no_group() -> ApiError {
    ApiError::new(
        400,
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )
}

#[expect(clippy::unused_async, reason = "every service answers alike")]
pub(crate) async fn handle(app: &Arc<App>, call: &Call) -> Answer {
    let place = (call.account.as_str(), call.region.as_str());
    match call.operation.as_str() {
        "CreateLogGroup" => write(app, call, State::create),
        "DeleteLogGroup" => write(app, call, State::delete),
        "PutLogGroupDeletionProtection" => {
            write(app, call, |state, input| state.protect(place, input))
        }
        "PutRetentionPolicy" => write(app, call, State::put_retention),
        "DescribeLogGroups" => read(app, call, |state, input| {
            state.describe_groups(place, input)
        }),
        "CreateLogStream" => write(app, call, State::create_stream),
        "DeleteLogStream" => write(app, call, State::delete_stream),
        "PutLogEvents" => write(app, call, State::put_log_events),
        "DescribeLogStreams" => read(app, call, |state, input| {
            state.describe_streams(place, input)
        }),
        "TagResource" => write(app, call, |state, input| state.tag(place, input)),
        "ListTagsForResource" => read(app, call, |state, input| state.list_tags(place, input)),
        "GetLogEvents" => read(app, call, |state, input| state.get_events(place, input)),
        "FilterLogEvents" => read(app, call, |state, input| state.filter_events(place, input)),
        _ => Err(call.not_served()),
    }
}

fn read<I: DeserializeOwned, O: Serialize>(
    app: &App,
    call: &Call,
    look: impl FnOnce(&State, I) -> Result<O>,
) -> Answer {
    let input = call.input()?;
    let region = |world: &crate::world::World| {
        let region = world
            .accounts
            .get(&call.account)
            .and_then(|account| account.regions.get(&call.region));
        match region {
            Some(region) => look(&region.logs, input),
            None => look(&State::default(), input),
        }
    };
    answer(app.read(region)?)
}

fn write<I: DeserializeOwned, O: Serialize>(
    app: &App,
    call: &Call,
    change: impl FnOnce(&mut State, I) -> Result<O>,
) -> Answer {
    let input = call.input()?;
    answer(app.write(|world| change(&mut world.region(&call.account, &call.region).logs, input))?)
}
