//! `PublishVersion` and `ListVersionsByFunction`; deleting one version.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{code::Folder, configuration::Configuration, fault, function::LATEST, name::Named};
use crate::{
    app::App,
    call::{Answer, Call, answer},
    wire::page::{Page, page},
};

const MOST_LISTED: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PublishInput {
    function_name: String,
    #[serde(rename = "CodeSha256")]
    sha256: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    function_name: String,
    marker: Option<String>,
    max_items: Option<usize>,
}

/// What versions are sorted by: `$LATEST`, then by number.
pub(super) fn order(number: &str) -> String {
    match number {
        LATEST => String::new(),
        number => format!("{number:0>20}"),
    }
}

pub(super) fn publish(app: &App, call: &Call) -> Answer {
    let input: PublishInput = call.input()?;
    fault::refuse_rest("PublishVersion", &input.rest)?;
    let named = Named::of_call(call, &input.function_name, None)?;
    app.write(|world| {
        let function = named.get_mut(world)?;
        let latest = &function.latest;
        latest.may_change(&named, input.revision_id.as_deref())?;
        let current = &latest.code.sha256;
        if let Some(given) = input.sha256.filter(|given| given != current) {
            return Err(fault::invalid_parameter(format!(
                "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). Please try again with \
                 the CodeSHA256 in $LATEST."
            )));
        }
        let number = function.publish(input.description);
        let named = named.at(&number);
        let published = named.get(world)?;
        answer(published.described(&named))
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    let named = Named::of_call(call, &input.function_name, None)?.or_latest();
    let limit = input.max_items.unwrap_or(MOST_LISTED).min(MOST_LISTED);
    app.read(|world| {
        let function = named.get(world)?.function;
        let key = |(number, _): &(String, _)| order(number);
        let Page { items, next } = page(function.versions(), key, input.marker.as_deref(), limit)
            .ok_or_else(|| fault::invalid_parameter("Invalid Marker"))?;
        let listed = items.into_iter().map(|(number, version)| {
            answer(Configuration::listed(&named.at(&number), &number, version))
        });
        let listed: Vec<Value> = listed.collect::<Result<_, _>>()?;
        Ok(json!({ "Versions": listed, "NextMarker": next }))
    })
}

/// Deletes one version. One that is not there is as good as deleted (LocalStack's `test_delete_on_nonexisting_version`).
pub(super) fn delete(app: &App, named: &Named, number: &str) -> Answer {
    let deleted = app.write(|world| {
        let function = named.function_mut(world)?;
        let aliases = function.aliases_of(number);
        if !aliases.is_empty() {
            // Seen in many reports, such as karl-cardenas-coding/go-lambda-cleanup's issue 45.
            return Err(fault::conflict(format!(
                "Unable to delete version because the following aliases reference it: [{}]",
                aliases.join(", ")
            )));
        }
        let deleted = function.delete_version(number);
        let used = |code| {
            function
                .versions()
                .any(|(_, version)| version.code.id == code)
        };
        let unused = deleted.filter(|deleted| !used(deleted.code.id));
        Ok(unused.map(|version| (function.id, version.code)))
    })?;
    app.runtime.end_version(&named.plain_arn(), number);
    if let Some((id, code)) = deleted {
        Folder::of(&app.config.dir, id).remove(&code);
    }
    Ok(json!({ "StatusCode": 204 }))
}
