//! The API of a lab: authorizers, routes, stage.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Api, Authorizer, Function, Route,
    check::{check_key, check_name, check_word},
    problem::Problem,
    rules,
    walk::{Fields, Notes, closest, list, map, text},
    yaml::{Key, Node, Value},
};

/// API Gateway's quota, an API.
const MOST_AUTHORIZERS: usize = 10;
/// API Gateway's quota of paths, an API.
const MOST_PATHS: usize = 300;
/// Cognito's limit of scopes, a client.
const MOST_SCOPES: usize = 50;

type Functions = BTreeMap<String, Option<Function>>;

pub(super) fn read(node: &Node, functions: &Functions, has_pool: bool, notes: &Notes) -> Option<Api> {
    let allowed = &["name", "endpoint", "authorizers", "routes", "stage"];
    let fields = Fields::of(node, "the API", allowed, notes)?;
    let name = fields.need_text("name");
    if let Some(name) = &name {
        check_name(name, "name", &rules::API, notes);
    }
    if let Some(endpoint) = fields.get_text("endpoint") {
        check_word(&endpoint, "endpoint", &["regional"], notes);
    }
    let stage = fields.need_text("stage");
    if let Some(stage) = &stage {
        check_name(stage, "stage", &rules::STAGE, notes);
        if stage.value == "test-invoke-stage" {
            notes.add(Problem::at(&stage.at, "API Gateway keeps `test-invoke-stage` for test-invoke"));
        }
    }
    let authorizers = fields.get("authorizers").map(|n| authorizers(n, has_pool, notes)).unwrap_or_default();
    let routes = fields.need("routes").map(|n| routes(n, functions, &authorizers, notes)).unwrap_or_default();
    Some(Api { name: name?.value, authorizers, routes, stage: stage?.value })
}

fn authorizers(node: &Node, has_pool: bool, notes: &Notes) -> BTreeMap<String, Authorizer> {
    let entries = map(node, "`authorizers`", notes).unwrap_or_default();
    if entries.len() > MOST_AUTHORIZERS {
        notes.add(Problem::at(&node.at, format!("an API takes at most {MOST_AUTHORIZERS} authorizers")));
    }
    let mut authorizers = BTreeMap::new();
    for (name, node) in entries {
        check_key(name, "the name of an authorizer", &rules::AUTHORIZER, notes);
        if !has_pool {
            let problem = Problem::at(&name.at, "a Cognito authorizer needs a user pool");
            notes.add(problem.hint("add `user_pool:` to the lab"));
        }
        let made = authorizer(&name.text, node, notes);
        // With problems it is kept, so that routes may name it: the lab is refused anyway.
        let fallback = || Authorizer { token_source: String::new(), ttl_s: 0 };
        authorizers.insert(name.text.clone(), made.unwrap_or_else(fallback));
    }
    authorizers
}

fn authorizer(name: &str, node: &Node, notes: &Notes) -> Option<Authorizer> {
    let fields = Fields::of(node, &format!("authorizer `{name}`"), &["type", "token_source", "ttl"], notes)?;
    if let Some(kind) = fields.need_text("type") {
        check_word(&kind, "type", &["cognito"], notes);
    }
    let source = fields.get_text("token_source");
    if let Some(source) = &source {
        check_name(source, "token_source", &rules::HEADER, notes);
    }
    Some(Authorizer {
        token_source: source.map_or_else(|| "Authorization".to_owned(), |s| s.value),
        ttl_s: fields.number("ttl", 300, 0..=3600, "seconds"),
    })
}

fn routes(
    node: &Node,
    functions: &Functions,
    authorizers: &BTreeMap<String, Authorizer>,
    notes: &Notes,
) -> Vec<Route> {
    let entries = map(node, "`routes`", notes).unwrap_or_default();
    if entries.is_empty() && matches!(node.value, Value::Map(_)) {
        notes.add(Problem::at(&node.at, "`routes` has no route").hint("like `GET /demo:`"));
    }
    let mut parts = Parts::default();
    let mut routes = Vec::new();
    for (key, node) in entries {
        let place = route_key(key, &mut parts, notes);
        let route = route(&key.text, node, functions, authorizers, notes);
        if let (Some((method, path)), Some(route)) = (place, route) {
            routes.push(Route { method, path, ..route });
        }
    }
    if parts.paths.len() > MOST_PATHS {
        notes.add(Problem::at(&node.at, format!("an API takes at most {MOST_PATHS} paths")));
    }
    routes
}

