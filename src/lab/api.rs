//! The API of a lab: authorizers, routes, stage.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Api, Authorizer, Cors, Guard, Judge, Route, Source,
    authorizers::{self, WORDS},
    check::note_twin,
    file,
    kinds::{List, Map, Text},
    path::{Paths, method_and_path},
    problem::{Notes, Place, closest, quote},
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
/// Headers of a signed request.
const SIGNED_HEADERS: [&str; 3] = ["Authorization", "X-Amz-Date", "X-Amz-Security-Token"];

/// What the rest of the file has.
pub(super) struct Around<'a> {
    /// Ids that may be named; `None` when the file's functions cannot be read.
    pub(super) functions: Option<&'a [&'a str]>,
    pub(super) has_pool: bool,
    /// Somebody may call with AWS keys.
    pub(super) has_callers: bool,
    /// A distribution stands before the API.
    pub(super) has_edge: bool,
}

pub(super) fn check(file: file::Api, around: &Around<'_>, notes: &Notes) -> Option<Api> {
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
            authorizers::note_word(&name, notes);
            let known = authorizer.and_then(|authorizer| {
                let Around {
                    functions,
                    has_pool,
                    ..
                } = around;
                authorizers::authorizer(&name, authorizer, *functions, *has_pool, notes)
            });
            if let Some(authorizer) = known {
                authorizers.insert(name.value.clone(), authorizer);
            }
            names.push(name);
        }
    }
    let known: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
    let routes = Routes {
        around,
        names: &known,
        authorizers: &authorizers,
        notes,
    };
    let routes = file.routes.0.map(|map| routes.check(map));
    if let Some(routes) = &routes {
        note_unused(&names, routes, notes);
    }
    let routes: Option<Vec<Route>> = routes.map(|routes| routes.into_iter().flatten().collect());
    let cors = file.cors.and_then(|cors| {
        self::cors(
            cors,
            &authorizers,
            routes.as_deref().unwrap_or_default(),
            notes,
        )
    });
    Some(Api {
        name: file.name.0?.value,
        authorizers,
        cors,
        routes: routes?,
        stage: file.stage.0?.value,
    })
}

fn cors(
    file: file::Cors,
    authorizers: &BTreeMap<String, Authorizer>,
    routes: &[Route],
    notes: &Notes,
) -> Option<Cors> {
    let headers = match file.headers {
        Some(list) => {
            let mut known = BTreeSet::new();
            for header in &list.items {
                let same = header.value.to_lowercase();
                note_twin(&mut known, &same, "the header", header.place, notes);
            }
            list.items.into_iter().map(|header| header.value).collect()
        }
        None => sent_headers(authorizers, routes),
    };
    Some(Cors {
        origin: file.origin.0?.value,
        headers,
        max_age_s: file.max_age.map_or(600, |n| n.0),
    })
}

/// What a page must send to be let in.
fn sent_headers(authorizers: &BTreeMap<String, Authorizer>, routes: &[Route]) -> Vec<String> {
    let mut headers = vec!["Content-Type".to_owned()];
    let sources = authorizers.values().flat_map(Authorizer::sources);
    let of_authorizers = sources.filter_map(|source| match source {
        Source::Header(name) => Some(name),
        Source::Query(_) => None,
    });
    let iam = routes.iter().any(|route| route.guard == Guard::Iam);
    let of_iam = SIGNED_HEADERS
        .iter()
        .filter(|_| iam)
        .map(|h| (*h).to_owned());
    for header in of_authorizers.chain(of_iam) {
        if !headers.iter().any(|h| h.eq_ignore_ascii_case(&header)) {
            headers.push(header);
        }
    }
    headers
}

/// Only when there are routes and all are right: a wrong one may have meant the authorizer.
fn note_unused(names: &[Text<rules::AuthorizerName>], routes: &[Option<Route>], notes: &Notes) {
    let guards: Option<Vec<&Guard>> = routes.iter().map(|r| Some(&r.as_ref()?.guard)).collect();
    let Some(guards) = guards.filter(|guards| !guards.is_empty()) else {
        return;
    };
    let used: BTreeSet<&str> = guards.iter().filter_map(|g| g.authorizer()).collect();
    let is_word = |name: &str| WORDS.iter().any(|(word, _)| *word == name);
    for name in names
        .iter()
        .filter(|name| !is_word(&name.value) && !used.contains(name.value.as_str()))
    {
        let message = format!("no route uses the authorizer {}", quote(&name.value));
        let hint = "name it as `authorizer` of a route, or remove it";
        notes.note(name.place, message, hint);
    }
}

/// What routes are checked against.
struct Routes<'a> {
    around: &'a Around<'a>,
    /// Of the authorizers, also of those that are wrong.
    names: &'a [&'a str],
    authorizers: &'a BTreeMap<String, Authorizer>,
    notes: &'a Notes,
}

