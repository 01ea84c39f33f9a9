//! Groups driven through `handle`, as the wire layer drives it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{path::PathBuf, sync::Arc};

use serde_json::{Value, json};

use crate::{
    app::{App, Config},
    call::{Call, Service},
    logs::{self, KEPT, State},
    world::World,
};

const ACCOUNT: &str = "111122223333";
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const REGION: &str = "us-east-1";

struct Twin(Arc<App>);

impl Twin {
    fn new() -> Self {
        let config = Config::at(PathBuf::new());
        Self(Arc::new(App::new(config, World::default())))
    }

    /// The answer, or the error's code.
    async fn call(&self, operation: &str, input: Value) -> Result<Value, String> {
        let call = Call {
            service: Service::Logs,
            operation: operation.to_owned(),
            input,
            account: ACCOUNT.to_owned(),
            caller: None,
            region: REGION.to_owned(),
            request_id: String::new(),
        };
        let answer = logs::handle(&self.0, &call).await;
        answer.map_err(|e| e.code)
    }

    /// What Lambda does after an invocation; false: there is no such group.
    fn put(&self, group: &str, line: &str) -> bool {
        let lines = [(1, line.to_owned())];
        let put = |world: &mut World| {
            let logs = &mut world.region(ACCOUNT, REGION).logs;
            logs.put_events(group, "s", &lines)
        };
        self.0.write(put)
    }

    async fn named(&self, operation: &str, name: &str) -> Result<Value, String> {
        self.call(operation, json!({"logGroupName": name})).await
    }
}

fn group(region: &str, account: &str) -> String {
    format!("arn:aws:logs:{region}:{account}:log-group:g")
}

#[tokio::test]
async fn an_arn_names_a_group_of_its_own_place_only() {
    let twin = Twin::new();
    twin.named("CreateLogGroup", "g").await.unwrap();
    twin.put("g", "line");
    for operation in ["FilterLogEvents", "GetLogEvents", "DescribeLogStreams"] {
        let found = async |identifier: String| {
            let input = json!({"logGroupIdentifier": identifier, "logStreamName": "s"});
            twin.call(operation, input).await.map(drop)
        };
        assert_eq!(found("g".to_owned()).await, Ok(()), "{operation}");
        assert_eq!(found(group(REGION, ACCOUNT)).await, Ok(()), "{operation}");
        for elsewhere in [group("eu-west-1", ACCOUNT), group(REGION, "444455556666")] {
            let missing = Err("ResourceNotFoundException".to_owned());
            assert_eq!(found(elsewhere).await, missing, "{operation}");
        }
    }
    let listed = async |identifier: String| {
        let input = json!({"logGroupIdentifiers": [identifier]});
        let answer = twin.call("DescribeLogGroups", input).await.unwrap();
        answer["logGroups"].as_array().map(Vec::len)
    };
    assert_eq!(listed(group(REGION, ACCOUNT)).await, Some(1));
    assert_eq!(listed(group("eu-west-1", ACCOUNT)).await, Some(0));
}

#[tokio::test]
async fn a_deleted_group_takes_its_events_along() {
    let twin = Twin::new();
    twin.named("CreateLogGroup", "g").await.unwrap();
    assert!(twin.put("g", "early"));
    twin.named("DeleteLogGroup", "g").await.unwrap();
    assert!(!twin.put("g", "late"));
    let gone = Err("ResourceNotFoundException".to_owned());
    assert_eq!(twin.named("DeleteLogGroup", "g").await, gone);
    assert_eq!(twin.named("FilterLogEvents", "g").await, gone);
    twin.named("CreateLogGroup", "g").await.unwrap();
    let events = twin.named("FilterLogEvents", "g").await.unwrap();
    assert_eq!(events["events"], json!([]));
}

#[tokio::test]
async fn pages_stay_right_when_groups_go() {
    let twin = Twin::new();
    for name in ["a", "b", "c"] {
        twin.named("CreateLogGroup", name).await.unwrap();
    }
    for (input, told) in [
        (json!({"logGroupNamePrefix": "a"}), true),
        (json!({"logGroupNamePattern": "a"}), false),
    ] {
        let found = twin.call("DescribeLogGroups", input).await.unwrap();
        let group = found["logGroups"][0].as_object().unwrap();
        for member in ["storedBytes", "deletionProtectionEnabled"] {
            let given = group.get(member).is_some_and(|value| !value.is_null());
            assert_eq!(given, told, "{member}");
        }
    }
    let first = twin.call("DescribeLogGroups", json!({"limit": 2}));
    let token = first.await.unwrap()["nextToken"].clone();
    twin.named("DeleteLogGroup", "b").await.unwrap();
    let input = json!({"limit": 2, "nextToken": token});
    let second = twin.call("DescribeLogGroups", input).await.unwrap();
    assert_eq!(second["logGroups"][0]["logGroupName"], "c");
    assert_eq!(second["nextToken"], Value::Null);
    let input = json!({"nextToken": "nonsense!"});
    let refused = twin.call("DescribeLogGroups", input).await;
    assert_eq!(refused, Err("InvalidParameterException".to_owned()));
}

