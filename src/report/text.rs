//! Words and signs that bars and lines share.

use std::path::Path;

use super::{receipt, wrap};
use crate::{
    engine::{Change, Standing},
    event::{CheckResult, Event, Outputs, Progress},
    resource::Kind,
    screen::{Stream, style},
};

/// A coloured sign for good or bad.
pub fn mark(ok: bool) -> String {
    if ok {
        style("✓").green().to_string()
    } else {
        style("✗").red().to_string()
    }
}

/// Width of the column with kinds, so that what follows is in line.
pub fn kinds_width(kinds: impl Iterator<Item = Kind>) -> usize {
    // Most labs' kinds, whatever they are: runs look alike.
    kinds.map(|kind| kind.title().len()).fold(13, usize::max)
}

/// The id to print beside a name. `None`: it says no more than the name, as an ARN that contains the name.
pub fn beside<'i>(name: &str, id: &'i str) -> Option<&'i str> {
    let ends = |c: Option<char>| c.is_none_or(|c| c == ':' || c == '/');
    let named = |(at, _): (usize, &str)| {
        ends(id[..at].chars().next_back()) && ends(id[at + name.len()..].chars().next())
    };
    let told = id == name
        || (id.starts_with("arn:") && !name.is_empty() && id.match_indices(name).any(named));
    (!told && !id.is_empty()).then_some(id)
}

/// Prints lines on stdout; on a terminal they wrap between words. A closed pipe is no failure of the run.
pub fn print_lines(lines: &[String]) {
    let width = wrap::width(Stream::Out);
    let wrapped: Vec<String> = lines.iter().map(|line| wrap::wrap(line, width)).collect();
    print_raw(&wrapped);
}

/// A sentence for stderr, wrapped when that is a terminal. Its first `taken` columns are something else.
pub fn for_stderr(sentence: &str, taken: usize) -> String {
    let width = wrap::width(Stream::Err);
    wrap::wrap(
        sentence,
        width.map(|width| width.saturating_sub(taken).max(20)),
    )
}

/// Prints what other programs read, or a person copies: lines that do not wrap. Returns whether anybody still reads.
pub fn print_raw(lines: &[String]) -> bool {
    let ended = lines.iter().flat_map(|line| [line.as_str(), "\n"]);
    Stream::Out.print(&ended.collect::<String>()).is_ok()
}

/// Prints warnings as a run does.
pub fn print_warnings(messages: &[String]) {
    let lines: Vec<_> = messages.iter().map(|message| warning(message)).collect();
    print_lines(&lines);
}

fn warning(message: &str) -> String {
    format!("  {} {message}", style("!").yellow())
}

/// A path as a person would type it: relative when it is below the current folder.
pub fn local_path(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let short = path.strip_prefix(&here);
    let short = short.or_else(|_| path.strip_prefix(".")).unwrap_or(path);
    if short.as_os_str().is_empty() {
        return ".".to_owned();
    }
    short.display().to_string()
}

/// How a resource stands: sign and word.
pub fn standing(standing: Standing) -> (String, &'static str) {
    match standing {
        Standing::Present => (mark(true), "present"),
        Standing::Found => (mark(true), "found"),
        Standing::Missing => (mark(false), "missing"),
        Standing::NotBuilt => (style("·").dim().to_string(), "not built"),
        Standing::Drifted => (style("~").yellow().to_string(), "drifted"),
        Standing::Foreign => (mark(false), "foreign"),
        Standing::Unknown => (style("?").yellow().to_string(), "unknown"),
    }
}

/// What happened to a step, in a word.
pub(super) fn change(change: Change) -> &'static str {
    match change {
        Change::Creating => "creating",
        Change::Created => "created",
        Change::Adopted => "adopted",
        Change::Replaced => "replaced",
        Change::Unchanged => "unchanged",
        Change::Updating => "updating",
        Change::Updated => "updated",
        Change::Deleting => "deleting",
        Change::Deleted => "deleted",
        Change::AlreadyGone => "already gone",
        Change::LeftAlone => "left alone",
        Change::Failed => "failed",
        Change::Skipped => "skipped",
    }
}

