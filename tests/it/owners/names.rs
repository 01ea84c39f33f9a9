//! `--as NAME`: a lab of one's own from a file that others use too.

use serde_json::Value;

use super::{User, World};
use crate::harness::{Said, Site};

const SUFFIXED: [&str; 2] = ["demo-function-anna", "demo-pool-anna"];
const PLAIN: [&str; 2] = ["demo-function", "demo-pool"];

/// Two labs of one file, in one account: neither touches the other, and `down` takes one.
#[test]
fn each_has_names_of_its_own() {
    let mut world = World::new();
    let account = world.account();
    let (anna, bert) = (User::new(&account, "anna"), User::new(&account, "bert"));
    bert.ok("up --yes -q");
    let refused = anna.runs("up --yes").code(2);
    let _ = refused.complains(&["made by bert", "--as NAME"]);
    anna.ok("up --yes --as anna");
    let mut all = [PLAIN, SUFFIXED].concat();
    all.sort_unstable();
    assert_eq!(account.things(), all);
    let tags = account.rest(
        "lambda",
        "GET",
        "/2015-03-31/functions/demo-function-anna",
        None,
    );
    assert_eq!(tags.json()["Tags"]["labctl:lab"], "demo-anna");
    let role = account.iam("Action=GetRole&RoleName=demo-function-anna-role");
    assert_eq!(role.status, 200, "{}", role.body);
    anna.ok("status --as anna");
    bert.ok("down --yes");
    assert_eq!(account.things(), SUFFIXED);
    anna.ok("down --yes --as anna");
    assert_eq!(account.things(), [""; 0]);
}

/// The commands after `up --as` know the only lab that is here; with two, the name says which.
#[test]
fn the_only_lab_here_needs_no_name() {
    let mut world = World::new();
    let account = world.account();
    let anna = User::new(&account, "anna");
    anna.ok("up --yes -q --as anna");
    for line in [
        "status",
        "plan",
        "up --yes",
        "output",
        "reset --to 1 --yes",
        "up --yes",
    ] {
        let said = anna.ok(line);
        assert!(!said.out.contains("create "), "{line}: {}", said.out);
    }
    assert_eq!(account.things(), SUFFIXED);
    // An empty name is the file's own.
    anna.ok("up --yes --as=");
    assert_eq!(account.things().len(), 4);
    anna.ok("down --yes");
    assert_eq!(
        account.things(),
        SUFFIXED,
        "with both here, the file's own is meant"
    );
    anna.ok("down --yes");
    assert_eq!(account.things(), [""; 0]);
}

/// With several, none is guessed, and nothing is said to be absent.
#[test]
fn of_several_labs_none_is_guessed() {
    let mut world = World::new();
    let account = world.account();
    let anna = User::new(&account, "anna");
    let up = anna.ok("up --yes --as anna");
    assert!(up.out.contains("labctl down --as anna"), "{}", up.out);
    anna.ok("up --yes -q --as bert");
    for line in [
        "status",
        "plan",
        "down --yes",
        "down --prove --yes",
        "up --yes",
        "output",
    ] {
        let said = anna.runs(line).code(2);
        let _ = said.complains(&[
            "several labs of demo",
            "`--as anna`, `--as bert`",
            "LABCTL_AS",
        ]);
    }
    assert_eq!(account.things().len(), 4);
    anna.ok("down --yes --as anna");
    anna.ok("down --yes");
    assert_eq!(account.things(), [""; 0]);
}

/// A lab whose name only looks like it belongs to another file.
#[test]
fn a_lab_of_another_file_is_not_taken_for_one() {
    let mut world = World::new();
    let account = world.account();
    let anna = User::new(&account, "anna");
    let other = anna.site.read("lab.yaml").replace("demo", "demo-two");
    anna.site.write("two.yaml", other);
    anna.ok("up --yes -q --file two.yaml");
    let status = anna.runs("status").code(4);
    assert!(status.out.contains("demo: nothing there"), "{}", status.out);
    anna.ok("down --yes --file two.yaml");
}

/// Every name is checked again with what is added, at its place in the file.
#[test]
fn names_that_get_too_long_are_shown_in_the_file() {
    let mut world = World::new();
    let account = world.account();
    let anna = User::new(&account, "anna");
    let lab = anna.site.read("lab.yaml");
    let long = format!("f{}", "x".repeat(60));
    for (from, to, line, words) in [
        ("name: demo-function", format!("name: {long}"), ":6:", "64"),
        ("lab: demo", format!("lab: {}", "d".repeat(30)), ":2:", "32"),
        (
            "name: demo-pool\n",
            "name: demo-pool\n  domain: prefix\n".to_owned(),
            ":12:",
            "cognito",
        ),
    ] {
        anna.site.write("lab.yaml", lab.replacen(from, &to, 1));
        let suffix = if words == "cognito" {
            "cognito"
        } else {
            "anna"
        };
        let said = anna.runs(&format!("up --yes --as {suffix}")).code(2);
        let with = format!("with `--as {suffix}`");
        let _ = said.complains(&[&*with, line, words]);
    }
    anna.site.write("lab.yaml", lab);
    for bad in ["Anna", "a b", "-a", "a-", "a/b", "seventeen-letters"] {
        let mut command = anna.command("up --yes");
        let said = Said::of(command.arg(format!("--as={bad}")));
        let _ = said.code(2).complains(&["--as", "like `anna`"]);
    }
    assert_eq!(account.things(), [""; 0]);
}

/// Every name that the account sees, in labs with all parts. What is inside a pool or an API keeps its own.
#[test]
fn every_name_of_the_largest_labs_gets_it() {
    let named = [
        "api_key",
        "app_client",
        "distribution",
        "function",
        "identity_pool",
        "log_group",
        "rest_api",
        "role",
        "usage_plan",
        "user_pool",
        "user_pool_domain",
    ];
    for lab in [
        "cloudfront-edge",
        "iam-authorizer",
        "user-pool-choices",
        "all-authorizers",
    ] {
        let site = Site::empty();
        site.ok(&format!("init --lab {lab}"));
        let steps = |line: &str| -> Vec<(String, String)> {
            let plan = site.labctl(line).code(3).json();
            let steps = plan.as_array().expect("steps").iter();
            let text = |step: &Value, field: &str| step[field].as_str().expect("text").to_owned();
            steps
                .map(|step| (text(step, "kind"), text(step, "name")))
                .collect()
        };
        let (plain, mine) = (
            steps("plan --local --json"),
            steps("plan --local --json --as anna"),
        );
        assert_eq!(plain.len(), mine.len());
        for ((kind, was), (_, is)) in plain.iter().zip(&mine) {
            let added = is.replacen("-anna", "", 1) == *was && is != was;
            assert!(
                added || !named.contains(&kind.as_str()),
                "{lab}: {kind} {was} {is}"
            );
        }
    }
}
