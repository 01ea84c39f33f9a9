//! API Gateway's errors, in AWS's wording where it is known.

use crate::call::ApiError;

pub(super) fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "BadRequestException", message)
}

pub(super) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(409, "ConflictException", message)
}

/// `kind` as in `Resource`, `Stage`, `Deployment`.
pub(super) fn absent(kind: &str) -> ApiError {
    ApiError::new(
        404,
        "NotFoundException",
        format!("Invalid {kind} identifier specified"),
    )
}

pub(super) fn api_absent(account: &str, id: &str) -> ApiError {
    ApiError::new(
        404,
        "NotFoundException",
        format!("Invalid API identifier specified {account}:{id}"),
    )
}

/// A quota of the API is used up; AWS answers it as throttling.
pub(super) fn limit(kind: &str) -> ApiError {
    let message = format!(
        "Maximum number of {kind} for this API has been reached. \
         Please contact AWS if you need additional {kind}."
    );
    ApiError::new(429, "LimitExceededException", message)
}

/// AWS has it, the twin does not: better said than half done.
pub(super) fn not_served(what: &str) -> ApiError {
    ApiError::new(
        501,
        "NotImplementedException",
        format!("labctl's local AWS does not serve {what}"),
    )
}
