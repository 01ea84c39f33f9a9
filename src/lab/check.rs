//! From the file as it is written to a lab: what its parts say of each other, and the defaults.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    Function, Lab, api, callers, code, edge, file,
    kinds::{List, Map, Text},
    problem::{Notes, Place, quote},
    rules, user_pool,
};

/// IAM's quota, a role.
const MOST_POLICIES: usize = 10;
/// Lambda's quota for all of a function's environment.
const MOST_ENVIRONMENT_BYTES: usize = 4096;
/// IAM's limit of a role's name.
const MOST_ROLE_NAME: usize = 64;

/// The lab of a file; `dir` is the file's folder. It is one only when nothing is noted: what is wrong
/// is left out of it.
pub(super) fn lab(file: file::File, dir: &Path, notes: &Notes) -> Option<Lab> {
    // IAM tells names apart without regard to case.
    let mut roles = BTreeSet::new();
    let functions = file
        .functions
        .0
        .map(|map| functions(map, dir, &mut roles, notes));
    let ids: Option<Vec<&str>> = functions
        .as_ref()
        .map(|map| map.keys().map(String::as_str).collect());
    let around = api::Around {
        functions: ids.as_deref(),
        has_pool: file.user_pool.is_some(),
        has_callers: file.identity_pool.is_some() || file.callers.is_some(),
        has_edge: file.edge.is_some(),
    };
    if let (true, None, Some(lab)) = (around.has_edge, &file.api, &file.lab.0) {
        let message = "`edge` needs an API that it stands before";
        notes.note(
            lab.place,
            message,
            "add `api:` to the lab, or remove `edge:`",
        );
    }
    let api = file.api.map(|api| api::check(api, &around, notes));
    let routes = callers::Routes::of(api.as_ref());
    if let (Some(_), false) = (&file.identity_pool, around.has_pool) {
        callers::note_no_pool(file.identity_pool.as_ref(), notes);
    }
    let identity_pool = file
        .identity_pool
        .and_then(|pool| callers::identity_pool(pool.0?, &routes, &mut roles, notes));
    let callers = file
        .callers
        .map(|map| callers::callers(map, &routes, &mut roles, notes))
        .unwrap_or_default();
    let api = api.flatten();
    let edge = file.edge.zip(api.as_ref());
    let edge = edge.and_then(|(edge, api)| edge::check(edge.0?, &api.name, notes));
    let user_pool = file
        .user_pool
        .and_then(|pool| user_pool::check(pool.0?, dir, notes));
    Some(Lab {
        name: file.lab.0?.value,
        region: file.region.0?.value,
        owner: file.owner.map(|owner| owner.value),
        suffix: None,
        functions: functions?
            .into_iter()
            .filter_map(|(id, function)| Some((id, function?)))
            .collect(),
        user_pool,
        identity_pool,
        callers,
        api,
        edge,
        dir: dir.to_owned(),
        warnings: Vec::new(),
    })
}

/// Whether a text was there before, which is noted. `known` keeps them, by what makes them the same.
pub(super) fn note_twin(
    known: &mut BTreeSet<String>,
    same: &str,
    what: &str,
    place: Place,
    notes: &Notes,
) -> bool {
    let twin = !known.insert(same.to_owned());
    if twin {
        let message = format!("{what} {} is there twice", quote(same));
        notes.note(place, message, "remove it, or write another");
    }
    twin
}

/// Functions by id; `None` for those that are wrong, so that routes may still name them.
fn functions(
    map: Map<rules::FunctionId, file::Function>,
    dir: &Path,
    roles: &mut BTreeSet<String>,
    notes: &Notes,
) -> BTreeMap<String, Option<Function>> {
    if map.entries.is_empty() {
        let hint = "give it one, like `hello:`";
        notes.note(map.place, "`functions` has no function", hint);
    }
    let mut names = BTreeSet::new();
    let entry = |(id, function): (Text<_>, Option<file::Function>)| {
        let function = function.and_then(|f| {
            let name = f.name.0.as_ref();
            let twin = name
                .is_some_and(|n| note_twin(&mut names, &n.value, "the function", n.place, notes));
            let role = role(&f, notes);
            // The roles of twins are twins too.
            if let Some((role, place)) = role.as_ref().filter(|_| !twin) {
                note_twin(roles, &role.to_lowercase(), "the role", *place, notes);
            }
            check_function(f, role.map(|(role, _)| role), dir, notes)
        });
        (id.value, function)
    };
    map.entries.into_iter().map(entry).collect()
}

/// The role's name, and where it comes from.
fn role(function: &file::Function, notes: &Notes) -> Option<(String, Place)> {
    if let Some(role) = &function.role {
        return Some((role.value.clone(), role.place));
    }
    let name = function.name.0.as_ref()?;
    let role = format!("{}-role", name.value);
    if role.len() > MOST_ROLE_NAME {
        let message = format!(
            "the role {} would have {} characters; at most {MOST_ROLE_NAME} are allowed",
            quote(&role),
            role.len()
        );
        let hint = "give the function a shorter name, or name its `role`";
        notes.note(name.place, message, hint);
    }
    Some((role, name.place))
}

fn check_function(
    file: file::Function,
    role: Option<String>,
    dir: &Path,
    notes: &Notes,
) -> Option<Function> {
    let source = file
        .source
        .0
        .as_ref()
        .map(|source| code::source(source, dir, notes));
    if let (Some(handler), Some(runtime), Some(Some(folder))) =
        (&file.handler.0, &file.runtime.0, &source)
    {
        code::handler(handler, &runtime.value, folder, notes);
    }
    let environment = file.environment.map(|map| environment(map, notes));
    let managed_policies = file.managed_policies.map(|list| policies(list, notes));
    Some(Function {
        name: file.name.0?.value,
        runtime: file.runtime.0?.value,
        architecture: file
            .architecture
            .map_or_else(|| "x86_64".to_owned(), |a| a.value),
        handler: file.handler.0?.value,
        source: source??,
        memory_mb: file.memory.map_or(128, |n| n.0),
        timeout_s: file.timeout.map_or(3, |n| n.0),
        environment: environment.unwrap_or_default(),
        log_retention_days: file.log_retention_days.map_or(7, |days| days.0),
        role: role?,
        managed_policies: managed_policies.unwrap_or_default(),
    })
}

fn environment(
    map: Map<rules::Variable, Text<rules::Any>>,
    notes: &Notes,
) -> BTreeMap<String, String> {
    let entries = map.entries.into_iter();
    let variables: BTreeMap<String, String> = entries
        .filter_map(|(key, value)| Some((key.value, value?.value)))
        .collect();
    let bytes = serde_json::json!(variables).to_string().len();
    if bytes > MOST_ENVIRONMENT_BYTES {
        let message = format!(
            "the environment has {bytes} bytes as JSON; Lambda takes at most {MOST_ENVIRONMENT_BYTES}"
        );
        let hint = "put what is large into a file of the source folder";
        notes.note(map.place, message, hint);
    }
    variables
}

fn policies(list: List<Text<rules::PolicyArn>>, notes: &Notes) -> Vec<String> {
    if list.length > MOST_POLICIES {
        let message = format!(
            "a role takes at most {MOST_POLICIES} managed policies, not {}",
            list.length
        );
        notes.note(list.place, message, "remove some");
    }
    let (mut known, mut arns) = (BTreeSet::new(), Vec::new());
    for arn in list.items {
        if !note_twin(&mut known, &arn.value, "the policy", arn.place, notes) {
            arns.push(arn.value);
        }
    }
    arns
}
