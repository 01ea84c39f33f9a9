//! Edits of lab.yaml, and of AWS by hand; each follows the one before it.

use serde_json::json;

use crate::{harness::FUNCTION, surprise::Place, twin};

/// One edit.
pub(super) struct Edit {
    pub(super) what: &'static str,
    /// Texts of lab.yaml and what they become.
    pub(super) file: &'static [(&'static str, &'static str)],
    /// What somebody does elsewhere.
    pub(super) by_hand: Option<fn(&Place)>,
}

const fn file(what: &'static str, file: &'static [(&'static str, &'static str)]) -> Edit {
    Edit {
        what,
        file,
        by_hand: None,
    }
}

const fn hand(what: &'static str, by_hand: fn(&Place)) -> Edit {
    Edit {
        what,
        file: &[],
        by_hand: Some(by_hand),
    }
}

pub(super) const TUTORIAL: &[Edit] = &[
    file("nothing", &[]),
    file("runtime", &[("python3.13", "python3.12")]),
    file(
        "memory",
        &[("    architecture:", "    memory: 256\n    architecture:")],
    ),
    file(
        "timeout",
        &[("    memory: 256", "    memory: 256\n    timeout: 9")],
    ),
    file(
        "environment",
        &[(
            "    timeout: 9",
            "    timeout: 9\n    environment: { MODE: b }",
        )],
    ),
    file(
        "retention",
        &[(
            "    timeout: 9",
            "    timeout: 9\n    log_retention_days: 3",
        )],
    ),
    file(
        "managed policies",
        &[(
            "    timeout: 9",
            "    timeout: 9\n    managed_policies: [\"arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess\"]",
        )],
    ),
    hand("code", |place| {
        let name = "artifacts/hello/lambda_function.py";
        let code = place.site.read(name);
        place.site.write(name, format!("{code}\n# more\n"));
    }),
    file("architecture", &[("x86_64", "arm64")]),
    file(
        "role",
        &[("    timeout: 9", "    timeout: 9\n    role: class-role")],
    ),
    file("function's name", &[(FUNCTION, "class-hello")]),
    file("pool's name", &[("d-user-pool-demo\n", "class-pool\n")]),
    file("client's name", &[("d-cognito-spa-app", "class-app")]),
    file("API's name", &[("d-apigw-cmp-demo", "class-api")]),
    file(
        "domain",
        &[
            (
                "    type: spa #",
                "    callback_urls: [\"http://localhost:8000/\"]\n    scopes: [openid, aws.cognito.signin.user.admin]\n    type: spa #",
            ),
            (
                "  sign_in: [email]",
                "  sign_in: [email]\n  domain: d-exact-1",
            ),
        ],
    ),
    file("another domain", &[("d-exact-1", "d-exact-2")]),
    file(
        "token minutes",
        &[(
            "    type: spa #",
            "    access_token_minutes: 30\n    type: spa #",
        )],
    ),
    file(
        "no domain",
        &[
            ("  domain: d-exact-2\n", ""),
            (
                "    callback_urls: [\"http://localhost:8000/\"]\n    scopes: [openid, aws.cognito.signin.user.admin]\n",
                "",
            ),
        ],
    ),
    file(
        "a user more",
        &[("  users:\n", "  users:\n    - email: more@example.com\n")],
    ),
    file("a user less", &[("    - email: more@example.com\n", "")]),
    file(
        "another user",
        &[("student@example.com", "other@example.com")],
    ),
    file("stage", &[("stage: dev", "stage: test")]),
    file(
        "a route more",
        &[(
            "  stage: test",
            "    GET /public: { function: hello, authorizer: none }\n  stage: test",
        )],
    ),
    file(
        "a route at another path",
        &[("GET /public", "GET /open/to/all")],
    ),
    file(
        "a route of another method",
        &[("GET /open/to/all", "POST /open/to/all")],
    ),
    file(
        "authorizer's name",
        &[("d-authorizer-user-pool-demo", "class-authorizer")],
    ),
    file(
        "scopes",
        &[(
            "scopes: [aws.cognito.signin.user.admin] #",
            "scopes: [aws.cognito.signin.user.admin, openid] #",
        )],
    ),
    file(
        "names, scopes and a stage at once",
        &[
            ("class-pool\n", "d-pool\n"),
            ("class-api", "d-api"),
            (", openid] #", "] #"),
            ("stage: test", "stage: dev"),
            ("class-hello", "d-hello"),
        ],
    ),
    file(
        "a function's name and the path of its route",
        &[("d-hello", "class-hello"), ("GET /demo", "GET /moved")],
    ),
];

