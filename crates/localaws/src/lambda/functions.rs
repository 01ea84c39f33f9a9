//! Reading, listing and deleting functions.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    code::Folder, configuration::Configuration, fault, function::LATEST, name::Named, versions,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer},
    wire::page::{Page, page},
};

/// AWS gives no more at once, whatever is asked for.
const MOST_LISTED: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamedInput {
    function_name: String,
    qualifier: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    marker: Option<String>,
    max_items: Option<usize>,
    /// `ALL`: published versions too.
    function_version: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The function that a call's `FunctionName` and `Qualifier` name.
pub(super) fn named(call: &Call) -> Result<Named, ApiError> {
    let input: NamedInput = call.input()?;
    Named::of_call(call, &input.function_name, input.qualifier.as_deref())
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let named = named(call)?;
    app.read(|world| {
        let found = named.get(world)?;
        let folder = Folder::of(&app.config.dir, found.function.id);
        let zip = folder.zip(&found.version.code);
        let zip = std::path::absolute(&zip).unwrap_or(zip);
        let mut output = json!({
            "Configuration": answer(found.described(&named))?,
            "Code": {"RepositoryType": "S3", "Location": format!("file://{}", zip.display())},
        });
        let tags = &found.function.tags;
        if !tags.is_empty() {
            output["Tags"] = answer(tags)?;
        }
        Ok(output)
    })
}

pub(super) fn configuration(app: &App, call: &Call) -> Answer {
    let named = named(call)?;
    app.read(|world| answer(named.get(world)?.described(&named)))
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    fault::refuse_rest("ListFunctions", &input.rest)?;
    let limit = input.max_items.unwrap_or(MOST_LISTED).min(MOST_LISTED);
    app.read(|world| {
        let region = world
            .accounts
            .get(&call.account)
            .and_then(|account| account.regions.get(&call.region));
        let all = input.function_version.is_some();
        let functions = region.into_iter().flat_map(|r| &r.lambda.functions);
        let versions = functions.flat_map(|(name, function)| {
            let shown = move |(number, _): &(String, _)| all || number == LATEST;
            let versions = function.versions().filter(shown);
            versions.map(move |(number, version)| (name, number, version))
        });
        // No name has a space.
        let key = |(name, number, _): &(&String, String, _)| {
            format!("{name} {}", versions::order(number))
        };
        let Page { items, next } = page(versions, key, input.marker.as_deref(), limit)
            .ok_or_else(|| fault::invalid_parameter("Invalid Marker"))?;
        let listed = items.into_iter().map(|(name, number, version)| {
            let named = Named::of_call(call, name, all.then_some(number.as_str()))?;
            answer(Configuration::listed(&named, &number, version))
        });
        let listed: Vec<Value> = listed.collect::<Result<_, _>>()?;
        Ok(json!({ "Functions": listed, "NextMarker": next }))
    })
}

/// Code is never signed here.
pub(super) fn code_signing(app: &App, call: &Call) -> Answer {
    let named = named(call)?;
    app.read(|world| {
        named.get(world)?;
        Ok(json!({ "FunctionName": named.name }))
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let named = named(call)?;
    if named.is_latest() {
        return Err(fault::invalid_parameter(
            "$LATEST version cannot be deleted without deleting the function.",
        ));
    }
    if named.is_alias() {
        return Err(fault::invalid_parameter(
            "Deletion of aliases is not currently supported.",
        ));
    }
    if let Some(number) = named.qualifier() {
        return versions::delete(app, &named, number);
    }
    let function = app.write(|world| {
        let functions = &mut world.region(&call.account, &call.region).lambda.functions;
        functions
            .remove(&named.name)
            .ok_or_else(|| fault::function_absent(&named.arn()))
    })?;
    app.runtime.end(&named.plain_arn());
    Folder::of(&app.config.dir, function.id).delete();
    Ok(json!({ "StatusCode": 204 }))
}

pub(super) fn account_settings(app: &App, call: &Call) -> Value {
    let (count, size) = app.read(|world| {
        let region = world
            .accounts
            .get(&call.account)
            .and_then(|account| account.regions.get(&call.region));
        let functions = region.into_iter().flat_map(|r| r.lambda.functions.values());
        let sizes = functions.map(|f| f.versions().map(|(_, v)| v.code.size).sum::<usize>());
        sizes.fold((0, 0), |(count, size), more| (count + 1, size + more))
    });
    json!({
        "AccountLimit": {
            "TotalCodeSize": 80_530_636_800_u64,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": 1000,
            "UnreservedConcurrentExecutions": 1000,
        },
        "AccountUsage": {"FunctionCount": count, "TotalCodeSize": size},
    })
}
