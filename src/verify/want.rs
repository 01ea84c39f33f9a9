//! What an answer must be, and how it is told.

use crate::aws::Answer;

/// What a request must answer.
#[derive(Clone, Copy)]
pub(super) enum Want<'w> {
    /// 401 with exactly API Gateway's body.
    Unauthorized,
    /// 200, and this body when it is known.
    Ok(Option<&'w str>),
    /// 403, for this reason.
    Refused(&'w str),
    /// A preflight's answer: no content.
    Empty,
    /// This status, whatever the body.
    Status(u16),
}

const UNAUTHORIZED: &str = r#"{"message":"Unauthorized"}"#;
impl Want<'_> {
    /// What can be wanted of a request over HTTP: an answer to HEAD has no body (RFC 9110), so that only its status
    /// counts.
    pub(super) fn over_http(self, method: &str) -> Self {
        if method != "HEAD" {
            return self;
        }
        Self::Status(match self {
            Self::Unauthorized => 401,
            Self::Refused(_) => 403,
            Self::Empty => 204,
            Self::Ok(_) => 200,
            Self::Status(status) => status,
        })
    }

    pub(super) fn holds(&self, answer: &Answer) -> bool {
        match self {
            Self::Unauthorized => answer.status == 401 && answer.body == UNAUTHORIZED,
            // The case of the message's name and of its words differs from reason to reason.
            Self::Refused(why) => {
                let body = answer.body.to_lowercase();
                answer.status == 403 && body.contains(&why.to_lowercase())
            }
            Self::Empty => answer.status == 204 && answer.body.is_empty(),
            Self::Status(status) => answer.status == *status,
            Self::Ok(body) => answer.status == 200 && body.is_none_or(|b| answer.body == b),
        }
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Unauthorized => format!("401 {UNAUTHORIZED}"),
            Self::Ok(Some(body)) => format!("200 {body}"),
            Self::Ok(None) => "200".to_owned(),
            Self::Refused(why) => format!("403 {why}"),
            Self::Empty => "204".to_owned(),
            Self::Status(status) => status.to_string(),
        }
    }
}

/// A path that fits a route: parameters get a value.
pub(super) fn example_path(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|p| if p.starts_with('{') { "example" } else { p });
    parts.collect::<Vec<_>>().join("/")
}

/// What a person can read of a body.
pub(super) fn short(body: &str) -> String {
    let mut text: String = body
        .chars()
        .take(200)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if body.chars().count() > 200 {
        text.push('…');
    }
    text
}

/// `ANY` is asked by GET.
pub(super) fn http_method(method: &str) -> &str {
    if method == "ANY" { "GET" } else { method }
}
