//! `CreateAlias`, `GetAlias`, `UpdateAlias`, `ListAliases` and `DeleteAlias`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    alias::{Alias, Changes},
    fault,
    name::Named,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, empty},
    wire::page::{Page, page},
    world::World,
};

/// The model's pattern; the twin's regular expressions have no look-ahead.
const PATTERN: &str = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)";
const MOST_LISTED: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AliasInput {
    function_name: String,
    name: String,
    revision_id: Option<String>,
    #[serde(flatten)]
    changes: Changes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    function_name: String,
    function_version: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

impl AliasInput {
    fn of(call: &Call) -> Result<(Self, Named), ApiError> {
        let input: Self = call.input()?;
        let named = Named::of_call(call, &input.function_name, None)?.at(&input.name);
        Ok((input, named))
    }
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    if name.bytes().all(word) && !name.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(fault::fault(
        400,
        "ValidationException",
        format!(
            "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: {PATTERN}"
        ),
    ))
}

/// The versions of an alias have to exist.
fn check_versions(world: &World, named: &Named, alias: &Alias) -> Result<(), ApiError> {
    for version in alias.versions() {
        named.at(version).get(world)?;
    }
    Ok(())
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let (input, named) = AliasInput::of(call)?;
    check_name(&input.name)?;
    let mut alias = Alias::new(input.changes.function_version.clone().unwrap_or_default());
    alias.change(input.changes)?;
    app.write(|world| {
        check_versions(world, &named, &alias)?;
        let aliases = &mut named.function_mut(world)?.aliases;
        if aliases.contains_key(&input.name) {
            return Err(fault::conflict(format!(
                "Alias already exists: {}",
                named.arn()
            )));
        }
        let shown = alias.described(&named);
        aliases.insert(input.name, alias);
        Ok(shown)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let (input, named) = AliasInput::of(call)?;
    app.read(|world| {
        let function = named.function(world);
        let alias = function.and_then(|function| function.aliases.get(&input.name));
        let alias = alias.ok_or_else(|| fault::alias_absent(&named.arn()))?;
        Ok(alias.described(&named))
    })
}

pub(super) fn update(app: &App, call: &Call) -> Answer {
    let (input, named) = AliasInput::of(call)?;
    app.write(|world| {
        let absent = || fault::not_found(format!("Alias not found: {}", named.arn()));
        let function = named.function(world).ok_or_else(absent)?;
        let mut alias = function
            .aliases
            .get(&input.name)
            .ok_or_else(absent)?
            .clone();
        let revision = input.revision_id;
        if revision.is_some_and(|revision| revision != alias.revision) {
            return Err(fault::stale_revision("GetFunction/GetAlias"));
        }
        alias.change(input.changes)?;
        check_versions(world, &named, &alias)?;
        let shown = alias.described(&named);
        let aliases = &mut named.function_mut(world)?.aliases;
        aliases.insert(input.name, alias);
        Ok(shown)
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    let named = Named::of_call(call, &input.function_name, None)?;
    let limit = input.max_items.unwrap_or(MOST_LISTED).min(MOST_LISTED);
    app.read(|world| {
        let function = named
            .function(world)
            .ok_or_else(|| fault::function_absent(&named.plain_arn()))?;
        let version = input.function_version.as_deref();
        let aliases = function.aliases.iter();
        let wanted = aliases.filter(|(_, alias)| version.is_none_or(|v| alias.leads_to(v)));
        let key = |(name, _): &(&String, &Alias)| (*name).clone();
        let Page { items, next } = page(wanted, key, input.marker.as_deref(), limit)
            .ok_or_else(|| fault::invalid_parameter("Invalid Marker"))?;
        let shown = items
            .into_iter()
            .map(|(name, alias)| alias.described(&named.at(name)));
        let shown: Vec<Value> = shown.collect();
        Ok(json!({ "Aliases": shown, "NextMarker": next }))
    })
}

/// One that is not there is as good as deleted (LocalStack's `test_non_existent_alias_deletion`).
pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let (input, named) = AliasInput::of(call)?;
    app.write(|world| {
        named.function_mut(world)?.aliases.remove(&input.name);
        empty()
    })
}
