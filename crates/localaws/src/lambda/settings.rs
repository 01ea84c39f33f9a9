//! What `CreateFunction` and `UpdateFunctionConfiguration` share, with AWS's rules and defaults.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{environment, fault};
use crate::{call::ApiError, world::World};

const LONGEST: u32 = 900;
const MOST_MEMORY: u32 = 10_240;
/// Runtimes in which AWS makes no new functions.
const RETIRED: [&str; 13] = [
    "nodejs",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
];

/// The members that are given; the others stay as they are.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Changes {
    role: Option<String>,
    runtime: Option<String>,
    handler: Option<String>,
    description: Option<String>,
    timeout: Option<u32>,
    memory_size: Option<u32>,
    environment: Option<Environment>,
    ephemeral_storage: Option<EphemeralStorage>,
    tracing_config: Option<TracingConfig>,
    logging_config: Option<LoggingChanges>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Settings {
    pub(super) role: String,
    pub(super) runtime: String,
    pub(super) handler: String,
    description: String,
    /// Seconds.
    pub(super) timeout: u32,
    /// MB.
    pub(super) memory_size: u32,
    /// Answered when it was given, empty too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    environment: Option<Environment>,
    ephemeral_storage: EphemeralStorage,
    tracing_config: TracingConfig,
    pub(super) logging_config: LoggingConfig,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Environment {
    pub(super) variables: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EphemeralStorage {
    size: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TracingConfig {
    #[serde(default = "pass_through")]
    mode: String,
}

fn pass_through() -> String {
    "PassThrough".to_owned()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct LoggingChanges {
    log_format: Option<String>,
    log_group: Option<String>,
    application_log_level: Option<String>,
    system_log_level: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LoggingConfig {
    log_format: String,
    pub(super) log_group: String,
}

impl Settings {
    pub(super) fn describe(&mut self, description: Option<String>) {
        set(&mut self.description, description);
    }

    /// MB of `/tmp`.
    pub(super) fn storage(&self) -> u32 {
        self.ephemeral_storage.size
    }

    /// The settings of a new function.
    pub(super) fn new(name: &str, changes: Changes) -> Result<Self, ApiError> {
        let (Some(runtime), Some(handler)) = (&changes.runtime, &changes.handler) else {
            return Err(fault::invalid_parameter(
                "Runtime and Handler are mandatory parameters for functions created with \
                 deployment packages.",
            ));
        };
        let mut settings = Self {
            role: String::new(),
            runtime: runtime.clone(),
            handler: handler.clone(),
            description: String::new(),
            timeout: 3,
            memory_size: 128,
            environment: None,
            ephemeral_storage: EphemeralStorage { size: 512 },
            tracing_config: TracingConfig {
                mode: pass_through(),
            },
            logging_config: LoggingConfig {
                log_format: "Text".to_owned(),
                log_group: format!("/aws/lambda/{name}"),
            },
        };
        settings.apply(changes)?;
        Ok(settings)
    }

    pub(super) fn apply(&mut self, changes: Changes) -> Result<(), ApiError> {
        changes.check()?;
        set(&mut self.role, changes.role);
        set(&mut self.runtime, changes.runtime);
        set(&mut self.handler, changes.handler);
        set(&mut self.description, changes.description);
        set(&mut self.timeout, changes.timeout);
        set(&mut self.memory_size, changes.memory_size);
        self.environment = changes.environment.or(self.environment.take());
        set(&mut self.ephemeral_storage, changes.ephemeral_storage);
        set(&mut self.tracing_config, changes.tracing_config);
        if let Some(logging) = changes.logging_config {
            set(&mut self.logging_config.log_group, logging.log_group);
        }
        Ok(())
    }

    /// What the function's own environment variables are.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&String, &String)> {
        self.environment.iter().flat_map(|given| &given.variables)
    }

    /// Whether Lambda may work in the function's role.
    pub(super) fn check_role(&self, world: &World, account: &str) -> Result<(), ApiError> {
        if self.role.split(':').nth(4) != Some(account) {
            let message = "Cross-account pass role is not allowed.";
            return Err(fault::fault(403, "AccessDeniedException", message));
        }
        let assumed = world
            .accounts
            .get(account)
            .is_some_and(|a| a.iam.can_assume(&self.role, "lambda.amazonaws.com"));
        if !assumed {
            return Err(fault::invalid_parameter(
                "The role defined for the function cannot be assumed by Lambda.",
            ));
        }
        Ok(())
    }
}

fn set<T>(field: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *field = given;
    }
}

impl Changes {
    fn check(&self) -> Result<(), ApiError> {
        if let Some(runtime) = &self.runtime {
            check_runtime(runtime)?;
        }
        if let Some(timeout) = self.timeout.filter(|timeout| *timeout > LONGEST) {
            return Err(fault::fault(
                400,
                "ValidationException",
                format!(
                    "1 validation error detected: Value '{timeout}' at 'timeout' failed to satisfy \
                     constraint: Member must have value less than or equal to {LONGEST}"
                ),
            ));
        }
        if self.memory_size.is_some_and(|size| size > MOST_MEMORY) {
            return Err(fault::invalid_parameter(format!(
                "'MemorySize' value failed to satisfy constraint: Member must have value less than \
                 or equal to {MOST_MEMORY}"
            )));
        }
        if let Some(environment) = &self.environment {
            environment::check(&environment.variables)?;
        }
        if let Some(logging) = &self.logging_config {
            let json = logging.log_format.as_deref() == Some("JSON");
            let levels =
                logging.application_log_level.is_some() || logging.system_log_level.is_some();
            if json {
                return Err(fault::not_served(
                    "LogFormat JSON of Lambda's LoggingConfig",
                ));
            }
            if levels {
                return Err(fault::invalid_parameter(
                    "To configure log levels, you must set the LogFormat to JSON.",
                ));
            }
        }
        Ok(())
    }
}

fn check_runtime(runtime: &str) -> Result<(), ApiError> {
    if RETIRED.contains(&runtime) {
        return Err(fault::invalid_parameter(format!(
            "The runtime parameter of {runtime} is no longer supported for creating or updating AWS \
             Lambda functions. We recommend you use a supported runtime while creating or updating \
             functions."
        )));
    }
    if !runtime.starts_with("python") && !runtime.starts_with("nodejs") {
        return Err(fault::not_served(&format!(
            "Lambda's runtime {runtime}: handlers run in Python and Node.js"
        )));
    }
    Ok(())
}
