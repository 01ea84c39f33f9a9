//! Whether a web ACL lets a request in.

use std::net::IpAddr;

use hyper::HeaderMap;

use super::{
    memory::{Bucket, Memory},
    rule::{
        Action, AggregateKey, ByteMatch, Fallback, Position, RateBased, Rules, Statement,
        TransformationKind,
    },
};

/// What rules see of a request.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) headers: &'a HeaderMap,
    /// Where it comes from.
    pub(crate) address: &'a str,
    /// Two letters, if it is known.
    pub(crate) country: Option<&'a str>,
}

/// Rules in their order: the first one with Allow or Block that matches decides, or else the default.
pub(super) fn lets_in(rules: &Rules, acl: &str, seen: &Seen, memory: &Memory) -> bool {
    let deciding = rules.rules.iter().find_map(|rule| {
        let matches = match &rule.statement {
            Statement::RateBased(it) => too_often(it, (acl, &rule.name), seen, memory),
            statement => holds(statement, seen),
        };
        (matches && rule.action != Action::Count {}).then_some(rule.action)
    });
    deciding.unwrap_or(rules.default_action) == Action::Allow {}
}

/// Whether a statement holds that counts nothing.
fn holds(statement: &Statement, seen: &Seen) -> bool {
    match statement {
        Statement::ByteMatch(it) => byte_match(it, seen.headers),
        Statement::GeoMatch(it) => seen.country.is_some_and(|country| {
            let mut codes = it.country_codes.iter();
            codes.any(|code| code.eq_ignore_ascii_case(country))
        }),
        Statement::And(it) => it.statements.iter().all(|inner| holds(inner, seen)),
        Statement::Or(it) => it.statements.iter().any(|inner| holds(inner, seen)),
        Statement::Not(it) => !holds(&it.statement, seen),
        // It is never inside of another.
        Statement::RateBased(_) => false,
    }
}

/// A header that is not there matches nothing. Unsure of one that is there several times: each value is looked at.
fn byte_match(it: &ByteMatch, headers: &HeaderMap) -> bool {
    let lower = it
        .text_transformations
        .iter()
        .any(|t| t.kind == TransformationKind::Lowercase);
    let mut values = headers
        .get_all(&it.field_to_match.single_header.name)
        .iter();
    values.any(|value| {
        let value = if lower {
            value.as_bytes().to_ascii_lowercase()
        } else {
            value.as_bytes().to_vec()
        };
        is_at(it.positional_constraint, &value, &it.search_string)
    })
}

fn is_at(position: Position, value: &[u8], wanted: &[u8]) -> bool {
    let mut places = (0..=value.len().saturating_sub(wanted.len()))
        .filter(|start| value.get(*start..start + wanted.len()) == Some(wanted));
    match position {
        Position::Exactly => value == wanted,
        Position::StartsWith => value.starts_with(wanted),
        Position::EndsWith => value.ends_with(wanted),
        Position::Contains => places.next().is_some(),
        Position::ContainsWord => {
            let is_word = |at: Option<usize>| {
                let byte = at.and_then(|at| value.get(at));
                byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
            };
            places
                .any(|start| !is_word(start.checked_sub(1)) && !is_word(Some(start + wanted.len())))
        }
    }
}

/// Whether there were more requests like this one than the limit, in the window that ends now. AWS estimates the
/// number, and takes some ten seconds to know it; here it is exact, and known at once.
fn too_often(it: &RateBased, rule: (&str, &str), seen: &Seen, memory: &Memory) -> bool {
    let inside = |inner: &Statement| holds(inner, seen);
    if !it.scope_down_statement.as_ref().is_none_or(inside) {
        return false;
    }
    let key = match (it.aggregate_key_type, &it.forwarded_ip_config) {
        (AggregateKey::Ip, _) => seen.address.to_owned(),
        (AggregateKey::Constant, _) => String::new(),
        (AggregateKey::ForwardedIp, None) => return false,
        (AggregateKey::ForwardedIp, Some(config)) => match seen.headers.get(&config.header_name) {
            // The rule is for those that have the header.
            None => return false,
            Some(value) => {
                let first = value
                    .to_str()
                    .ok()
                    .and_then(|value| value.split(',').next());
                match first.and_then(|first| first.trim().parse::<IpAddr>().ok()) {
                    Some(address) => address.to_string(),
                    None => return config.fallback_behavior == Fallback::Match,
                }
            }
        },
    };
    let bucket = Bucket {
        acl: rule.0.to_owned(),
        rule: rule.1.to_owned(),
        window: it.evaluation_window_sec,
        key,
    };
    memory.count(bucket) > it.limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions() {
        for (position, value, wanted, holds) in [
            (Position::Exactly, "abc", "abc", true),
            (Position::Exactly, "abcd", "abc", false),
            (Position::StartsWith, "abcd", "abc", true),
            (Position::EndsWith, "zabc", "abc", true),
            (Position::EndsWith, "abcd", "abc", false),
            (Position::Contains, "zabcd", "abc", true),
            (Position::Contains, "ab", "abc", false),
            (Position::ContainsWord, "z abc-d", "abc", true),
            (Position::ContainsWord, "zabc abc_d", "abc", false),
        ] {
            let found = is_at(position, value.as_bytes(), wanted.as_bytes());
            assert_eq!(found, holds, "{position:?} {value} {wanted}");
        }
    }
}
