//! What `up` says of a lab before it asks: values that leave, policies, open routes, code, addresses.

use crate::{harness::Site, support::said::Said};

const LAB: &str = "
lab: demo
region: us-east-1
functions:
  hello:
    name: demo-hello
    runtime: python3.13
    handler: lambda_function.lambda_handler
    source: artifacts/hello
    managed_policies: [\"arn:aws:iam::aws:policy/AdministratorAccess\"]
user_pool:
  name: demo-pool
  app_client: { name: demo-client }
  users:
    - email: anna@example.com
api:
  name: demo-api
  authorizers:
    gate: { type: cognito }
  routes:
    GET /open: { function: hello, authorizer: none }
    GET /closed: { function: hello, authorizer: gate }
  stage: dev
";

fn site() -> Site {
    let site = Site::empty();
    site.write("lab.yaml", LAB);
    let code = "def lambda_handler(event, context):\n    return {'statusCode': 200}\n";
    site.write("artifacts/hello/lambda_function.py", code);
    site
}

/// On an account: a line for each, before the question and with `--yes` too; what stands already is not said again.
#[test]
fn an_account_is_told_what_it_gives_and_shows() {
    let site = site();
    site.ok("local start --port 0 --dir other");
    let status = site.ok("local status --dir other --json").json();
    let endpoint = status["endpoint"].as_str().expect("an endpoint");
    let run = |line: &str| {
        let mut command = site.command(line.split_whitespace());
        command
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_ACCESS_KEY_ID", "111122223333")
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("LABCTL_OWNER", "bert@example.com");
        Said::of(&mut command)
    };
    let lines = [
        "attaches the policy arn:aws:iam::aws:policy/AdministratorAccess to the role of demo-hello",
        "opens to everybody on the internet: GET /open",
        "puts into the user pool, where who works in the account sees it: anna@example.com",
        "tags the resources with your name, bert@example.com",
    ];
    let asked = run("up").code(2).complains(&["Nobody can answer"]);
    let first = run("up --yes").code(0);
    for line in lines {
        assert!(asked.out.contains(line), "no {line:?}: {}", asked.out);
        let (before, _) = first.out.split_once("created").expect("steps");
        assert!(before.contains(line), "no {line:?}: {}", first.out);
    }
    assert!(!first.out.contains("/closed,"), "{}", first.out);
    let again = run("up --yes").code(0);
    for line in lines {
        assert!(!again.out.contains(line), "{line:?} again: {}", again.out);
    }
    // What changes is said, the rest is not.
    site.edit(
        "    GET /closed",
        "    GET /more: { function: hello, authorizer: none }\n    GET /closed",
    );
    let opened = run("up --yes").code(0);
    let line = "opens to everybody on the internet: GET /more";
    assert!(
        opened.out.lines().any(|said| said.ends_with(line)),
        "{}",
        opened.out
    );
    assert!(
        !opened.out.contains("attaches the policy"),
        "{}",
        opened.out
    );
    let policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    site.edit(
        "managed_policies: [",
        &format!("managed_policies: [\"{policy}\", "),
    );
    let more = run("up --yes").code(0);
    assert!(
        more.out
            .contains(&format!("attaches the policy {policy} to")),
        "{}",
        more.out
    );
    assert!(!more.out.contains("everybody"), "{}", more.out);
    run("down --yes").code(0);
}

/// On the twin: whose code runs here, when it is new or changed.
#[test]
fn the_twin_says_which_code_runs_on_this_machine() {
    let site = site();
    let line = "runs the code in artifacts/hello on this machine, as you";
    let first = site.ok("up --local");
    assert!(first.out.contains(line), "{}", first.out);
    for word in ["attaches the policy", "everybody"] {
        assert!(!first.out.contains(word), "{}", first.out);
    }
    let again = site.ok("up --local");
    assert!(!again.out.contains(line), "{}", again.out);
    site.write(
        "artifacts/hello/lambda_function.py",
        "def lambda_handler(event, context):\n    return {'statusCode': 201}\n",
    );
    let changed = site.ok("up --local --json").events();
    let notices: Vec<_> = changed.iter().filter(|e| e["event"] == "notice").collect();
    assert_eq!(notices.len(), 1, "{changed:?}");
    assert!(
        notices[0]["message"]
            .as_str()
            .is_some_and(|m| m.contains(line))
    );
    site.ok("down");
}