/// The paths so far: API Gateway takes one parameter name a place.
#[derive(Default)]
struct Parts {
    paths: BTreeSet<String>,
    parameters: BTreeMap<String, String>,
}

/// `GET /demo` → method and path.
fn route_key(key: &Key, parts: &mut Parts, notes: &Notes) -> Option<(String, String)> {
    let wrong = |message: String| {
        notes.add(Problem::at(&key.at, message).hint("a route is a method and a path, like `GET /demo`"));
        None
    };
    let mut words = key.text.split_whitespace();
    let (Some(method), Some(path), None) = (words.next(), words.next(), words.next()) else {
        return wrong(format!("`{}` is not a route", key.text));
    };
    if !rules::METHODS.contains(&method) {
        let problem = Problem::at(&key.at, format!("`{method}` is not a method"));
        notes.add(match closest(&method.to_uppercase(), rules::METHODS) {
            Some(near) => problem.hint(format!("did you mean `{near} {path}`?")),
            None => problem.hint(format!("one of: {}", rules::METHODS.join(", "))),
        });
        return None;
    }
    let Some(rest) = path.strip_prefix('/') else { return wrong(format!("the path `{path}` does not begin with `/`")) };
    if !rest.is_empty() {
        let all: Vec<&str> = rest.split('/').collect();
        let mut parent = String::new();
        for (i, part) in all.iter().enumerate() {
            if let Some(problem) = rules::path_part_problem(part, i + 1 == all.len()) {
                return wrong(problem);
            }
            if part.starts_with('{') {
                let known = parts.parameters.entry(parent.clone()).or_insert_with(|| (*part).to_owned());
                if known != part {
                    return wrong(format!("`{part}` and `{known}` are at the same place: API Gateway takes only one"));
                }
            }
            parent = format!("{parent}/{part}");
            parts.paths.insert(parent.clone());
        }
    }
    Some((method.to_owned(), path.to_owned()))
}

fn route(
    name: &str,
    node: &Node,
    functions: &Functions,
    authorizers: &BTreeMap<String, Authorizer>,
    notes: &Notes,
) -> Option<Route> {
    let what = format!("route `{name}`");
    let fields = Fields::of(node, &what, &["function", "authorizer", "scopes", "expect"], notes)?;
    let function = fields.need_text("function");
    if let Some(function) = &function {
        let known: Vec<&str> = functions.keys().map(String::as_str).collect();
        unknown(function, "function", &known, notes);
    }
    // What is open to the world is said so.
    let authorizer = fields.need_text("authorizer");
    if authorizer.is_none() && fields.get("authorizer").is_none() {
        let hint = "`authorizer: none` makes it public";
        notes.add(Problem::at(&node.at, format!("{what}: who may call it?")).hint(hint));
    }
    let public = authorizer.as_ref().is_some_and(|a| a.value == "none");
    if let Some(authorizer) = authorizer.as_ref().filter(|_| !public) {
        let known: Vec<&str> = authorizers.keys().map(String::as_str).chain(["none"]).collect();
        unknown(authorizer, "authorizer", &known, notes);
    }
    let scopes = fields.get("scopes").map(|n| scopes(n, public, notes)).unwrap_or_default();
    let expect = fields.get_text("expect").map(|t| t.value);
    Some(Route {
        method: String::new(),
        path: String::new(),
        function: function?.value,
        authorizer: authorizer.filter(|_| !public).map(|a| a.value),
        scopes,
        expect,
    })
}

fn unknown(word: &super::walk::Text, what: &str, known: &[&str], notes: &Notes) {
    if known.contains(&word.value.as_str()) {
        return;
    }
    let problem = Problem::at(&word.at, format!("there is no {what} `{}`", word.value));
    notes.add(match closest(&word.value, known) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint(format!("there is: {}", known.join(", "))),
    });
}

fn scopes(node: &Node, public: bool, notes: &Notes) -> Vec<String> {
    let items = list(node, "scopes", notes);
    if public && !items.is_empty() {
        notes.add(Problem::at(&node.at, "scopes need an authorizer: without one, no token is looked at"));
    }
    if items.len() > MOST_SCOPES {
        notes.add(Problem::at(&node.at, format!("at most {MOST_SCOPES} scopes")));
    }
    let mut scopes: Vec<String> = Vec::new();
    for scope in items.iter().filter_map(|item| text(item, "scopes", notes)) {
        check_name(&scope, "scopes", &rules::SCOPE, notes);
        if scopes.contains(&scope.value) {
            notes.add(Problem::at(&scope.at, format!("`{}` is there twice", scope.value)));
        }
        scopes.push(scope.value);
    }
    scopes
}
