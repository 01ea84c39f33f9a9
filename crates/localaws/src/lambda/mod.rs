//! Lambda: functions, their resource policies, and real handlers in warm local processes.
//!
//! `function`, `code` and `policy` are what is kept, with AWS's rules; `create`, `update`, `functions`,
//! `permissions`, `tags` and `invoke` are the operations on them; `runtime` runs handlers.

mod alias;
mod aliases;
mod code;
mod configuration;
mod create;
mod environment;
mod fault;
mod function;
mod functions;
mod invoke;
mod logging;
mod name;
mod permissions;
mod policy;
mod runtime;
mod settings;
mod tags;
#[cfg(test)]
mod tests;
mod update;
mod url;
mod version;
mod versions;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

pub(crate) use self::{
    invoke::{InvokeRefusal, Invoked, Invoker, invoke},
    runtime::Runtime,
    url::{is_url, serve as serve_url},
};
use crate::{
    app::App,
    call::{Answer, Call},
    world::World,
};

/// The functions of one region of an account.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By name.
    functions: BTreeMap<String, function::Function>,
}

impl State {
    /// The functions' ARNs and tags, for the tagging API.
    pub(crate) fn tagged(
        &self,
        account: &str,
        region: &str,
    ) -> Vec<(String, BTreeMap<String, String>)> {
        self.functions
            .iter()
            .map(|(name, function)| (name::arn(account, region, name), function.tags.clone()))
            .collect()
    }
}

/// What runs the functions here, by their runtimes: the interpreter's path and version, whether handlers are isolated, and
/// in words how that differs from Lambda.
pub(crate) async fn runtimes(app: &Arc<App>) -> serde_json::Value {
    let launches: BTreeMap<String, runtime::Launch> = app.read(|world| {
        let regions = world.accounts.iter().flat_map(|(account, kept)| {
            kept.regions
                .iter()
                .map(move |(region, kept)| (account, region, kept))
        });
        regions
            .flat_map(|(account, region, kept)| {
                kept.lambda
                    .functions
                    .iter()
                    .flat_map(move |(name, function)| {
                        let named = name::Named::new(account, region, name);
                        function.versions().map(move |(number, version)| {
                            let found = name::Found {
                                function,
                                number,
                                version,
                            };
                            (
                                version.settings.runtime.clone(),
                                runtime::Launch::of(app, &named, &found),
                            )
                        })
                    })
            })
            .collect()
    });
    let mut shown = serde_json::Map::new();
    for (runtime, launch) in launches {
        shown.insert(runtime, app.runtime.described(app, &launch).await);
    }
    shown.into()
}

/// The functions of a world, and where the code is that runs for them.
pub(crate) fn handlers(dir: &Path, world: &World) -> Vec<(String, PathBuf)> {
    let functions = world
        .regions()
        .flat_map(|(_, _, region)| &region.lambda.functions);
    let handlers = functions.flat_map(|(name, function)| {
        let folder = code::Folder::of(dir, function.id);
        let versions = function.versions();
        versions.map(move |(_, version)| (name.clone(), folder.unpacked(&version.code)))
    });
    let mut handlers: Vec<_> = handlers.collect();
    handlers.dedup();
    handlers
}

/// Ends the processes of functions that went with their account, and deletes their code.
pub(crate) fn forget(app: &App, account: &str, region: &str, state: &State) {
    for (name, function) in &state.functions {
        app.runtime.end(&name::arn(account, region, name));
        code::Folder::of(&app.config.dir, function.id).delete();
    }
}

pub(crate) async fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateFunction" => create::create(app, call).await,
        "GetFunction" => functions::get(app, call),
        "GetFunctionConfiguration" => functions::configuration(app, call),
        "ListFunctions" => functions::list(app, call),
        "PublishVersion" => versions::publish(app, call),
        "ListVersionsByFunction" => versions::list(app, call),
        "CreateAlias" => aliases::create(app, call),
        "GetAlias" => aliases::get(app, call),
        "UpdateAlias" => aliases::update(app, call),
        "ListAliases" => aliases::list(app, call),
        "DeleteAlias" => aliases::delete(app, call),
        "GetFunctionCodeSigningConfig" => functions::code_signing(app, call),
        "DeleteFunction" => functions::delete(app, call),
        "GetAccountSettings" => Ok(functions::account_settings(app, call)),
        "UpdateFunctionCode" => update::code(app, call).await,
        "UpdateFunctionConfiguration" => update::configuration(app, call),
        "AddPermission" => permissions::add(app, call),
        "RemovePermission" => permissions::remove(app, call),
        "GetPolicy" => permissions::get(app, call),
        "Invoke" => invoke::operation(app, call).await,
        "CreateFunctionUrlConfig" => url::operations::create(app, call),
        "GetFunctionUrlConfig" => url::operations::get(app, call),
        "UpdateFunctionUrlConfig" => url::operations::update(app, call),
        "DeleteFunctionUrlConfig" => url::operations::delete(app, call),
        "ListFunctionUrlConfigs" => url::operations::list(app, call),
        "TagResource" => tags::tag(app, call),
        "UntagResource" => tags::untag(app, call),
        "ListTags" => tags::list(app, call),
        _ => Err(call.not_served()),
    }
}
