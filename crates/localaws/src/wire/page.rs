//! Paging by key: a token says behind which key the next page begins, so that it stays right when items
//! come and go.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// One page of a sorted list.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// For the next page; `None` on the last one.
    pub(crate) next: Option<String>,
}

/// The page of `limit` items behind `token`. `None`: not a token that this made.
pub(crate) fn page<T>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    token: Option<&str>,
    limit: usize,
) -> Option<Page<T>> {
    let behind = match token {
        Some(token) => Some(decode(token)?),
        None => None,
    };
    let mut rest = items
        .into_iter()
        .filter(|item| behind.as_ref().is_none_or(|behind| key(item) > *behind));
    let items: Vec<T> = rest.by_ref().take(limit).collect();
    let next = rest
        .next()
        .and(items.last())
        .map(|last| BASE64_URL_SAFE_NO_PAD.encode(key(last)));
    Some(Page { items, next })
}

fn decode(token: &str) -> Option<String> {
    BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let names = ["a", "b", "c"];
        let get = |token: Option<&str>| page(names, |n| (*n).to_owned(), token, 2);
        let first = get(None).expect("no token");
        assert_eq!(first.items, ["a", "b"]);
        let second = get(first.next.as_deref()).expect("its token");
        assert_eq!((second.items, second.next), (vec!["c"], None));
        assert!(get(Some("§")).is_none());
    }
}
