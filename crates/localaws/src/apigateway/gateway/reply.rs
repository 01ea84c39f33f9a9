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
}

impl Reply {
    fn gateway(status: u16, kind: &str, message: &str) -> Self {
        Self {
            status,
            headers: vec![("x-amzn-ErrorType".to_owned(), kind.to_owned())],
            body: json!({ "message": message }).to_string().into(),
        }
    }

    /// No such route: AWS supposes that a signature would have led to one.
    pub(super) fn missing_authentication_token() -> Self {
        let kind = "MissingAuthenticationTokenException";
        Self::gateway(403, kind, "Missing Authentication Token")
    }

    pub(super) fn forbidden() -> Self {
        Self::gateway(403, "ForbiddenException", "Forbidden")
    }

    pub(super) fn unauthorized() -> Self {
        Self::gateway(401, "UnauthorizedException", "Unauthorized")
    }

    pub(super) fn expired() -> Self {
        Self::gateway(
            401,
            "UnauthorizedException",
            "The incoming token has expired",
        )
    }

    pub(super) fn bad_request() -> Self {
        Self::gateway(400, "BadRequestException", "Bad Request")
    }

    pub(super) fn too_large() -> Self {
        Self::gateway(413, "RequestTooLargeException", "Request Too Long")
    }

    /// 500 when the gateway is set up wrongly, 502 when its backend is wrong.
    pub(super) fn internal(status: u16) -> Self {
        Self::gateway(
            status,
            "InternalServerErrorException",
            "Internal server error",
        )
    }

    pub(super) fn timed_out() -> Self {
        Self::gateway(
            504,
            "InternalServerErrorException",
            "Endpoint request timed out",
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
