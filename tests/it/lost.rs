//! Runs that were cut off, strangers in the way, and a state that got lost.

use serde_json::json;

use crate::{
    harness::{FUNCTION, Said, Site, changes},
    twin,
};

/// A function that somebody else made, under the lab's name.
pub(crate) fn stranger(endpoint: &str) {
    twin::role(endpoint, "stranger", &[]);
    twin::function(endpoint, FUNCTION, "stranger", &json!({}));
}

fn remove_stranger(endpoint: &str) {
    let gone = twin::rest(
        endpoint,
        "lambda",
        "DELETE",
        &format!("/2015-03-31/functions/{FUNCTION}"),
        None,
    );
    assert_eq!(gone.status, 204, "{}", gone.body);
}

#[test]
fn up_goes_as_far_as_it_can_and_later_goes_on_from_there() {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    stranger(&endpoint);
    let said = site.labctl("up --local --json").code(1);
    let events = said.events();
    let ended = |id: &str| {
        changes(&events)
            .into_iter()
            .find(|(i, _)| i == id)
            .map(|(_, c)| c)
    };
    assert_eq!(ended("function.hello").as_deref(), Some("failed"));
    assert_eq!(ended("user_pool").as_deref(), Some("created"));
    assert_eq!(ended("permission.GET /demo").as_deref(), Some("skipped"));
    let error = events.last().expect("events");
    assert_eq!(error["event"], "error");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|m| m.contains(FUNCTION)),
        "{error}"
    );

    remove_stranger(&endpoint);
    let rest = changes(&site.ok("up --local --json").events());
    let of = |change: &str| rest.iter().filter(|(_, c)| c == change).count();
    assert!(of("unchanged") > 0 && of("created") > 0, "{rest:?}");
    assert_eq!(of("unchanged") + of("created"), 15, "{rest:?}");
    site.ok("verify");
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), ["role: stranger"]);
}

#[test]
fn down_leaves_a_stranger_alone() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    // The function was deleted and somebody else took its name.
    remove_stranger(&endpoint);
    stranger(&endpoint);
    let status = site.labctl("status").code(3).out;
    assert!(status.contains("foreign"), "{status}");
    let down = site.ok("down");
    assert!(down.out.contains("left alone"), "{}", down.out);
    assert_eq!(
        twin::everything(&endpoint),
        [
            format!("Functions: {FUNCTION}"),
            "role: stranger".to_owned()
        ]
    );
}

#[test]
fn up_without_its_state_adopts_what_is_ours() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let before = twin::everything(&endpoint);
    std::fs::remove_dir_all(site.path(".labctl/cognito-authorizer")).expect("a state");
    let changes = changes(&site.ok("up --local --json").events());
    assert!(
        changes.iter().all(|(_, change)| change == "adopted"),
        "{changes:?}"
    );
    assert_eq!(twin::everything(&endpoint), before);
    site.ok("verify");
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

#[test]
fn down_without_its_state_finds_what_is_ours() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    std::fs::remove_dir_all(site.path(".labctl/cognito-authorizer")).expect("a state");
    site.ok("down --local");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    let again = site.ok("down --local");
    assert!(again.out.contains("nothing there"), "{}", again.out);
}

/// A function that was just made is Pending for seconds on AWS, and cannot be called yet.
#[test]
fn a_function_whose_run_was_killed_is_waited_for() {
    let site = Site::tutorial();
    site.ok("local start");
    let mut up = site.command(["up", "--local"]);
    up.env("LABCTL_CRASH", "answered:lambda:CreateFunction:1");
    assert_eq!(Said::of(&mut up).code, -1);
    let endpoint = site.endpoint();
    twin::forget_calls(&endpoint);
    let changes = changes(&site.ok("up --local --json").events());
    let adopted = ("function.hello".to_owned(), "adopted".to_owned());
    assert!(changes.contains(&adopted), "{changes:?}");
    let calls = twin::calls(&endpoint);
    let asked = calls.contains(&"lambda:GetFunctionConfiguration".to_owned());
    assert!(asked, "nobody asked whether it is Active: {calls:?}");
    site.ok("verify");
    site.ok("down");
}

/// The first run after the loss ended early: what it did not look for is still not on record.
#[test]
fn up_that_ends_early_without_its_state_makes_nothing_twice_later() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let before = twin::everything(&endpoint);
    std::fs::remove_dir_all(site.path(".labctl/cognito-authorizer")).expect("a state");
    site.ok("up --local --until 1");
    let changes = changes(&site.ok("up --local --json").events());
    assert!(changes.iter().all(|(_, c)| c != "created"), "{changes:?}");
    assert_eq!(twin::everything(&endpoint), before);
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

#[test]
fn down_after_an_early_end_without_its_state_finds_the_rest() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    std::fs::remove_dir_all(site.path(".labctl/cognito-authorizer")).expect("a state");
    site.ok("up --local --until 1");
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

#[test]
fn two_runs_at_once_are_told_apart() {
    use std::fs::File;
    let site = Site::tutorial();
    site.ok("up --local");
    let lock = File::options()
        .read(true)
        .write(true)
        .open(site.path(".labctl/cognito-authorizer/lock"))
        .expect("the lock's file");
    lock.lock().expect("a lock");
    for line in ["up --local", "down"] {
        site.labctl(line).code(1).complains(&["in use by"]);
    }
    // Reading needs no lock.
    site.ok("status");
    drop(lock);
    site.ok("down");
}
