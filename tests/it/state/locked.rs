//! A run beside another, after a killed one, with a clock that was wrong.

use serde_json::json;

use super::{FILE, FOLDER, count};
use crate::{
    harness::{Running, Site, changes},
    twin,
};

#[test]
fn a_second_run_is_told_who_works_here_and_since_when() {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    let rule =
        json!({ "operation": "apigateway:CreateRestApi", "action": "hold", "when": "after" });
    let held = twin::Rule::set(&endpoint, &rule);
    let up = Running::start(&mut site.command(["up", "--local"]));
    held.hit();
    let process = format!("process {}", up.child.id());
    for line in ["up --local", "down"] {
        site.labctl(line).code(1).complains(&[
            "in use by",
            "`labctl up`",
            &process,
            "since 2",
            "wait for it",
        ]);
    }
    drop(held);
    up.end().code(0);
    site.ok("status");

    // A lock dies with its process, whatever its file says.
    let rule =
        json!({ "operation": "apigateway:DeleteRestApi", "action": "hold", "when": "after" });
    let held = twin::Rule::set(&endpoint, &rule);
    let mut down = Running::start(&mut site.command(["down"]));
    held.hit();
    down.child.kill().expect("it is killed");
    assert_eq!(down.end().code, -1);
    drop(held);
    assert!(
        site.read(&format!("{FOLDER}/lock"))
            .contains("`labctl down`")
    );
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

/// No decision is made by the clock: whatever time the state was written at, it says the same.
#[test]
fn a_clock_that_was_wrong_changes_nothing() {
    let site = Site::tutorial();
    site.ok("up --local");
    for year in ["1970", "2199"] {
        let mut state = site.state();
        let at = json!(format!("{year}-01-01T00:00:00Z"));
        state["created_at"] = at.clone();
        let steps = state["steps"].as_object_mut().expect("steps");
        steps.values_mut().for_each(|step| step["at"] = at.clone());
        site.write(FILE, state.to_string());
        site.ok("status");
        let ended = changes(&site.ok("up --local --json").events());
        assert_eq!(count(&ended, "unchanged"), 15, "{year}: {ended:?}");
    }
    let endpoint = site.endpoint();
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

#[test]
fn what_a_killed_run_was_about_to_write_is_swept() {
    let site = Site::tutorial();
    site.ok("up --local");
    let left = format!("{FOLDER}/.state.{}.new", "0123456789abcdef".repeat(2));
    site.write(&left, "{\"version\":");
    site.ok("up --local");
    assert!(!site.has(&left));
    site.write(&left, "{\"version\":");
    site.ok("down");
    assert!(!site.has(FOLDER));
}
