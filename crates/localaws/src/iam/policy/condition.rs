//! Conditions of statements, as far as the twin knows what they ask about.

use std::{collections::BTreeMap, net::IpAddr};

use serde_json::Value;

use super::decide::glob;

/// Holds, or does not, or cannot be told here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Held {
    No,
    Unknown,
    Yes,
}

impl Held {
    /// Both: the weaker one.
    pub(super) fn and(self, other: Self) -> Self {
        self.min(other)
    }
}

impl From<bool> for Held {
    fn from(held: bool) -> Self {
        if held { Self::Yes } else { Self::No }
    }
}

/// What a request is asked with: condition key (small letters) → values. A key without values is known to be
/// absent; of a key that is not here, nothing is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    pub(crate) fn with(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.0
            .insert(key.to_ascii_lowercase(), values.into_iter().collect());
        self
    }

    /// Puts in the values of policy variables (`${aws:userid}`). `None`: one of them is not known.
    pub(super) fn expand(&self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            let (name, after) = behind.split_once('}')?;
            out.push_str(before);
            out.push_str(match name {
                "*" | "?" | "$" => name,
                name => match self.0.get(&name.to_ascii_lowercase())?.as_slice() {
                    [value] => value,
                    _ => return None,
                },
            });
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }

    /// Whether a `Condition` block holds. What could not be told is added to `unknown`: keys, or operators.
    pub(super) fn holds(&self, block: &Value, unknown: &mut Vec<String>) -> Held {
        let Value::Object(operators) = block else {
            unknown.push("Condition".to_owned());
            return Held::Unknown;
        };
        let mut held = Held::Yes;
        for (operator, keys) in operators {
            let Value::Object(keys) = keys else {
                unknown.push(operator.clone());
                return Held::Unknown;
            };
            for (key, wanted) in keys {
                let one = self.one(operator, key, &texts(wanted));
                if one == Held::Unknown {
                    let known = self.0.contains_key(&key.to_ascii_lowercase());
                    unknown.push(if known { operator } else { key }.clone());
                }
                held = held.and(one);
            }
        }
        held
    }

    fn one(&self, operator: &str, key: &str, wanted: &[String]) -> Held {
        let (set, base) = match operator.split_once(':') {
            Some((set, base)) => (Some(set), base),
            None => (None, operator),
        };
        let (base, if_exists) = match base.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (base, false),
        };
        let Some(given) = self.0.get(&key.to_ascii_lowercase()) else {
            return Held::Unknown;
        };
        if base == "Null" {
            return Held::from(wanted.iter().any(|w| w == "true") == given.is_empty());
        }
        let (negated, base) = match base.split_once("Not") {
            Some((kind, what)) => (true, format!("{kind}{what}")),
            None => (false, base.to_owned()),
        };
        if given.is_empty() {
            return Held::from(if_exists || negated || set == Some("ForAllValues"));
        }
        let Some(wanted) = wanted
            .iter()
            .map(|w| self.expand(w))
            .collect::<Option<Vec<String>>>()
        else {
            return Held::Unknown;
        };
        let Some(matches) = matcher(&base) else {
            return Held::Unknown;
        };
        let fits = |value: &String| wanted.iter().any(|wanted| matches(wanted, value)) != negated;
        Held::from(match set {
            // A key with several values needs a set operator; without one AWS looks at the only value.
            None | Some("ForAllValues") => given.iter().all(fits),
            Some("ForAnyValue") => given.iter().any(fits),
            Some(_) => return Held::Unknown,
        })
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// How an operator compares what is wanted with what is given. Numbers and dates are not compared.
fn matcher(base: &str) -> Option<fn(&str, &str) -> bool> {
    Some(match base {
        "StringEquals" => |wanted, given| wanted == given,
        "StringEqualsIgnoreCase" => |wanted, given| wanted.eq_ignore_ascii_case(given),
        "StringLike" => glob,
        "ArnEquals" | "ArnLike" => arn_like,
        "Bool" => |wanted, given| wanted.eq_ignore_ascii_case(given),
        "IpAddress" => within,
        _ => return None,
    })
}

/// Each of the six parts by itself: a `*` does not reach over a colon.
fn arn_like(pattern: &str, arn: &str) -> bool {
    let (patterns, parts) = (pattern.splitn(6, ':'), arn.splitn(6, ':'));
    patterns.clone().count() == parts.clone().count()
        && patterns
            .zip(parts)
            .all(|(pattern, part)| glob(pattern, part))
}

