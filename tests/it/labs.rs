//! The ready labs, and the commands for those who use one.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::{
    harness::{Said, Site, changes, standings},
    twin,
};

const LABS: [&str; 5] = [
    "lambda-authorizer",
    "iam-authorizer",
    "refresh-rotation",
    "all-authorizers",
    "cloudfront-edge",
];

/// Names and outcomes of the checks of `verify --json`.
fn checks(said: &Said) -> Vec<(String, bool)> {
    let events = said.events();
    let checks = events.iter().filter(|e| e["event"] == "check");
    checks
        .map(|e| {
            let name = e["name"].as_str().unwrap_or_default().to_owned();
            (name, e["ok"] == true)
        })
        .collect()
}

#[test]
fn every_lab_goes_up_is_proven_and_leaves_nothing() {
    for name in LABS {
        let site = Site::ready(name);
        let up = site.ok("up --local --json").events();
        let created = changes(&up);
        assert!(created.iter().all(|(_, change)| change == "created"));
        let endpoint = site.endpoint();
        let status = site.ok("status --json").json();
        assert_eq!(standings(&status).len(), created.len(), "{name}");

        let again = site.ok("up --local --json").events();
        let again = changes(&again);
        assert!(
            again.iter().all(|(_, change)| change == "unchanged"),
            "{name}: {again:?}"
        );
        site.ok("verify");
        let down = site.ok("down --prove --json").events();
        assert_eq!(changes(&down).len(), created.len(), "{name}");
        assert_eq!(twin::everything(&endpoint), Vec::<String>::new(), "{name}");
        let receipts = fs::read_dir(site.path(&format!(".labctl/{name}")));
        for entry in receipts.into_iter().flatten().flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            assert!(file.starts_with("receipt"), "{name}: {file} is left");
        }
    }
}

#[test]
fn init_lists_the_labs_and_knows_no_other() {
    let site = Site::empty();
    let listed = site.ok("init --list");
    for name in LABS {
        assert!(listed.out.contains(name), "{}", listed.out);
    }
    assert_eq!(
        site.ok("init --list --json")
            .json()
            .as_array()
            .map(Vec::len),
        Some(7)
    );
    site.labctl("init --lab nothing")
        .code(2)
        .complains(&["no ready lab `nothing`", "all-authorizers"]);
    assert!(!site.has("lab.yaml"));
}

/// What `verify` proves of a Lambda authorizer fails when the policy is for one route only, when nothing is
/// kept, and when the function lets everybody in.
#[test]
fn a_lambda_authorizer_that_errs_is_not_proven() {
    let site = Site::ready("lambda-authorizer");
    site.ok("up --local");
    let failed = |site: &Site| -> Vec<String> {
        let said = site.labctl("verify --json").code(5);
        let failed = checks(&said).into_iter().filter(|(_, ok)| !ok);
        failed.map(|(name, _)| name).collect()
    };
    let good = site.read("artifacts/guard/guard.py");
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        site.write("artifacts/guard/guard.py", good.replace(from, to));
        site.ok("up --local");
    };

    with(
        "\"Resource\": allowed or [f\"{stage}/*\"]",
        "\"Resource\": [method_arn]",
    );
    let names = failed(&site);
    assert!(
        names.contains(&"GET /admin, then GET /reports, as the same caller".to_owned())
            || names.contains(&"GET /reports, then GET /admin, as the same caller".to_owned()),
        "{names:?}"
    );

    with(
        "\"Effect\": \"Allow\" if allowed else \"Deny\",\n        \"Resource\": allowed or",
        "\"Effect\": \"Allow\",\n        \"Resource\":",
    );
    let names = failed(&site);
    assert!(
        names.contains(&"GET /reports refused by d-guard".to_owned()),
        "{names:?}"
    );

    site.write("artifacts/guard/guard.py", &good);
    site.edit("ttl: 300", "ttl: 0");
    site.ok("up --local");
    let said = site.ok("verify --json");
    assert!(checks(&said).contains(&("d-guard is asked each time".to_owned(), true)));

    // A function that throws is no way to be let in, and its lab can be removed.
    with(
        "scheme, _, token = event[\"authorizationToken\"].partition(\" \")",
        "raise Exception(\"broken\")",
    );
    let said = site.labctl("verify").code(5);
    for words in [
        "✗ GET /reports let in by d-guard",
        "says: [ERROR] Exception: broken",
    ] {
        assert!(said.out.contains(words), "{}", said.out);
    }
    site.ok("down");
    assert_eq!(twin::everything(&site.endpoint()), Vec::<String>::new());
}

