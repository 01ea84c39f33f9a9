//! `reset --to N`: the lab as it was at the end of a chapter.

use serde_json::Value;

use super::{NOTHING, text};
use crate::{
    harness::{Site, changes},
    surprise::Place,
    twin,
};

/// Kinds, names and drift of all that the state has.
fn steps(place: &Place, lab: &str) -> Vec<String> {
    let state = place.site.read(&format!(".labctl/{lab}/state.json"));
    let state: Value = serde_json::from_str(&state).expect("a state");
    let steps = state["steps"].as_object().expect("steps");
    steps.keys().cloned().collect()
}

#[test]
fn reset_leaves_what_a_fresh_lab_has_then() {
    for (lab, chapters) in [
        ("cognito-authorizer", &[4, 3, 2, 1][..]),
        ("iam-authorizer", &[3, 1]),
        ("cloudfront-edge", &[5, 3]),
    ] {
        let place = Place::local(Site::ready(lab));
        place.run("up").code(0);
        for to in chapters {
            let fresh = Place::local(Site::ready(lab));
            fresh.run(&format!("up --until {to}")).code(0);
            let line = format!("reset --to {to}");
            let (said, none) = place.calls(&line, 2);
            assert_eq!(none, NOTHING, "{lab}: {line}");
            let asked = format!("Go back to the end of chapter {to}");
            assert!(said.err.contains(&asked), "{lab}: {line}: {}", said.err);
            let reset = place.run(&format!("{line} --yes --json")).code(0);
            let odd: Vec<_> = changes(&reset.events())
                .into_iter()
                .filter(|(_, c)| {
                    !["deleted", "updated", "unchanged", "created"].contains(&c.as_str())
                })
                .collect();
            assert_eq!(odd, [], "{lab}: {line}");
            assert_eq!(steps(&place, lab), steps(&fresh, lab), "{lab}: {line}");
            let all = |place: &Place| {
                let mut all = twin::everything(&place.endpoint);
                // These have ids of their own.
                all.retain(|line| !line.starts_with("ResourceTagMappingList"));
                all
            };
            assert_eq!(all(&place), all(&fresh), "{lab}: {line}");
            // As `up` would have it, and nothing is left to do.
            place.run("status").code(0);
            assert_eq!(
                place.calls(&format!("up --until {to}"), 0).1,
                NOTHING,
                "{lab}: {line}"
            );
            assert_eq!(
                place.calls(&format!("{line} --yes"), 0).1,
                NOTHING,
                "{lab}: {line}"
            );
        }
        place.run("up").code(0);
        place.run("status").code(0);
        place.run("verify").code(0);
        place.run("down").code(0);
        assert_eq!(twin::everything(&place.endpoint), NOTHING, "{lab}");
    }
}

/// Other losses than those of later chapters are `up`'s affair.
#[test]
fn reset_loses_only_later_chapters() {
    let place = Place::local(Site::tutorial());
    place.run("reset --to 2 --yes").code(1);
    place.run("up").code(0);
    place.run("reset --to 6 --yes").code(2);
    place.run("reset --yes").code(2);
    let lab = place.site.read("lab.yaml");
    let (functions, _) = lab.split_once("# Chapters 3 and 4").expect("a chapter");
    place.site.write("lab.yaml", functions);
    let (said, none) = place.calls("reset --to 4 --yes", 7);
    assert_eq!(none, NOTHING);
    assert!(said.err.contains("REST API"), "{}", said.err);
    place.site.write("lab.yaml", &lab);
    place.run("reset --to 1 --yes").code(0);
    let (_, none) = place.calls("reset --to 3 --yes", 2);
    assert_eq!(none, NOTHING);
}

/// A run that was cut off goes on.
#[test]
fn reset_goes_on_after_a_failure() {
    let place = Place::local(Site::tutorial());
    place.run("up").code(0);
    let rule = serde_json::json!({ "operation": "apigateway:DeleteStage", "action": "denied", "times": 1 });
    let rule = twin::Rule::set(&place.endpoint, &rule);
    let said = place.run("reset --to 3 --yes").code(1);
    assert_eq!(rule.hits(0), 1);
    assert!(said.out.contains("labctl reset --to 3"), "{}", said.out);
    place.run("reset --to 2 --yes").code(0);
    let plan = place.run("plan --json").code(3).json();
    let create = plan.as_array().expect("a list").iter();
    let create: Vec<_> = create.filter(|l| text(l, "action") == "create").collect();
    assert!(create.iter().any(|l| text(l, "id") == "api"), "{plan:#}");
}
