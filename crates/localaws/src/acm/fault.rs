//! ACM's errors. All are HTTP 400. Unsure of most texts; the codes are the model's.

use crate::call::ApiError;

pub(super) fn fault(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(400, code, message)
}

pub(super) fn absent(arn: &str) -> ApiError {
    let account = arn.split(':').nth(4).unwrap_or_default();
    fault(
        "ResourceNotFoundException",
        format!("Could not find certificate {arn} in account {account}."),
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
