//! IAM's errors. Texts are those that IAM is widely reported to give.

use crate::call::ApiError;

pub(super) type Result<T> = std::result::Result<T, ApiError>;

pub(super) fn exceeded(what: &str, quota: usize) -> ApiError {
    ApiError::new(
        409,
        "LimitExceeded",
        format!("Cannot exceed quota for {what}: {quota}"),
    )
}

pub(super) fn invalid_input(message: String) -> ApiError {
    ApiError::new(400, "InvalidInput", message)
}

pub(super) fn absent(message: String) -> ApiError {
    ApiError::new(404, "NoSuchEntity", message)
}
