//! What makes a new deployment: every option of the API in lab.yaml, and only what the API's answers depend on.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    harness::{Site, changes},
    support::ready::project,
};

/// The deployment that the stage serves is another one after the edit.
const DEPLOYED: bool = true;
/// It is the same: the option is none of the API's answers.
const KEPT: bool = false;

/// An option as the schema names it, what is edited, and what becomes of the deployment. One after another, in one lab.
pub(crate) type Edit = (&'static str, &'static [(&'static str, &'static str)], bool);

pub(crate) const EDITS: &[Edit] = &[
    (
        "name",
        &[("d-apigw-all-authorizers", "d-apigw-other")],
        KEPT,
    ),
    (
        "endpoint",
        &[("  cors:\n", "  endpoint: regional\n  cors:\n")],
        KEPT,
    ),
    ("stage", &[("  stage: dev", "  stage: test")], KEPT),
    (
        "authorizers/*/token_source",
        &[(
            "d-user-pool: { type: cognito }",
            "d-user-pool: { type: cognito, token_source: X-Token }",
        )],
        DEPLOYED,
    ),
    (
        "authorizers/*/token_source",
        &[(
            "      validation: ^Bearer",
            "      token_source: X-Guard\n      validation: ^Bearer",
        )],
        DEPLOYED,
    ),
    (
        "authorizers/*/ttl",
        &[(
            "token_source: X-Token }",
            "token_source: X-Token, ttl: 60 }",
        )],
        DEPLOYED,
    ),
    (
        "authorizers/*/ttl",
        &[("      ttl: 0 ", "      ttl: 60 ")],
        DEPLOYED,
    ),
    (
        "authorizers/*/validation",
        &[("^Bearer [a-z-]+$", "^Bearer [a-z]+$")],
        DEPLOYED,
    ),
    (
        "authorizers/*/validation",
        &[("      validation: ^Bearer [a-z]+$\n", "")],
        DEPLOYED,
    ),
    (
        "authorizers/*/identity_sources",
        &[("[header.X-Key, query.team]", "[query.team, header.X-Key]")],
        DEPLOYED,
    ),
    (
        "authorizers/*/function",
        &[("      function: gate\n", "      function: guard\n")],
        DEPLOYED,
    ),
    // AWS does not change an authorizer's type, so another one takes its place.
    (
        "authorizers/*/type",
        &[
            (
                "    d-user-pool: {",
                "    d-plain: { type: cognito }\n    d-user-pool: {",
            ),
            (
                "  routes:\n",
                "  routes:\n    GET /plain: { function: hello, authorizer: d-plain }\n",
            ),
        ],
        DEPLOYED,
    ),
    (
        "authorizers/*/type",
        &[
            (
                "d-plain: { type: cognito }",
                "d-token: { type: lambda, kind: token, function: guard }",
            ),
            (
                "authorizer: d-plain }",
                "authorizer: d-token, allow: [a], deny: [b] }",
            ),
        ],
        DEPLOYED,
    ),
    (
        "authorizers/*/kind",
        &[
            (
                "d-token: { type: lambda, kind: token,",
                "d-request: { type: lambda, kind: request, identity_sources: [header.Authorization],",
            ),
            ("authorizer: d-token,", "authorizer: d-request,"),
        ],
        DEPLOYED,
    ),
    (
        "cors/headers",
        &[(
            "    origin: \"*\"\n",
            "    origin: \"*\"\n    headers: [X-Key]\n",
        )],
        DEPLOYED,
    ),
    (
        "cors/max_age",
        &[(
            "    headers: [X-Key]\n",
            "    headers: [X-Key]\n    max_age: 60\n",
        )],
        DEPLOYED,
    ),
    (
        "cors/origin",
        &[(
            "    origin: \"*\"\n",
            "    origin: https://app.example.com\n",
        )],
        DEPLOYED,
    ),
    (
        "cors",
        &[(
            "  cors:\n    origin: https://app.example.com\n    headers: [X-Key]\n    max_age: 60\n",
            "",
        )],
        DEPLOYED,
    ),
    (
        "routes/*/allow",
        &[("[a], deny: [b]", "[c], deny: [b]")],
        KEPT,
    ),
    (
        "routes/*/deny",
        &[("[c], deny: [b]", "[c], deny: [d]")],
        KEPT,
    ),
    (
        "routes/*/expect",
        &[("none, expect: Hello from Lambda!", "none, expect: Hello")],
        KEPT,
    ),
    (
        "routes/*/authorizer",
        &[(
            "hello, authorizer: none, ",
            "hello, authorizer: d-user-pool, ",
        )],
        DEPLOYED,
    ),
    (
        "routes/*/scopes",
        &[(
            "scopes: [aws.cognito.signin.user.admin]",
            "scopes: [aws.cognito.signin.user.admin, orders/read]",
        )],
        DEPLOYED,
    ),
    (
        "routes/*/function",
        &[(
            "GET /internal: { function: hello",
            "GET /internal: { function: gate",
        )],
        DEPLOYED,
    ),
    (
        "routes",
        &[(
            "    GET /internal:",
            "    PUT /internal: { function: hello, authorizer: iam }\n    GET /internal:",
        )],
        DEPLOYED,
    ),
    (
        "routes",
        &[(
            "    PUT /internal: { function: hello, authorizer: iam }\n",
            "",
        )],
        DEPLOYED,
    ),
];

/// Options by their path; `*` stands for names that the file chooses.
fn options(schema: &Value, path: &str, all: &mut BTreeSet<String>) {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let nested = properties.map(|(key, nested)| (key.as_str(), nested));
    let named = Some(("*", &schema["additionalProperties"])).filter(|(_, n)| n.is_object());
    let mut leaf = true;
    for (key, nested) in nested.chain(named) {
        leaf = false;
        options(nested, &format!("{path}/{key}"), all);
    }
    if leaf {
        all.insert(path.trim_start_matches('/').to_owned());
    }
}

#[test]
fn every_option_of_the_api_has_its_edit() {
    let schema = std::fs::read_to_string(project("schema/lab.schema.json")).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let mut all = BTreeSet::new();
    options(&schema["properties"]["api"], "", &mut all);
    assert!(all.contains("authorizers/*/ttl"), "{all:?}");
    let tried: BTreeSet<&str> = EDITS.iter().map(|(option, ..)| *option).collect();
    let missing: Vec<_> = all
        .iter()
        .filter(|key| !tried.contains(key.as_str()))
        .collect();
    assert!(missing.is_empty(), "add an edit of {missing:?}");
}

#[test]
fn an_edit_of_the_api_is_deployed() {
    let site = Site::ready("all-authorizers");
    site.ok("up --local");
    let id = || {
        let state = site.read(".labctl/all-authorizers/state.json");
        let state: Value = serde_json::from_str(&state).expect("JSON");
        state["steps"]["deployment"]["output"]["id"].clone()
    };
    assert!(id().is_string(), "{}", id());
    for (option, edits, deployed) in EDITS {
        let before = id();
        for (from, to) in *edits {
            site.edit(from, to);
        }
        let mut made = changes(&site.ok("up --local --replace --json").events());
        made.retain(|(_, change)| change != "unchanged");
        assert_eq!(id() != before, *deployed, "{option} {edits:?}: {made:?}");
        // The stage serves what is in the state.
        site.ok("status");
    }
}
