//! `UpdateFunctionCode` and `UpdateFunctionConfiguration`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    code::{Code, Folder},
    configuration::Configuration,
    create::{Source, store},
    fault,
    function::LATEST,
    name::Named,
    settings::Changes,
};
use crate::{
    app::App,
    call::{Answer, Call, answer},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CodeInput {
    function_name: String,
    architectures: Option<Vec<String>>,
    revision_id: Option<String>,
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    dry_run: bool,
    #[serde(flatten)]
    source: Source,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigurationInput {
    function_name: String,
    revision_id: Option<String>,
    #[serde(flatten)]
    settings: Changes,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

pub(super) async fn code(app: &Arc<App>, call: &Call) -> Answer {
    let input: CodeInput = call.input()?;
    fault::refuse_rest("UpdateFunctionCode", &input.rest)?;
    let named = Named::of_call(call, &input.function_name, None)?;
    let zip = input.source.zip()?;
    let revision = input.revision_id.as_deref();
    let id = app.read(|world| {
        let found = named.get(world)?;
        found.version.may_change(&named, revision)?;
        Ok(found.function.id)
    })?;

    let new = store(app, id, zip).await?;
    let folder = Folder::of(&app.config.dir, id);
    if input.dry_run {
        folder.remove(&new);
        return app.read(|world| answer(named.get(world)?.described(&named)));
    }
    let updated = app.write(|world| {
        let function = named.get_mut(world)?;
        if function.id != id {
            // Deleted meanwhile, and made anew.
            return Err(fault::function_absent(&named.arn()));
        }
        let latest = &mut function.latest;
        latest.may_change(&named, revision)?;
        let previous = std::mem::replace(&mut latest.code, new.clone());
        if let Some(architectures) = input.architectures {
            latest.architectures = architectures;
        }
        latest.changed();
        let shown = if input.publish {
            named.at(&function.publish(None))
        } else {
            named.clone()
        };
        let used = function.versions().map(|(_, version)| version.code.clone());
        let kept: Vec<Code> = used.chain([previous]).collect();
        Ok((answer(shown.get(world)?.described(&shown))?, kept))
    });
    match updated {
        Ok((updated, kept)) => {
            app.runtime.end_version(&named.plain_arn(), LATEST);
            folder.keep(&kept);
            Ok(updated)
        }
        Err(refused) => {
            folder.remove(&new);
            Err(refused)
        }
    }
}

pub(super) fn configuration(app: &App, call: &Call) -> Answer {
    let input: ConfigurationInput = call.input()?;
    fault::refuse_rest("UpdateFunctionConfiguration", &input.rest)?;
    let named = Named::of_call(call, &input.function_name, None)?;
    let updated = app.write(|world| {
        let latest = named.get(world)?.version;
        latest.may_change(&named, input.revision_id.as_deref())?;
        let mut settings = latest.settings.clone();
        settings.apply(input.settings)?;
        settings.check_role(world, &call.account)?;
        let latest = &mut named.get_mut(world)?.latest;
        latest.settings = settings;
        latest.changed();
        answer(Configuration::of(&named, LATEST, latest))
    })?;
    app.runtime.end_version(&named.plain_arn(), LATEST);
    Ok(updated)
}
