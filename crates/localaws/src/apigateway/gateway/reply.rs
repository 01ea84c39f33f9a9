//! Answers, and the gateway's own among them.

use hyper::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::json;

use super::exchange::Ids;
use crate::server::Response;

/// Headers that a backend cannot set: they are passed on under another name.
const REMAPPED: [&str; 10] = [
    "authorization",
    "connection",
    "content-length",
    "content-md5",
    "date",
    "host",
    "server",
    "user-agent",
    "via",
    "www-authenticate",
];
/// Headers of one connection: they are not passed on.
const DROPPED: [&str; 6] = [
    "expect",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// When the gateway itself answers: what an API may word anew (see `customize`).
    pub(super) refusal: Option<Refusal>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// As in `GatewayResponseType`.
    pub(super) response_type: &'static str,
    pub(super) message: Option<String>,
}

impl Reply {
    /// `kind` is for the header `x-amzn-ErrorType`.
    fn gateway(
        status: u16,
        response_type: &'static str,
        kind: &str,
        message: Option<&str>,
    ) -> Self {
        Self {
            status,
            headers: vec![("x-amzn-ErrorType".to_owned(), kind.to_owned())],
            body: json!({ "message": message }).to_string().into(),
            refusal: Some(Refusal {
                response_type,
                message: message.map(str::to_owned),
            }),
        }
    }

    /// No such route: AWS supposes that a signature would have led to one.
    pub(super) fn missing_authentication_token() -> Self {
        Self::gateway(
            403,
            "MISSING_AUTHENTICATION_TOKEN",
            "MissingAuthenticationTokenException",
            Some("Missing Authentication Token"),
        )
    }

    /// Of no API that could word it anew.
    pub(super) fn forbidden() -> Self {
        Self {
            refusal: None,
            ..Self::invalid_api_key()
        }
    }

    pub(super) fn invalid_api_key() -> Self {
        Self::gateway(
            403,
            "INVALID_API_KEY",
            "ForbiddenException",
            Some("Forbidden"),
        )
    }

    pub(super) fn blocked_by_waf() -> Self {
        let kind = "ForbiddenException";
        Self::gateway(403, "WAF_FILTERED", kind, Some("Forbidden"))
    }

    pub(super) fn unauthorized() -> Self {
        let kind = "UnauthorizedException";
        Self::gateway(401, "UNAUTHORIZED", kind, Some("Unauthorized"))
    }

    pub(super) fn expired() -> Self {
        let message = "The incoming token has expired";
        Self::gateway(401, "UNAUTHORIZED", "UnauthorizedException", Some(message))
    }

    /// Policies do not let the caller in. Here AWS writes `Message`.
    pub(super) fn access_denied(message: &str) -> Self {
        Self {
            body: json!({ "Message": message }).to_string().into(),
            ..Self::gateway(403, "ACCESS_DENIED", "AccessDeniedException", Some(message))
        }
    }

    /// A Lambda authorizer that cannot be asked, or that answers with no policy: AWS says no more.
    pub(super) fn authorizer_configuration() -> Self {
        Self::gateway(
            500,
            "AUTHORIZER_CONFIGURATION_ERROR",
            "AuthorizerConfigurationException",
            None,
        )
    }

    /// A signature that is not taken. `kind` as in the header.
    pub(super) fn not_signed(kind: &str, message: &str) -> Self {
        let response_type = match kind {
            "ExpiredTokenException" => "EXPIRED_TOKEN",
            "InvalidSignatureException" => "INVALID_SIGNATURE",
            _ => "DEFAULT_4XX",
        };
        Self::gateway(403, response_type, kind, Some(message))
    }

    pub(super) fn throttled() -> Self {
        let kind = "TooManyRequestsException";
        Self::gateway(429, "THROTTLED", kind, Some("Too Many Requests"))
    }

    pub(super) fn quota_exceeded() -> Self {
        let kind = "LimitExceededException";
        Self::gateway(429, "QUOTA_EXCEEDED", kind, Some("Limit Exceeded"))
    }

    pub(super) fn bad_request() -> Self {
        let kind = "BadRequestException";
        Self::gateway(400, "DEFAULT_4XX", kind, Some("Bad Request"))
    }

    /// Refused before it reached any API, so that none can word it anew: plain text. Source of the texts and of the
    /// status for bodies: clients' reports, "HTTP content length exceeded 10485760 bytes." Unsure of the status for
    /// headers.
    pub(super) fn too_large(message: &str) -> Self {
        Self {
            status: 413,
            headers: vec![("Content-Type".to_owned(), "text/plain".to_owned())],
            body: message.into(),
            refusal: None,
        }
    }

    /// What an authorizer would have to look at is too long. Unsure of the header.
    pub(super) fn uri_too_long() -> Self {
        let kind = "BadRequestException";
        Self::gateway(414, "DEFAULT_4XX", kind, Some("Request URI too long"))
    }

    /// 500 when the gateway is set up wrongly, 502 when its backend is wrong.
    pub(super) fn internal(status: u16) -> Self {
        let response_type = match status {
            500 => "API_CONFIGURATION_ERROR",
            _ => "DEFAULT_5XX",
        };
        Self::gateway(
            status,
            response_type,
            "InternalServerErrorException",
            Some("Internal server error"),
        )
    }

    pub(super) fn timed_out() -> Self {
        Self::gateway(
            504,
            "INTEGRATION_TIMEOUT",
            "InternalServerErrorException",
            Some("Endpoint request timed out"),
        )
    }

    /// Tells what only this machine is to blame for; AWS has no such header.
    pub(super) fn because(mut self, reason: &str) -> Self {
        let plain = |c: char| if c.is_ascii_graphic() { c } else { ' ' };
        self.headers.push((
            "x-localaws-reason".to_owned(),
            reason.chars().map(plain).collect(),
        ));
        self
    }

    /// Names the conditions of policies that the twin cannot evaluate, and that the refusal is due to.
    pub(super) fn not_evaluated(self, conditions: &[String]) -> Self {
        if conditions.is_empty() {
            return self;
        }
        let conditions = conditions.join(", ");
        self.because(&format!(
            "labctl's local AWS does not evaluate {conditions} in policies; it does not let in on such a statement"
        ))
    }

    /// Sets a header that the backend gave.
    pub(super) fn pass_on(&mut self, name: &str, value: String) {
        let lower = name.to_ascii_lowercase();
        if DROPPED.contains(&lower.as_str()) {
            return;
        }
        let name = if REMAPPED.contains(&lower.as_str()) {
            format!("x-amzn-Remapped-{name}")
        } else {
            name.to_owned()
        };
        self.headers.push((name, value));
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    pub(super) fn response(self, ids: &Ids) -> Response {
        let mut response = Response::new(self.body.into());
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let own = [
            ("x-amzn-RequestId".to_owned(), ids.request_id.clone()),
            ("x-amz-apigw-id".to_owned(), ids.extended_request_id.clone()),
        ];
        let headers = response.headers_mut();
        for (name, value) in self.headers.into_iter().chain(own) {
            // What no header can hold is left out.
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                headers.append(name, value);
            }
        }
        if !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        response
    }
}
