//! `lab:` or the resources' names changed where labctl knows the lab by its old ones.

use std::fs;

use crate::{
    harness::{FUNCTION, Site},
    surprise::Place,
    twin,
};

const NOTHING: [&str; 0] = [];

/// A lab that is up keeps its name: another one would be a second lab that cannot be whole.
#[test]
fn a_lab_that_is_up_keeps_its_name() {
    for (lab, account) in [
        ("cognito-authorizer", None),
        ("iam-authorizer", Some("202020202020")),
    ] {
        let site = Site::ready(lab);
        let place = match account {
            Some(id) => Place::account(site, id),
            None => Place::local(site),
        };
        place.run("up --yes").code(0);
        let (old, new) = (format!("lab: {lab}"), "lab: renamed".to_owned());
        place.site.edit(&old, &new);
        for line in ["plan", "up --dry-run", "up --yes", "up --yes --replace"] {
            let line = match (line, account) {
                ("plan", None) => "plan --local",
                (line, _) => line,
            };
            let (said, none) = place.calls(line, 2);
            assert_eq!(none, NOTHING, "{line}");
            let said = said.err + &said.out;
            for words in [format!("write `{old}`"), format!("the lab `{lab}`")] {
                assert!(said.contains(&words), "{line}: {words}: {said}");
            }
        }
        // A second lab beside it is no rename.
        place.run("plan --as second").code(3);
        place.site.edit(&new, &old);
        place.run("plan").code(0);
    }
}

/// Without a state the old lab shows by its tags.
#[test]
fn old_names_are_reported_when_the_state_is_lost() {
    let place = Place::account(Site::tutorial(), "212121212121");
    place.run("up --yes").code(0);
    fs::remove_dir_all(place.site.path(".labctl/cognito-authorizer")).expect("a state");
    place.site.edit(FUNCTION, "class-hello");
    place.site.edit("d-user-pool-demo\n", "class-pool\n");
    let plan = place.run("plan").code(3).out;
    let up = place.run("up --yes").code(0);
    for said in [plan, up.out + &up.err] {
        let words: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let (_, told) = words
            .split_once("under names that lab.yaml does not have")
            .unwrap_or_else(|| panic!("{said}"));
        for arn in [&*format!(":function:{FUNCTION}"), ":userpool/"] {
            assert!(told.contains(arn), "{arn}: {said}");
        }
        let (told, _) = told.split_once("leaves them").expect("what happens");
        for kept in ["class-hello", "/restapis/"] {
            assert!(!told.contains(kept), "{kept}: {said}");
        }
    }
    let there = twin::Account::new(&place.endpoint, "212121212121");
    let path = format!("/2015-03-31/functions/{FUNCTION}");
    assert_eq!(there.rest("lambda", "GET", &path, None).status, 200);
}
