//! Strangers that have the lab's names: reported with the ways out, and adopted only when the user has
//! seen them and agreed.

use std::io::Write;

use serde_json::{Value, json};

use crate::{
    harness::{FUNCTION, Running, Said, Site, changes, standings},
    lost::stranger,
    twin::{self, Account, Rule},
};

const ARN: &str =
    "arn:aws:lambda:us-east-1:000000000000:function:d-lambda-nonvpc-cmp-demo-function";

/// The function, without what AWS changes by itself (it becomes active).
fn function(endpoint: &str) -> Value {
    let path = format!("/2015-03-31/functions/{FUNCTION}");
    let seen = twin::rest(endpoint, "lambda", "GET", &path, None).json();
    let now = &seen["Configuration"];
    json!({ "Tags": seen["Tags"], "Revision": now["RevisionId"], "Code": now["CodeSha256"] })
}

fn tag_function(endpoint: &str, tags: &Value) {
    let path = format!("/2017-03-31/tags/{ARN}");
    let body = json!({ "Tags": tags });
    let done = twin::rest(endpoint, "lambda", "POST", &path, Some(&body));
    assert_eq!(done.status, 204, "{}", done.body);
}

fn stranger_s_log_group(endpoint: &str) {
    let group =
        json!({ "logGroupName": format!("/aws/lambda/{FUNCTION}"), "tags": { "team": "blue" } });
    let made = twin::json_call(endpoint, "logs", "Logs_20140328.CreateLogGroup", &group);
    assert_eq!(made.status, 200, "{}", made.body);
}

/// A twin with a stranger's function and log group under the lab's names.
fn with_strangers() -> (Site, String) {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    stranger(&endpoint);
    Account::new(&endpoint, "000000000000").function_is_active(FUNCTION);
    tag_function(&endpoint, &json!({ "owner": "ann" }));
    stranger_s_log_group(&endpoint);
    (site, endpoint)
}

fn answer(site: &Site, line: &str, typed: &str) -> Said {
    let mut at = Running::start(&mut site.terminal(line));
    at.hears("[y/N]");
    let mut keys = at.child.stdin.take().expect("a keyboard");
    keys.write_all(typed.as_bytes()).expect("keys");
    at.end()
}

fn ended(said: &Said, step: &str) -> String {
    let all = changes(&said.events());
    let found = all.into_iter().find(|(id, _)| id == step);
    found.map(|(_, change)| change).unwrap_or_default()
}

#[test]
fn a_stranger_is_reported_with_the_ways_out() {
    let (site, endpoint) = with_strangers();
    let before = function(&endpoint);
    site.labctl("up --local").code(1).complains(&[
        "log group",
        "exists without this lab's tags",
        "team=blue",
        "choose another name in lab.yaml",
        "remove it yourself",
        "labctl up --adopt",
    ]);
    assert_eq!(function(&endpoint), before);
    site.ok("down");
    assert_eq!(function(&endpoint), before, "and is not deleted");
}

#[test]
fn nothing_is_adopted_without_a_yes() {
    let (site, endpoint) = with_strangers();
    let before = (function(&endpoint), twin::everything(&endpoint));
    let said = site.labctl("up --local --adopt").code(2);
    for words in [
        ARN,
        "owner=ann",
        "log-group:/aws/lambda/",
        "team=blue",
        "last changed 2",
        "made 2",
    ] {
        assert!(said.out.contains(words), "{words} in {}", said.out);
    }
    let _ = said.complains(&["Adopt these 2?", "will DELETE them", "--yes"]);
    let error = site.labctl("up --local --adopt --json").code(2).events();
    assert_eq!(error.last().expect("an error")["exit"], 2);
    let said = answer(&site, "up --local --adopt", "n\n").code(1);
    assert!(said.out.contains("nothing was changed"), "{}", said.out);
    assert_eq!((function(&endpoint), twin::everything(&endpoint)), before);
    assert!(!site.has(".labctl/cognito-authorizer"), "no state");
}

