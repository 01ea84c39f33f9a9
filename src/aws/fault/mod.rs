//! What went wrong at AWS, sorted by what labctl can do about it.
//!
//! This is the only place that reads SDK errors: everything else matches on [`FaultKind`]. `sort` says what AWS's
//! codes mean to labctl, `hint` what they mean to a person.

mod hint;
mod sort;

use std::{error::Error as StdError, io, time::Duration};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub use hint::usual_cause;
pub use labengine::{Fault, FaultKind};

/// Sorts an SDK error of `operation`.
pub(super) fn from_sdk<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let mut fault = Fault::new(FaultKind::Other, operation, chain(error));
    match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            fault.code = meta.code().map(str::to_owned);
            meta.message()
                .unwrap_or("(no message)")
                .clone_into(&mut fault.message);
            fault.request_id = meta.extra("aws_request_id").map(str::to_owned);
            let status = service.raw().status().as_u16();
            let retry_after = service
                .raw()
                .headers()
                .get("retry-after")
                .and_then(|v| v.parse().ok())
                .map(Duration::from_secs);
            fault.kind = sort::sort(
                operation,
                fault.code.as_deref().unwrap_or(""),
                &fault.message,
                status,
                retry_after,
            );
        }
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => {
            fault.kind = FaultKind::Unsure;
        }
        // In doubt it was sent: only what surely never left may be called unreachable.
        SdkError::DispatchFailure(_) => {
            fault.kind = if refused(error) || fault.message.contains("(Connect)") {
                FaultKind::Unreachable
            } else if fault.message.contains("credentials") {
                FaultKind::Credentials
            } else {
                FaultKind::Unsure
            };
        }
        _ if fault.message.contains("credentials") => fault.kind = FaultKind::Credentials,
        _ => {}
    }
    fault
}

/// The whole chain of causes: an SDK error alone says only "service error".
pub(super) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(e) = next {
        let text = e.to_string();
        if !texts.iter().any(|t| t.contains(&text)) {
            texts.push(text);
        }
        next = e.source();
    }
    texts.join(": ")
}

fn refused(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(e) = next {
        if let Some(io) = e.downcast_ref::<io::Error>()
            && io.kind() == io::ErrorKind::ConnectionRefused
        {
            return true;
        }
        next = e.source();
    }
    false
}
