//! WAF's errors, in AWS's wording where it is known. All are HTTP 400.

use serde_json::{Value, json};

use crate::call::ApiError;

fn fault(code: &str, message: &str) -> ApiError {
    ApiError::new(400, code, message)
}

/// `field` and `parameter` say what is meant; the text has all three.
pub(super) fn invalid(reason: &str, field: &str, parameter: &str) -> ApiError {
    let message = format!("Error reason: {reason}, field: {field}, parameter: {parameter}");
    let mut error = fault("WAFInvalidParameterException", &message);
    for (name, text) in [
        ("Field", field),
        ("Parameter", parameter),
        ("Reason", reason),
    ] {
        let unless_empty: Value = if text.is_empty() {
            Value::Null
        } else {
            json!(text)
        };
        error.members.insert(name.to_owned(), unless_empty);
    }
    error
}

/// Of an ARN that cannot be what it has to be.
pub(super) fn invalid_arn(arn: &str) -> ApiError {
    let reason = "The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons \
                  or slashes.";
    invalid(reason, "RESOURCE_ARN", arn)
}

pub(super) fn absent() -> ApiError {
    fault(
        "WAFNonexistentItemException",
        "AWS WAF couldn’t perform the operation because your resource doesn’t exist.",
    )
}

pub(super) fn duplicate() -> ApiError {
    fault(
        "WAFDuplicateItemException",
        "AWS WAF couldn’t perform the operation because some resource in your request is a duplicate of an existing one.",
    )
}

pub(super) fn optimistic_lock() -> ApiError {
    fault(
        "WAFOptimisticLockException",
        "AWS WAF couldn’t save your changes because someone changed the resource after you started to edit it. Reapply \
         your changes.",
    )
}

pub(super) fn associated() -> ApiError {
    fault(
        "WAFAssociatedItemException",
        "AWS WAF couldn’t perform the operation because your resource is being used by another resource or it’s \
         associated with another resource.",
    )
}

pub(super) fn limits_exceeded() -> ApiError {
    fault(
        "WAFLimitsExceededException",
        "AWS WAF couldn’t perform the operation because you exceeded your resource limit.",
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
