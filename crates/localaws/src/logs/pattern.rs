//! Filter patterns for plain text: words that must all be there, `?word` (one of them), `-word` (not).

use super::{Result, invalid};

#[derive(Debug, Default)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// # Errors
    /// JSON (`{ … }`), space-delimited (`[ … ]`) and regular-expression (`%…%`) patterns are not served.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.starts_with(['{', '[', '%']) {
            let message =
                format!("labctl's local AWS serves only filter patterns of words, not '{text}'");
            return Err(invalid(message));
        }
        let mut pattern = Self::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let list = match first {
                '?' => &mut pattern.any,
                '-' => &mut pattern.none,
                _ => &mut pattern.all,
            };
            let term = rest.strip_prefix(['?', '-']).unwrap_or(rest);
            let (word, after) = match term.strip_prefix('"') {
                Some(quoted) => quoted
                    .split_once('"')
                    .ok_or_else(|| invalid("Invalid filter pattern: a quote is not closed"))?,
                None => term.split_once(char::is_whitespace).unwrap_or((term, "")),
            };
            list.push(word.to_owned());
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let has = |word: &String| message.contains(word.as_str());
        self.all.iter().all(has)
            && (self.any.is_empty() || self.any.iter().any(has))
            && !self.none.iter().any(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let matches =
            |pattern: &str, text: &str| Pattern::parse(pattern).is_ok_and(|p| p.matches(text));
        assert!(matches("", "anything") && matches("a b", "b a") && !matches("a b", "a"));
        assert!(matches("?x ?a", "a") && !matches("?x ?y", "a"));
        assert!(matches("a -b", "a") && !matches("a -b", "ab") && !matches("A", "a"));
        assert!(matches("\"a b\" c", "c a b") && !matches("\"a b\"", "ab"));
        for refused in ["\"open", "{ $.a = 1 }", "[a, b]", "%a%"] {
            assert!(Pattern::parse(refused).is_err(), "{refused}");
        }
    }
}