#[test]
fn a_change_of_an_authorizer_is_deployed() {
    let site = Site::ready("lambda-authorizer");
    site.ok("up --local");
    site.edit("token_source: Authorization", "token_source: X-Guard");
    site.edit("^Bearer [a-z-]+$", "^Bearer lab-[a-z]+$");
    let events = changes(&site.ok("up --local --json").events());
    let changed: Vec<_> = events
        .iter()
        .filter(|(_, change)| change != "unchanged")
        .map(|(id, change)| (id.as_str(), change.as_str()))
        .collect();
    assert_eq!(
        changed,
        [
            ("authorizer.d-guard", "updated"),
            ("deployment", "created"),
            ("stage", "updated")
        ]
    );
    site.ok("verify");
    // Another judge under the same name is another authorizer.
    site.edit("kind: token", "kind: request");
    site.edit(
        "token_source: X-Guard",
        "identity_sources: [header.X-Guard]",
    );
    let text = site.read("lab.yaml");
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("validation:"))
        .collect();
    site.write("lab.yaml", kept.join("\n"));
    site.labctl("up --local")
        .code(1)
        .complains(&["type cannot be changed", "labctl down"]);
    site.ok("down");
}

#[test]
fn cors_can_be_taken_away() {
    let site = Site::ready("refresh-rotation");
    site.ok("up --local");
    let url = site.ok("status --json").json()["outputs"]["invoke_url"].clone();
    let url = url.as_str().expect("a URL");
    site.edit(
        "  cors:\n    origin: \"*\" # better: the one origin of your app\n",
        "",
    );
    let events = site.ok("up --local --json").events();
    let deleted: Vec<String> = changes(&events)
        .into_iter()
        .filter(|(_, change)| change == "deleted")
        .map(|(id, _)| id)
        .collect();
    assert!(
        deleted
            .iter()
            .any(|id| id == "gateway_response.DEFAULT_4XX"),
        "{deleted:?}"
    );
    assert!(
        deleted.iter().any(|id| id == "method.OPTIONS /demo"),
        "{deleted:?}"
    );
    let answer = ureq::get(url)
        .config()
        .http_status_as_error(false)
        .build()
        .call();
    let answer = answer.expect("an answer");
    assert!(
        answer
            .headers()
            .get("access-control-allow-origin")
            .is_none()
    );
    site.ok("verify");
    site.ok("down");
    assert_eq!(twin::everything(&site.endpoint()), Vec::<String>::new());
}

