//! What went wrong at AWS, sorted by what labctl can do about it.
//!
//! This is the only place that reads SDK errors: everything else matches on [`FaultKind`]. `sort` says what AWS's
//! codes mean to labctl, `hint` what they mean to a person.

mod hint;
mod sort;

use std::{error::Error as StdError, io, time::Duration};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::resource::Kind;

/// Sorted by what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// It is not there: success for a delete.
    Absent,
    /// Something with that name is there already.
    Exists,
    /// The call was based on a version that is no longer the current one: read again, then write
    /// (see [`super::Cx::optimistic`]).
    Stale,
    /// Not possible yet; the text says what is being waited for ("IAM to let Lambda assume the role").
    NotYet(String),
    /// Too many calls; AWS may say how long to wait.
    Throttled(Option<Duration>),
    /// The caller lacks a permission.
    Denied,
    /// Credentials are missing, wrong or expired.
    Credentials,
    /// The call may or may not have been carried out (time-out, reset, 5xx).
    Unsure,
    /// The endpoint could not be reached: certainly not carried out.
    Unreachable,
    /// A stranger holds our name.
    Foreign,
    /// The run was interrupted before the call was sent.
    Interrupted,
    /// Anything else: final.
    Other,
}

/// One failed AWS call (or wait).
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Fault {
    /// What can be done about it.
    pub kind: FaultKind,
    /// `service:Operation`, e.g. `iam:CreateRole`.
    pub operation: String,
    /// AWS's error code, e.g. `AccessDenied`.
    pub code: Option<String>,
    /// AWS's message, or what happened to the connection.
    pub message: String,
    /// AWS's request id, for its support.
    pub request_id: Option<String>,
}

impl Fault {
    /// A fault that labctl found itself.
    pub fn new(kind: FaultKind, operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind,
            operation: operation.into(),
            code: None,
            message: message.into(),
            request_id: None,
        }
    }

    /// AWS answered without a member that the model promises.
    pub fn missing(operation: &str, member: &str) -> Self {
        Self::new(
            FaultKind::Other,
            operation,
            format!("the answer has no `{member}`"),
        )
    }

    /// labctl could not put a request together: its own mistake, not AWS's.
    pub fn defect(operation: &str, error: impl std::fmt::Display) -> Self {
        let message =
            format!("labctl made a request that cannot be sent ({error}): please report this");
        Self::new(FaultKind::Other, operation, message)
    }

    /// A field that this kind cannot change in place.
    pub fn cannot_change(kind: Kind, name: &str, fields: &str) -> Self {
        Self::new(
            FaultKind::Other,
            format!("change of {} {name}", kind.title()),
            format!(
                "{fields} cannot be changed on a {} that exists: run `labctl down`, then `labctl up`",
                kind.title()
            ),
        )
    }

    /// A kind of which strangers' things are never made ours.
    pub fn cannot_adopt(kind: Kind) -> Self {
        Self::new(
            FaultKind::Other,
            format!("adoption of a {}", kind.title()),
            "it carries no ownership tags",
        )
    }

    /// Something that AWS finishes on its own time took too long; `what` completes "waiting for …".
    pub fn too_late(what: &str, limit: Duration) -> Self {
        Self::new(
            FaultKind::NotYet(what.to_owned()),
            what,
            format!("not after {} s", limit.as_secs()),
        )
    }

    /// A stranger holds our name.
    pub fn foreign(operation: &str, seen: impl Into<String>) -> Self {
        Self::new(FaultKind::Foreign, operation, seen)
    }

    /// The same fault, sorted differently.
    #[must_use]
    pub fn with_kind(mut self, kind: FaultKind) -> Self {
        self.kind = kind;
        self
    }

    /// Whether AWS's code is `code`.
    pub fn is_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Sorts an SDK error of `operation`.
    pub fn from_sdk<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let mut fault = Self::new(FaultKind::Other, operation, chain(error));
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

    fn sentence(&self) -> String {
        let mut text = self.operation.clone();
        text.push_str(": ");
        if let Some(code) = &self.code {
            text.push_str(code);
            text.push_str(": ");
        }
        text.push_str(&self.message);
        if let Some(id) = &self.request_id {
            text.push_str(&format!(" (request id {id})"));
        }
        text
    }
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
