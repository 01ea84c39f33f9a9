//! The API of a lab: authorizers, routes, stage.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Api, Authorizer, Route,
    check::note_twin,
    file,
    kinds::{List, Map, Text},
    path::{Paths, method_and_path},
    problem::{Notes, closest, quote},
    rules,
};

/// API Gateway's quota, an API.
const MOST_AUTHORIZERS: usize = 10;
/// API Gateway's quota of resources, an API, `/` among them.
const MOST_PATHS: usize = 300;
/// Cognito's limit, a client.
const MOST_SCOPES: usize = 50;
/// The one scope that tokens have when a client signs in by Cognito's API.
const SIGN_IN_SCOPE: &str = "aws.cognito.signin.user.admin";
/// An authorizer's name that means: open to all.
const PUBLIC: &str = "none";

/// `functions`: ids that routes may name; `None` when the file's functions cannot be read.
pub(super) fn check(
    file: file::Api,
    functions: Option<&[&str]>,
    has_pool: bool,
    notes: &Notes,
) -> Option<Api> {
    let mut names = Vec::new();
    let mut authorizers = BTreeMap::new();
    if let Some(map) = file.authorizers {
        if map.entries.len() > MOST_AUTHORIZERS {
            let message = format!(
                "an API takes at most {MOST_AUTHORIZERS} authorizers, not {}",
                map.entries.len()
            );
            notes.note(map.place, message, "remove some");
        }
        for (name, authorizer) in map.entries {
            if name.value == PUBLIC {
                let hint = "`authorizer: none` opens a route to all: give this one another name";
                notes.note(name.place, "an authorizer cannot be named `none`", hint);
            }
            if !has_pool {
                let message = "a Cognito authorizer needs a user pool";
                notes.note(name.place, message, "add `user_pool:` to the lab");
            }
            if let Some(authorizer) = authorizer {
                authorizers.insert(name.value.clone(), self::authorizer(authorizer));
            }
            names.push(name);
        }
    }
    let known: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
    let routes = file
        .routes
        .0
        .map(|map| routes(map, functions, &known, notes));
    if let Some(routes) = &routes {
        note_unused(&names, routes, notes);
    }
    Some(Api {
        name: file.name.0?.value,
        authorizers,
        routes: routes?.into_iter().flatten().collect(),
        stage: file.stage.0?.value,
    })
}

fn authorizer(file: file::Authorizer) -> Authorizer {
    Authorizer {
        token_source: file
            .token_source
            .map_or_else(|| "Authorization".to_owned(), |header| header.value),
        ttl_s: file.ttl.map_or(300, |n| n.0),
    }
}

/// Only when there are routes and all are right: a wrong one may have meant the authorizer.
fn note_unused(names: &[Text<rules::AuthorizerName>], routes: &[Option<Route>], notes: &Notes) {
    let used: Option<BTreeSet<Option<&str>>> = routes
        .iter()
        .map(|r| Some(r.as_ref()?.authorizer.as_deref()))
        .collect();
    let Some(used) = used.filter(|used| !used.is_empty()) else {
        return;
    };
    for name in names
        .iter()
        .filter(|name| name.value != PUBLIC && !used.contains(&Some(&name.value)))
    {
        let message = format!("no route uses the authorizer {}", quote(&name.value));
        let hint = "name it as `authorizer` of a route, or remove it";
        notes.note(name.place, message, hint);
    }
}

/// The routes in the file's order; `None` for those that are wrong.
fn routes(
    map: Map<rules::RouteKey, file::Route>,
    functions: Option<&[&str]>,
    authorizers: &[&str],
    notes: &Notes,
) -> Vec<Option<Route>> {
    if map.entries.is_empty() {
        let hint = "give it one, like `GET /demo:`";
        notes.note(map.place, "`routes` has no route", hint);
    }
    let mut paths = Paths::default();
    let mut known = BTreeSet::new();
    let mut entry = |(key, file): (Text<_>, Option<file::Route>)| {
        let place = method_and_path(&key, &mut paths, notes);
        if let Some((method, path)) = &place {
            note_twin(
                &mut known,
                &format!("{method} {path}"),
                "the route",
                key.place,
                notes,
            );
        }
        let route = route(file?, functions, authorizers, notes);
        let ((method, path), route) = place.zip(route)?;
        Some(Route {
            method,
            path,
            ..route
        })
    };
    let routes = map.entries.into_iter().map(&mut entry).collect();
    let count = paths.count();
    if count > MOST_PATHS {
        let message = format!("an API takes at most {MOST_PATHS} paths, not {count}");
        notes.note(
            map.place,
            message,
            "use `{parameters}` in place of many paths",
        );
    }
    routes
}

/// A route, but for its method and path.
fn route(
    file: file::Route,
    functions: Option<&[&str]>,
    authorizers: &[&str],
    notes: &Notes,
) -> Option<Route> {
    if let (Some(function), Some(known)) = (&file.function.0, functions) {
        note_unknown(function, "function", known, notes);
    }
    let public = file
        .authorizer
        .0
        .as_ref()
        .is_some_and(|a| a.value == PUBLIC);
    let known = file
        .authorizer
        .0
        .as_ref()
        .filter(|_| !public)
        .map(|authorizer| {
            let choice: Vec<&str> = authorizers.iter().copied().chain([PUBLIC]).collect();
            note_unknown(authorizer, "authorizer", &choice, notes)
        });
    let scopes = file
        .scopes
        .map(|list| scopes(list, public, notes))
        .unwrap_or_default();
    if known == Some(false) {
        return None;
    }
    Some(Route {
        method: String::new(),
        path: String::new(),
        function: file.function.0?.value,
        authorizer: Some(file.authorizer.0?.value).filter(|_| !public),
        scopes,
        expect: file.expect.map(|text| text.value),
    })
}

/// Whether a name is one of `known`; when not, it is noted.
fn note_unknown<R>(name: &Text<R>, what: &str, known: &[&str], notes: &Notes) -> bool {
    let there = known.contains(&name.value.as_str());
    if !there {
        let message = format!("there is no {what} {}", quote(&name.value));
        notes.unknown(name.place, message, &name.value, known);
    }
    there
}

fn scopes(list: List<Text<rules::Scope>>, public: bool, notes: &Notes) -> Vec<String> {
    if public && list.length > 0 {
        let message = "scopes need an authorizer: without one, no token is looked at";
        notes.note(
            list.place,
            message,
            "name the authorizer, or remove `scopes`",
        );
    }
    if list.length > MOST_SCOPES {
        let message = format!(
            "a client has at most {MOST_SCOPES} scopes, not {}",
            list.length
        );
        notes.note(list.place, message, "remove some");
    }
    let (mut known, mut scopes) = (BTreeSet::new(), Vec::new());
    for Text { value, place, .. } in list.items {
        if value != SIGN_IN_SCOPE && closest(&value, &[SIGN_IN_SCOPE]).is_some() {
            let message = format!("no token has the scope {}", quote(&value));
            notes.note(place, message, format!("did you mean `{SIGN_IN_SCOPE}`?"));
        }
        if !note_twin(&mut known, &value, "the scope", place, notes) {
            scopes.push(value);
        }
    }
    scopes
}
