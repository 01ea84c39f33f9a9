//! `labctl call`, and who may call what.

use serde_json::json;

use crate::{harness::Site, twin};

#[test]
fn a_call_carries_what_its_route_asks_for() {
    let site = Site::ready("all-authorizers");
    site.ok("up --local");
    for call in [
        "GET /public",
        "GET /me",
        "get demo",
        "GET /reports",
        "GET /admin",
        "POST /teams/7",
        "GET /internal",
        "GET /internal --caller student",
    ] {
        let said = site.ok(&format!("call {call}"));
        assert_eq!(said.out, "Hello from Lambda!", "{call}");
    }
    for (call, status) in [
        ("GET /me --anonymous", 401),
        ("GET /internal --anonymous", 403),
        ("GET /nowhere", 403),
        ("POST /teams/7?team=blue -H x-key:key-of-red", 403),
        ("GET /reports -H authorization:no-token", 401),
    ] {
        let said = site.labctl(&format!("call {call} --json")).code(5).json();
        assert_eq!(said["status"], status, "{call}: {said}");
    }
    let said = site.ok("call GET /public -i");
    assert!(
        said.out.starts_with("HTTP 200\n") && said.out.contains("access-control-allow-origin: *\n"),
        "{}",
        said.out
    );
    site.labctl("call GET /internal --caller nobody")
        .code(2)
        .complains(&["no caller `nobody`", "operator, student"]);
    site.labctl("call FETCH /public").code(2);
    site.labctl("call GET /public -d @nothing")
        .code(2)
        .complains(&["@nothing"]);
}

#[test]
fn the_policy_of_a_caller_is_the_one_it_has() {
    let site = Site::ready("iam-authorizer");
    site.ok("up --local");
    let api = site.ok("status --json").json()["outputs"]["api_id"].clone();
    let api = api.as_str().expect("an id").to_owned();
    let arn = |method: &str| {
        format!("arn:aws:execute-api:us-east-1:000000000000:{api}/dev/{method}/reports")
    };
    for (caller, methods) in [
        ("operator", vec!["GET", "DELETE"]),
        ("reporter", vec!["GET"]),
        ("student", vec!["GET"]),
    ] {
        let policy = site.ok(&format!("export policy --caller {caller}")).json();
        let wanted: Vec<String> = methods.into_iter().map(arn).collect();
        assert_eq!(
            policy["Statement"][0]["Resource"],
            json!(wanted),
            "{caller}"
        );
        let form = format!(
            "Action=GetRolePolicy&RoleName=d-iam-authorizer-{caller}&PolicyName=call-api&Version=2010-05-08"
        );
        let has = twin::iam(&site.endpoint(), &form).body;
        let has = has.replace("%2F", "/").replace("%3A", ":");
        for arn in &wanted {
            assert!(has.contains(arn.as_str()), "{caller}: {arn} in {has}");
        }
    }
    site.labctl("export policy --caller nobody").code(2);
}
