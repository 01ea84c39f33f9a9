//! labctl builds, proves and removes hands-on AWS labs.
//!
//! `lab.yaml` → [`lab`] → [`plan`] → [`engine`] → journal → events → [`report`]. Each module uses only those before it:
//! screen, lab, kind, chapter, event, aws, sweep, engine, resource, plan, error, user, cli, prompt, local, verify, client,
//! report, cmd.
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
pub mod screen;
pub mod sweep;
mod user;
pub mod verify;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use error::{Error, Exit};
use screen::{Stream, style};

/// Parses the command line, runs it, and tells how it ended.
pub fn main() -> ExitCode {
    screen::print_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(error),
    };
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
        report::tell(&error, json);
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
    // Its own word on a bad directive would repeat the text as it is.
    let mut filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_else(|error| {
        let _ = Stream::Err.print(&format!("  LABCTL_LOG is ignored: {error}\n"));
        tracing_subscriber::EnvFilter::new("error")
    });
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
        .with_writer(|| screen::Log)
        .without_time()
        .init();
}

/// Prints the help that was asked for, or what is wrong with the command line.
fn usage(error: clap::Error) -> ExitCode {
    let args = std::env::args_os().skip(1);
    let args: Vec<_> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    let error = cli::words::lead(error, &args);
    if !error.use_stderr() {
        // Nothing of what was typed is in a help.
        error.exit();
    }
    // Its own colours could be those of an argument.
    let text = error.render().to_string();
    let error_sign = style("error:").red().bold().to_string();
    let _ = Stream::Err.print(&text.replacen("error:", &error_sign, 1));
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8))
}
