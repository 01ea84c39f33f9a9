//! Whose `.labctl` it is: a folder that came from elsewhere, was moved, or has a state that was edited is used only after
//! the user has agreed.

mod impostor;
mod lists;
mod replay;
mod twin;

use std::{fs, io::Write, path::Path, process::Command};

use serde_json::Value;

use crate::harness::{Running, Said, Site};

const STATE: &str = ".labctl/cognito-authorizer/state.json";

/// Another user, or another machine: the same folder with an empty home.
fn elsewhere(site: &Site, line: &str) -> Command {
    let home = site.path("../elsewhere");
    fs::create_dir_all(&home).expect("a home");
    let mut command = site.command(line.split_whitespace());
    command.env("HOME", home);
    command
}

fn edit(site: &Site, change: impl FnOnce(&mut Value)) {
    let mut state: Value =
        serde_json::from_str(&fs::read_to_string(site.path(STATE)).expect("a state"))
            .expect("JSON");
    change(&mut state);
    fs::write(site.path(STATE), state.to_string()).expect("a file");
}

/// Every command that would use the folder.
const ALL: [&str; 16] = [
    "status",
    "plan",
    "output",
    "verify",
    "token",
    "call GET /demo",
    "logs",
    "export spa app",
    "up --yes",
    "up --dry-run",
    "reset --to 1 --yes",
    "down --yes",
    "down --dry-run",
    "local start",
    "local status",
    "local inbox",
];

#[test]
fn no_command_uses_a_folder_that_came_from_elsewhere() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    let before = site.read(STATE);
    for line in ALL {
        let said = Said::of(&mut elsewhere(&site, line)).code(2);
        let _ = said.complains(&[
            "was not made by your labctl on this machine",
            "the state of the lab cognito-authorizer: ",
            "on a local twin",
            "labctl trust",
            "--trust",
        ]);
        assert_eq!(site.read(STATE), before, "{line}");
    }
    // What does not use it is free.
    for line in ["local list", "trust --list", "init more"] {
        Said::of(&mut elsewhere(&site, line)).code(0);
    }
    site.ok("down");
}

#[test]
fn trust_is_for_one_command_or_from_now_on() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    let run = |line: &str| Said::of(&mut elsewhere(&site, line));
    let listed = |line: &str| run(line).code(0).out;
    run("status").code(2);
    assert!(!listed("trust --list").contains(".labctl"));
    let trusted = run("trust").code(0);
    assert!(trusted.out.contains("From now on"), "{}", trusted.out);
    run("status").code(0);
    assert!(listed("trust --list").contains(".labctl"));
    let again = run("trust").code(0);
    assert!(again.out.contains("yours already"), "{}", again.out);
    run("trust --remove").code(0);
    run("status").code(2);
    run("trust --remove")
        .code(1)
        .complains(&["not in the list", "--list"]);
    // `--trust` is for this time only, and takes nothing from whoever made the folder.
    let before = (site.read(STATE), site.read(".labctl/id"));
    run("status --trust").code(0);
    run("status").code(2);
    assert_eq!((site.read(STATE), site.read(".labctl/id")), before);
    run("down --trust --yes").code(0);
}

/// Several labs that are made at once in a new folder have one id, and nobody is asked afterwards.
#[test]
fn labs_that_are_made_at_once_need_no_question() {
    let site = Site::tutorial();
    let names = ["a", "b", "c", "d"];
    let start = |name: &&str| {
        let line = format!("up --local --until 1 --quiet --as {name}");
        let mut command = site.command(line.split_whitespace());
        command.spawn().expect("labctl starts")
    };
    let started: Vec<_> = names.iter().map(start).collect();
    for mut labctl in started {
        assert!(labctl.wait().expect("it ends").success());
    }
    for name in names {
        site.ok(&format!("status --as {name}"));
    }
    for name in names {
        site.ok(&format!("down --as {name}"));
    }
}

