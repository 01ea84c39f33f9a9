//! The errors of identity pools, in AWS's wording where it is known. All are HTTP 400.

use crate::call::ApiError;

pub(super) fn fault(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(400, code, message)
}

pub(super) fn invalid_parameter(message: impl Into<String>) -> ApiError {
    fault("InvalidParameterException", message)
}

pub(super) fn not_authorized(message: impl Into<String>) -> ApiError {
    fault("NotAuthorizedException", message)
}

pub(super) fn pool_absent(id: &str) -> ApiError {
    fault(
        "ResourceNotFoundException",
        format!("IdentityPool '{id}' not found."),
    )
}

pub(super) fn identity_absent(id: &str) -> ApiError {
    fault(
        "ResourceNotFoundException",
        format!("Identity '{id}' not found."),
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
