//! After a `down` that could not finish: `plan` says what of the lab is still there, and `up` asks before it goes.

use serde_json::{Value, json};

use super::{exact::differences, text};
use crate::{
    harness::{Said, Site},
    surprise::Place,
    twin,
};

/// How a `down` ends too early.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// It is killed before it sends a call.
    Sending,
    /// It is killed before the state hears of the answer.
    Answered,
    /// AWS refuses a call.
    Denied,
}

/// A deletion that does not end well, and what of the lab is there afterwards that people have the address of.
type Row = (Ends, &'static str, &'static [&'static str]);

fn down(place: &Place, (ends, operation, _): Row) {
    let mut command = place.site.command(["down", "--yes", "--parallel", "1"]);
    let moment = match ends {
        Ends::Sending => "sending",
        Ends::Answered => "answered",
        Ends::Denied => {
            let rule = json!({ "operation": operation, "action": "denied", "times": 0 });
            let _rule = twin::Rule::set(&place.endpoint, &rule);
            assert_ne!(Said::of(&mut command).code, 0, "{operation}");
            return;
        }
    };
    command.env("LABCTL_CRASH", format!("{moment}:{operation}:1"));
    Said::of(&mut command).code(-1);
}

/// The steps that a plan says people lose something with.
fn lost(plan: &Value) -> Vec<String> {
    let lines = plan.as_array().expect("a list").iter();
    let lost = lines.filter(|line| line["lost"].is_string());
    let mut all: Vec<String> = lost
        .map(|line| {
            assert_eq!(text(line, "action"), "replace", "{line}");
            text(line, "id")
        })
        .collect();
    all.sort();
    all
}

fn try_all(place: &Place, rows: &[Row]) {
    for row in rows {
        place.run("up --yes").code(0);
        down(place, *row);
        let there = twin::everything(&place.endpoint);
        let plan = place.run("plan --json").code(3).json();
        assert_eq!(lost(&plan), row.2, "{row:?}: {plan:#}");
        if !row.2.is_empty() {
            place.run("up --yes").code(7);
            assert_eq!(twin::everything(&place.endpoint), there, "{row:?}");
        }
        assert_eq!(differences(place, &format!("{row:?}")), [""; 0]);
    }
    place.run("down --yes").code(0);
    assert_eq!(twin::everything(&place.endpoint), [""; 0]);
}

#[test]
fn the_tutorial_after_a_down_that_was_cut_off() {
    try_all(
        &Place::local(Site::tutorial()),
        &[
            (Ends::Sending, "cognito-idp:DeleteUserPool", &["user_pool"]),
            (Ends::Answered, "cognito-idp:DeleteUserPool", &[]),
            (Ends::Denied, "cognito-idp:DeleteUserPool", &["user_pool"]),
            (Ends::Sending, "apigateway:DeleteRestApi", &["api"]),
            (Ends::Answered, "apigateway:DeleteRestApi", &[]),
            (Ends::Denied, "apigateway:DeleteRestApi", &["api"]),
            (Ends::Sending, "lambda:DeleteFunction", &[]),
            (Ends::Denied, "iam:DeleteRole", &[]),
            (Ends::Denied, "logs:DeleteLogGroup", &[]),
        ],
    );
}

#[test]
fn callers_after_a_down_that_was_cut_off() {
    try_all(
        &Place::local(Site::ready("iam-authorizer")),
        &[
            (
                Ends::Sending,
                "cognito-identity:DeleteIdentityPool",
                &["identity_pool"],
            ),
            (Ends::Answered, "cognito-identity:DeleteIdentityPool", &[]),
            (
                Ends::Denied,
                "cognito-identity:DeleteIdentityPool",
                &["identity_pool"],
            ),
            (Ends::Denied, "iam:DeleteRole", &[]),
        ],
    );
}

#[test]
fn an_edge_after_a_down_that_was_cut_off() {
    try_all(
        &Place::local(Site::ready("cloudfront-edge")),
        &[
            (
                Ends::Sending,
                "cloudfront:UpdateDistribution",
                &["distribution"],
            ),
            (
                Ends::Answered,
                "cloudfront:UpdateDistribution",
                &["distribution"],
            ),
            (
                Ends::Denied,
                "cloudfront:DeleteDistribution",
                &["distribution"],
            ),
            (Ends::Answered, "cloudfront:DeleteDistribution", &[]),
            (Ends::Denied, "apigateway:DeleteUsagePlan", &[]),
        ],
    );
}
