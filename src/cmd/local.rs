//! `labctl local …`: the AWS twin in the background.

use std::{
    io::{self, Read, Seek, SeekFrom},
    time::Duration,
};

use serde_json::json;

use super::{runtimes, scene::Site, trust};
use crate::{
    cli::{Dir, Global, How, Local, Serve},
    error::{Error, Exit},
    local::{self, Started, Twin, inbox},
    report,
    screen::Stream,
};

pub(super) async fn run(global: &Global, command: Local) -> Result<Exit, Error> {
    let site = Site::of(global);
    let twin = |dir: &Dir| site.twin(dir.dir.as_deref());
    match command {
        Local::Start(Serve { how, dir }) => start(global, &twin(&dir), &how).await,
        Local::Stop { all: true, .. } => stop_all(global).await,
        Local::Stop { dir, .. } => stop(global, &twin(&dir)).await,
        Local::List => list(global).await,
        Local::Status(dir) => status(global, &twin(&dir)).await,
        Local::Inbox { address, dir } => show_inbox(global, &twin(&dir), address.as_deref()).await,
        Local::Runtimes(command) => runtimes::run(global, command).await,
        Local::Logs { follow, dir } => logs(&twin(&dir), follow).await,
        Local::Serve(Serve { how, dir }) => {
            trust::claim_twin(twin(&dir).dir());
            twin(&dir).serve(&how).await?;
            Ok(Exit::Ok)
        }
    }
}

/// Prints `lines` for a person, or `value` for a program.
fn say(global: &Global, lines: &[String], value: &serde_json::Value) {
    if global.json {
        report::print_json(value);
    } else if !global.quiet {
        report::print_lines(lines);
    }
}

async fn start(global: &Global, twin: &Twin, how: &How) -> Result<Exit, Error> {
    trust::claim_twin(twin.dir());
    let Started {
        daemon,
        fresh,
        warnings,
    } = twin.start(how).await?;
    let how = if fresh { "started" } else { "already running" };
    let lines = [
        format!(
            "  Local AWS on {} ({how}, process {}, state in {})",
            daemon.endpoint,
            daemon.pid,
            report::local_path(twin.dir())
        ),
        format!(
            "  For other tools: AWS_ENDPOINT_URL={} with any credentials; mail: {}",
            daemon.endpoint,
            daemon.inbox_page()
        ),
    ];
    let value = json!({
        "running": true,
        "endpoint": daemon.endpoint,
        "pid": daemon.pid,
        "started": fresh,
        "inbox": daemon.inbox_page(),
        "any_user": daemon.any_user,
        "aws_names": daemon.aws_names,
        "warnings": warnings,
    });
    say(global, &lines, &value);
    if !global.json {
        report::print_warnings(&warnings);
    }
    Ok(Exit::Ok)
}

async fn stop(global: &Global, twin: &Twin) -> Result<Exit, Error> {
    let stopped = twin.stop().await?;
    let line = match &stopped {
        Some(daemon) => format!(
            "  Stopped the local AWS twin on {}; what it holds is kept in {}",
            daemon.endpoint,
            report::local_path(twin.dir())
        ),
        None => "  The local AWS twin was not running".to_owned(),
    };
    say(
        global,
        &[line],
        &json!({ "running": false, "stopped": stopped.is_some() }),
    );
    Ok(Exit::Ok)
}

/// The twins of this user that run, wherever they were started.
async fn list(global: &Global) -> Result<Exit, Error> {
    let found = local::all().await;
    let mut lines = Vec::new();
    for twin in &found {
        let labs = match twin.labs() {
            labs if labs.is_empty() => "no lab".to_owned(),
            labs => labs.join(", "),
        };
        let since = format!("{:.0}", twin.since);
        let daemon = &twin.daemon;
        lines.push(format!(
            "  {}  process {}, since {since}, {labs}",
            daemon.endpoint, daemon.pid
        ));
        lines.push(format!("      {}", report::local_path(twin.twin.dir())));
    }
    if lines.is_empty() {
        lines.push(none().to_owned());
    }
    let value = |twin: &local::Found| {
        json!({
            "endpoint": twin.daemon.endpoint,
            "dir": twin.twin.dir(),
            "pid": twin.daemon.pid,
            "version": twin.daemon.version,
            "since": twin.since,
            "labs": twin.labs(),
        })
    };
    say(global, &lines, &found.iter().map(value).collect());
    Ok(Exit::Ok)
}

