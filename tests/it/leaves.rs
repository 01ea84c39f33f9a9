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
    // As JSON, the list is on stdout, and what is no resource beside it.
    let planned = run("plan --json").code(3).complains(&lines);
    assert!(planned.json().is_array(), "{}", planned.out);
    planned.complains(&["`labctl up` does this."]);
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
    let notice = |event: &&serde_json::Value| {
        let message = event["message"].as_str().unwrap_or_default();
        event["event"] == "notice" && message.contains(line)
    };
    assert_eq!(changed.iter().filter(notice).count(), 1, "{changed:?}");
    site.ok("down");
}

/// A lab in which everything leaves or opens that can.
const WIDE: &str = "
lab: wide
region: us-east-1
owner: course@example.com
functions:
  hello:
    name: wide-hello
    runtime: python3.13
    handler: lambda_function.lambda_handler
    source: artifacts/hello
    managed_policies: [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]
user_pool:
  name: wide-pool
  first_factors: [password, email_otp]
  domain: wide-4711
  identity_providers:
    Corporate: { type: oidc, issuer: https://idp.example.com, client_id: x, client_secret_env: CORPORATE_SECRET }
    School: { type: saml, metadata: https://school.example.org/saml }
  app_client:
    name: wide-client
    callback_urls: [http://localhost:3000/, https://app.example.net/done, wide://done]
    logout_urls: [https://bye.example.net/, http://localhost:3000/]
  users:
    - { email: anna@example.com, password_env: ANNA_PASSWORD }
identity_pool: { name: wide-users, role: wide-users-role }
callers:
  ci: { role: wide-ci, routes: [GET /signed] }
api:
  name: wide-api
  cors: { origin: https://pages.example.com }
  routes:
    GET /open: { function: hello, authorizer: none }
    GET /signed: { function: hello, authorizer: iam }
  stage: dev
";

/// At the edge, where no route asks for AWS keys.
const EDGE: &str = "
edge:
  domain:
    name: api.example.com
    certificate: arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012
    zone: Z0123456789ABCDEFGHIJ
";

/// What a lab says, and an edit without which it would not.
const WIDELY: &[(&str, &str, &str)] = &[
    (
        "sends the value of $CORPORATE_SECRET to https://idp.example.com",
        "    Corporate: { type: oidc, issuer: https://idp.example.com, client_id: x, client_secret_env: CORPORATE_SECRET }\n",
        "",
    ),
    (
        "lets users of https://idp.example.com sign in, as Corporate",
        "issuer: https://idp.example.com",
        "issuer: https://other.example.com",
    ),
    (
        "lets users of https://school.example.org/saml sign in, as School",
        "    School: { type: saml, metadata: https://school.example.org/saml }\n",
        "",
    ),
    (
        "sends the value of $ANNA_PASSWORD to Cognito, as the password of anna@example.com",
        ", password_env: ANNA_PASSWORD",
        "",
    ),
    (
        "attaches the policy arn:aws:iam::aws:policy/ReadOnlyAccess to the role of wide-hello",
        "    managed_policies: [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]\n",
        "",
    ),
    (
        "lets who works in the account assume the role wide-ci, which may call: GET /signed",
        "callers:\n  ci: { role: wide-ci, routes: [GET /signed] }\n",
        "",
    ),
    (
        "gives users of the user pool AWS keys of the role wide-users-role, which may call: GET /signed",
        "identity_pool: { name: wide-users, role: wide-users-role }\n",
        "",
    ),
    (
        "opens to everybody on the internet: GET /open",
        "GET /open: { function: hello, authorizer: none }",
        "GET /open: { function: hello, authorizer: iam }",
    ),
    (
        "lets web pages of https://pages.example.com call the API from a visitor's browser",
        "  cors: { origin: https://pages.example.com }\n",
        "",
    ),
    (
        "lets web pages of https://pages.example.com call",
        "origin: https://pages",
        "origin: https://sites",
    ),
    (
        "opens a sign-in page to everybody on the internet: https://wide-4711.auth.us-east-1.amazoncognito.com",
        "domain: wide-4711",
        "domain: wide-4712",
    ),
    (
        "sends who signs in, with a code for the tokens, on to: https://app.example.net/done, wide://done",
        ", https://app.example.net/done, wide://done",
        "",
    ),
    (
        "sends who signs out on to: https://bye.example.net/",
        "https://bye.example.net/, ",
        "",
    ),
    (
        "puts into the user pool, where who works in the account sees it: anna@example.com",
        "anna@example.com",
        "bert@example.com",
    ),
    (
        "lets Cognito mail codes, from no-reply@verificationemail.com, whenever somebody types the address: anna@",
        "[password, email_otp]",
        "[password]",
    ),
    (
        "tags the resources with your name, course@example.com",
        "owner: course@example.com\n",
        "owner: course\n",
    ),
    (
        "runs the code in artifacts/hello on this machine, as you",
        "source: artifacts/hello",
        "source: artifacts/other",
    ),
];

/// `up`, `up --dry-run` and `plan` list the same, and only what the file has.
#[test]
fn whatever_leaves_or_opens_is_listed() {
    let site = site();
    site.write("lab.yaml", WIDE);
    let code = "def lambda_handler(event, context):\n    return {'statusCode': 200}\n";
    site.write("artifacts/other/lambda_function.py", code);
    site.ok("local start --port 0 --dir other");
    let status = site.ok("local status --dir other --json").json();
    let endpoint = status["endpoint"].as_str().expect("an endpoint");
    let run = |line: &str| {
        let mut command = site.command(line.split_whitespace());
        command
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_ACCESS_KEY_ID", "111122223333")
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("CORPORATE_SECRET", "a-secret-value")
            .env("ANNA_PASSWORD", "A-secret-value-1");
        Said::of(&mut command)
    };
    for (line, code) in [("up", 2), ("up --dry-run", 0), ("plan", 3)] {
        let said = run(line);
        for (wanted, ..) in WIDELY {
            // `up` says whose code runs when it runs.
            let later = line == "up" && wanted.starts_with("runs the code");
            assert_eq!(
                said.out.contains(wanted),
                !later,
                "{line}, {wanted:?}: {said:?}"
            );
        }
        assert!(!said.out.contains("localhost:3000"), "{}", said.out);
        assert!(!said.out.contains("secret-value"), "{}", said.out);
        said.code(code);
    }
    for (gone, from, to) in WIDELY {
        site.write("lab.yaml", WIDE);
        site.edit(from, to);
        let said = run("plan").code(3);
        assert!(!said.out.contains(gone), "{gone:?} of {to:?}: {}", said.out);
    }
    let (before, after) = WIDE.split_once("identity_pool").expect("a pool");
    let (_, after) = after.split_once("api:").expect("an API");
    let unsigned = after.replace(
        "    GET /signed: { function: hello, authorizer: iam }\n",
        "",
    );
    site.write("lab.yaml", format!("{before}api:{unsigned}{EDGE}"));
    let edge = run("plan").code(3);
    for wanted in [
        "points api.example.com in the hosted zone Z0123456789ABCDEFGHIJ at the distribution",
        "opens to everybody who knows the distribution's address: GET /open",
    ] {
        assert!(edge.out.contains(wanted), "{wanted:?}: {edge:?}");
    }
}

/// The local emulator is given secrets too, and a browser follows a redirect from there.
#[test]
fn the_twin_says_what_it_is_given_and_where_browsers_go() {
    let site = site();
    let local = WIDE
        .replace("https://idp.example.com", "http://127.0.0.1:9")
        .replace(
            "    School: { type: saml, metadata: https://school.example.org/saml }\n",
            "",
        );
    site.write("lab.yaml", local);
    let run = |line: &str| {
        let mut command = site.command(line.split_whitespace());
        command
            .env("CORPORATE_SECRET", "a-secret-value")
            .env("ANNA_PASSWORD", "A-secret-value-1");
        Said::of(&mut command)
    };
    // No such provider answers: the run fails after it has said what it is about to do.
    for (line, code) in [("plan --local", 3), ("up --local", 1)] {
        let said = run(line);
        for wanted in [
            "sends the value of $CORPORATE_SECRET to the local emulator, and from there to http://127.0.0.1:9",
            "sends the value of $ANNA_PASSWORD to the local emulator",
            "on to: https://app.example.net/done, wide://done",
            "sends who signs out on to: https://bye.example.net/",
            "runs the code in artifacts/hello on this machine",
        ] {
            assert!(said.out.contains(wanted), "{line}, {wanted:?}: {said:?}");
        }
        for unwanted in [
            "attaches the policy",
            "everybody",
            "assume the role",
            "secret-value",
        ] {
            assert!(
                !said.out.contains(unwanted),
                "{line}, {unwanted:?}: {said:?}"
            );
        }
        said.code(code);
    }
}
