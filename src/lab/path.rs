//! The key of a route: a method and a path.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    kinds::Text,
    problem::{Notes, quote},
    rules,
};

const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY",
];

/// Longer than any path of a lab. The paths above it count too, so that their lengths add up.
const MOST_BYTES: usize = 1024;

/// The paths so far. API Gateway takes one parameter below a path.
#[derive(Default)]
pub(super) struct Paths {
    all: BTreeSet<String>,
    parameters: BTreeMap<String, String>,
}

impl Paths {
    /// API Gateway's count of resources, `/` among them.
    pub(super) fn count(&self) -> usize {
        self.all.len() + 1
    }
}

/// `GET /demo` → method and path.
pub(super) fn method_and_path(
    key: &Text<rules::RouteKey>,
    paths: &mut Paths,
    notes: &Notes,
) -> Option<(String, String)> {
    let wrong = |message: String| -> Option<(String, String)> {
        let hint = "a route is a method and a path, like `GET /items/{id}`";
        notes.note(key.place, message, hint);
        None
    };
    let mut words = key.value.split_whitespace();
    let (Some(method), Some(path), None) = (words.next(), words.next(), words.next()) else {
        return wrong(format!("{} is not a route", quote(&key.value)));
    };
    if !METHODS.contains(&method) {
        let message = format!("{} is not a method", quote(method));
        notes.unknown(key.place, message, method, METHODS);
        return None;
    }
    let Some(rest) = path.strip_prefix('/') else {
        return wrong(format!("the path {} does not begin with `/`", quote(path)));
    };
    if path.len() > MOST_BYTES {
        let message = format!("{} is longer than {MOST_BYTES} bytes", quote(path));
        return wrong(message);
    }
    let parts: Vec<&str> = rest.split('/').filter(|_| !rest.is_empty()).collect();
    let mut parent = String::new();
    let mut parameters = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        if let Some(message) = wrong_part(part, i + 1 == parts.len()) {
            return wrong(message);
        }
        if let Some(name) = part.strip_prefix('{') {
            let name = name.trim_end_matches(['+', '}']);
            if parameters.contains(&name) {
                return wrong(format!(
                    "{} has the parameter {} twice",
                    quote(path),
                    quote(name)
                ));
            }
            parameters.push(name);
            let known = paths
                .parameters
                .entry(parent.clone())
                .or_insert_with(|| (*part).to_owned());
            if known != part {
                return wrong(format!(
                    "below {}, API Gateway takes one parameter: {} or {}",
                    quote(if parent.is_empty() { "/" } else { &parent }),
                    quote(known),
                    quote(part)
                ));
            }
        }
        parent = format!("{parent}/{part}");
        paths.all.insert(parent.clone());
    }
    Some((method.to_owned(), path.to_owned()))
}

/// What is wrong with a part of a path, if anything: text, `{name}`, or `{name+}` as the last part.
fn wrong_part(part: &str, last: bool) -> Option<String> {
    let plain = |text: &str, more: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c) || more.contains(c))
    };
    if let Some(inner) = part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        let (name, greedy) = inner
            .strip_suffix('+')
            .map_or((inner, false), |name| (name, true));
        if !plain(name, "") {
            return Some(format!(
                "{}: a parameter's name has letters, digits and `._-`",
                quote(part)
            ));
        }
        return (greedy && !last).then(|| {
            format!(
                "{} takes all that follows, so it must be the last part",
                quote(part)
            )
        });
    }
    if part.is_empty() {
        return Some("a part of the path is empty: no `//`, and no `/` at its end".to_owned());
    }
    (!plain(part, ":")).then(|| {
        format!(
            "{}: a path has letters, digits and `._-:`, or `{{parameters}}`",
            quote(part)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_paths() {
        for good in ["demo", "v1.0", "{id}", "a:b"] {
            assert_eq!(wrong_part(good, false), None, "{good}");
        }
        assert_eq!(wrong_part("{proxy+}", true), None);
        for bad in ["", "a b", "{}", "{a b}", "{proxy+}", "ä", "a/b", "{", "{+}"] {
            assert!(wrong_part(bad, false).is_some(), "{bad}");
        }
    }
}
