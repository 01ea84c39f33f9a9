//! A lab that is up, and what happens to it: nothing twice, drift mended, the file changed.

use serde_json::json;

use crate::{
    harness::{FUNCTION, Site, changes, standings},
    twin,
};

/// What `up` changed, without what it left as it was.
fn changed(site: &Site) -> Vec<(String, String)> {
    let events = site.ok("up --local --json").events();
    changes(&events)
        .into_iter()
        .filter(|(_, change)| change != "unchanged")
        .collect()
}

fn pair(id: &str, change: &str) -> (String, String) {
    (id.to_owned(), change.to_owned())
}

#[test]
fn a_second_up_changes_nothing_and_makes_no_duplicate() {
    let site = Site::tutorial();
    site.ok("up --local");
    let before = (twin::everything(&site.endpoint()), site.state());
    assert_eq!(changed(&site), []);
    assert_eq!((twin::everything(&site.endpoint()), site.state()), before);
}

#[test]
fn drift_is_named_by_status_and_mended_by_up() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let status = site.status();
    let api = status["outputs"]["api_id"].as_str().expect("an id");
    let resource = &site.state()["steps"]["path./demo"]["output"]["resource_id"];
    let resource = resource.as_str().expect("an id");
    let method = format!("/restapis/{api}/resources/{resource}/methods/GET");
    let detach = json!({ "patchOperations": [
        { "op": "remove", "path": "/authorizationScopes", "value": "aws.cognito.signin.user.admin" },
        { "op": "replace", "path": "/authorizationType", "value": "NONE" },
    ] });
    let answer = twin::rest(&endpoint, "apigateway", "PATCH", &method, Some(&detach));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let keep = json!({ "logGroupName": format!("/aws/lambda/{FUNCTION}"), "retentionInDays": 3 });
    let answer = twin::json_call(&endpoint, "logs", "Logs_20140328.PutRetentionPolicy", &keep);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let policy = format!("/2015-03-31/functions/{FUNCTION}/policy");
    let answer = twin::rest(&endpoint, "lambda", "GET", &policy, None).json();
    let policy_text: serde_json::Value =
        serde_json::from_str(answer["Policy"].as_str().expect("a policy")).expect("JSON");
    let sid = policy_text["Statement"][0]["Sid"]
        .as_str()
        .expect("a statement id");
    let answer = twin::rest(
        &endpoint,
        "lambda",
        "DELETE",
        &format!("{policy}/{sid}"),
        None,
    );
    assert_eq!(answer.status, 204, "{}", answer.body);

    let status = site.labctl("status --json").code(3).json();
    let wrong: Vec<_> = standings(&status)
        .into_iter()
        .filter(|(_, state)| state != "present")
        .collect();
    let expected = [
        ("log_group.hello", "drifted"),
        ("method.GET /demo", "drifted"),
        ("permission.GET /demo", "missing"),
    ];
    assert_eq!(wrong, expected.map(|(id, state)| pair(id, state)));
    let shown = site.labctl("status").code(3).out;
    assert!(
        shown.contains("authorizationType: wanted COGNITO_USER_POOLS, seen NONE"),
        "{shown}"
    );
    assert!(
        shown.contains("retentionInDays: wanted 7, seen 3"),
        "{shown}"
    );

    let mended = changed(&site);
    assert!(
        mended.contains(&pair("log_group.hello", "updated")),
        "{mended:?}"
    );
    assert!(
        mended.contains(&pair("method.GET /demo", "updated")),
        "{mended:?}"
    );
    assert!(
        mended.contains(&pair("permission.GET /demo", "created")),
        "{mended:?}"
    );
    site.ok("status");
    site.ok("verify");
}

#[test]
fn new_code_updates_the_function_and_nothing_else() {
    let site = Site::tutorial();
    site.ok("up --local");
    site.write(
        "artifacts/hello/lambda_function.py",
        "def lambda_handler(event, context):\n    return {'statusCode': 200, 'body': 'Hello again!'}\n",
    );
    assert_eq!(changed(&site), [pair("function.hello", "updated")]);
    site.edit("expect: Hello from Lambda!", "expect: Hello again!");
    site.ok("verify");
}

