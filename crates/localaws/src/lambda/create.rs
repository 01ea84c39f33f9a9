//! `CreateFunction`.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    code::{Code, Folder},
    configuration::Configuration,
    fault,
    function::{Function, LATEST},
    name::Named,
    settings::{Changes, Settings},
    tags::check_tags,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer},
    ids::FileId,
    world::World,
};

const LONGEST_NAME: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateInput {
    function_name: String,
    code: Source,
    #[serde(default = "x86_64")]
    architectures: Vec<String>,
    #[serde(default = "zip")]
    package_type: String,
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(flatten)]
    settings: Changes,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Where the code comes from: `FunctionCode` of the model, and part of `UpdateFunctionCode`'s input.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Source {
    zip_file: Option<String>,
    s3_bucket: Option<String>,
    image_uri: Option<String>,
    #[serde(rename = "SourceKMSKeyArn")]
    key: Option<String>,
}

impl Source {
    /// The zip in base64.
    pub(super) fn zip(self) -> Result<String, ApiError> {
        match self {
            Self {
                s3_bucket: Some(_), ..
            } => Err(fault::not_served("code of a Lambda function from S3")),
            Self {
                image_uri: Some(_), ..
            } => Err(fault::not_served("container images of Lambda")),
            Self { key: Some(_), .. } => {
                Err(fault::not_served("encrypted code of a Lambda function"))
            }
            Self {
                zip_file: Some(zip),
                ..
            } => Ok(zip),
            Self { .. } => Err(fault::invalid_parameter(
                "Please provide a source for function code.",
            )),
        }
    }
}

fn x86_64() -> Vec<String> {
    vec!["x86_64".to_owned()]
}

fn zip() -> String {
    "Zip".to_owned()
}

/// Unpacks code off the threads that serve.
pub(super) async fn store(app: &Arc<App>, function: FileId, zip: String) -> Result<Code, ApiError> {
    let (app, folder) = (Arc::clone(app), Folder::of(&app.config.dir, function));
    tokio::task::spawn_blocking(move || {
        let code = folder.store(&zip)?;
        app.runtime.checked.note(&folder, &code);
        Ok(code)
    })
    .await
    .map_err(|e| ApiError::internal(e.to_string()))?
}

pub(super) async fn create(app: &Arc<App>, call: &Call) -> Answer {
    let input: CreateInput = call.input()?;
    fault::refuse_rest("CreateFunction", &input.rest)?;
    if input.package_type != "Zip" {
        return Err(fault::not_served("container images of Lambda"));
    }
    let named = Named::of_call(call, &input.function_name, None)?;
    if named.name.len() > LONGEST_NAME {
        // Not the code that what breaks the model has (LocalStack's recording `test_function_arns`).
        return Err(fault::invalid_parameter(format!(
            "1 validation error detected: Value '{}' at 'functionName' failed to satisfy \
                 constraint: Member must have length less than or equal to {LONGEST_NAME}",
            named.name
        )));
    }
    if named.qualifier().is_some() && !named.is_latest() {
        return Err(fault::function_absent(&named.arn()));
    }
    check_tags(&input.tags)?;
    let settings = Settings::new(&named.name, input.settings)?;
    let zip = input.code.zip()?;
    let possible = |world: &World| {
        settings.check_role(world, &call.account)?;
        match named.function(world) {
            Some(_) => Err(fault::conflict(format!(
                "Function already exist: {}",
                named.name
            ))),
            None => Ok(()),
        }
    };
    app.read(possible)?;

    let id = FileId::new();
    let code = store(app, id, zip).await?;
    let created = app.write(|world| {
        possible(world)?;
        let mut function =
            Function::new(id, settings.clone(), input.architectures, code, input.tags);
        let number = if input.publish {
            function.publish(None)
        } else {
            LATEST.to_owned()
        };
        let created = function.version(&number);
        let created = answer(created.map(|v| Configuration::of(&named, &number, v)))?;
        let state = &mut world.region(&call.account, &call.region).lambda;
        state.functions.insert(named.name.clone(), function);
        Ok(created)
    });
    if created.is_err() {
        Folder::of(&app.config.dir, id).delete();
    }
    created
}
