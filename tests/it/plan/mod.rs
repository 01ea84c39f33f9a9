//! `plan` and `down --dry-run`: what would happen, from reads only.

mod edits;
mod exact;
mod meanwhile;
mod renamed;
mod reset;
mod retyped;
mod unfinished;
mod users;

use serde_json::{Value, json};

use crate::{
    harness::Site,
    surprise::{Place, line, other_type, with_provider},
    twin::{self, Account},
};

const NOTHING: [&str; 0] = [];

/// Text of a member.
fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

/// `(id, action)` of all lines.
fn actions(plan: &Value) -> Vec<(String, String)> {
    let lines = plan.as_array().expect("a list").iter();
    lines
        .map(|line| (text(line, "id"), text(line, "action")))
        .collect()
}

#[test]
fn plan_ends_with_3_only_when_up_would_change_something() {
    for place in [
        Place::local(Site::tutorial()),
        Place::account(Site::tutorial(), "121212121212"),
    ] {
        // The state says where a lab is; before there is one, the command does.
        let plan = if place.account.is_none() {
            "plan --local --json"
        } else {
            "plan --json"
        };
        let (said, none) = place.calls(plan, 3);
        assert_eq!(none, NOTHING);
        let all = actions(&said.json());
        assert_eq!(all.len(), 15, "{all:?}");
        assert!(all.iter().all(|(_, a)| a == "create"), "{all:?}");
        assert_eq!(said.json(), place.run("up --dry-run --json").code(0).json());
        assert!(!place.site.has(".labctl/cognito-authorizer"));

        place.run("up --until 3 --yes").code(0);
        let said = place.run("plan").code(3).out;
        for words in ["create  authorizer", "update  method", "1 to update"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        place.calls("plan --until 3", 0);
        place.run("up --yes").code(0);
        let (said, none) = place.calls("plan --json", 0);
        assert_eq!(none, NOTHING);
        assert!(actions(&said.json()).iter().all(|(_, a)| a == "keep"));
        place.calls("plan --until 1", 0);
        let said = place.run("plan --user more@example.com").code(3).out;
        assert!(
            said.contains("create  user          more@example.com"),
            "{said}"
        );

        // What is lost, and what goes with it; the plan itself needs no `--replace`.
        let lab = place.site.read("lab.yaml");
        let (functions, _) = lab.split_once("# Chapters 3 and 4").expect("a chapter");
        place.site.write("lab.yaml", functions);
        let (said, none) = place.calls("plan --json", 3);
        assert_eq!(none, NOTHING);
        let plan = said.json();
        let api = line(&plan, "api");
        assert!(text(&api, "lost").contains("invoke URL"), "{api}");
        for inside in ["stage", "method.GET /demo", "path./demo"] {
            let inside = line(&plan, inside);
            assert_eq!(text(&inside, "action"), "delete", "{inside}");
            assert_eq!(text(&inside, "with"), "api", "{inside}");
            assert_eq!(inside.get("lost"), None, "{inside}");
        }
        let shown = place.run("plan").code(3).out;
        for words in [
            "goes with REST API d-apigw-cmp-demo",
            "--replace",
            "invoke URL",
        ] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        place.run("down --yes").code(0);
    }
}

/// Bad usage, a change that AWS does not make, and nobody to ask are errors, not changes.
#[test]
fn plan_tells_errors_from_changes() {
    let site = with_provider();
    let said = site.labctl("plan").code(1);
    assert!(said.err.contains("cannot ask AWS"), "{}", said.err);
    site.labctl("plan --until 9").code(2);
    site.labctl("plan --user nobody").code(2);
    site.labctl("plan --rotate-edge-secret").code(2);
    let said = site.labctl("plan --local").code(3);
    assert!(said.out.contains("nothing was asked"), "{}", said.out);
    site.ok("up --local");
    other_type(&site);
    let said = site.labctl("plan").code(1);
    assert!(said.out.contains("refuses this"), "{}", said.out);
}

#[test]
fn plan_without_a_state_compares_what_it_finds() {
    let place = Place::local(Site::tutorial());
    place.run("up").code(0);
    std::fs::remove_dir_all(place.site.path(".labctl/cognito-authorizer")).expect("a state");
    place
        .site
        .edit("runtime: python3.13", "runtime: python3.12");
    let (said, none) = place.calls("plan --json", 3);
    assert_eq!(none, NOTHING);
    let plan = said.json();
    let function = line(&plan, "function.hello");
    assert_eq!(text(&function, "action"), "update", "{function}");
    let others: Vec<_> = actions(&plan)
        .into_iter()
        .filter(|(id, action)| id != "function.hello" && action != "adopt")
        .collect();
    assert_eq!(others, []);
    let (said, none) = place.calls("down --dry-run --json", 0);
    assert_eq!(none, NOTHING);
    assert_eq!(actions(&said.json()).len(), 15, "{}", said.out);
    assert!(!place.site.has(".labctl/cognito-authorizer"));
}

#[test]
fn down_dry_run_shows_what_down_deletes() {
    for (lab, account) in [
        ("cognito-authorizer", None),
        ("iam-authorizer", Some("131313131313")),
        ("cloudfront-edge", None),
    ] {
        let site = Site::ready(lab);
        let place = match account {
            Some(id) => Place::account(site, id),
            None => Place::local(site),
        };
        let said = place.run("down --dry-run --local").code(0);
        assert!(said.out.contains("nothing there"), "{}", said.out);
        place.run("up --yes").code(0);
        let before = twin::everything(&place.endpoint);
        let (said, none) = place.calls("down --dry-run --json", 0);
        assert_eq!(none, NOTHING, "{lab}");
        let plan = said.json();
        assert_eq!(text(&line(&plan, "stage"), "with"), "api", "{lab}");
        assert_eq!(text(&line(&plan, "user_pool"), "with"), "", "{lab}");
        let shown = place.run("down --dry-run").code(0).out;
        assert!(shown.contains("with the REST API"), "{lab}: {shown}");
        assert_eq!(twin::everything(&place.endpoint), before, "{lab}");
        let down = place.run("down --yes --json").code(0);
        let mut announced = actions(&plan);
        announced.sort();
        let done: Vec<_> = crate::harness::changes(&down.events());
        let done: Vec<_> = done
            .into_iter()
            .map(|(id, change)| (id, change.replace("deleted", "delete")))
            .collect();
        assert_eq!(announced, done, "{lab}");
    }
}

/// What goes with the lab's own resources though no state has it: shown, and asked about.
#[test]
fn down_names_what_was_made_by_hand_inside_of_the_lab() {
    let place = Place::account(Site::tutorial(), "141414141414");
    place.run("up --yes").code(0);
    let account = Account::new(&place.endpoint, "141414141414");
    let plain = place.run("down --dry-run").code(0).out;
    assert!(!plain.contains("by hand"), "{plain}");
    let asked = place.run("down").code(2).err;
    assert!(!asked.contains("by hand"), "{asked}");
    let state = place.site.state();
    let pool = state["steps"]["user_pool"]["output"]["id"].clone();
    let of_pool = |operation: &str, input: Value| {
        let mut input = input;
        input["UserPoolId"] = pool.clone();
        let made = account.cognito(operation, &input);
        assert_eq!(made.status, 200, "{}", made.body);
        made.json()
    };
    of_pool("CreateUserPoolDomain", json!({ "Domain": "by-hand-4711" }));
    let client = of_pool("CreateUserPoolClient", json!({ "ClientName": "mine" }));
    let client = text(&client["UserPoolClient"], "ClientId");
    for name in ["one@example.com", "two@example.com"] {
        of_pool(
            "AdminCreateUser",
            json!({ "Username": name, "MessageAction": "SUPPRESS" }),
        );
    }
    let api = text(&state["steps"]["api"]["output"], "id");
    let deployment = &state["steps"]["deployment"]["output"]["id"];
    let stage = json!({ "stageName": "mine", "deploymentId": deployment });
    let path = format!("/restapis/{api}/stages");
    let made = account.rest("apigateway", "POST", &path, Some(&stage));
    assert_eq!(made.status, 201, "{}", made.body);
    let client = format!("app client {client}");
    let words = ["domain by-hand-4711", &client, "2 users", "stage mine"];
    let shown = place.run("down --dry-run").code(0).out;
    let asked = place.run("down").code(2).err;
    std::fs::remove_dir_all(place.site.path(".labctl/cognito-authorizer")).expect("a state");
    let lost = place.run("down").code(2).err;
    for said in [shown, asked, lost] {
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!said.contains("3 users"), "{said}");
    }
    place.run("down --yes").code(0);
}

