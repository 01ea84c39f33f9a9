//! What went wrong at AWS, sorted by what labctl can do about it.
//!
//! This is the only place that reads SDK errors: everything else matches on [`FaultKind`].

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
                fault.kind = sort(
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

    /// Whether the signature was refused for its time.
    fn is_of_clock(&self) -> bool {
        self.is_code("RequestTimeTooSkewed")
            || self.message.contains("Signature expired")
            || self.message.contains("Signature not yet current")
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

    /// Why this usually happens and what to do, for a person.
    pub fn usual_cause(&self) -> Option<String> {
        let text = match &self.kind {
            FaultKind::Denied => format!(
                "the credentials in use lack the permission `{}`; the README lists what labctl needs",
                self.operation
            ),
            FaultKind::Credentials if self.is_of_clock() => {
                "AWS refuses requests signed more than some minutes early or late; set this machine's clock, \
                 then the same command again".to_owned()
            }
            FaultKind::Credentials => {
                "the credentials are missing, wrong or expired; sign in again, or try `labctl up --local`".to_owned()
            }
            FaultKind::Throttled(_) => {
                "the account's request rate is used up, perhaps by other tools; run the same command again".to_owned()
            }
            FaultKind::Unreachable => "the endpoint does not answer; check the network and AWS_ENDPOINT_URL, \
                 or `labctl local status`".to_owned(),
            FaultKind::Unsure => {
                "the connection broke before AWS answered; the same command finds out what was done and goes on".to_owned()
            }
            FaultKind::Foreign => "it does not carry this lab's ownership tags, so labctl leaves it alone: choose another name in \
                 lab.yaml, remove it yourself, or `labctl up --adopt` (shows it and asks before it becomes the lab's)".to_owned(),
            FaultKind::NotYet(what) => format!("still waiting for {what}; run the same command again"),
            FaultKind::Other if self.code.as_deref().is_some_and(is_quota) => {
                "a quota of the account is used up; remove what is not needed, or ask AWS to raise it".to_owned()
            }
            FaultKind::Other if self.is_code("InvalidViewerCertificate") => {
                "CloudFront takes a certificate that ACM has issued in us-east-1, and that names the domain: see \
                 `edge.domain` in lab.yaml".to_owned()
            }
            FaultKind::Other if self.is_code("CNAMEAlreadyExists") => {
                "another distribution, perhaps of another account, has the domain: choose another in lab.yaml, or \
                 remove it there".to_owned()
            }
            FaultKind::Other if self.is_code("NoSuchHostedZone") => {
                "Route 53 has no such hosted zone in this account: see `edge.domain.zone` in lab.yaml".to_owned()
            }
            _ => return None,
        };
        Some(text)
    }
}

/// Codes of quotas; CloudFront has one for each of its own.
fn is_quota(code: &str) -> bool {
    code.starts_with("LimitExceeded")
        || code == "WAFLimitsExceededException"
        || code.starts_with("TooManyDistribution")
}

fn sort(code: &str, message: &str, status: u16, retry_after: Option<Duration>) -> FaultKind {
    match code {
        "NoSuchEntity"
        | "ResourceNotFoundException"
        | "NotFoundException"
        | "UserNotFoundException"
        | "NoSuchDistribution"
        | "WAFNonexistentItemException" => FaultKind::Absent,
        "InvalidParameterValueException" if message.contains("cannot be assumed by Lambda") => {
            FaultKind::NotYet("IAM to let Lambda assume the role".to_owned())
        }
        "ResourceConflictException"
            if message.contains("in progress") || message.contains("Pending") =>
        {
            FaultKind::NotYet("Lambda to finish an earlier change".to_owned())
        }
        "InvalidIdentityPoolConfigurationException" => {
            FaultKind::NotYet("IAM to let the identity pool assume its role".to_owned())
        }
        "ConcurrentModification"
        | "ConcurrentModificationException"
        | "OperationAbortedException" => {
            FaultKind::NotYet("AWS to finish another change of the same resource".to_owned())
        }
        "EntityAlreadyExists"
        | "ResourceConflictException"
        | "ResourceAlreadyExistsException"
        | "ConflictException"
        | "DuplicateProviderException"
        | "UsernameExistsException"
        | "DistributionAlreadyExists"
        | "WAFDuplicateItemException" => FaultKind::Exists,
        "WAFAssociatedItemException" => {
            FaultKind::NotYet("CloudFront to let go of the web ACL".to_owned())
        }
        "WAFUnavailableEntityException" => {
            FaultKind::NotYet("WAF to know what was just made".to_owned())
        }
        // API Gateway answers a duplicate authorizer name as a bad request (code not settled).
        "BadRequestException" if message.contains("must be unique") => FaultKind::Exists,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "PriorRequestNotComplete" => FaultKind::Throttled(retry_after),
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedException" => FaultKind::Denied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken" => FaultKind::Credentials,
        _ if status >= 500 && status != 501 => FaultKind::Unsure,
        _ => FaultKind::Other,
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
