"""Streams and events of one's own: LocalStack's snapshots recorded on AWS (`TEST: DATE`), the API reference."""

import secrets
import time

import pytest
from points import Case, point, refusals, refused

TOPIC = "Log streams and events"
RULES = "docs: CloudWatch Logs, PutLogEvents"
INVALID, ABSENT = "InvalidParameterException", "ResourceNotFoundException"
DAY = 86_400_000


def now():
    return int(time.time() * 1000)


@pytest.fixture(scope="module")
def group(lab):
    name = f"/conformance/{lab.name('events')}"
    lab.logs.create_log_group(logGroupName=name)
    lab.later(lab.logs.delete_log_group, logGroupName=name)
    return name


def stream(lab, group):
    made = {"logGroupName": group, "logStreamName": f"s-{secrets.token_hex(4)}"}
    lab.logs.create_log_stream(**made)
    return made


def put(lab, at, *events):
    events = [{"timestamp": timestamp, "message": message} for timestamp, message in events]
    return lab.logs.put_log_events(**at, logEvents=events)


@point("a new stream", "seen: LocalStack test_create_and_delete_log_stream: 2026-02-03")
def test_made(lab, group):
    made = stream(lab, group)
    asked = {"logGroupName": group, "logStreamNamePrefix": made["logStreamName"]}
    [seen] = lab.logs.describe_log_streams(**asked)["logStreams"]
    assert seen["arn"].endswith(f":log-group:{group}:log-stream:{made['logStreamName']}")
    assert seen["storedBytes"] == 0 and "lastEventTimestamp" not in seen
    lab.logs.delete_log_stream(**made)
    assert lab.logs.describe_log_streams(**asked)["logStreams"] == []


@point("what is written is read", "seen: LocalStack test_put_events_multi_bytes_msg: validated on AWS")
def test_read(lab, group):
    made, at, said = stream(lab, group), now(), "🙀 - 参よ - 日本語"
    assert put(lab, made, (at, said), (at, "second"))["nextSequenceToken"]
    for _ in range(30 if lab.target.real else 1):
        events = lab.logs.get_log_events(**made, startFromHead=True)["events"]
        if events:
            break
        time.sleep(2)
    assert [(it["timestamp"], it["message"]) for it in events] == [(at, said), (at, "second")]


@point("events too old are told, and left out", "seen: LocalStack test_put_log_events_too_old: 2026-02-11")
def test_too_old(lab, group):
    answer = put(lab, stream(lab, group), (now() - 30 * DAY, "old"))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}


@point("events too new are told, and left out", "seen: LocalStack test_put_log_events_too_new: 2026-02-11")
def test_too_new(lab, group):
    answer = put(lab, stream(lab, group), (now() + DAY, "new"))
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 0}


@refusals(
    Case("events of a stream that is not there", "seen: LocalStack test_put_log_events_to_invalid_stream: 2026-02-03", ABSENT,
         lambda lab, group: put(lab, {"logGroupName": group, "logStreamName": "nope"}, (now(), "x")),
         text="The specified log stream does not exist."),
    Case("a stream in no group", "seen: LocalStack test_resource_does_not_exist: 2026-02-03", ABSENT,
         lambda lab, group: lab.logs.create_log_stream(logGroupName=f"{group}-nope", logStreamName="s"),
         text="The specified log group does not exist."),
    Case("a stream that is there", "seen: LocalStack test_create_log_stream_duplicate_error: 2026-02-03",
         "ResourceAlreadyExistsException",
         lambda lab, group: lab.logs.create_log_stream(**stream(lab, group)),
         text="The specified log stream already exists"),
    Case("events in the wrong order", "seen: LocalStack test_put_log_events_wrong_order: 2026-02-03", INVALID,
         lambda lab, group: put(lab, stream(lab, group), (now(), "0"), (now() - 2 * DAY, "1")),
         text="Log events in a single PutLogEvents request must be in chronological order."),
    Case("events of more than a day", RULES, INVALID,
         lambda lab, group: put(lab, stream(lab, group), (now() - 2 * DAY, "0"), (now(), "1"))),
    Case("a batch of more than a megabyte", RULES, INVALID,
         lambda lab, group: put(lab, stream(lab, group), (now(), "x" * 1_048_576))),
)
def test_refused(lab, group, case):
    refused(lambda: case.call(lab, group), case.code, case.status, case.text)
