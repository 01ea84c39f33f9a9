//! Bars, lines and JSON tell the same; a pipe never gets escape codes.

use std::collections::BTreeSet;

use crate::harness::{Said, Site};

/// Ids of the resources that a text names as done, by what stands for each in the tutorial.
const NAMES: [&str; 15] = [
    "log group",
    "role",
    "role policy",
    "function",
    "user pool",
    "app client",
    "REST API",
    "path",
    "method",
    "integration",
    "permission",
    "authorizer",
    "deployment",
    "stage",
    "user",
];

#[test]
fn lines_tell_each_resource_once_and_without_colours() {
    let site = Site::tutorial();
    let out = site.ok("up --local").out;
    assert!(!out.contains('\u{1b}'), "{out:?}");
    for name in NAMES {
        let told = out
            .lines()
            .filter(|l| l.contains(&format!(" created      {name:<13} ")))
            .count();
        assert_eq!(told, 1, "{name} in:\n{out}");
    }
    for word in [
        "Invoke URL",
        "User pool",
        "Client",
        "User  ",
        "Inbox",
        "15 created",
        "labctl verify",
        "labctl down",
    ] {
        assert!(out.contains(word), "{word} in:\n{out}");
    }
    let err = site.labctl("up --local --until 99").code(2).err;
    assert!(!err.contains('\u{1b}'), "{err:?}");
}

/// A terminal, by util-linux' `script`.
#[test]
fn bars_leave_the_same_on_the_screen() {
    let site = Site::tutorial();
    let labctl = env!("CARGO_BIN_EXE_labctl");
    let shown = Said::of(
        site.program("script")
            .args(["-qec", &format!("{labctl} up --local"), "/dev/null"])
            .env("TERM", "xterm"),
    )
    .code(0)
    .out;
    assert!(
        shown.contains('\u{1b}'),
        "a terminal gets colours: {shown:?}"
    );
    let plain = console::strip_ansi_codes(&shown).into_owned();
    for name in NAMES {
        assert!(plain.contains(&format!("{name} ✓")), "{name} in:\n{plain}");
    }
    for chapter in [
        "1 Lambda function",
        "2 User pool",
        "3 REST API",
        "4 Authorizer",
        "5 Test user",
        "15 created",
    ] {
        assert!(plain.contains(chapter), "{chapter} in:\n{plain}");
    }
    let colourless = Said::of(
        site.program("script")
            .args(["-qec", &format!("{labctl} status"), "/dev/null"])
            .env("TERM", "xterm")
            .env("NO_COLOR", "1"),
    )
    .code(0)
    .out;
    assert!(!colourless.contains("\u{1b}[3"), "{colourless:?}");
}

#[test]
fn json_is_one_event_a_line_from_start_to_end() {
    let site = Site::tutorial();
    let events = site.ok("up --local --json").events();
    let kinds: Vec<&str> = events.iter().filter_map(|e| e["event"].as_str()).collect();
    assert_eq!(kinds.len(), events.len());
    assert_eq!(kinds[..2], ["local", "run_started"]);
    assert_eq!(kinds[kinds.len() - 2..], ["outputs", "run_finished"]);
    let steps: BTreeSet<&str> = events[1]["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|s| s["id"].as_str())
        .collect();
    let created: BTreeSet<&str> = events
        .iter()
        .filter(|e| e["change"] == "created")
        .filter_map(|e| e["id"].as_str())
        .collect();
    assert_eq!(steps, created);
    let end = events.last().expect("an end");
    assert_eq!(end["ok"], true);
    assert!(end["seconds"].as_f64().is_some_and(|s| s > 0.0));
}

#[test]
fn quiet_says_nothing_when_all_is_well() {
    let site = Site::tutorial();
    for line in [
        "up --local --quiet",
        "verify --quiet",
        "status --quiet",
        "down --quiet",
        "down --quiet",
    ] {
        let said = site.ok(line);
        assert!(
            said.out
                .lines()
                .all(|l| l.contains("Complete") || l.contains('→') || l.is_empty()),
            "{line}: {}",
            said.out
        );
        assert_eq!(said.err, "", "{line}");
    }
}

#[test]
fn a_closed_pipe_does_not_stop_a_run() {
    let site = Site::tutorial();
    let mut child = site
        .command(["up", "--local"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("labctl starts");
    drop(child.stdout.take());
    assert!(child.wait().expect("it ends").success());
    site.ok("status");
}
