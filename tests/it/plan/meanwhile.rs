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

/// `up` at a terminal: `meanwhile` happens at its question, which is answered with yes.
fn asked(place: &Place, meanwhile: impl FnOnce()) -> Said {
    let mut command = place.site.terminal("up");
    command
        .env("AWS_ENDPOINT_URL", &place.endpoint)
        .env("AWS_ACCESS_KEY_ID", place.account.expect("an account"))
        .env("AWS_SECRET_ACCESS_KEY", "secret");
    let mut up = Running::start(&mut command);
    up.hears("[y/N]");
    meanwhile();
    let mut keys = up.child.stdin.take().expect("a keyboard");
    keys.write_all(b"y\n").expect("keys");
    up.end()
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
fn a_loss_that_nobody_announced_is_refused_during_the_run() {
    for case in &CASES {
        let place = case.up();
        let said = asked(&place, || (case.bring_back)(&place)).code(7);
        assert!(said.out.contains("did not announce"), "{}", said.out);
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
