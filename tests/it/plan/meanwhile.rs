//! Somebody else changes AWS between the plan and the run: at the question of `up`.

use std::io::Write;

use serde_json::{Value, json};

use super::text;
use crate::{
    harness::{Running, Said, Site},
    surprise::{Place, line, with_domain},
    twin,
};

/// A rename of something that people have the address of, in an account of its own.
struct Case {
    account: &'static str,
    step: &'static str,
    edit: [&'static str; 2],
    /// Somebody deletes it.
    delete: fn(&Place),
    /// Somebody brings it back, for people who use it.
    bring_back: fn(&Place),
    /// Whether it is there.
    is_there: fn(&Place) -> bool,
}

fn account(place: &Place) -> twin::Account {
    twin::Account::new(&place.endpoint, place.account.expect("an account"))
}

fn output(place: &Place, step: &str, member: &str) -> String {
    text(&place.site.state()["steps"][step]["output"], member)
}

fn domain(place: &Place, operation: &str) -> Value {
    let pool = output(place, "user_pool", "id");
    let input = json!({ "Domain": "d-surprise-1", "UserPoolId": pool });
    let done = account(place).cognito(operation, &input);
    assert_eq!(done.status, 200, "{operation}: {}", done.body);
    done.json()
}

fn stage(place: &Place, method: &str) -> u16 {
    let api = output(place, "api", "id");
    let (path, body) = match method {
        "POST" => {
            let deployment = output(place, "deployment", "id");
            let stage = json!({ "stageName": "dev", "deploymentId": deployment });
            (format!("/restapis/{api}/stages"), Some(stage))
        }
        _ => (format!("/restapis/{api}/stages/dev"), None),
    };
    let done = account(place).rest("apigateway", method, &path, body.as_ref());
    done.status
}

const CASES: [Case; 2] = [
    Case {
        account: "151515151515",
        step: "domain",
        edit: ["domain: d-surprise-1", "domain: d-surprise-2"],
        delete: |place| drop(domain(place, "DeleteUserPoolDomain")),
        bring_back: |place| drop(domain(place, "CreateUserPoolDomain")),
        is_there: |place| {
            let seen = domain(place, "DescribeUserPoolDomain");
            seen["DomainDescription"]["UserPoolId"].is_string()
        },
    },
    Case {
        account: "161616161616",
        step: "stage",
        edit: ["stage: dev", "stage: test"],
        delete: |place| assert_eq!(stage(place, "DELETE"), 202),
        bring_back: |place| assert_eq!(stage(place, "POST"), 201),
        is_there: |place| stage(place, "GET") == 200,
    },
];

/// `up` at a terminal: `meanwhile` happens at its question, which is answered with yes. It asks again if AWS differs then,
/// which is answered with `again`.
fn asked_twice(place: &Place, up: &str, meanwhile: impl FnOnce(), again: Option<&str>) -> Said {
    let mut command = place.site.terminal(up);
    command
        .env("AWS_ENDPOINT_URL", &place.endpoint)
        .env("AWS_ACCESS_KEY_ID", place.account.expect("an account"))
        .env("AWS_SECRET_ACCESS_KEY", "secret");
    let mut up = Running::start(&mut command);
    up.hears("[y/N]");
    meanwhile();
    let mut keys = up.child.stdin.take().expect("a keyboard");
    keys.write_all(b"y\n").expect("keys");
    if let Some(again) = again {
        up.hears("AWS changed while you were asked");
        keys.write_all(format!("{again}\n").as_bytes())
            .expect("keys");
    }
    up.end()
}

fn asked(place: &Place, meanwhile: impl FnOnce()) -> Said {
    asked_twice(place, "up", meanwhile, None)
}

impl Case {
    fn up(&self) -> Place {
        let place = Place::account(with_domain(), self.account);
        place.run("up --yes").code(0);
        let [from, to] = self.edit;
        place.site.edit(from, to);
        (self.delete)(&place);
        let plan = place.run("plan --json").code(3).json();
        assert_eq!(text(&line(&plan, self.step), "action"), "create");
        place
    }
}

#[test]
fn a_loss_that_nobody_announced_is_refused() {
    for case in &CASES {
        let place = case.up();
        let said = asked(&place, || (case.bring_back)(&place)).code(7);
        for words in ["AWS changed while you were asked", "nothing was changed"] {
            assert!(said.out.contains(words), "{words}: {}", said.out);
        }
        assert!((case.is_there)(&place), "{}: {}", case.step, said.out);
        // Now it is announced, and needs agreement.
        let plan = place.run("plan --json").code(3).json();
        let told = line(&plan, case.step);
        assert_eq!(text(&told, "action"), "replace", "{told}");
        assert!(told["lost"].is_string(), "{told}");
        place.run("up --yes").code(7);
        assert!((case.is_there)(&place), "{}", case.step);
        place.run("up --yes --replace").code(0);
        assert!(!(case.is_there)(&place), "{}", case.step);
        place.run("status").code(0);
    }
}

fn retention(place: &Place, days: u16) {
    let group = format!("/aws/lambda/{}", crate::harness::FUNCTION);
    let input = json!({ "logGroupName": group, "retentionInDays": days });
    assert_eq!(
        account(place).logs("PutRetentionPolicy", &input).status,
        200
    );
}

fn another_user(place: &Place) {
    let pool = output(place, "user_pool", "id");
    let input = json!({ "UserPoolId": pool, "Username": "late@example.com" });
    let made = account(place).cognito("AdminCreateUser", &input);
    assert_eq!(made.status, 200, "{}", made.body);
}

/// What differs is said, and asked again: another field of another resource, a loss that grew, a loss more.
#[test]
fn what_changes_while_the_question_is_open_is_asked_again() {
    let place = Place::account(with_domain(), "191919191919");
    place.run("up --yes").code(0);
    place.site.edit(
        "    source: artifacts/hello",
        "    source: artifacts/hello\n    memory: 256",
    );
    let before = place.run("plan --json").code(3).json();
    assert_eq!(text(&line(&before, "log_group.hello"), "action"), "keep");
    for (answer, code) in [("n", 1), ("y", 0)] {
        let change = || retention(&place, 400);
        let said = asked_twice(&place, "up", change, Some(answer))
            .code(code)
            .out;
        let (first, second) = said.split_once("AWS changed").expect("asked again");
        for words in ["1 updated", "update function", "MemorySize: 128 → 256"] {
            assert!(first.contains(words), "{words}: {first}");
        }
        for words in ["2 updated", "update log group", "400 →"] {
            assert!(second.contains(words), "{words}: {second}");
        }
        assert!(!first.contains("log group"), "{first}");
        if code != 0 {
            retention(&place, 7);
            assert_eq!(place.run("plan --json").code(3).json(), before);
        }
    }
    place.run("plan").code(0);
    // More is lost than what was agreed to.
    place
        .site
        .edit("domain: d-surprise-1", "domain: d-surprise-2");
    let stages = || assert_eq!(stage(&place, "DELETE"), 202);
    let said = asked_twice(&place, "up --replace", stages, Some("n"))
        .code(1)
        .out;
    let (_, second) = said.split_once("AWS changed").expect("asked again");
    assert!(second.contains("create stage"), "{second}");
    assert!(
        account(&place)
            .cognito(
                "DescribeUserPoolDomain",
                &json!({ "Domain": "d-surprise-1" })
            )
            .body
            .contains("UserPoolId")
    );
    place
        .site
        .edit("domain: d-surprise-2", "domain: d-surprise-1");
    place.run("up --yes").code(0);
    // The pool has one user more than was said.
    let mut down = place.command("down --yes --parallel 1");
    down.env("LABCTL_CRASH", "sending:cognito-idp:DeleteUserPool:1");
    Said::of(&mut down).code(-1);
    let more = || another_user(&place);
    let said = asked_twice(&place, "up --replace", more, Some("n"));
    let said = said.code(1).out;
    assert!(
        said.contains("(1 user,") && said.contains("(2 users,"),
        "{said}"
    );
}

/// What was announced as created is told as created.
#[test]
fn the_words_after_a_question_are_those_before_it() {
    for case in &CASES {
        let place = case.up();
        let said = asked(&place, || ()).code(0);
        assert!(said.out.contains("1 created"), "{}", said.out);
        assert!(!said.out.contains("replaced"), "{}", said.out);
        place.run("plan").code(0);
    }
}

/// A new name for what somebody has deleted, of every kind that has a name.
#[test]
fn renames_of_what_is_gone_are_told_alike_with_and_without_a_question() {
    let function = crate::harness::FUNCTION;
    for (number, yes) in [(0, true), (1, false)] {
        let account = ["171717171717", "181818181818"][number];
        let place = Place::account(Site::tutorial(), account);
        place.run("up --yes").code(0);
        let account = twin::Account::new(&place.endpoint, account);
        let path = format!("/2015-03-31/functions/{function}");
        assert_eq!(account.rest("lambda", "DELETE", &path, None).status, 204);
        for form in [
            format!("Action=DeleteRolePolicy&RoleName={function}-role&PolicyName=write-own-logs"),
            format!("Action=DeleteRole&RoleName={function}-role"),
        ] {
            assert_eq!(account.iam(&form).status, 200, "{form}");
        }
        let group = json!({ "logGroupName": format!("/aws/lambda/{function}") });
        assert_eq!(account.logs("DeleteLogGroup", &group).status, 200);
        place.site.edit(function, "class-hello");
        let plan = place.run("plan --json").code(3).json();
        let count = |action: &str| {
            let lines = plan.as_array().expect("a list").iter();
            lines.filter(|line| line["action"] == action).count()
        };
        assert_eq!(count("replace"), 0, "{plan:#}");
        let said = if yes {
            place.run("up --yes").code(0)
        } else {
            asked(&place, || ()).code(0)
        };
        let created = format!("{} created, {} changed", count("create"), count("update"));
        assert!(said.out.contains(&created), "{created}: {}", said.out);
    }
}
