//! The canonical request: what client and server both sign.

use hyper::header::HeaderMap;
use sha2::{Digest, Sha256};

use super::hex;
use crate::{server::Request, wire::percent};

pub(super) fn request(request: &Request, signed_headers: &[String]) -> String {
    let uri = request.uri();
    let headers: Vec<String> = signed_headers
        .iter()
        .map(|name| format!("{name}:{}\n", header(request, name)))
        .collect();
    format!(
        "{}\n{}\n{}\n{}\n{}\n{}",
        request.method(),
        path(uri.path()),
        query(uri.query().unwrap_or_default()),
        headers.concat(),
        signed_headers.join(";"),
        hex(&Sha256::digest(request.body()))
    )
}

/// The path as sent, without dots and empty parts, and encoded once more.
fn path(sent: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in sent.split('/').filter(|part| !part.is_empty()) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let encoded: Vec<String> = parts.iter().map(|part| percent::encode(part)).collect();
    let end = if sent.ends_with('/') && !parts.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{end}", encoded.join("/"))
}

/// Sorted, each name and value encoded anew; the signature is not part of what is signed. A plus sign is a
/// blank, as it is for the function behind (unsure: AWS tells clients to send `%20`).
fn query(sent: &str) -> String {
    let encoded = |text: &str| {
        // What is not properly encoded stays as it is: no client can have meant anything else.
        percent::decode(text, true).map_or_else(|| text.to_owned(), |text| percent::encode(&text))
    };
    let mut pairs: Vec<(String, String)> = sent
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
    pairs.join("&")
}

/// A header's values, white space within and around them made less.
fn header(request: &Request, name: &str) -> String {
    let values = values(request.headers(), name);
    if name == "host" && values.is_empty() {
        return request
            .uri()
            .authority()
            .map_or_else(String::new, ToString::to_string);
    }
    values.join(",")
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_encoded_twice() {
        for (sent, canonical) in [
            ("/", "/"),
            ("/dev/demo", "/dev/demo"),
            ("/dev//a/./b/../c/", "/dev/a/c/"),
            ("/dev/a%2Fb%20c", "/dev/a%252Fb%2520c"),
            ("/dev/a:b~c", "/dev/a%3Ab~c"),
            ("/..", "/"),
        ] {
            assert_eq!(path(sent), canonical, "{sent}");
        }
    }

    #[test]
    fn queries_are_sorted() {
        for (sent, canonical) in [
            ("", ""),
            ("b=2&a=1&a=0", "a=0&a=1&b=2"),
            ("a&b=", "a=&b="),
            ("k=%20%2f%7E+%2B", "k=%20%2F~%20%2B"),
            ("A=1&X-Amz-Signature=00&a=2", "A=1&a=2"),
        ] {
            assert_eq!(query(sent), canonical, "{sent}");
        }
    }
}
