//! `Marker` and `MaxItems`: a marker is the key of the last item of the page before.

use serde::Deserialize;

use super::fault;
use crate::call::ApiError;

const MOST: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Paging {
    pub(super) marker: Option<String>,
    /// A number, though the model has it as a text.
    max_items: Option<String>,
}

pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
    pub(super) max_items: usize,
}

impl Paging {
    /// A page of what is sorted by key. Unsure: the answer to a number that is none.
    pub(super) fn page<T>(
        &self,
        all: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> &str,
    ) -> Result<Page<T>, ApiError> {
        let max_items = match self.max_items.as_deref() {
            None | Some("") => MOST,
            Some(text) => text
                .parse()
                .ok()
                .filter(|n| (1..=MOST).contains(n))
                .ok_or_else(|| fault::invalid_argument("The parameter MaxItems is invalid."))?,
        };
        let behind = self.marker.as_deref().unwrap_or_default();
        let mut rest = all.into_iter().filter(|item| key(item) > behind);
        let items: Vec<T> = rest.by_ref().take(max_items).collect();
        let next = rest
            .next()
            .and(items.last())
            .map(|last| key(last).to_owned());
        Ok(Page {
            items,
            next,
            max_items,
        })
    }
}
