//! Lambda's errors, in AWS's wording where it is known.

use serde_json::{Map, Value};

use crate::call::ApiError;

pub(super) fn fault(status: u16, code: &str, message: impl Into<String>) -> ApiError {
    let mut error = ApiError::new(status, code, message);
    error.members.insert("Type".to_owned(), Value::from("User"));
    error
}

pub(super) fn invalid_parameter(message: impl Into<String>) -> ApiError {
    fault(400, "InvalidParameterValueException", message)
}

pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    fault(404, "ResourceNotFoundException", message)
}

pub(super) fn function_absent(arn: &str) -> ApiError {
    not_found(format!("Function not found: {arn}"))
}

pub(super) fn alias_absent(arn: &str) -> ApiError {
    not_found(format!("Cannot find alias arn: {arn}"))
}

pub(super) fn conflict(message: impl Into<String>) -> ApiError {
    fault(409, "ResourceConflictException", message)
}

/// `api` tells the right one: `GetFunction/GetAlias`, `GetPolicy`.
pub(super) fn stale_revision(api: &str) -> ApiError {
    fault(
        412,
        "PreconditionFailedException",
        format!(
            "The Revision Id provided does not match the latest Revision Id. Call the {api} API to retrieve the latest \
             Revision Id"
        ),
    )
}

/// AWS has it, the twin does not: better said than half done.
pub(super) fn not_served(what: &str) -> ApiError {
    ApiError::new(
        501,
        "NotImplementedException",
        format!("labctl's local AWS does not serve {what}"),
    )
}

/// Refuses the members that no struct has taken, unless they say nothing (`{}`, `[]`, `false`).
pub(super) fn refuse_rest(operation: &str, rest: &Map<String, Value>) -> Result<(), ApiError> {
    match rest.iter().find(|(_, value)| !says_nothing(value)) {
        Some((member, _)) => Err(not_served(&format!("{member} of Lambda's {operation}"))),
        None => Ok(()),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(_) => false,
        Value::String(text) => text.is_empty() || text == "None",
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(says_nothing),
    }
}
