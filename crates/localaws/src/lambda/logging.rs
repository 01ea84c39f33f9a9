//! What an invocation leaves in the function's log group, and in `LogResult`.

use std::time::Duration;

use super::runtime::{End, Launch, Line, Outcome};
use crate::{app::App, world::World};

/// `LogResult` is this long at most (bytes).
const TAIL: usize = 4096;

/// The whole log of an invocation.
pub(super) fn lines(launch: &Launch, request_id: &str, outcome: &Outcome) -> Vec<Line> {
    let start = format!("START RequestId: {request_id} Version: {}", launch.version);
    let ended = crate::app::now_ms();
    let mut lines = outcome.before.clone();
    lines.push((outcome.started, start));
    lines.extend(outcome.lines.iter().cloned());
    lines.push((ended, format!("END RequestId: {request_id}")));
    lines.push((ended, report(launch, request_id, outcome)));
    for (_, text) in &mut lines {
        text.push('\n');
    }
    lines
}

fn report(launch: &Launch, request_id: &str, outcome: &Outcome) -> String {
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let billed = ms(outcome.duration + outcome.init.unwrap_or_default()).ceil();
    let init = outcome.init.map_or_else(String::new, |init| {
        format!("Init Duration: {:.2} ms\t", ms(init))
    });
    let status = match outcome.end {
        End::Returned | End::Failed | End::NotLoaded => "",
        End::TimedOut => "Status: timeout",
        End::Exited => "Status: error\tError Type: Runtime.ExitError",
    };
    format!(
        "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tBilled Duration: {billed:.0} ms\t\
         Memory Size: {} MB\tMax Memory Used: {} MB\t{init}{status}",
        ms(outcome.duration),
        launch.memory_mb,
        outcome.memory_mb,
    )
}

/// The last 4 KB, cut between characters.
pub(super) fn tail(lines: &[Line]) -> String {
    let text: String = lines.iter().map(|(_, text)| text.as_str()).collect();
    let start = (text.len().saturating_sub(TAIL)..=text.len()).find(|n| text.is_char_boundary(*n));
    text.get(start.unwrap_or_default()..)
        .unwrap_or_default()
        .to_owned()
}

/// Puts the log where the function's role lets it go; without a permission it is lost, as on AWS.
pub(super) fn deliver(app: &App, launch: &Launch, stream: &str, lines: &[Line]) {
    app.write(|world| {
        if !may(world, launch, "logs:CreateLogStream", stream)
            || !may(world, launch, "logs:PutLogEvents", stream)
        {
            return;
        }
        let group = may(world, launch, "logs:CreateLogGroup", "");
        let logs = &mut world.region(&launch.account, &launch.region).logs;
        if !logs.put_events(&launch.log_group, stream, lines) && group {
            logs.create_group(&launch.log_group);
            logs.put_events(&launch.log_group, stream, lines);
        }
    });
}

fn may(world: &World, launch: &Launch, action: &str, stream: &str) -> bool {
    let Launch {
        account,
        region,
        log_group,
        role,
        ..
    } = launch;
    let resource =
        format!("arn:aws:logs:{region}:{account}:log-group:{log_group}:log-stream:{stream}");
    world
        .accounts
        .get(account)
        .is_some_and(|account| account.iam.allows(role, action, &resource))
}
