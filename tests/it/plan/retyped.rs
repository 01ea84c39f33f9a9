//! An authorizer of another type takes the place of one that is in use: no call is let in that nobody checked.

use super::{exact::differences, text};
use crate::{
    harness::{Said, Site},
    surprise::{Place, line},
    twin,
};

/// The tutorial's authorizer, with its route.
const COGNITO: [&str; 2] = [
    "      type: cognito\n      token_source: Authorization\n",
    "      scopes: [aws.cognito.signin.user.admin] # with a scope, only access tokens are taken\n",
];
const TOKEN: [&str; 2] = [
    "      type: lambda\n      kind: token\n      function: guard\n      token_source: Authorization\n",
    "      allow: [Bearer a]\n      deny: [Bearer b]\n",
];
const REQUEST: [&str; 2] = [
    "      type: lambda\n      kind: request\n      function: guard\n      identity_sources: [header.X-Key]\n",
    "      allow: [a]\n      deny: [b]\n",
];
/// Judges callers by either.
const GUARD: &str = r#"
def lambda_handler(event, context):
    token = event.get("authorizationToken") or {k.lower(): v for k, v in event["headers"].items()}.get("x-key")
    effect = "Allow" if token in ("Bearer a", "a") else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "*"}
    return {"principalId": "somebody", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"#;
const STEP: &str = "authorizer.d-authorizer-user-pool-demo";

/// The tutorial's lab, with a function that can judge callers.
fn lab() -> Site {
    let site = Site::tutorial();
    site.write("artifacts/guard/guard.py", GUARD);
    site.edit(
        "functions:\n",
        "functions:\n  guard:\n    name: d-guard\n    runtime: python3.13\n    handler: guard.lambda_handler\n    source: artifacts/guard\n",
    );
    site
}

fn change(site: &Site, from: [&str; 2], to: [&str; 2]) {
    for (from, to) in from.iter().zip(to) {
        site.edit(from, to);
    }
}

/// `(name, type)` of the API's authorizers.
fn authorizers(place: &Place) -> Vec<(String, String)> {
    let api = text(&place.site.state()["steps"]["api"]["output"], "id");
    let path = format!("/restapis/{api}/authorizers");
    let all = match place.account {
        None => twin::rest(&place.endpoint, "apigateway", "GET", &path, None),
        Some(id) => {
            let account = twin::Account::new(&place.endpoint, id);
            account.rest("apigateway", "GET", &path, None)
        }
    };
    let all = all.json()["item"].as_array().cloned().unwrap_or_default();
    all.iter()
        .map(|one| (text(one, "name"), text(one, "type")))
        .collect()
}

/// The route's address, which stays.
fn url(place: &Place) -> String {
    text(&place.run("status --json").json()["outputs"], "invoke_url")
}

/// What the route answers to somebody whom no authorizer knows.
fn strangers_status(url: &str) -> u16 {
    let request = twin::request("GET", url);
    let request = request.header("authorization", "Bearer nobody");
    twin::send(request.header("x-key", "nobody"), "").status
}

#[test]
fn an_authorizers_type_is_changed_as_announced() {
    for place in [Place::local(lab()), Place::account(lab(), "141414141414")] {
        place.run("up --yes").code(0);
        for (from, to, action, kind) in [
            (COGNITO, TOKEN, "replace", "TOKEN"),
            (TOKEN, REQUEST, "update", "REQUEST"),
            (REQUEST, COGNITO, "replace", "COGNITO_USER_POOLS"),
            (COGNITO, REQUEST, "replace", "REQUEST"),
            (REQUEST, TOKEN, "update", "TOKEN"),
            (TOKEN, COGNITO, "replace", "COGNITO_USER_POOLS"),
        ] {
            change(&place.site, from, to);
            let (plan, none) = place.calls("plan --json", 3);
            assert!(none.is_empty(), "{none:?}");
            let plan = plan.json();
            let told = line(&plan, STEP);
            assert_eq!(text(&told, "action"), action, "{told}");
            let drift = told["drift"].as_array().expect("a list");
            assert!(drift.iter().any(|d| d["field"] == "type"), "{told}");
            // What it takes along.
            for (step, action) in [("deployment", "create"), ("stage", "update")] {
                assert_eq!(text(&line(&plan, step), "action"), action, "{plan:#}");
            }
            let shown = place.run("plan").code(3).out;
            assert!(
                shown.contains(&format!("{action:<7} authorizer")),
                "{shown}"
            );
            assert_eq!(differences(&place, kind), [""; 0]);
            let name = "d-authorizer-user-pool-demo".to_owned();
            assert_eq!(authorizers(&place), [(name, kind.to_owned())]);
            assert!(
                [401, 403].contains(&strangers_status(&url(&place))),
                "{kind}"
            );
            place.run("verify").code(0);
        }
        place.run("down --yes").code(0);
        assert_eq!(twin::everything(&place.endpoint), [""; 0]);
    }
}

/// Together with what else an edit may change.
#[test]
fn an_authorizers_type_is_changed_along_with_others() {
    for (what, edits) in [
        (
            "a route at another path",
            &[("GET /demo:", "GET /reports:")][..],
        ),
        (
            "names",
            &[
                ("d-user-pool-demo\n", "class-pool\n"),
                ("d-apigw-cmp-demo", "class-api"),
            ],
        ),
        (
            "the function's name",
            &[("d-lambda-nonvpc-cmp-demo-function", "class-hello")],
        ),
        (
            "the authorizer's name",
            &[("d-authorizer-user-pool-demo", "class-authorizer")],
        ),
        ("the stage", &[("stage: dev", "stage: test")]),
        (
            "a route more",
            &[(
                "  stage: dev",
                "    GET /public: { function: hello, authorizer: none }\n  stage: dev",
            )],
        ),
    ] {
        let place = Place::local(lab());
        place.run("up").code(0);
        change(&place.site, COGNITO, TOKEN);
        for (from, to) in edits {
            place.site.edit(from, to);
        }
        assert_eq!(differences(&place, what), [""; 0]);
        assert_eq!(authorizers(&place).len(), 1, "{what}");
        place.run("verify").code(0);
    }
}

/// Killed at each call that changes something: before it is sent, and before the journal hears of its answer. Nobody gets
/// in meanwhile, `plan` announces the rest, and nothing is left behind.
#[test]
fn a_change_of_type_that_was_cut_off_goes_on() {
    let place = Place::local(lab());
    place.run("up").code(0);
    let url = url(&place);
    let mut directions = [(COGNITO, TOKEN), (TOKEN, COGNITO)].iter().cycle();
    // The calls of both directions.
    let mut all: Vec<String> = Vec::new();
    for (from, to) in directions.by_ref().take(2) {
        change(&place.site, *from, *to);
        all.extend(place.calls("up --yes", 0).1);
    }
    all.sort();
    all.dedup();
    for operation in [
        "UpdateAuthorizer",
        "CreateAuthorizer",
        "UpdateMethod",
        "DeleteAuthorizer",
    ] {
        let operation = format!("apigateway:{operation}");
        assert!(all.contains(&operation), "{operation}: {all:?}");
    }
    let moments = ["sending", "answered"];
    let cases = all
        .iter()
        .flat_map(|operation| moments.map(|moment| format!("{moment}:{operation}:1")));
    for case in cases {
        for (from, to) in directions.by_ref().take(2) {
            change(&place.site, *from, *to);
            let mut up = place.site.command(["up", "--local"]);
            let killed = Said::of(up.env("LABCTL_CRASH", &case));
            // One of the directions may not make the call.
            assert!([-1, 0].contains(&killed.code), "{case}: {killed:?}");
            let status = strangers_status(&url);
            assert!([401, 403, 500].contains(&status), "{case}: {status}");
            assert_eq!(differences(&place, &case), [""; 0]);
            let there = authorizers(&place);
            assert_eq!(there.len(), 1, "{case}: {there:?}");
            assert!([401, 403].contains(&strangers_status(&url)), "{case}");
            let state = place.site.state();
            let steps = state["steps"].as_object().expect("steps");
            assert!(
                steps.keys().all(|id| !id.contains("old-")),
                "{case}: {state}"
            );
        }
    }
    place.run("verify").code(0);
    place.run("down").code(0);
    assert_eq!(twin::everything(&place.endpoint), [""; 0]);
}

/// `down`, and an edit back, from wherever a change was cut off.
#[test]
fn a_change_of_type_that_was_cut_off_is_undone() {
    let place = Place::local(lab());
    for operation in [
        "UpdateAuthorizer",
        "CreateAuthorizer",
        "UpdateMethod",
        "CreateDeployment",
        "DeleteAuthorizer",
    ] {
        for ending in ["down", "up"] {
            place.run("up").code(0);
            change(&place.site, COGNITO, TOKEN);
            let mut up = place.site.command(["up", "--local"]);
            let case = format!("answered:apigateway:{operation}:1");
            Said::of(up.env("LABCTL_CRASH", &case)).code(-1);
            change(&place.site, TOKEN, COGNITO);
            if ending == "up" {
                assert_eq!(differences(&place, &case), [""; 0]);
                let name = "d-authorizer-user-pool-demo".to_owned();
                let kind = "COGNITO_USER_POOLS".to_owned();
                assert_eq!(authorizers(&place), [(name, kind)], "{case}");
                place.run("verify").code(0);
            }
            place.run("down --yes").code(0);
            assert_eq!(twin::everything(&place.endpoint), [""; 0], "{case}");
        }
    }
}
