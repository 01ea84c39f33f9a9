//! A state whose records lead into another lab: it was edited, merged, or copied together, and then trusted. What lives
//! in another's pool, API or function is left alone, whatever the record says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{STATE, User, World};
use crate::{
    harness::{Said, standings},
    ready::{environment, project},
};

const LAB: &str = "
lab: demo
region: us-east-1
functions:
  hello:
    name: demo-function
    runtime: python3.13
    handler: lambda_function.lambda_handler
    source: artifacts/hello
user_pool:
  name: demo-pool
  first_factors: [password]
  mfa: { totp: optional }
  domain: demo-4711
  identity_providers:
    Campus:
      type: saml
      metadata: artifacts/metadata.xml
      attributes: { email: mail }
  app_client:
    name: demo-client
    type: spa
    callback_urls: ['http://localhost:8000/']
    logout_urls: ['http://localhost:8000/']
  users:
    - email: student@example.com
      password_env: STUDENT_PASSWORD
api:
  name: demo-api
  authorizers: { demo-guard: { type: cognito } }
  cors: { origin: '*' }
  routes:
    GET /demo: { function: hello, authorizer: demo-guard, scopes: [openid], expect: Hello }
    GET /own: { function: hello, authorizer: none, expect: Hello }
  stage: dev
edge: { comment: demo-edge }
";

/// The same without what lives in the pool, and with less in the API.
const LESS: &str = "
lab: demo
region: us-east-1
functions:
  hello:
    name: demo-function
    runtime: python3.13
    handler: lambda_function.lambda_handler
    source: artifacts/hello
user_pool:
  name: demo-pool
  app_client: { name: demo-client, type: spa }
api:
  name: demo-api
  routes:
    GET /own: { function: hello, authorizer: none, expect: Hello }
  stage: dev
";

/// Kinds that carry no tags and belong to whose the thing is that they live in; with the kind of that.
const CHILDREN: &[(&str, &str)] = &[
    ("permission", "function"),
    ("mfa_config", "user_pool"),
    ("identity_provider", "user_pool"),
    ("user_pool_domain", "user_pool"),
    ("app_client", "user_pool"),
    ("user", "user_pool"),
    ("password", "user_pool"),
    ("pool_roles", "identity_pool"),
    ("path", "rest_api"),
    ("method", "rest_api"),
    ("integration", "rest_api"),
    ("method_response", "rest_api"),
    ("mock_integration", "rest_api"),
    ("integration_response", "rest_api"),
    ("gateway_response", "rest_api"),
    ("authorizer", "rest_api"),
    ("deployment", "rest_api"),
    ("stage", "rest_api"),
    ("usage_plan_key", "usage_plan"),
    ("edge_deployment", "distribution"),
];

/// Another lab of the same file, whose things have the same places.
const THEIRS: &str = ".labctl/demo-theirs/state.json";

fn runs(anna: &User, line: &str) -> Said {
    Said::of(anna.command(line).envs(environment(LAB)))
}

/// The records of `state`, with those of children replaced by the other lab's. Answers which kinds.
fn led_astray(state: &mut Value, theirs: &Value) -> BTreeSet<String> {
    let mut astray = BTreeSet::new();
    let renamed = |id: &str| id.replace("demo-guard", "demo-guard-theirs");
    let of_theirs: BTreeMap<String, Value> =
        serde_json::from_value(theirs["steps"].clone()).expect("steps");
    for (id, record) in state["steps"].as_object_mut().expect("steps") {
        let kind = record["kind"].as_str().unwrap_or_default().to_owned();
        let is_child = CHILDREN.iter().any(|(child, _)| *child == kind);
        assert!(is_child || record["within"].is_null(), "{id} is in no row");
        if !is_child {
            continue;
        }
        let other = of_theirs.get(id).or_else(|| of_theirs.get(&renamed(id)));
        let other = other.unwrap_or_else(|| panic!("{id} is not in {:?}", of_theirs.keys()));
        assert_ne!(record["key"], other["key"], "{id}");
        record["key"] = other["key"].clone();
        record["output"] = other["output"].clone();
        astray.insert(kind);
    }
    astray
}

