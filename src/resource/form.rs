//! What the values of a state look like, checked as they are read: they become parts of URLs, and name what is deleted.
//!
//! Wider than AWS's own rules, so that emulators' ids are taken, but nothing that could lead elsewhere.

use std::path::{Component, PathBuf};

use labfiles::{OWN, is_unruly, shown};
use serde::{Deserialize, Deserializer, de::Error};

type Read<'de, D> = Result<String, <D as Deserializer<'de>>::Error>;

/// Stands for an id that AWS has yet to make, while labctl foresees a run. It is taken in place of every id.
pub(crate) const NEW: &str = "(new)";

fn read<'de, D: Deserializer<'de>>(
    from: D,
    good: impl Fn(&str) -> bool,
    what: &str,
) -> Read<'de, D> {
    let text = String::deserialize(from)?;
    if good(&text) || text == NEW {
        return Ok(text);
    }
    Err(D::Error::custom(format!("{} is not {what}", shown(&text))))
}

macro_rules! forms {
    ($($(#[$doc:meta])* $name:ident: $good:expr, $what:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name<'de, D: Deserializer<'de>>(from: D) -> Read<'de, D> {
            read(from, $good, $what)
        }
    )*};
}

forms! {
    /// Of an API, a client, a distribution, a zone and the like; also a method, a status, a stage's name.
    id: is_id, "an id (up to 128 letters, digits, `-` and `_`)";
    user_pool_id: is_user_pool_id, "a user pool's id, like us-east-1_AbCdEfGhI";
    identity_pool_id: is_identity_pool_id, "an identity pool's id: a region, `:` and a UUID";
    arn: is_arn, "an ARN";
    cloudfront_domain: is_cloudfront_domain, "a domain name of CloudFront, like d111111abcdef8.cloudfront.net";
    domain_name: is_domain_name, "a domain name";
    /// Of a role and the like.
    name: is_name, "a name (up to 128 letters, digits and `_+=,.@-`)";
    name_or_arn: |text| is_name(text) || is_arn(text), "a policy's name or ARN";
    path: is_path, "a route's path, like /demo";
    /// Without a form of its own: never a part of a URL.
    text: is_text, "a text (up to 2048 characters, no control characters)";
    account: is_account, "an account's id (12 digits)";
    region: is_region, "a region, like us-east-1";
}

/// Of AWS's calls, when they do not go to AWS.
pub(crate) fn endpoint<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let what = "an endpoint, like http://127.0.0.1:4588";
    optional(from, is_endpoint, what)
}

/// The folder of a lab's twin: only that is ever used as one because a state says so.
pub(crate) fn twin<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let folder = optional(
        from,
        is_twin,
        "the folder of a lab's twin (.../.labctl/local)",
    )?;
    Ok(folder.map(PathBuf::from))
}

pub(crate) fn users<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    let users = Option::<Vec<String>>::deserialize(from)?;
    match users.iter().flatten().find(|user| !is_text(user)) {
        Some(bad) => Err(D::Error::custom(format!("{} is no address", shown(bad)))),
        None => Ok(users),
    }
}

fn optional<'de, D: Deserializer<'de>>(
    from: D,
    good: impl Fn(&str) -> bool,
    what: &str,
) -> Result<Option<String>, D::Error> {
    match Option::<String>::deserialize(from)? {
        Some(text) if !good(&text) => {
            Err(D::Error::custom(format!("{} is not {what}", shown(&text))))
        }
        text => Ok(text),
    }
}

fn is_endpoint(text: &str) -> bool {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    text.len() <= 2048
        && rest.is_some_and(|rest| {
            !rest.is_empty()
                && rest
                    .chars()
                    .all(|c| c.is_ascii_graphic() && !"@?#%\\".contains(c))
        })
}

fn is_twin(text: &str) -> bool {
    let path = PathBuf::from(text);
    let end = PathBuf::from(OWN).join("local");
    if !is_text(text) || !path.is_absolute() || !path.ends_with(end) {
        return false;
    }
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            component => plain.push(component),
        }
    }
    // The kernel's names lead to folders whose own names the file's author does not know.
    !["/proc", "/dev", "/sys"]
        .iter()
        .any(|own| plain.starts_with(own))
}

fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (1..=128).contains(&text.len()) && text.chars().all(fits)
}

fn is_user_pool_id(text: &str) -> bool {
    text.split_once('_')
        .is_some_and(|(region, own)| is_region(region) && is_id(own))
}

fn is_identity_pool_id(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(region, own)| is_region(region) && is_id(own))
}

fn is_arn(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_graphic() && !"?#@%\\\"<>`".contains(c);
    text.len() <= 2048
        && text.starts_with("arn:")
        && text.split(':').count() >= 5
        && text.chars().all(fits)
        && !text.contains("..")
}

fn is_domain_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_*".contains(c))
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

fn is_cloudfront_domain(text: &str) -> bool {
    text.strip_suffix(".cloudfront.net").is_some_and(is_id)
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (1..=128).contains(&text.len()) && text.chars().all(fits) && !text.chars().all(|c| c == '.')
}

fn is_path(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_graphic() && !"?#%\\".contains(c);
    text.len() <= 2048
        && text.starts_with('/')
        && text.chars().all(fits)
        && !text.split('/').any(|part| part == "." || part == "..")
}