impl Routes<'_> {
    /// The routes in the file's order; `None` for those that are wrong.
    fn check(&self, map: Map<rules::RouteKey, file::Route>) -> Vec<Option<Route>> {
        let notes = self.notes;
        if map.entries.is_empty() {
            let hint = "give it one, like `GET /demo:`";
            notes.note(map.place, "`routes` has no route", hint);
        }
        let mut paths = Paths::default();
        let mut known = BTreeSet::new();
        let mut entry = |(key, file): (Text<_>, Option<file::Route>)| {
            let place = method_and_path(&key, &mut paths, notes);
            if let Some((method, path)) = &place {
                let name = format!("{method} {path}");
                note_twin(&mut known, &name, "the route", key.place, notes);
                let expect = file.as_ref().and_then(|file| file.expect.as_ref());
                if let Some(expect) = expect.filter(|_| method == "HEAD") {
                    let hint = "remove `expect`: `verify` looks at the status";
                    notes.note(expect.place, "an answer to HEAD has no body", hint);
                }
            }
            let route = self.route(file?, key.place);
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
            let hint = "use `{parameters}` in place of many paths";
            notes.note(map.place, message, hint);
        }
        routes
    }

    /// A route, but for its method and path.
    fn route(&self, file: file::Route, place: Place) -> Option<Route> {
        let notes = self.notes;
        if let (Some(function), Some(known)) = (&file.function.0, self.around.functions) {
            note_unknown(function, "function", known, notes);
        }
        let guard = file.authorizer.0.as_ref().map(|name| self.guard(name));
        let right = guard.as_ref().and_then(Option::as_ref);
        let scopes = file
            .scopes
            .map(|list| self.scopes(list, right))
            .unwrap_or_default();
        let allow = self.values(file.allow, "allow", right, place);
        let deny = self.values(file.deny, "deny", right, place);
        Some(Route {
            method: String::new(),
            path: String::new(),
            function: file.function.0?.value,
            guard: guard??,
            scopes,
            allow,
            deny,
            expect: file.expect.map(|text| text.value),
        })
    }

    /// Whom a route lets in; `None`: it names no authorizer of the file, which is noted.
    fn guard(&self, name: &Text<rules::AuthorizerRef>) -> Option<Guard> {
        match name.value.as_str() {
            "none" => Some(Guard::Open),
            "iam" => {
                if !self.around.has_callers {
                    let message = "nobody has AWS keys to call this route with";
                    let hint = "add `callers:` or `identity_pool:` to the lab";
                    self.notes.note(name.place, message, hint);
                }
                if self.around.has_edge {
                    let message = "AWS keys cannot be used through CloudFront: a signature is over the host's name, \
                                   which the edge replaces";
                    let hint = "give the route another authorizer, or remove `edge:` from the lab";
                    self.notes.note(name.place, message, hint);
                }
                Some(Guard::Iam)
            }
            _ => {
                let words = WORDS.iter().map(|(word, _)| *word).rev();
                let choice: Vec<&str> = self.names.iter().copied().chain(words).collect();
                note_unknown(name, "authorizer", &choice, self.notes)
                    .then(|| self.judged_by(&name.value))
            }
        }
    }

    /// The authorizer, when it is right in itself.
    fn judge(&self, guard: &Guard) -> Option<&Authorizer> {
        self.authorizers.get(guard.authorizer()?)
    }

    /// What an authorizer makes of a route. One that is wrong in itself has been noted: any kind stands for its own.
    fn judged_by(&self, name: &str) -> Guard {
        let known = self.authorizers.get(name);
        let authorizer = name.to_owned();
        match known.map(|known| &known.judge) {
            Some(Judge::Token { .. } | Judge::Request { .. }) => Guard::Function {
                authorizer,
                sources: known.map(Authorizer::sources).unwrap_or_default(),
            },
            Some(Judge::Pool { header }) => Guard::Pool {
                authorizer,
                header: header.clone(),
            },
            None => Guard::Pool {
                authorizer,
                header: String::new(),
            },
        }
    }

    fn scopes(&self, list: List<Text<rules::Scope>>, guard: Option<&Guard>) -> Vec<String> {
        let judge = guard.and_then(|guard| self.judge(guard));
        let message = match (guard, judge) {
            (Some(Guard::Open), _) => {
                Some("scopes need an authorizer: without one, no token is looked at")
            }
            (Some(Guard::Iam), _) => Some("scopes are of tokens: with AWS keys there is none"),
            (_, Some(judge)) if judge.function().is_some() => {
                Some("scopes are for Cognito authorizers: a function looks at what it likes")
            }
            _ => None,
        };
        if let Some(message) = message.filter(|_| list.length > 0) {
            let hint = "name a Cognito authorizer, or remove `scopes`";
            self.notes.note(list.place, message, hint);
        }
        scopes(list, self.notes)
    }

    /// What `verify` sends to a Lambda authorizer's route: a value for each of its sources.
    fn values(
        &self,
        list: Option<List<Text<rules::Any>>>,
        key: &str,
        guard: Option<&Guard>,
        place: Place,
    ) -> Vec<String> {
        let judge = match guard {
            // What is noted of a wrong authorizer is enough.
            None => return Vec::new(),
            Some(guard) => match self.judge(guard) {
                None if guard.authorizer().is_some() => return Vec::new(),
                judge => judge.filter(|judge| judge.function().is_some()),
            },
        };
        let Some(judge) = judge else {
            if let Some(list) = list {
                let message = format!("`{key}` is for routes with a Lambda authorizer");
                self.notes.note(list.place, message, "remove it");
            }
            return Vec::new();
        };
        let wanted = judge.sources().len();
        let Some(list) = list else {
            let message = format!("a route with a Lambda authorizer needs `{key}`");
            let what = if key == "allow" { "let in" } else { "refused" };
            let hint =
                format!("what a caller sends who is {what}, so that `labctl verify` can prove it");
            self.notes.note(place, message, hint);
            return Vec::new();
        };
        if list.length != wanted {
            let word = if wanted == 1 { "source" } else { "sources" };
            let message = format!("`{key}` has {} of {wanted} {word}", list.length);
            self.notes.note(
                list.place,
                message,
                "one value for each source, in their order",
            );
        }
        list.items.into_iter().map(|text| text.value).collect()
    }
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

fn scopes(list: List<Text<rules::Scope>>, notes: &Notes) -> Vec<String> {
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