/// `down` starts a twin that is stopped: so does its dry run, which stops it again.
#[test]
fn down_dry_run_looks_into_a_stopped_twin_as_down_does() {
    let place = Place::local(Site::tutorial());
    place.run("up").code(0);
    std::fs::remove_dir_all(place.site.path(".labctl/cognito-authorizer")).expect("a state");
    for line in ["down --dry-run --local --json", "down --dry-run --json"] {
        place.site.ok("local stop");
        let plan = place.run(line).code(0).json();
        assert_eq!(actions(&plan).len(), 15, "{line}: {plan}");
        let running = place.site.labctl("local status --json");
        assert_ne!(running.code, 0, "{}", running.out);
    }
    let down = place.run("down --local").code(0);
    assert!(down.out.contains("nothing left"), "{}", down.out);
    place.site.ok("local stop");
    let said = place.run("down --dry-run --local").code(0);
    assert!(said.out.contains("nothing there"), "{}", said.out);
}

#[test]
fn down_dry_run_leaves_strangers_alone() {
    let place = Place::local(Site::tutorial());
    place.run("up").code(0);
    let function = format!("/2015-03-31/functions/{}", crate::harness::FUNCTION);
    let gone = twin::rest(&place.endpoint, "lambda", "DELETE", &function, None);
    assert_eq!(gone.status, 204, "{}", gone.body);
    let role = format!("{}-role", crate::harness::FUNCTION);
    for form in [
        format!("Action=DeleteRolePolicy&RoleName={role}&PolicyName=logs"),
        format!("Action=DeleteRole&RoleName={role}"),
    ] {
        twin::iam(&place.endpoint, &form);
    }
    twin::role(&place.endpoint, "stranger", &[]);
    twin::function(
        &place.endpoint,
        crate::harness::FUNCTION,
        "stranger",
        &serde_json::json!({}),
    );
    let (said, none) = place.calls("down --dry-run --json", 0);
    assert_eq!(none, NOTHING);
    let function = line(&said.json(), "function.hello");
    assert_eq!(text(&function, "action"), "leave", "{function}");
    assert!(!text(&function, "message").is_empty(), "{function}");
    let shown = place.run("down --dry-run").code(0).out;
    assert!(shown.contains("not ours, left alone"), "{shown}");
}
