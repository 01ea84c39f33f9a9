//! What an answer must be, and how it is told.

use crate::aws::Answer;

/// What a request must answer.
pub(super) enum Want<'w> {
    /// 401 with exactly API Gateway's body.
    Unauthorized,
    /// 200, and this body when it is known.
    Ok(Option<&'w str>),
}

const UNAUTHORIZED: &str = r#"{"message":"Unauthorized"}"#;
impl Want<'_> {
    pub(super) fn holds(&self, answer: &Answer) -> bool {
        match self {
            Self::Unauthorized => answer.status == 401 && answer.body == UNAUTHORIZED,
            Self::Ok(body) => answer.status == 200 && body.is_none_or(|b| answer.body == b),
        }
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Unauthorized => format!("401 {UNAUTHORIZED}"),
            Self::Ok(Some(body)) => format!("200 {body}"),
            Self::Ok(None) => "200".to_owned(),
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
pub(super) fn http_method(method: &str) -> &'static str {
    match method {
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "GET",
    }
}
