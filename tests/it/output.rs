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

#[test]
fn bars_leave_the_same_on_the_screen() {
    let site = Site::tutorial();
    let shown = Said::of(&mut site.terminal("up --local")).code(0).out;
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
    // What stays ends with a newline each: not with blanks up to a width that may change.
    let (_, end) = shown.rsplit_once("1 Lambda function").expect("the end");
    let lines: Vec<&str> = end.lines().collect();
    assert!(lines.len() > 20, "{end:?}");
    for line in lines {
        let line = console::strip_ansi_codes(line);
        assert!(!line.contains("          \u{20}   "), "{line:?}");
        assert!(line.chars().count() <= 100, "{line:?}");
    }
    let mut colourless = site.terminal("status");
    let colourless = Said::of(colourless.env("NO_COLOR", "1")).code(0).out;
    assert!(!colourless.contains("\u{1b}[3"), "{colourless:?}");
}

/// Where the cursor cannot be moved, or nobody knows how wide a line is: plain lines, and all of them.
#[test]
fn a_terminal_that_cannot_redraw_gets_lines() {
    for (term, columns) in [
        (Some("dumb"), 100),
        (None, 100),
        (Some("xterm"), 0),
        (Some("dumb"), 0),
    ] {
        let site = Site::tutorial();
        let at = |line: &str| {
            let mut command = site.terminal_of(columns, line);
            match term {
                Some(term) => command.env("TERM", term),
                None => command.env_remove("TERM"),
            };
            Said::of(&mut command)
        };
        let up = at("up --local").code(0).out;
        let plain = console::strip_ansi_codes(&up).into_owned();
        for name in NAMES {
            let word = format!(" created      {name:<13} ");
            assert_eq!(
                plain.matches(&word).count(),
                1,
                "{term:?}: {word} in:\n{up}"
            );
        }
        // No cursor is moved and no line erased; colours are another thing.
        for code in ["\u{1b}[2K", "\u{1b}[1A", "\u{1b}[0J", "\r\u{1b}"] {
            assert!(!up.contains(code), "{term:?} {columns}: {up:?}");
        }
        assert!(
            plain.contains("Invoke URL") && plain.contains("15 created"),
            "{up}"
        );
        let verify = at("verify").code(0).out;
        assert!(verify.contains("8 of 8 checks hold"), "{term:?}: {verify}");
        site.edit("expect: Hello from Lambda!", "expect: Something else");
        let failed = at("verify").code(5).out;
        assert!(failed.contains("Something else"), "{term:?}: {failed}");
        let down = at("down").code(0).out;
        assert!(down.contains("15 deleted"), "{term:?}: {down}");
    }
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