/// Whether an address is in a block such as `203.0.113.0/24`.
fn within(block: &str, address: &str) -> bool {
    let (base, bits) = match block.split_once('/') {
        Some((base, bits)) => (base, bits.parse().ok()),
        None => (block, Some(128)),
    };
    let (Ok(base), Ok(address), Some(bits)) = (base.parse(), address.parse(), bits) else {
        return false;
    };
    let same = |a: &[u8], b: &[u8]| {
        let bits: usize = bits;
        a.iter().zip(b).enumerate().all(|(n, (a, b))| {
            let kept = u32::try_from(bits.saturating_sub(n * 8).min(8)).unwrap_or(8);
            let mask = u8::try_from((0xff00_u32 >> kept) & 0xff).unwrap_or(0xff);
            a & mask == b & mask
        })
    };
    match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => same(&base.octets(), &address.octets()),
        (IpAddr::V6(base), IpAddr::V6(address)) => same(&base.octets(), &address.octets()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn held(block: Value) -> (Held, Vec<String>) {
        let one = |text: &str| [text.to_owned()];
        let context = Context::default()
            .with("aws:SourceIp", one("127.0.0.1"))
            .with("aws:PrincipalArn", one("arn:aws:iam::111122223333:role/r"))
            .with("aws:userid", one("AROA:s"))
            .with("sts:ExternalId", [])
            .with("amr", ["a".to_owned(), "b".to_owned()]);
        let mut unknown = Vec::new();
        (context.holds(&block, &mut unknown), unknown)
    }

    #[test]
    fn what_is_known_is_compared() {
        for (block, expected) in [
            (
                json!({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}),
                Held::Yes,
            ),
            (
                json!({"IpAddress": {"AWS:sourceip": ["10.0.0.0/8", "127.0.0.1"]}}),
                Held::Yes,
            ),
            (
                json!({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}),
                Held::No,
            ),
            (
                json!({"IpAddress": {"aws:SourceIp": "128.0.0.0/1"}}),
                Held::No,
            ),
            (json!({"IpAddress": {"aws:SourceIp": "::/0"}}), Held::No),
            (
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}),
                Held::Yes,
            ),
            (json!({"ArnLike": {"aws:PrincipalArn": "*"}}), Held::No),
            (
                json!({"StringNotLike": {"aws:PrincipalArn": "*role/r"}}),
                Held::No,
            ),
            (json!({"StringEquals": {"sts:ExternalId": "x"}}), Held::No),
            (
                json!({"StringEqualsIfExists": {"sts:ExternalId": "x"}}),
                Held::Yes,
            ),
            (
                json!({"StringNotEquals": {"sts:ExternalId": "x"}}),
                Held::Yes,
            ),
            (json!({"Null": {"sts:ExternalId": true}}), Held::Yes),
            (json!({"Null": {"aws:SourceIp": "true"}}), Held::No),
            (json!({"ForAnyValue:StringLike": {"amr": "b*"}}), Held::Yes),
            (json!({"ForAllValues:StringLike": {"amr": "b*"}}), Held::No),
            (
                json!({"StringEquals": {"aws:userid": "${aws:userid}"}}),
                Held::Yes,
            ),
            // All of them have to hold.
            (
                json!({"StringLike": {"aws:userid": "*:s"}, "Bool": {"sts:ExternalId": "true"}}),
                Held::No,
            ),
        ] {
            assert_eq!(held(block.clone()).0, expected, "{block}");
        }
    }

    #[test]
    fn what_is_not_known_is_told() {
        for (block, what) in [
            (
                json!({"StringEquals": {"aws:PrincipalOrgID": "o"}}),
                "aws:PrincipalOrgID",
            ),
            (
                json!({"Null": {"aws:MultiFactorAuthAge": "true"}}),
                "aws:MultiFactorAuthAge",
            ),
            (
                json!({"NumericLessThan": {"aws:userid": "1"}}),
                "NumericLessThan",
            ),
            (
                json!({"Nonsense:StringLike": {"aws:userid": "1"}}),
                "Nonsense:StringLike",
            ),
            (
                json!({"StringLike": {"aws:userid": "${aws:other}"}}),
                "StringLike",
            ),
            (json!(1), "Condition"),
            (json!({"StringLike": 1}), "StringLike"),
        ] {
            let expected = (Held::Unknown, vec![what.to_owned()]);
            assert_eq!(held(block.clone()), expected, "{block}");
        }
    }
}
