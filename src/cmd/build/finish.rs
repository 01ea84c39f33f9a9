//! The end of a run: what it did, what comes next, and why it failed.

use std::time::Instant;

use crate::{
    cmd::{link::Link, plan::last, scene},
    engine::{self, Built, Change, Failure, Interrupt, Journal},
    error::{Error, Exit},
    event::{Event, EventSink},
    lab::Lab,
    local,
};

/// Which run ended.
pub(super) struct Ran<'a> {
    /// `up` or `reset`.
    pub(super) command: &'static str,
    pub(super) lab: &'a Lab,
    pub(super) started: Instant,
}

/// Tells how the run ended, and answers its exit code.
pub(super) async fn finish(
    link: &Link,
    journal: &Journal,
    built: Built,
    events: &EventSink,
    interrupt: &Interrupt,
    ran: Ran<'_>,
) -> Result<Exit, Error> {
    let state = journal.state();
    let seconds = ran.started.elapsed().as_secs_f64();
    let created = built.count(&[Change::Created]);
    let adopted = match built.count(&[Change::Adopted]) {
        0 => String::new(),
        n => format!(", {n} adopted"),
    };
    let replaced = match built.count(&[Change::Replaced]) {
        0 => String::new(),
        n => format!(", {n} replaced"),
    };
    let changed = built.count(&[Change::Updated]);
    let removed = if built.removed > 0 {
        format!(", {} removed", built.removed)
    } else {
        String::new()
    };
    let done = format!(
        "{created} created{adopted}{replaced}, {changed} changed, {} unchanged{removed}",
        built.count(&[Change::Unchanged])
    );
    let own = state
        .suffix
        .as_ref()
        .map(|suffix| format!(" --as {suffix}"));
    let own = own.unwrap_or_default();
    let next = |command: &str, why: &str| (format!("{command}{own}"), why.to_owned());
    let up = scene::command("up", state.local.is_some());
    let ok = built.ok();
    let (summary, next) = if ok {
        if let Some(endpoint) = link.connection.endpoint.as_deref()
            && link.is_twin().await
        {
            for message in local::differences(endpoint).await {
                events.send(Event::Notice { message });
            }
        }
        events.send(Event::Outputs(link.outputs(&state).await));
        let verify = if state.until.is_none_or(|u| u >= last(ran.lab)) {
            next("labctl verify", "prove it")
        } else {
            next(&up, "build the rest")
        };
        let mut after = vec![verify, next("labctl down", "remove it all")];
        if !state.added_users.is_empty() {
            let who = state.added_users.join(", ");
            let why = format!("remove {who}, who otherwise stay until `labctl down`");
            after.push(next(&format!("{up} --no-user --replace"), &why));
        }
        let word = if ran.command == "up" { "Up" } else { "Reset" };
        (format!("{word} in {seconds:.1} s: {done}."), after)
    } else {
        let again = match (ran.command, state.until) {
            ("reset", Some(until)) => format!("labctl reset --to {until}"),
            _ => up.clone(),
        };
        let stopped = if interrupt.is_set() {
            "Interrupted"
        } else if built.paused.is_some() {
            "Paused"
        } else {
            "Not complete"
        };
        let summary = format!(
            "{stopped} after {seconds:.1} s: {done}, {} failed, {} not tried.",
            built.failed.len(),
            built.skipped.len()
        );
        (
            summary,
            vec![
                next(&again, "go on from here"),
                next("labctl down", "remove what is there"),
            ],
        )
    };
    events.send(Event::RunFinished {
        command: ran.command,
        ok,
        summary,
        seconds,
        next,
    });
    if interrupt.is_set() && !ok {
        return Ok(Exit::Interrupted);
    }
    if let Some(failure) = built.paused {
        return Err(Error::failed(format!("paused: {failure}"))
            .hint("sign in again (`aws sso login`, or fresh keys), then the same command goes on from here"));
    }
    match first_cause(built.failed) {
        Some(error) => Err(error),
        None => Ok(if ok { Exit::Ok } else { Exit::Failed }),
    }
}

/// The first failure, or what ended the run, as the error that the run ends with: its causes and hints
/// are not in the events.
fn first_cause(mut failed: Vec<(engine::StepId, Failure)>) -> Option<Error> {
    let count = failed.len();
    failed.sort_by_key(|(_, failure)| !matches!(failure, Failure::Journal(_)));
    let (id, failure) = failed.into_iter().next()?;
    let mut error = Error::from(failure);
    let more = if count > 1 {
        format!(" (and {} more, above)", count - 1)
    } else {
        String::new()
    };
    error.message = format!("{id}: {}{more}", error.message);
    Some(error)
}
