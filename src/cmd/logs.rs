//! `labctl logs`: what the lab's functions logged, from `CloudWatch` Logs; the twin answers the same call.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde_json::json;

use super::{
    lookup,
    scene::{self, Site},
};
use crate::{
    aws::{Cx, Fault, FaultKind},
    cli::{Global, Logs},
    engine::{Interrupt, State},
    error::{Error, Exit},
    event::EventSink,
    lab::quote,
    report,
    resource::Kind,
};

/// Between two looks with `--follow`.
const PAUSE: Duration = Duration::from_secs(1);
/// How late an event may be found after its own time: each look goes back by as much.
const LATE_MS: i64 = 30_000;

/// A function whose log is read.
pub(super) struct Source {
    /// Its key in lab.yaml.
    key: String,
    /// Its name in AWS.
    name: String,
}

/// One event of a log.
struct Line {
    at: i64,
    id: String,
    function: String,
    stream: String,
    message: String,
}

pub(super) async fn run(global: &Global, args: &Logs) -> Result<Exit, Error> {
    let site = Site::of(global);
    let known = scene::known(global, &site)?;
    let found = match &known.lab {
        Some(lab) => lookup::find(global, &site, lab).await?,
        None => lookup::recorded(global, &site, &known).await?,
    };
    let (link, state) = found.ok_or_else(|| {
        Error::new(Exit::Nothing, format!("{}: nothing there", known.name))
            .hint("`labctl up` builds it, `labctl up --local` without an account")
    })?;
    let sources = sources(&state, args.function.as_deref())?;
    // What is waited for here is not shown: the log is all that is wanted.
    let (events, _) = EventSink::new();
    let interrupt = Interrupt::listen();
    let cx = link.cx(&state, &events, &interrupt);
    let followed = async {
        link.identity(&cx, Some(&state)).await?;
        follow(global, args, &cx, &sources).await
    };
    let ended = interrupt.or(Box::pin(followed)).await;
    ended.unwrap_or(Ok(Exit::Interrupted))
}

/// The functions of the lab, or the one that is asked for by its key in lab.yaml or its name.
pub(super) fn sources(state: &State, wanted: Option<&str>) -> Result<Vec<Source>, Error> {
    let records = state.in_order().into_iter();
    let functions = records.filter(|(_, record)| record.kind == Kind::Function);
    let all: Vec<Source> = functions
        .map(|(id, record)| Source {
            key: id
                .to_string()
                .split_once('.')
                .map_or("", |(_, key)| key)
                .to_owned(),
            name: record.name.clone(),
        })
        .collect();
    let keys: Vec<String> = all.iter().map(|source| source.key.clone()).collect();
    let asked = |source: &Source| wanted.is_none_or(|w| source.key == w || source.name == w);
    let found: Vec<Source> = all.into_iter().filter(asked).collect();
    match wanted {
        _ if !found.is_empty() => Ok(found),
        Some(wanted) if !keys.is_empty() => {
            let message = format!("this lab has no function {}", quote(wanted));
            Err(Error::usage(message).hint(format!("there is: {}", keys.join(", "))))
        }
        _ => Err(Error::failed("this lab has no function yet").hint("`labctl up` builds the rest")),
    }
}

/// Prints what is there, oldest first, and with `--follow` what comes.
async fn follow(global: &Global, args: &Logs, cx: &Cx, sources: &[Source]) -> Result<Exit, Error> {
    let mut tail = Tail::since(args.since);
    while tail.print(global, cx, sources).await? && args.follow {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Exit::Ok)
}

/// What of the logs was printed.
pub(super) struct Tail {
    /// Milliseconds: nothing older is printed.
    begin: i64,
    /// Milliseconds: where the next look begins.
    from: i64,
    /// Times and ids of the events since then.
    shown: BTreeSet<(i64, String)>,
}

impl Tail {
    /// Begins so long ago.
    pub(super) fn since(ago: Duration) -> Self {
        let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
        let now = Timestamp::now().as_millisecond();
        let begin = now.saturating_sub(ago).max(0);
        Self {
            begin,
            from: begin,
            shown: BTreeSet::new(),
        }
    }

    /// Prints what is new. `false`: nobody reads any more.
    pub(super) async fn print(
        &mut self,
        global: &Global,
        cx: &Cx,
        sources: &[Source],
    ) -> Result<bool, Fault> {
        let mut lines: Vec<Line> = Vec::new();
        for source in sources {
            lines.extend(read(cx, source, self.from).await?);
        }
        lines.retain(|line| !self.shown.contains(&(line.at, line.id.clone())));
        // Stable: events of one function and one millisecond stay in their order.
        lines.sort_by_key(|line| line.at);
        let texts: Vec<String> = lines
            .iter()
            .flat_map(|line| text(global, line, sources.len() > 1))
            .collect();
        let read = report::print_raw(&texts);
        self.shown
            .extend(lines.into_iter().map(|line| (line.at, line.id)));
        let newest = self.shown.last().map_or(self.begin, |(at, _)| *at);
        self.from = self.begin.max(newest - LATE_MS);
        self.shown.retain(|(at, _)| *at >= self.from);
        Ok(read)
    }
}

/// Events of one function since `from` (ms). A log group that does not exist has none.
async fn read(cx: &Cx, source: &Source, from: i64) -> Result<Vec<Line>, Fault> {
    let group = format!("/aws/lambda/{}", source.name);
    let events = cx.pages(
        "logs:FilterLogEvents",
        |token| {
            let filter = cx.clients().logs.filter_log_events();
            filter
                .log_group_name(&group)
                .start_time(from)
                .set_next_token(token)
                .send()
        },
        |page| (page.events.unwrap_or_default(), page.next_token),
    );
    let events = match events.await {
        Err(fault) if fault.kind == FaultKind::Absent => return Ok(Vec::new()),
        events => events?,
    };
    let line = |event: aws_sdk_cloudwatchlogs::types::FilteredLogEvent| Line {
        at: event.timestamp.unwrap_or_default(),
        id: event.event_id.unwrap_or_default(),
        function: source.key.clone(),
        stream: event.log_stream_name.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
    };
    Ok(events.into_iter().map(line).collect())
}

/// An event as lines for a person, or as one line of JSON.
fn text(global: &Global, line: &Line, several: bool) -> Vec<String> {
    let at = Timestamp::from_millisecond(line.at).unwrap_or_default();
    if global.json {
        let value = json!({
            "event": "log",
            "time": format!("{at:.3}"),
            "function": line.function,
            "stream": line.stream,
            "message": line.message,
        });
        return vec![report::json_line(&value)];
    }
    let name = if several {
        format!("{}  ", line.function)
    } else {
        String::new()
    };
    let parts = line.message.trim_end().split(['\n', '\r']);
    parts
        .map(|part| {
            format!(
                "{at:.3}  {name}{}",
                labfiles::harmless(&part.replace('\t', "  "))
            )
        })
        .collect()
}