/// A command, how it ends, what is wanted, whether the parents are off the record, and a word that it says.
type Row = (&'static str, i32, &'static str, bool, &'static str);

/// Answers which kinds were led astray.
fn holds(lab: &str, rows: &[Row]) -> BTreeSet<String> {
    let mut world = World::new();
    let account = world.account();
    let anna = User::new(&account, "anna");
    let metadata = project("labs/user-pool-choices/artifacts/provider/metadata.xml");
    let metadata = std::fs::read(metadata).expect("a file");
    anna.site.write("artifacts/metadata.xml", metadata);
    anna.site.write("lab.yaml", lab);
    runs(&anna, "up --yes -q --as theirs").code(0);
    let whole = || standings(&runs(&anna, "status --json --as theirs").code(0).json());
    let before = whole();
    let theirs: Value = serde_json::from_str(&anna.site.read(THEIRS)).expect("a state");
    let mut all = BTreeSet::new();
    for (line, code, wanted, orphans, word) in rows {
        anna.site.write("lab.yaml", lab);
        runs(&anna, "up --yes -q --as=").code(0);
        let good = anna.state();
        let mut state = good.clone();
        all.extend(led_astray(&mut state, &theirs));
        if *orphans {
            let parents: Vec<&str> = CHILDREN.iter().map(|(_, parent)| *parent).collect();
            let steps = state["steps"].as_object_mut().expect("steps");
            steps.retain(|_, r| !parents.contains(&r["kind"].as_str().unwrap_or_default()));
        }
        anna.site.write(STATE, state.to_string());
        anna.site.write("lab.yaml", wanted);
        let said = runs(&anna, line);
        let text = format!("{}{}", said.out, said.err);
        anna.site.write("lab.yaml", lab);
        if *orphans {
            anna.site.write(STATE, good.to_string());
        }
        assert_eq!(whole(), before, "{line}: {text}");
        assert_eq!(said.code, *code, "{line}: {text}");
        assert!(text.contains(word), "no {word:?}: {line}: {text}");
    }
    all
}

/// What is wanted, what is wanted no more, and what has lost the parent that was on record.
#[test]
fn a_child_is_touched_only_in_a_parent_that_is_ours() {
    let mut all = holds(
        LAB,
        &[
            ("plan --as=", 3, LAB, false, "create"),
            ("up --yes --as=", 0, LAB, false, "left alone"),
            ("up --yes --replace --as=", 0, LESS, false, "left alone"),
            ("down --dry-run --as=", 0, LAB, true, "not ours, left alone"),
            // The lab's own parents, which are off the record, are named.
            ("down --yes --as=", 6, LAB, true, "left alone"),
        ],
    );
    // CloudFront and AWS keys do not go together.
    let guests = LAB
        .replace(
            "edge: { comment: demo-edge }",
            "identity_pool: { name: demo-guests, role: demo-guest }",
        )
        .replace("authorizer: none", "authorizer: iam");
    let up = ("up --yes --replace --as=", 0, LESS, false, "left alone");
    all.extend(holds(
        &guests,
        &[up, ("reset --to 1 --yes --as=", 0, LAB, false, "")],
    ));
    let kinds: BTreeSet<String> = CHILDREN
        .iter()
        .map(|(child, _)| (*child).to_owned())
        .collect();
    assert_eq!(all, kinds);
}

/// Ids of another's that an output has, where the key has the lab's own: labctl never writes that.
#[test]
fn a_record_that_contradicts_itself_is_refused() {
    let mut world = World::new();
    let account = world.account();
    let anna = User::new(&account, "anna");
    anna.site.write("lab.yaml", LESS);
    anna.ok("up --yes -q");
    let good = anna.state();
    for (step, field, value) in [
        ("stage", "api_id", json!("another")),
        ("method.GET /own", "api_id", json!("another")),
        (
            "user_pool",
            "arn",
            json!(account.pool_arn("us-east-1_another")),
        ),
        (
            "function.hello",
            "arn",
            json!(account.function_arn() + "-2"),
        ),
        ("function.hello", "name", json!("another")),
    ] {
        let mut state = good.clone();
        let output = &mut state["steps"][step]["output"];
        assert!(output[field].is_string(), "{step}: {output}");
        output[field] = value;
        anna.site.write(STATE, state.to_string());
        for line in ["status", "up --yes", "down --yes"] {
            let said = anna.runs(line);
            assert!(
                said.code == 1 || said.code == 2,
                "{step}.{field}, {line}: {}{}",
                said.out,
                said.err
            );
            assert!(
                said.err.contains(field),
                "{step}.{field}, {line}: {}",
                said.err
            );
        }
    }
    anna.site.write(STATE, good.to_string());
    anna.ok("down --yes");
}