/// A call of API Gateway below the API.
fn gateway(place: &Place, method: &str, path: &str) {
    let status = place.run("status --json").json();
    let api = status["outputs"]["api_id"].as_str().expect("an API");
    let path = format!("/restapis/{api}{path}");
    let done = twin::rest(&place.endpoint, "apigateway", method, &path, None);
    assert!(done.status < 300, "{}", done.body);
}

fn state(place: &Place, step: &str, member: &str) -> String {
    let id = &place.site.state()["steps"][step]["output"][member];
    id.as_str().expect("an id").to_owned()
}

fn cognito(place: &Place, operation: &str, mut input: serde_json::Value) {
    input["UserPoolId"] = json!(state(place, "user_pool", "id"));
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let done = twin::json_call(&place.endpoint, "cognito-idp", &target, &input);
    assert_eq!(done.status, 200, "{operation}: {}", done.body);
}

fn lambda(place: &Place, method: &str, path: &str, body: Option<&serde_json::Value>) {
    let path = format!("/2015-03-31/functions/{FUNCTION}{path}");
    let done = twin::rest(&place.endpoint, "lambda", method, &path, body);
    assert!(done.status < 300, "{}", done.body);
}

pub(super) const BY_HAND: &[Edit] = &[
    hand("no function", |place| lambda(place, "DELETE", "", None)),
    hand("another timeout", |place| {
        lambda(
            place,
            "PUT",
            "/configuration",
            Some(&json!({ "Timeout": 9 })),
        );
    }),
    hand("no log group", |place| {
        let group = json!({ "logGroupName": format!("/aws/lambda/{FUNCTION}") });
        let done = twin::json_call(
            &place.endpoint,
            "logs",
            "Logs_20140328.DeleteLogGroup",
            &group,
        );
        assert_eq!(done.status, 200, "{}", done.body);
    }),
    hand("no role policy", |place| {
        let form =
            format!("Action=DeleteRolePolicy&RoleName={FUNCTION}-role&PolicyName=write-own-logs");
        assert_eq!(twin::iam(&place.endpoint, &form).status, 200);
    }),
    hand("no role", |place| {
        for form in [
            format!("Action=DeleteRolePolicy&RoleName={FUNCTION}-role&PolicyName=write-own-logs"),
            format!("Action=DeleteRole&RoleName={FUNCTION}-role"),
        ] {
            let done = twin::iam(&place.endpoint, &form);
            assert_eq!(done.status, 200, "{}", done.body);
        }
    }),
    hand("no user", |place| {
        cognito(
            place,
            "AdminDeleteUser",
            json!({ "Username": "student@example.com" }),
        );
    }),
    hand("no client", |place| {
        let client = state(place, "app_client", "client_id");
        cognito(place, "DeleteUserPoolClient", json!({ "ClientId": client }));
    }),
    hand("no pool", |place| {
        cognito(place, "DeleteUserPool", json!({}));
    }),
    hand("no stage", |place| gateway(place, "DELETE", "/stages/dev")),
    hand("no path", |place| {
        let path = state(place, "path./demo", "resource_id");
        gateway(place, "DELETE", &format!("/resources/{path}"));
    }),
    hand("no integration", |place| {
        let path = state(place, "path./demo", "resource_id");
        gateway(
            place,
            "DELETE",
            &format!("/resources/{path}/methods/GET/integration"),
        );
    }),
    hand("no method", |place| {
        let path = state(place, "path./demo", "resource_id");
        gateway(place, "DELETE", &format!("/resources/{path}/methods/GET"));
    }),
    hand("no API", |place| gateway(place, "DELETE", "")),
];

pub(super) const CALLERS: &[Edit] = &[
    file(
        "identity pool's name",
        &[("d-identity-pool", "class-identities")],
    ),
    file(
        "student's role",
        &[("role: d-iam-authorizer-student", "role: class-student")],
    ),
    file(
        "student's routes",
        &[(
            "  routes: [GET /reports]\n",
            "  routes: [GET /reports, DELETE /reports]\n",
        )],
    ),
    file(
        "a caller's role",
        &[("d-iam-authorizer-operator", "class-operator")],
    ),
    file(
        "a caller less",
        &[(
            "  reporter: { role: d-iam-authorizer-reporter, routes: [GET /reports] }\n",
            "",
        )],
    ),
    file(
        "a caller more",
        &[(
            "callers:\n",
            "callers:\n  auditor: { role: class-auditor }\n",
        )],
    ),
    file(
        "a route less",
        &[
            (
                "    DELETE /reports: { function: hello, authorizer: iam, expect: Hello from Lambda! }\n",
                "",
            ),
            (", DELETE /reports]", "]"),
        ],
    ),
    file(
        "a route at another path",
        &[
            ("GET /reports: {", "GET /all: {"),
            ("[GET /reports]", "[GET /all]"),
        ],
    ),
    file("stage", &[("stage: dev", "stage: test")]),
    file("pool's name", &[("d-user-pool-iam", "class-pool")]),
];