#[test]
fn a_new_route_is_deployed_and_a_dropped_one_removed() {
    let site = Site::tutorial();
    site.ok("up --local");
    let route =
        "    GET /public/{id}:\n      function: hello\n      authorizer: none\n  stage: dev";
    site.edit("  stage: dev", route);
    let made = changed(&site);
    for (id, change) in [
        ("path./public", "created"),
        ("path./public/{id}", "created"),
        ("method.GET /public/{id}", "created"),
        ("integration.GET /public/{id}", "created"),
        ("permission.GET /public/{id}", "created"),
        ("deployment", "created"),
        ("stage", "updated"),
    ] {
        assert!(
            made.contains(&pair(id, change)),
            "{id} {change} in {made:?}"
        );
    }
    assert_eq!(made.len(), 7, "{made:?}");
    let stage = site.status()["outputs"]["invoke_url"]
        .as_str()
        .expect("a URL")
        .replace("/demo", "");
    let open = twin::get(&format!("{stage}/public/7"), None);
    assert_eq!(
        (open.status, open.body.as_str()),
        (200, "Hello from Lambda!")
    );
    assert_eq!(twin::get(&format!("{stage}/demo"), None).status, 401);

    site.edit(route, "  stage: dev");
    changed(&site);
    site.ok("status");
    assert_eq!(twin::get(&format!("{stage}/public/7"), None).status, 403);
    site.ok("verify");
    site.ok("down");
    assert_eq!(twin::everything(&site.endpoint()), Vec::<String>::new());
}

#[test]
fn what_somebody_deleted_is_made_again() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let api = site.status()["outputs"]["api_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let answer = twin::rest(
        &endpoint,
        "apigateway",
        "DELETE",
        &format!("/restapis/{api}"),
        None,
    );
    assert_eq!(answer.status, 202, "{}", answer.body);
    let status = site.labctl("status").code(3).out;
    assert!(status.contains("missing"), "{status}");
    let made = changed(&site);
    assert!(
        made.contains(&pair("api", "created")) && made.contains(&pair("stage", "created")),
        "{made:?}"
    );
    site.ok("verify");
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

#[test]
fn a_dry_run_only_reads() {
    let site = Site::tutorial();
    let plan = site.ok("up --local --dry-run --json").json();
    assert_eq!(plan.as_array().map(Vec::len), Some(15));
    assert!(
        plan.as_array()
            .expect("a list")
            .iter()
            .all(|i| i["action"] == "create"),
        "{plan}"
    );
    assert!(!site.has(".labctl"), "nothing was begun");

    site.ok("up --local");
    let before = (site.state(), twin::everything(&site.endpoint()));
    site.edit(
        "    runtime: python3.13",
        "    runtime: python3.13\n    memory: 256",
    );
    let plan = site.ok("up --dry-run --json").json();
    let other: Vec<_> = plan
        .as_array()
        .expect("a list")
        .iter()
        .filter(|i| i["action"] != "keep")
        .map(|i| {
            (
                i["id"].as_str().unwrap_or_default(),
                i["action"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(other, [("function.hello", "update")]);
    assert_eq!((site.state(), twin::everything(&site.endpoint())), before);
}

/// An answer to HEAD has no body: `verify` looks at the status, and `expect` is refused.
#[test]
fn a_head_route_is_verified_by_its_status() {
    let site = Site::tutorial();
    site.edit("    GET /demo:", "    HEAD /demo:");
    let open = "    HEAD /open: { function: hello, authorizer: none }\n  stage: dev";
    site.edit("  stage: dev", open);
    site.labctl("up --local")
        .code(2)
        .complains(&["an answer to HEAD has no body", "lab.yaml:44"]);
    site.edit("      expect: Hello from Lambda!", "      # expect:");
    site.ok("up --local");
    let verified = site.ok("verify").out;
    assert!(verified.contains("HEAD /open is open to all"), "{verified}");
    let code = "artifacts/hello/lambda_function.py";
    let fails = site.read(code).replace("200", "500");
    site.write(code, fails);
    site.ok("up --local");
    let failed = site.labctl("verify").code(5).out;
    let wrong = failed.lines().filter(|line| line.contains('✗'));
    assert!(
        wrong.clone().any(|line| line.contains("HEAD /open")),
        "{failed}"
    );
}
