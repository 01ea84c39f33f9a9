//! What AWS's ids and names in a state look like, checked as they are read: they become parts of URLs, and name what
//! is deleted. What every state has, whatever its kinds, is in the engine's `form`.
//!
//! Wider than AWS's own rules, so that emulators' ids are taken, but nothing that could lead elsewhere.

use labengine::form::{Read, is_id, is_region, read};
pub(crate) use labengine::form::{id, text};
use serde::Deserializer;

macro_rules! forms {
    ($($(#[$doc:meta])* $name:ident: $good:expr, $what:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name<'de, D: Deserializer<'de>>(from: D) -> Read<'de, D> {
            read(from, $good, $what)
        }
    )*};
}

forms! {
    user_pool_id: is_user_pool_id, "a user pool's id, like us-east-1_AbCdEfGhI";
    identity_pool_id: is_identity_pool_id, "an identity pool's id: a region, `:` and a UUID";
    arn: is_arn, "an ARN";
    cloudfront_domain: is_cloudfront_domain, "a domain name of CloudFront, like d111111abcdef8.cloudfront.net";
    domain_name: is_domain_name, "a domain name";
    fingerprint: is_fingerprint, "a password's fingerprint";
    /// Of a role and the like.
    name: is_name, "a name (up to 128 letters, digits and `_+=,.@-`)";
    name_or_arn: |text| is_name(text) || is_arn(text), "a policy's name or ARN";
    path: is_path, "a route's path, like /demo";
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

fn is_fingerprint(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-+/".contains(c);
    let part = |part: &str| !part.is_empty() && part.chars().all(fits);
    text.len() <= 256 && text.split(':').count() == 4 && text.split(':').all(part)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use labengine::{
        Kind as _, NEW,
        form::{is_account, is_endpoint, is_text, is_twin},
    };

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
