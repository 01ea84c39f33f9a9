//! `CloudFront`'s errors, in AWS's wording where it is known.

use crate::call::ApiError;

pub(super) fn fault(status: u16, code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(status, code, message)
}

pub(super) fn invalid_argument(message: impl Into<String>) -> ApiError {
    fault(400, "InvalidArgument", message)
}

pub(super) fn no_such_distribution() -> ApiError {
    fault(
        404,
        "NoSuchDistribution",
        "The specified distribution does not exist.",
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
