//! Pages of what is listed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::fault;
use crate::call::ApiError;

/// One page of a map, in key order; the token is the last key seen.
pub(super) fn page<'a, T>(
    entries: impl Iterator<Item = (&'a String, &'a T)>,
    limit: usize,
    token: Option<&str>,
) -> Result<(Vec<&'a T>, Option<String>), ApiError> {
    let after = token
        .map(|token| {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok();
            bytes
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| fault::invalid_parameter("Invalid pagination token."))
        })
        .transpose()?;
    let mut rest = entries.skip_while(|(key, _)| after.as_ref().is_some_and(|after| *key <= after));
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let next = rest
        .next()
        .and(page.last())
        .map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
    Ok((page.into_iter().map(|(_, value)| value).collect(), next))
}

/// The answer with its paging token, which the last page lacks.
pub(super) fn with_token(mut answer: Value, member: &str, token: Option<String>) -> Value {
    if let (Some(object), Some(token)) = (answer.as_object_mut(), token) {
        object.insert(member.to_owned(), token.into());
    }
    answer
}
