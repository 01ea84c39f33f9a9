//! What went wrong with a call, sorted by what the engine can do about it.

use std::time::Duration;

/// Sorted by what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// It is not there: success for a delete.
    Absent,
    /// Something with that name is there already.
    Exists,
    /// The call was based on a version that is no longer the current one: read again, then write.
    Stale,
    /// Not possible yet; the text says what is being waited for ("IAM to let Lambda assume the role").
    NotYet(String),
    /// Too many calls; the cloud may say how long to wait.
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

/// One failed call (or wait).
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Fault {
    /// What can be done about it.
    pub kind: FaultKind,
    /// `service:Operation`, e.g. `iam:CreateRole`.
    pub operation: String,
    /// The cloud's error code, e.g. `AccessDenied`.
    pub code: Option<String>,
    /// The cloud's message, or what happened to the connection.
    pub message: String,
    /// The cloud's request id, for its support.
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

    /// The answer lacks a member that the model promises.
    pub fn missing(operation: &str, member: &str) -> Self {
        Self::new(
            FaultKind::Other,
            operation,
            format!("the answer has no `{member}`"),
        )
    }

    /// labctl could not put a request together: its own mistake, not the cloud's.
    pub fn defect(operation: &str, error: impl std::fmt::Display) -> Self {
        let message =
            format!("labctl made a request that cannot be sent ({error}): please report this");
        Self::new(FaultKind::Other, operation, message)
    }

    /// Fields of a `title` (what a person calls the kind) that cannot be changed in place.
    pub fn cannot_change(title: &str, name: &str, fields: &str) -> Self {
        Self::new(
            FaultKind::Other,
            format!("change of {title} {name}"),
            format!(
                "{fields} cannot be changed on a {title} that exists: run `labctl down`, then `labctl up`"
            ),
        )
    }

    /// A kind of which strangers' things are never made ours.
    pub fn cannot_adopt(title: &str) -> Self {
        Self::new(
            FaultKind::Other,
            format!("adoption of a {title}"),
            "it carries no ownership tags",
        )
    }

    /// Something that takes its own time took too long; `what` completes "waiting for …".
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

    /// Whether the cloud's code is `code`.
    pub fn is_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
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
