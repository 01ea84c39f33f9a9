//! What may be in a function's environment variables.

use std::collections::BTreeMap;

use super::fault;
use crate::call::ApiError;

/// Bytes of all of them together.
const LIMIT: usize = 4096;

/// Set by Lambda itself.
const RESERVED: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

const UNABLE: &str = "Lambda was unable to configure your environment variables because the \
                      environment variables you have provided";

pub(super) fn check(variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let reserved: Vec<&str> = variables
        .keys()
        .map(String::as_str)
        .filter(|name| RESERVED.contains(name))
        .collect();
    if !reserved.is_empty() {
        return Err(fault::invalid_parameter(format!(
            "{UNABLE} contains reserved keys that are currently not supported for modification. \
             Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    // No process can have such a variable.
    if variables.values().any(|value| value.contains('\0')) {
        return Err(fault::invalid_parameter(format!(
            "{UNABLE} contains invalid characters."
        )));
    }
    // Measured as JSON (LocalStack's recordings `test_large_environment_…`). Unsure: the order of the names.
    let measured = serde_json::json!(variables).to_string();
    if measured.len() > LIMIT {
        return Err(fault::invalid_parameter(format!(
            "{UNABLE} exceeded the 4KB limit. String measured: {measured}"
        )));
    }
    Ok(())
}