pub(crate) fn is_text(text: &str) -> bool {
    text.chars().count() <= 2048 && !text.contains(is_unruly)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_region(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=32).contains(&text.len()) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::Kind;

    /// What leads elsewhere, or is shown as something else than it is.
    const BAD: &[&str] = &[
        "..",
        "../../Documents",
        "/etc/passwd",
        "a/../../b",
        "https://evil.example",
        "evil.example/?",
        "evil.example#",
        "a@evil.example/",
        "a b",
        "a%2fb",
        "a\u{1b}]0;x\u{7}",
        "a\n",
        "a\0",
        "\u{202e}a",
    ];

    #[test]
    fn ids_of_aws_and_of_emulators_are_taken_and_nothing_that_leads_elsewhere() {
        type Form = fn(&str) -> bool;
        let cases: &[(Form, &[&str], &[&str])] = &[
            (
                is_id,
                &[
                    "a1b2c3d4e5",
                    "E2QWRUHAPOMQZL",
                    "7ad6f3b2-0f6e-4f4b-9a1e-1f2d3c4b5a69",
                    "dev",
                    "GET",
                    "200",
                ],
                &["", "a.b", "a:b", "a\u{e9}"],
            ),
            (
                is_user_pool_id,
                &[
                    "us-east-1_AbCdEfGhI",
                    "eu-west-1_0123456789abcdef0123456789abcdef",
                ],
                &["", "us-east-1", "_a", "us-east-1_", "us/east_1", "US_a"],
            ),
            (
                is_identity_pool_id,
                &["us-east-1:7ad6f3b2-0f6e-4f4b-9a1e-1f2d3c4b5a69"],
                &["", "us-east-1", ":", "us-east-1:", "a:b:c", "https://x"],
            ),
            (
                is_arn,
                &[
                    "arn:aws:lambda:us-east-1:123456789012:function:d-hello",
                    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
                    "arn:aws:execute-api:us-east-1:000000000000:a1b2c3d4e5/*/GET/items/*",
                    "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/d-hello:*",
                    // As moto writes those of distributions.
                    "arn:aws:cloudfront:123456789012:distribution/E2QWRUHAPOMQZL",
                ],
                &[
                    "",
                    "arn",
                    "arn:aws:s3",
                    "x:arn:aws:iam::1:role/a",
                    "arn:aws:iam::1:role/../../b",
                ],
            ),
            (
                is_cloudfront_domain,
                &["d111111abcdef8.cloudfront.net"],
                &[
                    "",
                    "cloudfront.net",
                    ".cloudfront.net",
                    "d1.cloudfront.net.evil.example",
                    "evil.example",
                    "a.b.cloudfront.net",
                ],
            ),
            (
                is_domain_name,
                &["api.example.com", "*.example.com", "xn--bcher-kva.example"],
                &["", "a", "a..b", ".a", "a.", "a.b:80", "a.b/c"],
            ),
            (
                is_name,
                &["d-role", "a+b=c,d.e@f-g_h"],
                &["", ".", "a/b", "a:b"],
            ),
            (
                is_path,
                // The last is a route like any other.
                &["/", "/demo", "/items/{id}", "/{proxy+}", "/etc/passwd"],
                &["", "demo", "/..", "/a/../b", "/a?b", "/a#b"],
            ),
            (
                is_account,
                &["000000000000", "123456789012"],
                &["", "1", "12345678901a", "1234567890123"],
            ),
            (
                is_region,
                &["us-east-1", "us-gov-west-1"],
                &["", "us.east", "evil.example/"],
            ),
            (
                is_endpoint,
                &[
                    "http://127.0.0.1:4588",
                    "https://localhost.localstack.cloud:4566",
                    "http://[::1]:5000/x",
                    // Compared with the one that the environment names, and never used by itself.
                    "https://evil.example",
                ],
                &[
                    "",
                    "127.0.0.1",
                    "file:///etc",
                    "http://",
                    "http://a@b",
                    "ftp://a",
                ],
            ),
            (
                is_twin,
                &["/home/a b/lab/.labctl/local", "/home/a/../b/.labctl/local"],
                &[
                    "",
                    ".labctl/local",
                    "/home/a/Documents",
                    "/a/.labctl/local/x",
                    "/a/.labctl",
                    "/home/../proc/self/cwd/../lab/.labctl/local",
                    "/proc/self/cwd/.labctl/local",
                    "/dev/fd/3/.labctl/local",
                ],
            ),
        ];
        for (n, (form, good, bad)) in cases.iter().enumerate() {
            for text in *good {
                assert!(form(text), "{n}: {text}");
            }
            for text in bad.iter().chain(BAD).filter(|text| !good.contains(text)) {
                assert!(!form(text), "{n}: {text:?}");
            }
            assert!(!form(&"a".repeat(10_000_000)), "{n}");
        }
    }

    /// While a run is foreseen, keys are made of ids that AWS has yet to make.
    #[test]
    fn stand_ins_are_taken_in_place_of_ids() {
        let of = |text: &str| {
            let key = json!({ "user_pool_id": text, "name": "d-client" });
            Kind::AppClient.check(&key, Some(&json!({ "client_id": text })))
        };
        assert_eq!(of(NEW), Ok(()));
        let wrong = of("(other)").expect_err("it is no id");
        assert_eq!(wrong.field, "key.user_pool_id");
    }

    #[test]
    fn texts_are_short_and_without_control_characters() {
        assert!(is_text("of Jörg's pool (3)"));
        for bad in ["\u{1b}[2J", "a\nb", "\0", "\u{9b}", &"a".repeat(2049)] {
            assert!(!is_text(bad), "{bad:?}");
        }
    }
}
