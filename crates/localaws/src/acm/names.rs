//! Domain names. (The model's pattern looks ahead, which the twin's regular expressions cannot.)

/// Whether a text is a domain name of at least two labels, the first one perhaps a star.
pub(crate) fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.strip_prefix("*.").unwrap_or(text).split('.').collect();
    let is_label = |label: &&str| {
        let plain = label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && labels.len() > 1 && labels.iter().all(is_label)
}

#[cfg(test)]
mod tests {
    use super::is_domain;

    #[test]
    fn domains() {
        let long = format!("{}.com", "a".repeat(64));
        for good in ["example.com", "*.example.com", "a-b.c1.De"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in [
            "", "com", "*.com", "a..b", ".a.b", "-a.b", "a-.b", "a_b.c", "*.*.a.b", "a b.c", &long,
        ] {
            assert!(!is_domain(bad), "{bad}");
        }
    }
}
