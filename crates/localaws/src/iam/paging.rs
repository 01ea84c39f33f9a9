//! IAM's pages.

use serde::Serialize;
use serde_json::{Value, json};

use super::fault::Result;
use crate::{
    call::ApiError,
    wire::page::{Page, page},
};

/// A page, as `Marker`, `IsTruncated` and the items under `name`.
pub(super) fn paged<T, O: Serialize>(
    name: &str,
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    show: impl Fn(T) -> O,
    marker: Option<&str>,
    max_items: Option<usize>,
) -> Result<Value> {
    let Page { items, next } = page(items, key, marker, max_items.unwrap_or(100))
        .ok_or_else(|| ApiError::new(400, "ValidationError", "Invalid Marker."))?;
    let items: Vec<O> = items.into_iter().map(show).collect();
    Ok(json!({ name: items, "IsTruncated": next.is_some(), "Marker": next }))
}
