//! Copies of a lab, and a lab that was moved.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use super::{FILE, count};
use crate::{
    harness::{Said, Site, changes},
    twin,
};

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(done.expect("cp runs").success());
}

/// `labctl …` in a copy of the site's folder.
fn there(site: &Site, folder: &str, line: &str) -> Said {
    let mut command = site.command(line.split(' '));
    Said::of(command.current_dir(site.path("").join(folder)))
}

#[test]
fn two_copies_of_a_lab_and_its_state_get_along() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let before = twin::everything(&endpoint);
    let folders = ["../copy", "."];
    copy(&site.path(""), &site.path("../copy"));
    let in_copy = |line: &str| there(&site, folders[0], line);
    in_copy("status").code(2);
    in_copy("trust").code(0);

    // Both know the same resources.
    let unchanged = changes(&in_copy("up --local --json").code(0).events());
    assert_eq!(count(&unchanged, "unchanged"), 15, "{unchanged:?}");
    assert_eq!(twin::everything(&endpoint), before);

    // What one removed, the other finds gone.
    in_copy("down").code(0);
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    site.labctl("status").code(4);
    site.ok("down");
    in_copy("down").code(0);

    // What one removed and built anew, the other finds, and makes nothing twice.
    site.ok("up --local");
    fs::remove_dir_all(site.path("../copy")).expect("a folder");
    copy(&site.path(""), &site.path("../copy"));
    in_copy("trust").code(0);
    site.ok("down");
    site.ok("up --local");
    let anew = twin::everything(&endpoint);
    let ended = changes(&in_copy("up --local --json").code(0).events());
    assert_eq!(count(&ended, "created"), 0, "{ended:?}");
    assert_eq!(twin::everything(&endpoint), anew, "no duplicate");
    let ids = |state: Value| -> Vec<Value> {
        let steps = [
            "api",
            "user_pool",
            "app_client",
            "path./demo",
            "user.student@example.com",
        ];
        steps
            .iter()
            .map(|id| state["steps"][*id]["output"].clone())
            .collect()
    };
    let copied = fs::read_to_string(site.path("../copy").join(FILE)).expect("a state");
    let copied: Value = serde_json::from_str(&copied).expect("JSON");
    assert_eq!(ids(copied), ids(site.state()), "both know the same again");
    in_copy("status").code(0);
    site.ok("status");
    site.ok("verify");

    in_copy("down").code(0);
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    fs::remove_dir_all(site.path("../copy")).expect("a folder");
}

#[test]
fn a_lab_whose_folder_was_moved_finds_its_twin() {
    let site = Site::tutorial();
    site.ok("up --local");
    site.ok("local stop");
    let moved = site.path("../moved");
    fs::rename(site.path(""), &moved).expect("a folder");
    fs::create_dir(site.path("")).expect("a folder");
    let in_moved = |line: &str| there(&site, "../moved", line);
    in_moved("local start").code(2);
    in_moved("trust").code(0);
    in_moved("local start").code(0);
    in_moved("status").code(0);
    let unchanged = changes(&in_moved("up --local --json").code(0).events());
    assert_eq!(count(&unchanged, "unchanged"), 15, "{unchanged:?}");
    in_moved("verify").code(0);
    in_moved("down").code(0);
    in_moved("local stop").code(0);
    assert!(!site.has(".labctl"), "nothing was made where it was");
}