#[test]
fn with_a_yes_a_stranger_becomes_the_lab_s() {
    let (site, endpoint) = with_strangers();
    let said = answer(&site, "up --local --adopt", "y\n").code(0);
    assert!(said.out.contains(ARN), "shown first: {}", said.out);
    let tags = &function(&endpoint)["Tags"];
    assert_eq!(
        (&tags["labctl:lab"], &tags["owner"]),
        (&json!("cognito-authorizer"), &json!("ann"))
    );
    site.ok("status");
    site.ok("verify");
    let none = site.ok("up --local --adopt").out;
    assert!(none.contains("nothing to adopt"), "{none}");
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), ["role: stranger"]);
}

/// Another lab's tags are its own: not even a yes takes them.
#[test]
fn what_belongs_to_another_lab_is_not_adopted() {
    let (site, endpoint) = with_strangers();
    tag_function(&endpoint, &json!({ "labctl:lab": "another" }));
    let before = function(&endpoint);
    let said = site.labctl("up --local --adopt --yes --json").code(1);
    assert_eq!(ended(&said, "function.hello"), "failed");
    // The log group is nobody's lab's.
    assert_eq!(ended(&said, "log_group.hello"), "updated");
    let told =
        said.out.contains("not adopted, another lab's") && said.out.contains("the lab `another`");
    assert!(told, "{}", said.out);
    assert_eq!(function(&endpoint), before);
    site.ok("down");
    assert_eq!(function(&endpoint), before);
}

#[test]
fn an_adoption_that_was_cut_off_is_on_record() {
    for (when, after) in [("before", "failed"), ("after", "updated")] {
        let (site, endpoint) = with_strangers();
        let rule = json!({ "operation": "lambda:TagResource", "action": "hold", "when": when });
        let held = Rule::set(&endpoint, &rule);
        let mut up = Running::start(&mut site.command(["up", "--local", "--adopt", "--yes"]));
        held.hit();
        assert_eq!(site.state()["steps"]["function.hello"]["phase"], "creating");
        up.child.kill().expect("it is killed");
        up.end().code(-1);
        drop(held);
        // What was not tagged is still a stranger's; what was is ours.
        let code = i32::from(when == "before");
        let said = site.labctl("up --local --json").code(code);
        assert_eq!(ended(&said, "function.hello"), after, "{when}");
        site.ok("up --local --adopt --yes");
        site.ok("verify");
        site.ok("down");
        assert_eq!(twin::everything(&endpoint), ["role: stranger"]);
    }
}

/// A name does not tell whether it is still the thing that we made.
#[test]
fn our_own_without_its_tags_is_a_stranger_until_adopted() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let path = format!("/2017-03-31/tags/{ARN}?tagKeys=labctl:lab&tagKeys=labctl:run");
    let gone = twin::rest(&endpoint, "lambda", "DELETE", &path, None);
    assert_eq!(gone.status, 204, "{}", gone.body);
    let form = "Action=UntagRole&RoleName=d-lambda-nonvpc-cmp-demo-function-role&TagKeys.member.1=labctl:lab";
    assert_eq!(twin::iam(&endpoint, form).status, 200);
    let status = site.labctl("status --json").code(3).json();
    let foreign: Vec<_> = standings(&status)
        .into_iter()
        .filter(|(_, state)| state == "foreign")
        .map(|(id, _)| id)
        .collect();
    assert_eq!(foreign, ["role.hello", "function.hello"]);
    site.labctl("up --local")
        .code(1)
        .complains(&["labctl up --adopt"]);
    let all = changes(&site.ok("up --local --adopt --yes --json").events());
    let of = |change: &str| all.iter().filter(|(_, c)| c == change).count();
    assert_eq!((of("adopted"), of("unchanged")), (2, 13), "{all:?}");
    site.ok("status");
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}
