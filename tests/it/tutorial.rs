//! The main job: up, status, verify, down.

use serde_json::json;

use crate::{
    harness::{FUNCTION, Site, changes, standings},
    twin,
};

const STEPS: [&str; 15] = [
    "api",
    "app_client",
    "authorizer.d-authorizer-user-pool-demo",
    "deployment",
    "function.hello",
    "integration.GET /demo",
    "log_group.hello",
    "method.GET /demo",
    "path./demo",
    "permission.GET /demo",
    "role.hello",
    "role_policy.hello",
    "stage",
    "user.student@example.com",
    "user_pool",
];

#[test]
fn the_tutorial_goes_up_is_proven_and_leaves_nothing() {
    let site = Site::tutorial();
    let up = site.ok("up --local --json").events();
    let created: Vec<_> = STEPS
        .iter()
        .map(|id| ((*id).to_owned(), "created".to_owned()))
        .collect();
    assert_eq!(changes(&up), created);

    let status = site.ok("status --json").json();
    let endpoint = site.endpoint();
    assert_eq!(status["lab"], "cognito-authorizer");
    assert_eq!(status["account"], "000000000000");
    assert_eq!(status["region"], "us-east-1");
    assert_eq!(status["endpoint"], endpoint.as_str());
    assert_eq!(standings(&status).len(), STEPS.len());
    assert!(
        standings(&status)
            .iter()
            .all(|(_, state)| state == "present"),
        "{status:#}"
    );
    for (number, chapter) in (1..=5).zip(status["chapters"].as_array().expect("chapters")) {
        assert_eq!(chapter["number"], number);
        assert!(chapter["title"].is_string());
        for resource in chapter["resources"].as_array().expect("resources") {
            for member in ["id", "kind", "name", "physical_id", "state"] {
                assert!(resource[member].is_string(), "{member} of {resource}");
            }
            assert_eq!(resource["drift"], json!([]));
        }
    }
    let outputs = &status["outputs"];
    for member in [
        "invoke_url",
        "user_pool_id",
        "client_id",
        "api_id",
        "authorizer_id",
        "function_arn",
    ] {
        assert!(outputs[member].is_string(), "{member} of {outputs}");
    }
    assert_eq!(
        outputs["function_arn"],
        format!("arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}")
    );
    let told = up
        .iter()
        .find(|e| e["event"] == "outputs")
        .expect("up ends with the outputs");
    for (member, value) in outputs.as_object().expect("an object") {
        assert_eq!(&told[member], value, "{member}");
    }

    let url = outputs["invoke_url"].as_str().expect("a URL");
    let refused = twin::get(url, None);
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (401, r#"{"message":"Unauthorized"}"#)
    );

    let proof = site.ok("verify --json").events();
    let checks: Vec<(&str, bool)> = proof
        .iter()
        .filter(|e| e["event"] == "check")
        .map(|e| (e["name"].as_str().unwrap_or_default(), e["ok"] == true))
        .collect();
    let names = [
        "test-invoke GET /demo",
        "GET /demo without a token",
        "GET /demo with a garbage token",
        "sign-in of student@example.com by e-mail code",
        "GET /demo with the ID token",
        "GET /demo with the access token",
        "refresh",
        "GET /demo with the refreshed token",
    ];
    assert_eq!(checks, names.map(|name| (name, true)));

    let down = site.ok("down --json").events();
    let deleted: Vec<_> = STEPS
        .iter()
        .map(|id| ((*id).to_owned(), "deleted".to_owned()))
        .collect();
    assert_eq!(changes(&down), deleted);
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    assert_ne!(twin::get(url, None).status, 200);
    assert!(
        !site.has(".labctl/cognito-authorizer"),
        "the state is gone with the lab"
    );

    let again = site.ok("down");
    assert!(again.out.contains("nothing there"), "{}", again.out);
    let status = site.labctl("status").code(4);
    assert!(status.out.contains("nothing there"), "{}", status.out);
}

#[test]
fn until_3_is_the_api_without_authorizer_and_deployment() {
    let site = Site::tutorial();
    let up = site.ok("up --local --until 3 --json").events();
    let ids: Vec<String> = changes(&up).into_iter().map(|(id, _)| id).collect();
    assert!(
        ids.iter().any(|id| id == "integration.GET /demo"),
        "{ids:?}"
    );
    for later in [
        "authorizer.d-authorizer-user-pool-demo",
        "deployment",
        "stage",
        "user.student@example.com",
    ] {
        assert!(!ids.iter().any(|id| id == later), "{later}");
    }
    site.ok("status");
    site.labctl("verify")
        .code(1)
        .complains(&["no API is deployed", "labctl up"]);

    let rest = site.ok("up --local --json").events();
    let change = |id: &str| {
        changes(&rest)
            .into_iter()
            .find(|(i, _)| i == id)
            .map(|(_, change)| change)
    };
    assert_eq!(
        change("method.GET /demo").as_deref(),
        Some("updated"),
        "the authorizer is attached"
    );
    assert_eq!(change("stage").as_deref(), Some("created"));
    site.ok("verify");
}

#[test]
fn one_at_a_time_follows_the_tutorial() {
    let site = Site::tutorial();
    let events = site.ok("up --local --parallel 1 --json").events();
    let begun: Vec<&str> = events
        .iter()
        .filter(|e| e["event"] == "step" && e["change"] == "creating")
        .filter_map(|e| e["id"].as_str())
        .collect();
    let at = |id: &str| {
        begun
            .iter()
            .position(|b| *b == id)
            .unwrap_or_else(|| panic!("{id} in {begun:?}"))
    };
    assert!(at("function.hello") < at("user_pool"));
    assert!(at("app_client") < at("api"));
    assert!(at("api") < at("deployment"));
    assert!(at("stage") < at("user.student@example.com"));
}

#[test]
fn a_code_can_come_from_a_command() {
    let site = Site::tutorial();
    site.ok("up --local");
    let inbox = format!("{}/_local/inbox.json", site.endpoint());
    let script = format!(
        "import json,os,time,urllib.request\n\
         url='{inbox}?to='+os.environ['LABCTL_EMAIL']\n\
         print(json.load(urllib.request.urlopen(url))[0]['code'])\n"
    );
    site.write("code.py", script);
    let command = ["verify", "--otp-command", "python3 code.py"];
    crate::harness::Said::of(&mut site.command(command)).code(0);
    let wrong = ["verify", "--otp-command", "echo 00000000"];
    let said = crate::harness::Said::of(&mut site.command(wrong)).code(5);
    assert!(said.out.contains("CodeMismatchException"), "{}", said.out);
}
