//! Reading events: of one stream, or of a whole group with a filter.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Event, Group, Place, Result, State, bad_token, groups::named, invalid, pattern::Pattern,
    streams::no_stream,
};
use crate::wire::page::{Page, page};

const MOST: usize = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetEvents {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<usize>,
    #[serde(default)]
    start_from_head: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FilterEvents {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

impl Event {
    /// 56 digits that sort by time, then by arrival.
    fn id(&self) -> String {
        format!("{:020}{:036}", self.at, self.number)
    }
}

impl Group {
    /// Events by time, `start` inclusive, `end` exclusive.
    fn sorted(
        &self,
        start: Option<i64>,
        end: Option<i64>,
        wanted: impl Fn(&Event) -> bool,
    ) -> Vec<&Event> {
        let within = |event: &&Event| {
            start.is_none_or(|start| event.at >= start)
                && end.is_none_or(|end| event.at < end)
                && wanted(event)
        };
        let mut events: Vec<_> = self.events.iter().filter(within).collect();
        events.sort_by_key(|event| (event.at, event.number));
        events
    }
}

impl State {
    /// Tokens are `f/ID` (what follows the event) and `b/ID` (what is before it); at the end of the stream a
    /// token comes back as it was given.
    pub(super) fn get_events(&self, place: Place<'_>, input: GetEvents) -> Result<Value> {
        let group = self.existing(named(
            place,
            input.log_group_name.as_deref(),
            input.log_group_identifier.as_deref(),
        )?)?;
        if !group.streams.contains_key(&input.log_stream_name) {
            return Err(no_stream());
        }
        let limit = input.limit.unwrap_or(MOST);
        let all = group.sorted(input.start_time, input.end_time, |event| {
            event.stream == input.log_stream_name
        });
        let first = |count: usize| (0, count.min(limit));
        let last = |count: usize| (count - count.min(limit), count);

        let (base, (from, to)) = match input
            .next_token
            .as_deref()
            .map(|token| token.split_at_checked(2))
        {
            None if input.start_from_head => (0, first(all.len())),
            None => (0, last(all.len())),
            Some(Some(("f/", id))) => {
                let behind = all.partition_point(|event| event.id().as_str() <= id);
                (behind, first(all.len() - behind))
            }
            Some(Some(("b/", id))) => (
                0,
                last(all.partition_point(|event| event.id().as_str() < id)),
            ),
            Some(_) => return Err(bad_token()),
        };
        let events = &all[base + from..base + to];
        // With nothing new, stay at the place that the token names.
        let stay = input.next_token.as_deref().and_then(|token| token.get(2..));
        let start = Event::id(&Event {
            number: 0,
            stream: String::new(),
            at: 0,
            ingested: 0,
            message: String::new(),
        });
        let edge = |event: Option<&&Event>| {
            event.map_or_else(|| stay.unwrap_or(&start).to_owned(), |event| event.id())
        };
        let shown: Vec<_> = events
            .iter()
            .map(|e| json!({"timestamp": e.at, "message": e.message, "ingestionTime": e.ingested}))
            .collect();
        Ok(json!({
            "events": shown,
            "nextForwardToken": format!("f/{}", edge(events.last())),
            "nextBackwardToken": format!("b/{}", edge(events.first())),
        }))
    }

    pub(super) fn filter_events(&self, place: Place<'_>, input: FilterEvents) -> Result<Value> {
        let group = self.existing(named(
            place,
            input.log_group_name.as_deref(),
            input.log_group_identifier.as_deref(),
        )?)?;
        if input.log_stream_names.is_some() && input.log_stream_name_prefix.is_some() {
            let message =
                "LogStream names and LogStream name prefix are mutually exclusive parameters.";
            return Err(invalid(message));
        }
        let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or_default())?;
        // Unlike GetLogEvents, the end is inclusive here.
        let end = input.end_time.map(|end| end.saturating_add(1));
        let found = group.sorted(input.start_time, end, |event| {
            input
                .log_stream_names
                .as_ref()
                .is_none_or(|names| names.contains(&event.stream))
                && input
                    .log_stream_name_prefix
                    .as_ref()
                    .is_none_or(|prefix| event.stream.starts_with(prefix))
                && pattern.matches(&event.message)
        });
        let Page { items, next } = page(
            found,
            |event| event.id(),
            input.next_token.as_deref(),
            input.limit.unwrap_or(MOST),
        )
        .ok_or_else(bad_token)?;
        let shown: Vec<_> = items
            .into_iter()
            .map(|event| {
                json!({
                    "logStreamName": event.stream,
                    "timestamp": event.at,
                    "message": event.message,
                    "ingestionTime": event.ingested,
                    "eventId": event.id(),
                })
            })
            .collect();
        Ok(json!({ "events": shown, "searchedLogStreams": [], "nextToken": next }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = ("111122223333", "us-east-1");

    fn state() -> State {
        let mut state = State::default();
        state.create_group("g");
        for (at, stream) in [(3, "a"), (1, "a"), (2, "b"), (2, "a")] {
            state.put_events("g", stream, &[(at, format!("{stream}{at}"))]);
        }
        state
    }

    fn messages(answer: &Value) -> Vec<&str> {
        answer["events"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|e| e["message"].as_str())
            .collect()
    }

    fn get(state: &State, more: &Value) -> Value {
        let mut input = json!({"logGroupName": "g", "logStreamName": "a", "limit": 2});
        for (key, value) in more.as_object().into_iter().flatten() {
            input[key] = value.clone();
        }
        state
            .get_events(PLACE, serde_json::from_value(input).expect("typed"))
            .unwrap_or_else(|e| json!(e.message))
    }

    #[test]
    fn a_stream_is_read_forwards_and_backwards() {
        let mut state = state();
        let tail = get(&state, &json!({}));
        assert_eq!(messages(&tail), ["a2", "a3"]);
        let before = get(&state, &json!({"nextToken": tail["nextBackwardToken"]}));
        assert_eq!(messages(&before), ["a1"]);
        let end = get(&state, &json!({"nextToken": tail["nextForwardToken"]}));
        assert_eq!(
            (messages(&end).len(), &end["nextForwardToken"]),
            (0, &tail["nextForwardToken"])
        );
        state.put_events("g", "a", &[(4, "a4".to_owned())]);
        assert_eq!(
            messages(&get(
                &state,
                &json!({"nextToken": tail["nextForwardToken"]})
            )),
            ["a4"]
        );
        assert_eq!(
            messages(&get(&state, &json!({"startFromHead": true}))),
            ["a1", "a2"]
        );
        assert_eq!(
            messages(&get(&state, &json!({"startTime": 2, "endTime": 3}))),
            ["a2"]
        );
        assert_eq!(
            get(&state, &json!({"nextToken": "§"})),
            json!("The specified nextToken is invalid.")
        );
    }

    #[test]
    fn a_group_is_filtered() {
        let state = state();
        let filter = |more: &[(&str, Value)]| {
            let mut input = json!({"logGroupName": "g"});
            for (key, value) in more {
                input[*key] = value.clone();
            }
            state
                .filter_events(PLACE, serde_json::from_value(input).expect("typed"))
                .unwrap_or_else(|e| json!(e.message))
        };
        assert_eq!(messages(&filter(&[])), ["a1", "b2", "a2", "a3"]);
        assert_eq!(messages(&filter(&[("filterPattern", json!("a2"))])), ["a2"]);
        assert_eq!(messages(&filter(&[("endTime", json!(1))])), ["a1"]);
        assert_eq!(
            messages(&filter(&[("logStreamNames", json!(["b"]))])),
            ["b2"]
        );
        let page = filter(&[("limit", json!(3))]);
        assert_eq!(
            messages(&filter(&[("nextToken", page["nextToken"].clone())])),
            ["a3"]
        );
    }
}