/// What changed while the question stood has been seen by nobody: it is neither sealed nor overwritten.
#[test]
fn a_state_that_changes_during_the_question_stays_as_it_is() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    let home = site.path("../elsewhere");
    fs::create_dir_all(&home).expect("a home");
    let mut command = site.terminal("status");
    let mut at = Running::start(command.env("HOME", &home));
    at.hears("Use it? [y/N]");
    site.ok("up --local --until 2");
    let now = site.read(STATE);
    let mut keys = at.child.stdin.take().expect("a keyboard");
    keys.write_all(b"y\n").expect("keys");
    let said = at.end();
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("has just changed"), "{}", said.out);
    assert_eq!(site.read(STATE), now);
    site.ok("status");
    site.ok("down");
}

type Change = fn(&mut Value);

#[test]
fn an_edited_state_is_not_used() {
    let site = Site::tutorial();
    site.ok("up --local --until 2");
    let good = site.read(STATE);
    let (changed, unsealed) = ("was changed after labctl wrote it", "has no seal");
    let changes: [(Change, &str); 6] = [
        (
            |state: &mut Value| {
                let pool = &mut state["steps"]["user_pool"]["output"];
                let arn = pool["arn"].as_str().and_then(|arn| arn.rsplit_once('/'));
                let arn = arn.map(|(pools, _)| format!("{pools}/us-east-1_stranger1"));
                pool["arn"] = arn.into();
                pool["id"] = "us-east-1_stranger1".into();
            },
            changed,
        ),
        (
            |state: &mut Value| state["account"] = "111122223333".into(),
            changed,
        ),
        (|state: &mut Value| state["count"] = 1000.into(), changed),
        (
            |state: &mut Value| {
                let steps = state["steps"].as_object_mut().expect("steps");
                drop(steps.remove("user_pool"));
            },
            changed,
        ),
        (
            |state: &mut Value| drop(state.as_object_mut().expect("fields").remove("seal")),
            unsealed,
        ),
        (
            |state: &mut Value| state["seal"] = "00".repeat(32).into(),
            changed,
        ),
    ];
    for (change, told) in changes {
        edit(&site, change);
        for line in ["status", "down --yes", "up --yes"] {
            let said = site.labctl(line).code(2);
            let _ = said.complains(&[told, "git pull", "labctl trust"]);
        }
        fs::write(site.path(STATE), &good).expect("a file");
        site.ok("status");
    }
    // Other blanks and another order are the same state.
    let value: Value = serde_json::from_str(&good).expect("JSON");
    fs::write(site.path(STATE), value.to_string()).expect("a file");
    site.ok("status");
    // The user looked at it, and it is right.
    edit(&site, |state| {
        drop(
            state["steps"]
                .as_object_mut()
                .expect("steps")
                .remove("app_client"),
        );
    });
    site.ok("trust");
    site.labctl("status").code(3);
    site.ok("up --local --until 2 --adopt --yes");
    site.ok("down");
}

#[test]
fn a_folder_that_was_moved_is_asked_about_once() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    site.ok("local stop");
    fs::create_dir(site.path("new")).expect("a folder");
    for name in [".labctl", "lab.yaml", "artifacts"] {
        fs::rename(site.path(name), site.path("new").join(name)).expect("it is moved");
    }
    let there = |line: &str| {
        let mut command = site.command(line.split_whitespace());
        Said::of(command.current_dir(site.path("new")))
    };
    let _ = there("status")
        .code(2)
        .complains(&["was moved or copied here", "lab/.labctl"]);
    there("trust").code(0);
    there("local start").code(0);
    there("status").code(0);
    there("down").code(0);
    there("local stop").code(0);
}

/// A copy has the same id; only the first place is known, and each has its own entry then.
#[test]
fn a_copy_is_another_folder() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    let copy = site.path("../copy");
    let copied = Command::new("cp")
        .arg("-a")
        .args([site.path(""), copy.clone()])
        .status();
    assert!(copied.expect("cp runs").success());
    let _ = fs::remove_file(copy.join(".labctl/local/daemon.json"));
    let there = |line: &str| Said::of(site.command(line.split_whitespace()).current_dir(&copy));
    there("status").code(2);
    there("trust").code(0);
    let status = site.ok("status");
    assert!(!status.out.contains("trust"), "{}", status.out);
    site.ok("down");
}

