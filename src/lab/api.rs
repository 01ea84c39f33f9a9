//! The API of a lab: authorizers, routes, stage.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Api, Authorizer, Route,
    check::note_twin,
    file,
    problem::{Notes, Problem, closest, quote},
    read::{List, Map, Text},
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
const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY",
];
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
            notes.add(Problem::new(map.place, message));
        }
        for (name, authorizer) in map.entries {
            if name.value == PUBLIC {
                let problem = Problem::new(name.place, "an authorizer cannot be named `none`");
                notes.add(
                    problem.hint(
                        "`authorizer: none` opens a route to all: give this one another name",
                    ),
                );
            }
            if !has_pool {
                let problem = Problem::new(name.place, "a Cognito authorizer needs a user pool");
                notes.add(problem.hint("add `user_pool:` to the lab"));
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
    let used: Option<Vec<Option<&str>>> = routes
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
        let problem = Problem::new(
            name.place,
            format!("no route uses the authorizer {}", quote(&name.value)),
        );
        notes.add(problem.hint("name it as `authorizer` of a route, or remove it"));
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
        notes.add(
            Problem::new(map.place, "`routes` has no route").hint("give it one, like `GET /demo:`"),
        );
    }
    let mut paths = Paths::default();
    let mut known = Vec::new();
    let mut entry = |(key, file): (Text<_>, Option<file::Route>)| {
        let place = method_and_path(&key, &mut paths, notes);
        if let Some((method, path)) = &place {
            note_twin(
                &mut known,
                format!("{method} {path}"),
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
    // `/` is one of them.
    if paths.all.len() + 1 > MOST_PATHS {
        notes.add(Problem::new(
            map.place,
            format!(
                "an API takes at most {MOST_PATHS} paths, not {}",
                paths.all.len() + 1
            ),
        ));
    }
    routes
}

/// The paths so far. API Gateway takes one parameter below a path.
#[derive(Default)]
struct Paths {
    all: BTreeSet<String>,
    parameters: BTreeMap<String, String>,
}

/// `GET /demo` → method and path.
fn method_and_path(
    key: &Text<rules::RouteKey>,
    paths: &mut Paths,
    notes: &Notes,
) -> Option<(String, String)> {
    let wrong = |message: String| -> Option<(String, String)> {
        notes.add(
            Problem::new(key.place, message)
                .hint("a route is a method and a path, like `GET /items/{id}`"),
        );
        None
    };
    let mut words = key.value.split_whitespace();
    let (Some(method), Some(path), None) = (words.next(), words.next(), words.next()) else {
        return wrong(format!("{} is not a route", quote(&key.value)));
    };
    if !METHODS.contains(&method) {
        let problem = Problem::new(key.place, format!("{} is not a method", quote(method)));
        notes.add(problem.suggest(method, METHODS));
        return None;
    }
    let Some(rest) = path.strip_prefix('/') else {
        return wrong(format!("the path {} does not begin with `/`", quote(path)));
    };
    let parts: Vec<&str> = rest.split('/').filter(|_| !rest.is_empty()).collect();
    let mut parent = String::new();
    let mut parameters = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        if let Some(message) = wrong_part(part, i + 1 == parts.len()) {
            return wrong(message);
        }
        if let Some(name) = part.strip_prefix('{') {
            let name = name.trim_end_matches(['+', '}']);
            if parameters.contains(&name) {
                return wrong(format!(
                    "{} has the parameter {} twice",
                    quote(path),
                    quote(name)
                ));
            }
            parameters.push(name);
            let known = paths
                .parameters
                .entry(parent.clone())
                .or_insert_with(|| (*part).to_owned());
            if known != part {
                return wrong(format!(
                    "below {}, API Gateway takes one parameter: {} or {}",
                    quote(if parent.is_empty() { "/" } else { &parent }),
                    quote(known),
                    quote(part)
                ));
            }
        }
        parent = format!("{parent}/{part}");
        paths.all.insert(parent.clone());
    }
    Some((method.to_owned(), path.to_owned()))
}

/// What is wrong with a part of a path, if anything: text, `{name}`, or `{name+}` as the last part.
fn wrong_part(part: &str, last: bool) -> Option<String> {
    let plain = |text: &str, more: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c) || more.contains(c))
    };
    if let Some(inner) = part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        let (name, greedy) = inner
            .strip_suffix('+')
            .map_or((inner, false), |name| (name, true));
        if !plain(name, "") {
            return Some(format!(
                "{}: a parameter's name has letters, digits and `._-`",
                quote(part)
            ));
        }
        return (greedy && !last).then(|| {
            format!(
                "{} takes all that follows, so it must be the last part",
                quote(part)
            )
        });
    }
    if part.is_empty() {
        return Some("a part of the path is empty: no `//`, and no `/` at its end".to_owned());
    }
    (!plain(part, ":")).then(|| {
        format!(
            "{}: a path has letters, digits and `._-:`, or `{{parameters}}`",
            quote(part)
        )
    })
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
        let problem = Problem::new(
            name.place,
            format!("there is no {what} {}", quote(&name.value)),
        );
        notes.add(problem.suggest(&name.value, known));
    }
    there
}

fn scopes(list: List<Text<rules::Scope>>, public: bool, notes: &Notes) -> Vec<String> {
    if public && list.length > 0 {
        let problem = Problem::new(
            list.place,
            "scopes need an authorizer: without one, no token is looked at",
        );
        notes.add(problem.hint("name the authorizer, or remove `scopes`"));
    }
    if list.length > MOST_SCOPES {
        notes.add(Problem::new(
            list.place,
            format!(
                "a client has at most {MOST_SCOPES} scopes, not {}",
                list.length
            ),
        ));
    }
    let mut scopes = Vec::new();
    for Text { value, place, .. } in list.items {
        if value != SIGN_IN_SCOPE && closest(&value, &[SIGN_IN_SCOPE]).is_some() {
            let problem = Problem::new(place, format!("no token has the scope {}", quote(&value)));
            notes.add(problem.hint(format!("did you mean `{SIGN_IN_SCOPE}`?")));
        }
        note_twin(&mut scopes, value, "the scope", place, notes);
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_paths() {
        for good in ["demo", "v1.0", "{id}", "a:b"] {
            assert_eq!(wrong_part(good, false), None, "{good}");
        }
        assert_eq!(wrong_part("{proxy+}", true), None);
        for bad in ["", "a b", "{}", "{a b}", "{proxy+}", "ä", "a/b", "{", "{+}"] {
            assert!(wrong_part(bad, false).is_some(), "{bad}");
        }
    }
}
