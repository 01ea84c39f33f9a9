//! Domain names as Route 53 keeps them: in small letters, with the last dot, odd characters as `\052`.

use std::fmt::Write as _;

/// Bytes of a name and of one label.
const NAME: usize = 255;
const LABEL: usize = 63;

/// The kept form. `None`: not a name.
pub(super) fn normal(given: &str) -> Option<String> {
    let mut bytes = unescaped(given)?;
    if bytes.last() != Some(&b'.') {
        bytes.push(b'.');
    }
    let labels = bytes.split(|b| *b == b'.');
    let labels: Vec<&[u8]> = labels.collect();
    let (_, labels) = labels.split_last()?;
    let whole = labels
        .iter()
        .all(|label| (1..=LABEL).contains(&label.len()));
    if labels.is_empty() || !whole || bytes.len() > NAME {
        return None;
    }
    let mut name = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte.to_ascii_lowercase() {
            plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.') => {
                name.push(char::from(plain));
            }
            // Writing to a string cannot fail.
            odd => drop(write!(name, "\\{odd:03o}")),
        }
    }
    Some(name)
}

/// `\052` is a star.
fn unescaped(given: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(given.len());
    let mut rest = given.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let (digits, behind) = rest.split_at_checked(3)?;
        let digits = std::str::from_utf8(digits).ok()?;
        out.push(u8::from_str_radix(digits, 8).ok()?);
        rest = behind;
    }
    Some(out)
}

/// Names are sorted by their labels from the right.
pub(super) fn reversed(name: &str) -> String {
    let mut labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    labels.reverse();
    labels.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (given, kept) in [
            ("Example.COM", Some("example.com.")),
            ("example.com.", Some("example.com.")),
            ("*.example.com", Some(r"\052.example.com.")),
            (r"\052.example.com.", Some(r"\052.example.com.")),
            ("_a.b-c.d", Some("_a.b-c.d.")),
            ("a b.c", Some(r"a\040b.c.")),
            ("ö.c", Some(r"\303\266.c.")),
            ("", None),
            (".", None),
            ("a..b", None),
            (r"a\05", None),
            (r"a\999.b", None),
        ] {
            assert_eq!(normal(given).as_deref(), kept, "{given}");
        }
        assert_eq!(normal(&"a".repeat(64)), None);
        assert_eq!(normal(&"a.".repeat(200)), None);
        assert_eq!(reversed("www.example.com."), "com.example.www");
    }
}
