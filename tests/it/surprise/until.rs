//! `up --until N` on a lab that is further: later chapters stay as they are.

use super::{Place, line};
use crate::{
    harness::{Site, changes},
    twin,
};

const NOTHING: [&str; 0] = [];

#[test]
fn a_lab_that_is_further_stays_so() {
    for (lab, last) in [
        ("cognito-authorizer", 5),
        ("iam-authorizer", 5),
        ("lambda-authorizer", 4),
        ("cloudfront-edge", 6),
    ] {
        let place = Place::local(Site::ready(lab));
        place.run("up").code(0);
        let records = || {
            let state = place.site.read(&format!(".labctl/{lab}/state.json"));
            let state: serde_json::Value = serde_json::from_str(&state).expect("a state");
            state["steps"].clone()
        };
        let (before, known) = (twin::everything(&place.endpoint), records());
        for until in 1..=last {
            let line = format!("up --until {until}");
            let (plan, none) = place.calls(&format!("{line} --dry-run --json"), 0);
            assert_eq!(none, NOTHING, "{lab}: {line}");
            let plan = plan.json();
            let actions = plan.as_array().expect("a list").iter();
            let odd: Vec<_> = actions
                .filter(|l| l["action"] != "keep" && l["action"] != "leave")
                .collect();
            assert!(odd.is_empty(), "{lab}: {line}: {odd:?}");
            let (said, none) = place.calls(&line, 0);
            assert_eq!(none, NOTHING, "{lab}: {line}");
            let left = said.out.contains("left as");
            assert_eq!(left, until < last, "{lab}: {line}: {}", said.out);
            assert_eq!(twin::everything(&place.endpoint), before, "{lab}: {line}");
            place.run("status").code(0);
            assert_eq!(records(), known, "{lab}: {line}");
        }
        place.run("verify").code(0);
        place.run("down").code(0);
        assert_eq!(twin::everything(&place.endpoint), NOTHING, "{lab}");
    }
}

#[test]
fn what_is_left_is_told_in_one_line() {
    let site = Site::tutorial();
    site.ok("up --local");
    for (until, words) in [
        (
            1,
            "chapters 2, 3, 4 and 5 are left as they are; `labctl down` removes all",
        ),
        (
            3,
            "chapters 4 and 5 are left as they are; `labctl down` removes all",
        ),
        (4, "chapter 5 is left as it is; `labctl down` removes all"),
    ] {
        for line in ["up --local", "up --local --dry-run"] {
            let said = site.ok(&format!("{line} --until {until}")).out;
            let told = said.lines().filter(|line| line.contains("left as")).count();
            assert!(said.contains(words), "{said}");
            // The dry run counts them, too.
            assert_eq!(told, 1 + usize::from(line.contains("dry")), "{said}");
        }
    }
}

#[test]
fn earlier_chapters_are_still_mended_and_changed() {
    let place = Place::local(Site::tutorial());
    place.run("up").code(0);
    let path = "/2015-03-31/functions/d-lambda-nonvpc-cmp-demo-function/configuration";
    let other = serde_json::json!({ "Timeout": 9 });
    let changed = twin::rest(&place.endpoint, "lambda", "PUT", path, Some(&other));
    assert_eq!(changed.status, 200, "{}", changed.body);
    // A route more, and the user pool's users are another's: of these only the route is of chapter 3.
    place.site.edit(
        "  stage: dev",
        "    GET /public:\n      function: hello\n      authorizer: none\n  stage: dev",
    );
    let up = place.run("up --until 3 --json").code(0);
    let all = changes(&up.events());
    let other: Vec<_> = all.iter().filter(|(_, c)| c != "unchanged").collect();
    let pair = |id: &str, change: &str| (id.to_owned(), change.to_owned());
    let mut expected = [
        pair("function.hello", "updated"),
        pair("integration.GET /public", "created"),
        pair("method.GET /public", "created"),
        pair("path./public", "created"),
        pair("permission.GET /public", "created"),
    ];
    expected.sort();
    assert_eq!(other, expected.iter().collect::<Vec<_>>());
    // The authorizer guards as before; what is deployed is chapter 4's.
    place.run("verify").code(5);
    let plan = place.run("up --dry-run --json").code(0).json();
    assert_eq!(line(&plan, "method.GET /demo")["action"], "keep");
    assert_ne!(line(&plan, "deployment")["action"], "keep");
    place.run("up").code(0);
    place.run("status").code(0);
    place.run("verify").code(0);
}

/// A run that began with less, and one that was cut off, go on to where they are told.
#[test]
fn until_goes_on_from_less() {
    let place = Place::local(Site::tutorial());
    for (until, chapters) in [(1, 1), (3, 3), (2, 3), (4, 4), (3, 4)] {
        place.run(&format!("up --until {until}")).code(0);
        let status = place.run("status --json").code(0).json();
        let all = status["chapters"].as_array().expect("chapters").iter();
        let there = all
            .filter(|c| c["resources"].as_array().is_some_and(|r| !r.is_empty()))
            .count();
        assert_eq!(there, chapters, "--until {until}: {status:#}");
    }
    place.run("up").code(0);
    place.run("verify").code(0);
}

/// The state is lost, and the authorizer is not detached by an `up --until 3` that adopts the method.
#[test]
fn without_a_state_the_authorizer_stays_attached() {
    let place = Place::local(Site::tutorial());
    place.run("up").code(0);
    std::fs::remove_dir_all(place.site.path(".labctl/cognito-authorizer")).expect("a state");
    let (_, mut calls) = place.calls("up --until 3", 0);
    // What was found again gets the new state's run.
    calls.retain(|call| !call.ends_with(":TagResource") && !call.ends_with(":TagRole"));
    assert_eq!(calls, NOTHING);
    place.run("up").code(0);
    place.run("verify").code(0);
}
