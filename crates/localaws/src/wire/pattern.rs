//! Patterns of the models: regular expressions in Java's dialect.

use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;

/// A regular expression in Java's dialect, compiled on first use; it must match the whole value.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Pattern {
    pub(crate) source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl From<String> for Pattern {
    fn from(source: String) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }
}

impl Pattern {
    /// A pattern that cannot be compiled (look-around) accepts everything.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.regex().is_none_or(|regex| regex.is_match(text))
    }

    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| Regex::new(&format!(r"\A(?:{})\z", ascii_classes(&self.source))).ok())
            .as_ref()
    }
}

/// Java's `\w`, `\d` and `\s` are ASCII; those of the regex crate are not. As nested classes they
/// may stand inside of brackets and outside.
fn ascii_classes(java: &str) -> String {
    let mut out = String::with_capacity(java.len());
    let mut chars = java.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('w') => out.push_str("[0-9A-Za-z_]"),
            Some('d') => out.push_str("[0-9]"),
            Some('s') => out.push_str(r"[\t\n\x0B\x0C\r ]"),
            Some('S') => out.push_str(r"[^\t\n\x0B\x0C\r ]"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_java_does() {
        let name = Pattern::from(r"[\w+=,.@-]+".to_owned());
        assert!(name.matches("lab-role_1@x"));
        assert!(!name.matches("lab role") && !name.matches("größe") && !name.matches("a\n"));
        let user = Pattern::from(r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+".to_owned());
        assert!(user.matches("größe@example.com") && !user.matches("a b"));
        let either = Pattern::from("a|b".to_owned());
        assert!(either.matches("b") && !either.matches("ab"));
    }
}
