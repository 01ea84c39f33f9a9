//! The contract between the wire layer and the services: a [`Call`] in, an [`Answer`] out.
//!
//! `input` and the answer are *canonical JSON*: object keys are the model's member names, blobs are
//! base64 strings, timestamps are epoch seconds as a number, whatever the protocol on the wire.
//! The wire layer has already checked required members, types, enums, lengths and patterns.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::sts::Caller;

/// The services served, named by their `SigV4` signing name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Service {
    Iam,
    Sts,
    Lambda,
    Logs,
    Cognito,
    ApiGateway,
    Tagging,
    CloudFront,
    CognitoIdentity,
    Waf,
    Route53,
    Acm,
}

impl Service {
    /// As in the actions of IAM policies: `iam`, `cognito-idp`, `tag`.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::Lambda => "lambda",
            Self::Logs => "logs",
            Self::Cognito => "cognito-idp",
            Self::ApiGateway => "apigateway",
            Self::Tagging => "tag",
            Self::CloudFront => "cloudfront",
            Self::CognitoIdentity => "cognito-identity",
            Self::Waf => "wafv2",
            Self::Route53 => "route53",
            Self::Acm => "acm",
        }
    }
}

/// One API call, parsed and checked against its model.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) service: Service,
    /// Operation name as in the model, e.g. `CreateFunction`.
    pub(crate) operation: String,
    /// Canonical JSON of the input shape (an object).
    pub(crate) input: Value,
    /// 12-digit account of the caller (from the access key; `000000000000` by default).
    pub(crate) account: String,
    /// The user, or the role that the caller has assumed; none: the account's root.
    pub(crate) caller: Option<Caller>,
    pub(crate) region: String,
    pub(crate) request_id: String,
}

/// What a service answers: canonical JSON of the output shape (an object), or an AWS error.
pub(crate) type Answer = Result<Value, ApiError>;

impl Call {
    /// The input as the service's own typed struct. A failure is a defect of the twin (the wire
    /// layer has checked the input), and is answered as an internal error that says so.
    pub(crate) fn input<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_value(self.input.clone()).map_err(|e| {
            ApiError::internal(format!("{}: input not understood: {e}", self.operation))
        })
    }

    /// The answer to an operation that the twin does not serve: it names the operation.
    pub(crate) fn not_served(&self) -> ApiError {
        ApiError::new(
            501,
            "NotImplementedException",
            format!(
                "labctl's local AWS does not serve {:?}.{}",
                self.service, self.operation
            ),
        )
    }
}

/// Turns a service's typed output into canonical JSON.
pub(crate) fn answer<T: Serialize>(output: T) -> Answer {
    serde_json::to_value(output).map_err(|e| ApiError::internal(e.to_string()))
}

/// Canonical JSON of an empty output.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands where an answer is wanted"
)]
pub(crate) fn empty() -> Answer {
    Ok(Value::Object(Map::new()))
}

/// An AWS error answer. `code` is the code on the wire (`NoSuchEntity`, `ResourceNotFoundException`).
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Further members of the modelled error shape, e.g. `Type` of Lambda's errors.
    pub(crate) members: Map<String, Value>,
    /// Further response headers, e.g. `Retry-After` (seconds).
    pub(crate) headers: Vec<(String, String)>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            members: Map::new(),
            headers: Vec::new(),
        }
    }

    /// Names the conditions of policies that the twin cannot evaluate, and that the refusal is due to.
    pub(crate) fn not_evaluated(mut self, conditions: &[String]) -> Self {
        if !conditions.is_empty() {
            let reason = format!("not evaluated: {}", conditions.join(", "));
            self.headers.push(("x-localaws-reason".to_owned(), reason));
        }
        self
    }

    /// A defect of the twin itself, never of the caller.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalFailure", message)
    }
}