#[test]
fn a_token_is_handed_out_to_many_at_once_and_kept_to_oneself() {
    let site = Site::ready("refresh-rotation");
    site.ok("up --local");
    let endpoint = site.endpoint();
    let many: Vec<_> = (0..8)
        .map(|_| {
            let mut command = site.command(["token"]);
            command.stdout(std::process::Stdio::piped());
            command.spawn().expect("labctl runs")
        })
        .collect();
    let tokens: Vec<String> = many
        .into_iter()
        .map(|child| {
            Said::from(child.wait_with_output().expect("an end"))
                .code(0)
                .out
        })
        .collect();
    let token = tokens[0].trim().to_owned();
    assert!(tokens.iter().all(|t| t.trim() == token));
    let mails = twin::local(&endpoint, "GET", "/inbox.json", None).json();
    assert_eq!(
        mails.as_array().map(Vec::len),
        Some(1),
        "one sign-in for all"
    );
    let url = site.ok("status --json").json()["outputs"]["invoke_url"].clone();
    assert_eq!(
        twin::get(url.as_str().expect("a URL"), Some(&token)).status,
        200
    );
    assert_ne!(site.ok("token --id").out.trim(), token);

    for file in ["tokens.json", "tokens.lock"] {
        let path = site.path(".labctl/refresh-rotation").join(file);
        let mode = fs::metadata(path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let state = site.read(".labctl/refresh-rotation/state.json");
    assert!(!state.contains(&token));

    // Tokens about to end: one process refreshes, and its refresh token is the one that is good now.
    let cache = site.path(".labctl/refresh-rotation/tokens.json");
    let mut kept: Value =
        serde_json::from_str(&fs::read_to_string(&cache).expect("a file")).expect("JSON");
    let pair = &mut kept["users"]["student@example.com"];
    let refresh = pair["refresh"].clone();
    for kind in ["access", "id"] {
        pair[kind] = json!(expired());
    }
    fs::write(&cache, kept.to_string()).expect("written");
    twin::forget_calls(&endpoint);
    let many: Vec<_> = (0..8)
        .map(|_| {
            let mut command = site.command(["token"]);
            command.stdout(std::process::Stdio::piped());
            command.spawn().expect("labctl runs")
        })
        .collect();
    let fresh: Vec<String> = many
        .into_iter()
        .map(|child| {
            Said::from(child.wait_with_output().expect("an end"))
                .code(0)
                .out
        })
        .collect();
    assert!(fresh.iter().all(|t| *t == fresh[0] && t.trim() != token));
    let calls = twin::calls(&endpoint);
    let refreshed = calls
        .iter()
        .filter(|c| c.contains("GetTokensFromRefreshToken"));
    assert_eq!(refreshed.count(), 1, "{calls:?}");
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(&cache).expect("a file")).expect("JSON");
    assert_ne!(kept["users"]["student@example.com"]["refresh"], refresh);

    // What Cognito no longer takes leads to a new sign-in.
    let mut kept = kept;
    let pair = &mut kept["users"]["student@example.com"];
    pair["access"] = json!(expired());
    pair["refresh"] = json!("worthless");
    fs::write(&cache, kept.to_string()).expect("written");
    site.ok("token");
    let mails = twin::local(&endpoint, "GET", "/inbox.json", None).json();
    assert_eq!(mails.as_array().map(Vec::len), Some(2));

    site.ok("down");
    assert!(
        !site.has(".labctl/refresh-rotation"),
        "no token outlives the lab"
    );
    site.labctl("token").code(1).complains(&["nothing there"]);
}

/// A token that ended in 2001, unsigned: only its `exp` is looked at.
fn expired() -> String {
    "e30.eyJleHAiOjEwMDAwMDAwMDB9.x".to_owned()
}

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
        assert_eq!(said.out, "Hello from Lambda!\n", "{call}");
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

#[test]
fn a_password_comes_from_the_environment_and_stays_out_of_everything() {
    const PASSWORD: &str = "Correct-Horse-1-Battery";
    let site = Site::tutorial();
    site.edit(
        "- email: student@example.com",
        "- password_env: STUDENT_PASSWORD\n      email: student@example.com",
    );
    site.labctl("up --local").code(2).complains(&[
        "student@example.com",
        "STUDENT_PASSWORD",
        "terminal",
    ]);
    let mut up = site.command(["up", "--local", "--json", "-vv"]);
    let said = Said::of(up.env("STUDENT_PASSWORD", PASSWORD)).code(0);
    assert!(changes(&said.events()).contains(&(
        "password.student@example.com".to_owned(),
        "created".to_owned()
    )));
    assert!(!said.out.contains(PASSWORD) && !said.err.contains(PASSWORD));
    assert!(
        !site
            .read(".labctl/cognito-authorizer/state.json")
            .contains(PASSWORD)
    );
    // Once it is set, nobody is asked again.
    let again = changes(&site.ok("up --local --json").events());
    assert!(
        again.iter().all(|(_, change)| change == "unchanged"),
        "{again:?}"
    );
    // The user signs in by it, and by e-mail code all the same.
    let client = site.ok("status --json").json()["outputs"]["client_id"].clone();
    let sign_in = |password: &str| {
        let input = json!({
            "AuthFlow": "USER_AUTH",
            "ClientId": client,
            "AuthParameters": {
                "USERNAME": "student@example.com",
                "PREFERRED_CHALLENGE": "PASSWORD",
                "PASSWORD": password,
            },
        });
        let target = "AWSCognitoIdentityProviderService.InitiateAuth";
        twin::json_call(&site.endpoint(), "cognito-idp", target, &input)
    };
    let tokens = sign_in(PASSWORD).json();
    assert!(
        tokens["AuthenticationResult"]["AccessToken"].is_string(),
        "{tokens}"
    );
    assert_eq!(sign_in("Wrong-Horse-1-Battery").status, 400);
    site.ok("verify");
    site.ok("down");
}

/// Killed after AWS has answered, before the journal hears of it: for each call that the challenges add, then on
/// to the end, or down from there. What every kind has in common is the matrix's (`matrix`).
#[test]
fn a_lab_of_every_kind_survives_being_killed() {
    let site = Site::ready("all-authorizers");
    site.ok("up --local");
    let endpoint = site.endpoint();
    let built = twin::everything(&endpoint).len();
    site.ok("down");
    let killed = |line: &str, operation: &str, nth: usize| {
        let mut command = site.command(line.split_whitespace());
        let said = Said::of(command.env("LABCTL_CRASH", format!("answered:{operation}:{nth}")));
        assert_eq!(said.code, -1, "{operation} {nth}: {}{}", said.out, said.err);
    };
    for (operation, nth) in [
        ("cognito-identity:CreateIdentityPool", 1),
        ("cognito-identity:SetIdentityPoolRoles", 1),
        // Five roles: three of functions, a caller's, the users'.
        ("iam:CreateRole", 4),
        ("iam:CreateRole", 5),
        ("iam:PutRolePolicy", 5),
        ("lambda:AddPermission", 9),
        ("apigateway:CreateAuthorizer", 3),
        ("apigateway:PutMethodResponse", 1),
        ("apigateway:PutIntegration", 14),
        ("apigateway:PutIntegrationResponse", 7),
        ("apigateway:PutGatewayResponse", 2),
    ] {
        killed("up --local", operation, nth);
        site.ok("down");
        assert_eq!(
            twin::everything(&endpoint),
            Vec::<String>::new(),
            "{operation}"
        );

        killed("up --local", operation, nth);
        let on = changes(&site.ok("up --local --json").events());
        assert!(
            on.iter()
                .all(|(_, c)| ["created", "adopted", "unchanged"].contains(&c.as_str())),
            "{operation}: {on:?}"
        );
        assert_eq!(twin::everything(&endpoint).len(), built, "{operation}");
        site.ok("status");
        site.ok("down");
        assert_eq!(
            twin::everything(&endpoint),
            Vec::<String>::new(),
            "{operation}"
        );
    }
    for operation in [
        "cognito-identity:DeleteIdentityPool",
        "iam:DeleteRolePolicy",
        "iam:DeleteRole",
    ] {
        site.ok("up --local");
        killed("down", operation, 1);
        site.ok("down");
        assert_eq!(
            twin::everything(&endpoint),
            Vec::<String>::new(),
            "{operation}"
        );
    }
    // Without a state: found by tags and names.
    site.ok("up --local");
    fs::remove_dir_all(site.path(".labctl/all-authorizers")).expect("removed");
    site.ok("down --local");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}
