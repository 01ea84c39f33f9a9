//! Without a state, `status` and `up --dry-run` ask AWS by names and tags.

use std::fs;

use serde_json::{Value, json};

use super::{Place, changing};
use crate::{
    harness::{FUNCTION, Site, standings},
    lost::stranger,
    twin,
};

const NOTHING: [&str; 0] = [];

fn lose(place: &Place, lab: &str) {
    let folder = place.site.path(&format!(".labctl/{lab}"));
    fs::remove_dir_all(folder).expect("a state");
}

/// All that a dry run says it would do, once each.
fn actions(plan: &Value) -> Vec<String> {
    let lines = plan.as_array().expect("a list").iter();
    let mut all: Vec<_> = lines
        .map(|line| line["action"].as_str().expect("a word").to_owned())
        .collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn what_is_there_is_found_by_names_and_tags() {
    for (lab, account) in [
        ("cognito-authorizer", None),
        ("cognito-authorizer", Some("444444444444")),
        ("iam-authorizer", None),
        ("cloudfront-edge", Some("555555555555")),
    ] {
        let site = Site::ready(lab);
        let place = match account {
            Some(id) => Place::account(site, id),
            None => Place::local(site),
        };
        place.run("up --yes").code(0);
        let known = place.run("status --json").json();
        lose(&place, lab);
        let (said, none) = place.calls("status --json", 3);
        assert_eq!(none, NOTHING, "{lab}");
        let status = said.json();
        let found = standings(&status);
        assert_eq!(found.len(), standings(&known).len(), "{lab}: {found:?}");
        assert!(found.iter().all(|(_, s)| s == "found"), "{lab}: {found:?}");
        assert_eq!(status["outputs"], known["outputs"], "{lab}");
        assert_eq!(status.get("others"), None, "{lab}: {status:#}");
        let shown = place.run("status").code(3).out;
        for words in ["found", "labctl up", "adopts", "labctl down", "removes"] {
            assert!(shown.contains(words), "{lab}: {words}: {shown}");
        }
        let (plan, none) = place.calls("up --dry-run --json", 0);
        assert_eq!(none, NOTHING, "{lab}");
        assert_eq!(actions(&plan.json()), ["adopt"], "{lab}");
        let shown = place.run("up --dry-run").code(0).out;
        assert!(shown.contains("to adopt"), "{shown}");
        assert!(
            !place.site.has(&format!(".labctl/{lab}")),
            "nothing is written"
        );
        // And so it is.
        let events = place.run("up --yes --json").code(0).events();
        assert!(
            crate::harness::changes(&events)
                .iter()
                .all(|(_, change)| change == "adopted"),
            "{lab}"
        );
        place.run("down --yes").code(0);
        place.run("status").code(4);
    }
}

#[test]
fn a_part_of_a_lab_is_found_with_what_has_another_name() {
    let place = Place::local(Site::tutorial());
    place.run("up --until 2").code(0);
    lose(&place, "cognito-authorizer");
    place
        .site
        .edit("name: d-user-pool-demo", "name: class-pool");
    let status = place.run("status --json").code(3).json();
    let found: Vec<_> = standings(&status).into_iter().map(|(id, _)| id).collect();
    let expected = [
        "log_group.hello",
        "role.hello",
        "role_policy.hello",
        "function.hello",
    ];
    assert_eq!(found, expected, "{status:#}");
    let others = status["others"].as_array().expect("others");
    assert_eq!(others.len(), 1, "{status:#}");
    assert!(
        others[0]
            .as_str()
            .is_some_and(|arn| arn.contains(":userpool/"))
    );
    let plan = place.run("up --dry-run --json").code(0).json();
    assert_eq!(actions(&plan), ["adopt", "create"]);
}

/// A stranger is no resource of the lab, but in the way.
#[test]
fn a_stranger_is_shown_as_one() {
    let place = Place::local(Site::tutorial());
    stranger(&place.endpoint);
    let status = place.run("status --local --json").code(3).json();
    assert_eq!(
        standings(&status),
        [("function.hello".to_owned(), "foreign".to_owned())]
    );
    let shown = place.run("status --local").code(3).out;
    assert!(
        shown.contains(FUNCTION) && shown.contains("foreign"),
        "{shown}"
    );
    let plan = place.run("up --dry-run --json").code(0).json();
    assert_eq!(actions(&plan), ["create", "look"]);
}

#[test]
fn without_an_answer_nothing_is_claimed() {
    // Nowhere to ask, and nobody.
    let site = Site::tutorial();
    for line in [
        "status",
        "status --json",
        "up --dry-run",
        "up --dry-run --json",
    ] {
        let said = site.labctl(line).code(1);
        let all = format!("{}{}", said.out, said.err);
        assert!(all.contains("cannot ask AWS"), "{line}: {all}");
        assert!(
            all.contains("no AWS credentials were found"),
            "{line}: {all}"
        );
        assert!(!all.contains("nothing there"), "{line}: {all}");
        assert!(!all.contains("reads"), "{line}: {all}");
    }
    // A twin that never ran holds nothing.
    let said = site.labctl("status --local").code(4);
    assert!(said.out.contains("nothing there"), "{}", said.out);
    let said = site.ok("up --local --dry-run");
    assert!(said.out.contains("15 to create"), "{}", said.out);
    assert!(said.out.contains("nothing was asked"), "{}", said.out);
    assert!(!site.has(".labctl"), "nothing was begun");

    // Nobody listens there.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let gone = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    for line in ["status", "up --dry-run"] {
        let mut command = site.command(line.split(' '));
        command
            .env("AWS_ENDPOINT_URL", &gone)
            .env("AWS_ACCESS_KEY_ID", "666666666666")
            .env("AWS_SECRET_ACCESS_KEY", "secret");
        let said = crate::harness::Said::of(&mut command).code(1);
        said.complains(&["cannot ask AWS"]);
    }

    // A twin that has run, and does not now, may hold something.
    let place = Place::local(site);
    place.run("up").code(0);
    lose(&place, "cognito-authorizer");
    place.site.ok("local stop");
    for line in ["status --local", "status", "up --dry-run"] {
        let said = place.run(line).code(1);
        assert!(!said.out.contains("nothing there"), "{line}: {}", said.out);
        said.complains(&["labctl local start"]);
    }
    place.site.ok("local start");
    place.run("status").code(3);
}

/// Nothing is found, but not everything is answered.
#[test]
fn a_refused_look_is_no_nothing() {
    let place = Place::local(Site::tutorial());
    let rule = json!({ "operation": "cognito-idp:ListUserPools", "action": "denied", "times": 0 });
    let rule = twin::Rule::set(&place.endpoint, &rule);
    for line in ["status --local", "up --dry-run"] {
        let said = place.run(line).code(1);
        said.complains(&["cannot ask AWS", "ListUserPools"]);
    }
    drop(rule);
    place.run("status --local").code(4);
    let plan = place.run("up --dry-run").code(0);
    assert!(plan.out.contains("labctl only read"), "{}", plan.out);
    assert_eq!(changing(&place.endpoint), NOTHING);
}
