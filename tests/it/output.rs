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
        let told = format!(" created      {name:<13} ");
        assert!(plain.contains(&told), "{name} in:\n{plain}");
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
    let (_, end) = shown
        .rsplit_once("1 created      log group")
        .expect("the end");
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

/// What stays on the screen when the bars are gone are the lines that a pipe gets.
#[test]
fn a_terminal_keeps_the_lines_of_a_pipe() {
    let moved = regex::Regex::new(r"(?m)^.*(\x1b\[\d*[ABJK]|\r)").expect("a rule");
    let words = |text: &str| -> Vec<String> {
        let text = text.replace("\r\n", "\n");
        let plain = console::strip_ansi_codes(&moved.replace_all(&text, "")).into_owned();
        let took = regex::Regex::new(r" +\d+\.\d s$").expect("a rule");
        let lines = plain.replace('\r', "");
        let joined = lines.replace("\n      ", " ");
        let mut all: Vec<String> = joined
            .lines()
            .filter(|line| line.contains(" created  ") || line.contains(" deleted  "))
            .map(|line| took.replace(line, "").into_owned())
            .map(|line| {
                line.split_whitespace()
                    .take(4)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        all.sort();
        all
    };
    let piped = Site::tutorial();
    let wanted = words(&piped.ok("up --local").out);
    let gone = words(&piped.ok("down").out);
    assert_eq!((wanted.len(), gone.len()), (15, 15));
    for columns in [80, 100, 200] {
        let site = Site::tutorial();
        let up = Said::of(&mut site.terminal_of(columns, "up --local"))
            .code(0)
            .out;
        assert_eq!(words(&up), wanted, "{columns}:\n{up}");
        let down = Said::of(&mut site.terminal_of(columns, "down")).code(0).out;
        assert_eq!(words(&down), gone, "{columns}:\n{down}");
    }
}

/// What a terminal of so many columns shows: no line is longer, but for a single word. Answers it without colours.
pub(crate) fn fits(columns: u16, said: &Said) -> String {
    let plain = console::strip_ansi_codes(&said.out).into_owned();
    for line in plain.lines().map(|line| line.trim_end_matches('\r')) {
        let line = line.rsplit('\r').next().unwrap_or_default();
        let one_word = line.split_whitespace().count() == 1 || line.contains('`');
        let fits = line.chars().count() <= usize::from(columns);
        assert!(fits || one_word, "{columns}: {line:?} in\n{plain}");
    }
    plain
}

#[test]
fn words_wrap_whole_at_every_width() {
    let site = Site::tutorial();
    site.ok("up --local");
    let state = site.state();
    let ids: Vec<String> = state["steps"]
        .as_object()
        .expect("steps")
        .values()
        .filter_map(|step| step["output"]["id"].as_str().map(str::to_owned))
        .collect();
    assert!(ids.len() > 3, "{ids:?}");
    for columns in [60, 80, 100, 132] {
        for line in [
            "status",
            "verify",
            "--help",
            "up --help",
            "up --local",
            "up --local --region eu-west-1",
        ] {
            let said = Said::of(&mut site.terminal_of(columns, line));
            let plain = fits(columns, &said);
            if line == "status" {
                for id in &ids {
                    assert!(plain.contains(id), "{columns}: {id} is broken in\n{plain}");
                }
            }
        }
    }
}

#[test]
fn an_arn_is_not_printed_beside_its_name() {
    let site = Site::tutorial();
    for line in ["up --local", "status", "down --prove"] {
        let out = site.ok(line).out;
        for line in out.lines().filter(|line| line.contains("arn:aws:")) {
            let alone = line.contains("  Function ")
                || line.contains("ResourceARN")
                || line.contains(" as arn:")
                || line.contains(" by ");
            assert!(alone, "{line}");
        }
    }
}

/// `status` ends with what a student needs, and says in one line how far the lab is.
#[test]
fn status_ends_with_outputs_and_how_far_the_lab_is() {
    let site = Site::tutorial();
    let last = |code: i32| {
        let out = site.labctl("status").code(code).out;
        out.lines().last().unwrap_or_default().to_owned()
    };
    for until in 1..=4 {
        site.ok(&format!("up --local --until {until}"));
        let told =
            format!("  Complete up to chapter {until} of 5. `labctl up --local` builds the rest.");
        assert_eq!(last(0), told);
    }
    site.ok("up --local");
    assert_eq!(last(0), "  Complete. `labctl verify` proves it.");
    let out = site.ok("status").out;
    let (_, outputs) = out.split_once("  Invoke URL").expect("outputs");
    assert!(
        outputs.contains("Client") && outputs.contains("Inbox"),
        "{out}"
    );
    assert_eq!(site.ok("status --quiet").out, "");
    let (py, yaml) = ("runtime: python3.13", "runtime: python3.12");
    site.edit(py, yaml);
    let told = last(3);
    assert!(
        told.starts_with("  Differs from lab.yaml: 1 drifted. `labctl plan` shows the changes, `labctl up --local`"),
        "{told}"
    );
    site.edit(yaml, py);
    assert_eq!(last(0), "  Complete. `labctl verify` proves it.");
}

#[test]
fn output_gives_scripts_bare_values_from_the_state_alone() {
    let site = Site::tutorial();
    let said = site.labctl("output --local").code(4);
    assert_eq!(said.complains(&["nothing there", "labctl up"]).out, "");
    site.labctl("output").code(1).complains(&["cannot ask AWS"]);
    site.ok("up --local");
    let all = site.ok("output --json").json();
    assert_eq!(all, site.status()["outputs"]);
    site.ok("local stop");
    assert_eq!(site.ok("output --json").json(), all);
    for name in [
        "invoke_url",
        "api_id",
        "client_id",
        "user_pool_id",
        "function_arn",
        "authorizer_id",
        "inbox",
    ] {
        let value = all[name].as_str().expect("a value");
        assert_eq!(site.ok(&format!("output {name}")).out, format!("{value}\n"));
        assert_eq!(site.ok(&format!("output {name} --json")).json(), all[name]);
        let shown = site.ok("output").out;
        assert!(
            shown
                .lines()
                .any(|line| line == format!("  {name:<13}  {value}")),
            "{name} in\n{shown}"
        );
    }
    assert_eq!(site.ok("output users").out, "student@example.com\n");
    for name in ["invoke-url", "api", "login_url", "", "invoke_url "] {
        let said = Said::of(&mut site.command(["output", name])).code(2);
        assert_eq!(said.out, "");
        said.complains(&["no output", "invoke_url", "client_id", "users"]);
    }
    // Without the state, what AWS shows.
    site.ok("local start");
    std::fs::remove_dir_all(site.path(".labctl/cognito-authorizer")).expect("a state");
    assert_eq!(
        site.ok("output api_id").out,
        format!("{}\n", all["api_id"].as_str().expect("an id"))
    );
}

#[test]
fn words_of_other_tools_lead_to_ours() {
    let site = Site::empty();
    for (line, command) in [
        ("apply", "`labctl up`"),
        ("deploy --local", "`labctl up`"),
        ("Create", "`labctl up`"),
        ("destroy -y", "`labctl down`"),
        ("delete", "`labctl down`"),
        ("list", "`labctl status`"),
        ("ls", "`labctl status`"),
        ("ps", "`labctl status`"),
        ("show", "`labctl status`"),
        ("test", "`labctl verify`"),
        ("signin", "`labctl token`"),
        ("ssh", "`labctl call"),
        ("diff", "`labctl plan`"),
        ("validate", "`labctl plan`"),
        ("refresh", "`labctl status`"),
        ("import", "`labctl up --adopt`"),
        ("console", "`labctl output"),
        ("rollback", "`labctl reset --to"),
        ("rm", "`labctl down`"),
        ("start", "`labctl up`"),
        ("stop", "`labctl down`"),
        ("clean", "`labctl down`"),
        ("check", "`labctl verify`"),
        ("version", "`labctl --version`"),
        ("open", "`labctl output"),
        ("--file x.yaml apply", "`labctl up`"),
        ("local restart", "`labctl local stop`"),
        ("local ps", "`labctl local"),
    ] {
        let said = site.labctl(line).code(2).complains(&[command]);
        assert!(!said.err.contains("similar"), "{line}: {}", said.err);
    }
    // Not every word is known.
    let said = site.labctl("frobnicate").code(2);
    assert!(!said.err.contains("tip"), "{}", said.err);
    site.labctl("help up").code(0);
}
