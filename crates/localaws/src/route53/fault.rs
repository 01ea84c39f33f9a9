//! Route 53's errors, in AWS's wording where it is known.

use crate::call::ApiError;

pub(super) fn fault(status: u16, code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(status, code, message)
}

pub(super) fn invalid_input(message: impl Into<String>) -> ApiError {
    fault(400, "InvalidInput", message)
}

pub(super) fn no_such_zone(id: &str) -> ApiError {
    fault(
        404,
        "NoSuchHostedZone",
        format!("No hosted zone found with ID: {id}"),
    )
}

/// AWS has it, the twin does not: better said than half done.
pub(super) fn not_served(what: &str) -> ApiError {
    fault(
        501,
        "NotImplementedException",
        format!("labctl's local AWS does not serve {what}"),
    )
}
