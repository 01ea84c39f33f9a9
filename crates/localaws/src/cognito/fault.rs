//! Cognito's errors, in AWS's wording where it is known. All are HTTP 400.

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

pub(super) fn incorrect_password() -> ApiError {
    not_authorized("Incorrect username or password.")
}

pub(super) fn pool_absent(id: &str) -> ApiError {
    fault(
        "ResourceNotFoundException",
        format!("User pool {id} does not exist."),
    )
}

pub(super) fn client_absent(id: &str) -> ApiError {
    fault(
        "ResourceNotFoundException",
        format!("User pool client {id} does not exist."),
    )
}

pub(super) fn user_absent() -> ApiError {
    fault("UserNotFoundException", "User does not exist.")
}

/// AWS has it, the twin does not: better said than half done.
pub(super) fn not_served(what: &str) -> ApiError {
    ApiError::new(
        501,
        "NotImplementedException",
        format!("labctl's local AWS does not serve {what}"),
    )
}

/// Refuses what is given but not served.
pub(super) fn not_served_if(given: bool, what: &str) -> Result<(), ApiError> {
    if given { Err(not_served(what)) } else { Ok(()) }
}