#[test]
fn a_group_keeps_its_last_events() {
    let mut state = State::default();
    let line = |n: i64| vec![(n, format!("line {n}"))];
    assert!(!state.put_events("g", "s", &line(0)));
    state.create_group("g");
    let many: Vec<_> = (0..10_005).flat_map(line).collect();
    assert!(state.put_events("g", "s", &many));
    let group = &state.groups["g"];
    assert_eq!((group.events.len(), group.events[0].at), (KEPT, 5));
    assert_eq!(
        (
            group.streams["s"].first_event,
            group.streams["s"].last_event
        ),
        (Some(0), Some(10_004))
    );
    // What is there stays.
    state.create_group("g");
    assert_eq!(state.groups["g"].events.len(), KEPT);
}

#[tokio::test]
async fn streams_are_written_to_by_whoever_made_them() {
    let twin = Twin::new();
    let stream = json!({"logGroupName": "g", "logStreamName": "s"});
    let absent = Err("ResourceNotFoundException".to_owned());
    assert_eq!(
        twin.call("CreateLogStream", stream.clone()).await.map(drop),
        absent
    );
    twin.named("CreateLogGroup", "g").await.unwrap();
    let put = async |events: Value| {
        let mut input = stream.clone();
        input["logEvents"] = events;
        twin.call("PutLogEvents", input).await
    };
    let now = crate::app::now_ms();
    let at = |ms: i64, message: &str| json!({"timestamp": ms, "message": message});
    assert_eq!(put(json!([at(now, "a")])).await.map(drop), absent);
    twin.call("CreateLogStream", stream.clone()).await.unwrap();
    assert_eq!(
        twin.call("CreateLogStream", stream.clone()).await.map(drop),
        Err("ResourceAlreadyExistsException".to_owned())
    );

    let taken = put(json!([at(now - 1, "🙀 1"), at(now, "2")]))
        .await
        .unwrap();
    assert!(taken["nextSequenceToken"].is_string() && taken.get("rejectedLogEventsInfo").is_none());
    let mixed = json!([
        at(now - 15 * DAY, "old"),
        at(now + 1, "3"),
        at(now + 3 * HOUR, "new"),
    ]);
    let taken = put(mixed).await.unwrap();
    assert_eq!(
        taken["rejectedLogEventsInfo"],
        json!({"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2})
    );
    let retention = json!({"logGroupName": "g", "retentionInDays": 1});
    twin.call("PutRetentionPolicy", retention).await.unwrap();
    let taken = put(json!([at(now - 2 * DAY, "expired")])).await.unwrap();
    assert_eq!(
        taken["rejectedLogEventsInfo"],
        json!({"expiredLogEventEndIndex": 1})
    );
    let invalid = Err("InvalidParameterException".to_owned());
    for refused in [
        json!([at(now, "late"), at(now - 1, "early")]),
        json!([at(now - 23 * HOUR, "a"), at(now + HOUR + 1, "b")]),
        json!([at(now, &"x".repeat(1_048_576 - 25))]),
    ] {
        assert_eq!(put(refused).await.map(drop), invalid);
    }
    put(json!([at(now, &"x".repeat(1_048_576 - 26))]))
        .await
        .unwrap();
    let seen = twin.call("GetLogEvents", stream.clone()).await.unwrap();
    let events = seen["events"].as_array().unwrap().iter();
    let short: Vec<_> = events.map(|e| e["message"].as_str().unwrap()).collect();
    assert_eq!(
        (short.len(), &short[..2], short[3]),
        (4, &["🙀 1", "2"][..], "3")
    );

    twin.call("DeleteLogStream", stream.clone()).await.unwrap();
    assert_eq!(
        twin.call("DeleteLogStream", stream.clone()).await.map(drop),
        absent
    );
    twin.call("CreateLogStream", stream.clone()).await.unwrap();
    let seen = twin.call("GetLogEvents", stream).await.unwrap();
    assert_eq!(seen["events"], json!([]));
}
