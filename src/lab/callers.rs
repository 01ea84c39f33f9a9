//! Who may call the routes with IAM authorization: roles, and the users of an identity pool.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Api, Caller, Guard, IdentityPool,
    check::note_twin,
    file,
    kinds::{List, Map, Text},
    problem::{Notes, Place, Problem, quote},
    rules,
};

/// The caller's name that means: the signed-in user, with the keys of the identity pool.
pub const STUDENT: &str = "student";

/// The routes that a caller may name.
pub(super) struct Routes {
    /// The file has an API.
    api: bool,
    /// All routes, and those with IAM authorization. `None`: they cannot be read.
    names: Option<(Vec<String>, Vec<String>)>,
}

impl Routes {
    pub(super) fn of(api: Option<&Option<Api>>) -> Self {
        let names = api.map(Option::as_ref).map(|api| {
            let routes = &api?.routes;
            let all = routes.iter().map(super::Route::name).collect();
            let iam = routes.iter().filter(|r| r.guard == Guard::Iam);
            Some((all, iam.map(super::Route::name).collect()))
        });
        Self {
            api: names.is_some(),
            names: names.flatten(),
        }
    }

    /// Those that a caller may call: what it names, or all.
    fn choose(
        &self,
        list: Option<List<Text<rules::RouteRef>>>,
        place: Place,
        notes: &Notes,
    ) -> Vec<String> {
        if !self.api {
            notes.note(place, "a caller needs an API", "add `api:` to the lab");
            return Vec::new();
        }
        let Some((all, iam)) = &self.names else {
            return Vec::new();
        };
        if iam.is_empty() {
            let hint = "give a route `authorizer: iam`, or remove this";
            notes.note(place, "no route asks for AWS keys", hint);
            return Vec::new();
        }
        let Some(list) = list else { return iam.clone() };
        let known: Vec<&str> = iam.iter().map(String::as_str).collect();
        let (mut known_routes, mut chosen) = (BTreeSet::new(), Vec::new());
        for Text { value, place, .. } in list.items {
            if all.contains(&value) && !iam.contains(&value) {
                let message = format!("the route {} does not ask for AWS keys", quote(&value));
                notes.note(
                    place,
                    message,
                    "give it `authorizer: iam`, or remove it here",
                );
            } else if !iam.contains(&value) {
                let message = format!("there is no route {}", quote(&value));
                notes.add(Problem::unknown(place, message, &value, &known));
            }
            if !note_twin(&mut known_routes, &value, "the route", place, notes) {
                chosen.push(value);
            }
        }
        chosen
    }
}

pub(super) fn note_no_pool(pool: Option<&super::read::Need<file::IdentityPool>>, notes: &Notes) {
    let name = pool.and_then(|pool| pool.0.as_ref()?.name.0.as_ref());
    if let Some(name) = name {
        let message = "an identity pool needs a user pool, whose users it gives keys to";
        notes.note(name.place, message, "add `user_pool:` to the lab");
    }
}

pub(super) fn identity_pool(
    file: file::IdentityPool,
    routes: &Routes,
    roles: &mut BTreeSet<String>,
    notes: &Notes,
) -> Option<IdentityPool> {
    let name = file.name.0?;
    let caller = caller(file.role.0, file.routes, name.place, routes, roles, notes);
    Some(IdentityPool {
        name: name.value,
        caller: caller?,
    })
}

pub(super) fn callers(
    map: Map<rules::CallerName, file::Caller>,
    routes: &Routes,
    roles: &mut BTreeSet<String>,
    notes: &Notes,
) -> BTreeMap<String, Caller> {
    if map.entries.is_empty() {
        let hint = "give it one, like `reporter: { role: d-reporter }`";
        notes.note(map.place, "`callers` has no caller", hint);
    }
    let mut entry = |(name, file): (Text<rules::CallerName>, Option<file::Caller>)| {
        if name.value == STUDENT {
            let message = "`student` is the signed-in user, with keys of the identity pool";
            notes.note(name.place, message, "give this caller another name");
        }
        let file = file?;
        let caller = caller(file.role.0, file.routes, name.place, routes, roles, notes)?;
        Some((name.value, caller))
    };
    map.entries.into_iter().filter_map(&mut entry).collect()
}

fn caller(
    role: Option<Text<rules::RoleName>>,
    list: Option<List<Text<rules::RouteRef>>>,
    place: Place,
    routes: &Routes,
    roles: &mut BTreeSet<String>,
    notes: &Notes,
) -> Option<Caller> {
    let chosen = routes.choose(list, place, notes);
    let role = role?;
    note_twin(
        roles,
        &role.value.to_lowercase(),
        "the role",
        role.place,
        notes,
    );
    Some(Caller {
        role: role.value,
        routes: chosen,
    })
}
