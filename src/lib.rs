//! labctl builds, proves and removes hands-on AWS labs.
//!
//! `lab.yaml` → [`lab`] → [`plan`] → [`engine`] → journal → events → [`report`]. Each module uses only those before it:
//! lab, kind, chapter, event, aws, sweep, engine, resource, plan, error, cli, prompt, local, verify, client, report, cmd.
//! [`aws`] is the only contact with AWS.

pub mod aws;
pub mod chapter;
pub mod cli;
pub mod client;
mod cmd;
pub mod engine;
pub mod error;
pub mod event;
pub mod kind;
pub mod lab;
pub mod local;
pub mod plan;
pub mod prompt;
pub mod report;
pub mod resource;
pub mod sweep;
pub mod verify;

use std::{io::Write, process::ExitCode};

use clap::Parser;

use cli::Cli;
use error::Error;

/// Parses the command line, runs it, and tells how it ended.
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        let args: Vec<_> = std::env::args().skip(1).collect();
        cli::words::lead(error, &args).exit()
    });
    let json = cli.global.json;
    if cli.global.no_color {
        console::set_colors_enabled(false);
        console::set_colors_enabled_stderr(false);
    }
    log_to_stderr(cli.global.verbose);
    // All but the files of `init`, which are the user's, is for the user alone: 0600 and 0700, not less
    // either, whatever the umask was.
    if !matches!(cli.command, cli::Command::Init { .. }) {
        rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(cmd::run(cli)),
        Err(error) => Err(Error::failed(format!("cannot start: {error}"))),
    };
    let exit = outcome.unwrap_or_else(|error| {
        tell(&error, json);
        error.exit
    });
    ExitCode::from(exit as u8)
}

/// Default: warnings of others, what labctl says of itself. The SDKs' debug logs print access key ids,
/// so they stay off unless asked for by `LABCTL_LOG`.
fn log_to_stderr(verbose: u8) {
    let filter = match verbose {
        0 => "error",
        1 => "warn,labctl=debug",
        _ => "info,labctl=trace",
    };
    let filter = std::env::var("LABCTL_LOG").unwrap_or_else(|_| filter.to_owned());
    let mut filter = tracing_subscriber::EnvFilter::new(filter);
    // There the SDK writes whole answers, and knows of not all secrets in them that they are some (API keys).
    for quiet in [
        "aws_smithy_runtime::client::orchestrator=off",
        "aws_smithy_runtime::client::orchestrator::http=off",
    ] {
        if let Ok(directive) = quiet.parse() {
            filter = filter.add_directive(directive);
        }
    }
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .init();
}

/// Prints an error: to stderr for people, as the last event for programs.
fn tell(error: &Error, json: bool) {
    if json {
        let mut event = serde_json::json!({
            "event": "error",
            "message": console::strip_ansi_codes(&error.message),
            "hints": error.hints,
            "exit": error.exit as u8,
        });
        if let Some(lab) = &error.lab {
            event["problems"] = report::problems(lab);
        }
        report::print_json(&event);
        return;
    }
    let mut err = std::io::stderr().lock();
    if let Some(lab) = &error.lab {
        let (_, width) = console::Term::stderr().size();
        let width = usize::from(width).clamp(60, 120);
        let text = lab::render(lab, width, console::colors_enabled_stderr());
        let _ = writeln!(err, "{}", text.trim_end());
        return;
    }
    // Without stderr there is nobody to tell.
    let _ = if error.message.contains('\n') {
        writeln!(err, "{}", error.message.trim_end())
    } else {
        writeln!(
            err,
            "{} {}",
            console::style("error:").red().bold().for_stderr(),
            report::for_stderr(&error.message, 7)
        )
    };
    for hint in &error.hints {
        let hint = report::for_stderr(hint, 4);
        let _ = writeln!(err, "  {} {hint}", console::style("→").cyan().for_stderr());
    }
}