/// What is said when no twin is listed.
fn none() -> &'static str {
    if local::are_listed() {
        "  No local AWS of yours runs on this machine"
    } else {
        "  Twins are listed in your state folder, and neither HOME nor XDG_STATE_HOME says where that is: `labctl local \
         stop` in a lab's folder stops its own"
    }
}

/// Stops them all. One that does not stop does not keep the others.
async fn stop_all(global: &Global) -> Result<Exit, Error> {
    let (mut stopped, mut failed) = (Vec::new(), None);
    for found in local::all().await {
        match found.twin.stop().await {
            Ok(Some(_)) => stopped.push(found),
            Ok(None) => {}
            Err(error) => failed = Some(error),
        }
    }
    let line = |found: &local::Found| {
        let folder = report::local_path(found.twin.dir());
        format!(
            "  Stopped {}; what it holds is kept in {folder}",
            found.daemon.endpoint
        )
    };
    let mut lines: Vec<String> = stopped.iter().map(line).collect();
    if lines.is_empty() && failed.is_none() {
        lines.push(none().to_owned());
    }
    let dirs: Vec<_> = stopped.iter().map(|found| found.twin.dir()).collect();
    say(global, &lines, &json!({ "stopped": dirs }));
    failed.map_or(Ok(Exit::Ok), Err)
}

async fn status(global: &Global, twin: &Twin) -> Result<Exit, Error> {
    twin.check()?;
    let daemon = twin.running().await;
    let line = match &daemon {
        Some(d) => format!(
            "  Local AWS on {}, process {}, version {}, state in {}{}",
            d.endpoint,
            d.pid,
            d.version,
            report::local_path(twin.dir()),
            if d.any_user {
                "; every user of this machine can use it"
            } else {
                ""
            }
        ),
        None => format!(
            "  The local AWS twin is not running (folder {}): `labctl local start`",
            report::local_path(twin.dir())
        ),
    };
    let value = json!({
        "running": daemon.is_some(),
        "endpoint": daemon.as_ref().map(|d| &d.endpoint),
        "pid": daemon.as_ref().map(|d| d.pid),
        "inbox": daemon.as_ref().map(local::Daemon::inbox_page),
        "any_user": daemon.as_ref().map(|d| d.any_user),
        "aws_names": daemon.as_ref().map(|d| d.aws_names),
    });
    say(global, &[line], &value);
    Ok(if daemon.is_some() {
        Exit::Ok
    } else {
        Exit::Nothing
    })
}

async fn show_inbox(global: &Global, twin: &Twin, address: Option<&str>) -> Result<Exit, Error> {
    let daemon = twin.require().await?;
    let mails = inbox(&daemon.endpoint.to_string(), address).await?;
    let mut lines: Vec<String> = mails
        .iter()
        .map(|m| {
            format!(
                "  {}  {:<32} {:<10} {}",
                m.at,
                m.to,
                m.code.as_deref().unwrap_or("-"),
                m.subject
            )
        })
        .collect();
    if lines.is_empty() {
        lines.push("  No mail".to_owned());
    }
    lines.push(format!("  In a browser: {}", daemon.inbox_page()));
    say(global, &lines, &json!(mails));
    Ok(Exit::Ok)
}

async fn logs(twin: &Twin, follow: bool) -> Result<Exit, Error> {
    let cannot = |e: io::Error| {
        let error = Error::file(twin.dir().join("twin.log").display(), &e);
        if error.hints.is_empty() {
            return error.hint("`labctl local start` starts the twin; then it logs");
        }
        error
    };
    let mut file = twin.log().map_err(cannot)?;
    let mut at = 0;
    loop {
        file.seek(SeekFrom::Start(at)).map_err(cannot)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(cannot)?;
        if follow {
            // A line that is still being written comes with the next look.
            let end = text.iter().rposition(|byte| *byte == b'\n');
            text.truncate(end.map_or(0, |end| end + 1));
        }
        at += text.len() as u64;
        if Stream::Out.print(&String::from_utf8_lossy(&text)).is_err() || !follow {
            // A closed pipe ends it.
            return Ok(Exit::Ok);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