#[test]
fn the_question_is_answered_at_a_terminal_and_not_by_yes() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    let home = site.path("../elsewhere");
    fs::create_dir_all(&home).expect("a home");
    for (typed, code) in [("\n", 2), ("n\n", 2), ("y\n", 0)] {
        let mut command = site.terminal("status --yes");
        let mut at = Running::start(command.env("HOME", &home));
        at.hears("Use it? [y/N]");
        let mut keys = at.child.stdin.take().expect("a keyboard");
        keys.write_all(typed.as_bytes()).expect("keys");
        let said = at.end();
        assert_eq!(said.code, code, "{typed:?}: {}{}", said.out, said.err);
    }
    Said::of(&mut elsewhere(&site, "down --yes")).code(0);
}

/// Where labctl cannot remember anything, building works, and what is used again needs the flag.
#[test]
fn a_home_that_is_missing_or_cannot_be_written_needs_the_flag() {
    let homes: [fn(&mut Command, &Path); 2] = [
        |command, _| {
            command.env_remove("HOME");
        },
        // A file in place of the folder: root may write where permissions say no.
        |command, site| {
            fs::write(site.join("no-home"), "").expect("a file");
            command.env("HOME", site.join("no-home"));
        },
    ];
    for home in homes {
        let site = Site::tutorial();
        let run = |line: &str| {
            let mut command = site.command(line.split_whitespace());
            home(&mut command, &site.path(""));
            Said::of(&mut command)
        };
        let up = run("up --local --until 1").code(0);
        assert_eq!(up.out.matches("cannot note").count(), 1, "{}", up.out);
        let _ = run("status").code(2).complains(&[
            "cannot tell whether .labctl is yours",
            "--trust",
            "XDG_STATE_HOME",
        ]);
        let trust = run("trust").code(1);
        let _ = trust.complains(&["no place to remember", "XDG_STATE_HOME"]);
        run("status --trust").code(0);
        run("down --trust").code(0);
        run("local stop --trust").code(0);
    }
    let site = Site::empty();
    let mut list = site.command(["local", "list"]);
    let list = Said::of(list.env_remove("HOME")).code(0);
    assert!(
        list.out.contains("neither HOME nor XDG_STATE_HOME"),
        "{}",
        list.out
    );
}

/// A folder in which nothing decides anything is taken without a word; so is the one of a run that was cut off.
#[test]
fn an_empty_folder_needs_no_question() {
    let site = Site::tutorial();
    for inside in [".labctl/.gitignore", ".labctl/cognito-authorizer/lock"] {
        let path = site.path(inside);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, "").expect("a file");
        site.labctl("status").code(1);
    }
    site.ok("up --local --until 1");
    site.ok("status");
    site.ok("down");
}

/// The folder of a twin that is named is looked at as well.
#[test]
fn a_named_twin_s_folder_is_looked_at() {
    let (site, other) = (Site::tutorial(), Site::tutorial());
    site.ok("local start");
    site.ok("local stop");
    let dir = site.path(".labctl/local");
    let start = format!("local start --dir {}", dir.display());
    let mut command = other.command(start.split_whitespace());
    let said = Said::of(&mut command).code(2);
    let _ = said.complains(&["was not made by your labctl"]);
    // Nor is it where no question would be about it.
    let own = site.path(".labctl");
    fs::rename(own.join("local"), site.path("twin")).expect("it is moved");
    for place in ["local/new", "x/y/z", "local/.labctl", "x/.labctl/t", "."] {
        let to = own.join(place);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        if place == "." {
            for entry in fs::read_dir(site.path("twin")).expect("a folder") {
                let entry = entry.expect("an entry");
                fs::rename(entry.path(), own.join(entry.file_name())).expect("it is moved");
            }
        } else {
            fs::rename(site.path("twin"), &to).expect("it is moved");
        }
        let line = format!("local start --dir {}", to.display());
        for user in [&site, &other] {
            let said = Said::of(&mut user.command(line.split_whitespace())).code(2);
            let _ = said.complains(&["is no place for a twin", "--dir"]);
        }
        if place != "." {
            fs::rename(&to, site.path("twin")).expect("it is moved back");
        }
    }
    let listed = other.ok("trust --list").out;
    assert!(!listed.contains(&own.display().to_string()), "{listed}");
}