/// The lines for events that all people read alike; `None` for those that bars and lines show their own way.
pub(super) fn lines(event: &Event) -> Option<Vec<String>> {
    Some(match event {
        Event::Local {
            endpoint,
            started,
            dir,
        } => {
            let how = if *started { "started" } else { "running" };
            vec![format!(
                "  Local AWS on {endpoint} ({how}, state in {})",
                local_path(dir)
            )]
        }
        Event::RunStarted {
            command,
            lab,
            account,
            region,
            endpoint,
            steps,
        } => {
            let place = match endpoint {
                Some(endpoint) => format!("{region}, account {account}, {endpoint}"),
                None => format!("{region}, account {account}"),
            };
            let count = match steps.len() {
                0 => String::new(),
                1 => ", 1 resource".to_owned(),
                n => format!(", {n} resources"),
            };
            vec![
                format!("  {command} {} → {place}{count}", style(lab).bold()),
                String::new(),
            ]
        }
        Event::Progress(Progress::Warning { message }) => vec![warning(message)],
        Event::Notice { message } => vec![format!("  {} {message}", style("·").dim())],
        Event::Check(check) => self::check(check),
        Event::Outputs(outputs) => self::outputs(outputs),
        Event::SweepStarted { grace_seconds } => vec![
            String::new(),
            format!(
                "  Looking for what is left, by tags, names and parents{}",
                match grace_seconds {
                    0 => String::new(),
                    s => format!("; for late logs up to {s} s"),
                }
            ),
        ],
        Event::Receipt { file, receipt } => receipt::lines(receipt, file.as_deref()),
        Event::Leftovers { left } => receipt::leftovers(left),
        Event::RunFinished {
            ok, summary, next, ..
        } => {
            let summary = if *ok {
                style(summary).bold().to_string()
            } else {
                style(summary).red().bold().to_string()
            };
            let mut lines = vec![String::new(), format!("  {summary}")];
            if !next.is_empty() {
                let wide = next.iter().map(|(c, _)| c.len()).max().unwrap_or_default();
                lines.push(String::new());
                for (i, (command, why)) in next.iter().enumerate() {
                    let head = if i == 0 { "Next:" } else { "" };
                    let command = style(format!("{command:<wide$}")).cyan();
                    lines.push(format!("  {head:<5} {command}   {why}"));
                }
            }
            lines
        }
        Event::Progress(Progress::Step { .. } | Progress::Waiting { .. })
        | Event::Mark(_)
        | Event::End => {
            return None;
        }
    })
}

fn check(check: &CheckResult) -> Vec<String> {
    let mut lines = vec![format!(
        "  {} {:<52} {:>6.1} s",
        mark(check.ok),
        check.name,
        check.seconds
    )];
    let mut saw = check.seen.lines();
    let first = saw.next().unwrap_or_default();
    let mut seen = vec![format!("      {} {first}", style("saw").dim())];
    seen.extend(saw.map(|line| format!("        {line}")));
    if check.ok {
        lines.extend(seen);
    } else {
        lines.push(format!(
            "      {} {}",
            style("expected").dim(),
            check.expected
        ));
        lines.extend(seen);
    }
    lines
}

/// Prints a line on stderr as it is.
pub fn print_error_line(line: &str) {
    // Without stderr there is nobody to tell.
    let _ = Stream::Err.print(&format!("{line}\n"));
}

/// Prints a remark on stderr, so that it is no part of what a program reads from stdout.
pub fn print_remark(remark: &str) {
    let width = wrap::width(Stream::Err);
    let line = |line: &str| wrap::wrap(&format!("  {line}"), width) + "\n";
    // Without stderr there is nobody to tell.
    let _ = Stream::Err.print(&remark.lines().map(line).collect::<String>());
}

/// What a student needs, below an empty line; nothing at all when nothing is known.
pub fn outputs(outputs: &Outputs) -> Vec<String> {
    let users = (!outputs.users.is_empty()).then(|| outputs.users.join(", "));
    let functions = match &outputs.function_arn {
        Some(only) if outputs.functions.is_empty() => vec![only],
        _ => outputs.functions.values().collect(),
    };
    let one = |name, value| (name, Option::iter(value).collect::<Vec<&String>>());
    let all = [
        one("Invoke URL", &outputs.invoke_url),
        one("User pool", &outputs.user_pool_id),
        one("Client", &outputs.client_id),
        one("API", &outputs.api_id),
        one("Edge", &outputs.distribution_id),
        ("Function", functions),
        one("Sign-in", &outputs.login_url),
        one("User", &users),
        one("Inbox", &outputs.inbox),
    ];
    let known = all
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let mut lines = vec![String::new()];
    lines.extend(known.map(|(name, value)| format!("  {:<11} {value}", style(name).dim())));
    if lines.len() == 1 {
        lines.clear();
    }
    lines
}
