//! Reading, listing and deleting functions.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{code::Folder, fault, name::Named};
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
    /// `ALL`; there is but one version.
    #[serde(rename = "FunctionVersion")]
    _function_version: Option<String>,
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
        let function = named.get(world)?;
        let zip = Folder::of(&app.config.dir, function.id).zip(&function.code);
        let zip = std::path::absolute(&zip).unwrap_or(zip);
        let mut output = json!({
            "Configuration": answer(function.described(&named))?,
            "Code": {"RepositoryType": "S3", "Location": format!("file://{}", zip.display())},
        });
        if !function.tags.is_empty() {
            output["Tags"] = answer(&function.tags)?;
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
        let functions = region.into_iter().flat_map(|r| &r.lambda.functions);
        let Page { items, next } = page(
            functions,
            |(name, _)| (*name).clone(),
            input.marker.as_deref(),
            limit,
        )
        .ok_or_else(|| fault::invalid_parameter("Invalid Marker"))?;
        let listed = items.into_iter().map(|(name, function)| {
            let named = Named::of_call(call, name, None)?;
            answer(function.listed(&named))
        });
        let listed: Vec<Value> = listed.collect::<Result<_, _>>()?;
        Ok(json!({ "Functions": listed, "NextMarker": next }))
    })
}

/// There is but `$LATEST`.
pub(super) fn versions(app: &App, call: &Call) -> Answer {
    let named = named(call)?.or_latest();
    app.read(|world| {
        let latest = answer(named.get(world)?.listed(&named))?;
        Ok(json!({ "Versions": [latest] }))
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
    if named.is_qualified() {
        // A version that is not there is as good as deleted (LocalStack's `test_delete_on_nonexisting_version`).
        let plain = named.without_qualifier();
        app.read(|world| plain.get(world).map(|_| ()))?;
        return Ok(json!({ "StatusCode": 204 }));
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
        functions.fold((0, 0), |(count, size), f| (count + 1, size + f.code.size))
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