pub(super) const EDGE: &[Edit] = &[
    file(
        "comment",
        &[("comment: d-cloudfront-edge", "comment: class-edge")],
    ),
    file("geo", &[("  # geo: [AT, CH, DE]", "  geo: [AT, CH, DE]")]),
    file("waf", &[("  # waf: rate-limit", "  waf: rate-limit")]),
    file("no geo", &[("  geo: [AT, CH, DE]", "  # geo")]),
    file("stage", &[("stage: dev", "stage: test")]),
    file(
        "a route more",
        &[(
            "    GET /status:",
            "    POST /status: { function: hello, authorizer: none }\n    GET /status:",
        )],
    ),
    file("no waf", &[("  waf: rate-limit", "  # waf")]),
];

/// What is new in the run takes the place of something that is there, in the lab `all-authorizers`.
pub(super) const MOVED: &[Edit] = &[
    file(
        "a route to a new function",
        &[
            (
                "functions:\n",
                "functions:\n  other: { name: class-other, runtime: python3.13, handler: lambda_function.lambda_handler, source: artifacts/hello }\n",
            ),
            (
                "GET /public: { function: hello",
                "GET /public: { function: other",
            ),
        ],
    ),
    file(
        "a route to a new function, and the old one goes",
        &[
            (
                "  other: { name: class-other",
                "  third: { name: class-third",
            ),
            (
                "GET /public: { function: other",
                "GET /public: { function: third",
            ),
        ],
    ),
    file(
        "two routes to a new function",
        &[
            (
                "  third: { name: class-third",
                "  fourth: { name: class-fourth",
            ),
            (
                "GET /public: { function: third",
                "GET /public: { function: fourth",
            ),
            (
                "GET /internal: { function: hello",
                "GET /internal: { function: fourth",
            ),
        ],
    ),
    file(
        "a function under another id and the same name",
        &[
            (
                "  fourth: { name: class-fourth",
                "  fifth: { name: class-fourth",
            ),
            (
                "GET /public: { function: fourth",
                "GET /public: { function: fifth",
            ),
            (
                "GET /internal: { function: fourth",
                "GET /internal: { function: fifth",
            ),
        ],
    ),
    file(
        "an authorizer to a new function",
        &[
            (
                "functions:\n",
                "functions:\n  judge: { name: class-judge, runtime: python3.13, handler: guard.lambda_handler, source: artifacts/guard }\n",
            ),
            ("      function: guard\n", "      function: judge\n"),
        ],
    ),
    file(
        "an authorizer to a new function, and the old one goes",
        &[
            ("  judge: { name: class-judge", "  jury: { name: class-jury"),
            ("      function: judge\n", "      function: jury\n"),
        ],
    ),
    file(
        "a new function, and an authorizer of another type that asks it",
        &[
            ("  jury: { name: class-jury", "  court: { name: class-court"),
            (
                "      kind: token\n      function: jury\n      validation: ^Bearer [a-z-]+$\n",
                "      kind: request\n      function: court\n      identity_sources: [header.Authorization]\n",
            ),
        ],
    ),
    file(
        "a route to a new authorizer",
        &[
            (
                "  authorizers:\n",
                "  authorizers:\n    class-pool-authorizer: { type: cognito, token_source: X-Token }\n",
            ),
            (
                "GET /public: { function: fifth, authorizer: none",
                "GET /public: { function: fifth, authorizer: class-pool-authorizer",
            ),
        ],
    ),
    file(
        "a route to a new authorizer and to a new function",
        &[
            (
                "class-pool-authorizer: { type: cognito, token_source: X-Token }",
                "class-gate: { type: lambda, kind: token, function: sixth }",
            ),
            (
                "  fifth: { name: class-fourth",
                "  sixth: { name: class-sixth",
            ),
            (
                "GET /public: { function: fifth, authorizer: class-pool-authorizer",
                "GET /public: { function: sixth, authorizer: class-gate, allow: [a], deny: [b]",
            ),
            (
                "GET /internal: { function: fifth",
                "GET /internal: { function: sixth",
            ),
        ],
    ),
];
