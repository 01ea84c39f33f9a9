//! Styles inside of text that is otherwise escaped.

use std::{fmt, sync::OnceLock};

const BOLD: u8 = 1;
const DIM: u8 = 2;
const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const CYAN: u8 = 36;
const END: u8 = 0;

/// Text with a style, which shows on streams that have colours.
#[derive(Debug, Clone)]
pub struct Styled<T> {
    text: T,
    codes: Vec<u8>,
}

/// Text that gets a style.
pub fn style<T>(text: T) -> Styled<T> {
    Styled {
        text,
        codes: Vec::new(),
    }
}

#[expect(missing_docs, reason = "the words say it")]
impl<T> Styled<T> {
    #[must_use]
    pub fn bold(self) -> Self {
        self.with(BOLD)
    }

    #[must_use]
    pub fn dim(self) -> Self {
        self.with(DIM)
    }

    #[must_use]
    pub fn red(self) -> Self {
        self.with(RED)
    }

    #[must_use]
    pub fn green(self) -> Self {
        self.with(GREEN)
    }

    #[must_use]
    pub fn yellow(self) -> Self {
        self.with(YELLOW)
    }

    #[must_use]
    pub fn cyan(self) -> Self {
        self.with(CYAN)
    }

    fn with(mut self, code: u8) -> Self {
        self.codes.push(code);
        self
    }
}

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(mark) = mark().filter(|_| !self.codes.is_empty()) else {
            return self.text.fmt(f);
        };
        for code in &self.codes {
            write!(f, "{mark}{code}m")?;
        }
        self.text.fmt(f)?;
        write!(f, "{mark}{END}m")
    }
}

/// How labctl's own styles begin in this process. In the form of a terminal's sequence, so that what measures text gives
/// it no width. `None`: the system has no random numbers, so there are no styles.
fn mark() -> Option<&'static str> {
    static MARK: OnceLock<Option<String>> = OnceLock::new();
    let draw = || {
        let number = getrandom::u64().ok()?;
        // Terminals, and what measures text, take numbers of four digits.
        let parts = [48, 32, 16, 0].map(|bits| (number >> bits) % 10_000);
        let parts = parts.map(|part| part.to_string());
        Some(format!("\u{1b}[{};", parts.join(";")))
    };
    MARK.get_or_init(draw).as_deref()
}

/// Text with its own styles as a terminal wants them, or without, and all else escaped.
pub(super) fn resolve(text: &str, colours: bool) -> String {
    let Some(mark) = mark() else {
        return escaped(text);
    };
    let mut parts = text.split(mark);
    let mut out = escaped(parts.next().unwrap_or_default());
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap_or_default();
        if colours {
            out.push_str(&format!("\u{1b}[{code}m"));
        }
        out.push_str(&escaped(rest));
    }
    out
}

/// Text whose styles are those of a library, which was given only what [`escaped`] returns: they count as our own.
pub fn styled_by_others(text: &str) -> String {
    let Some(mark) = mark() else {
        return text.to_owned();
    };
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        out.push_str(if code.starts_with('m') {
            mark
        } else {
            "\u{1b}["
        });
        out.push_str(part);
    }
    out
}

/// Text without what a terminal would obey or hide. Lines and tabs stay.
pub fn escaped(text: &str) -> String {
    let as_is = |c| matches!(c, '\n' | '\t');
    let escape = |c: char, out: &mut String| out.extend(c.escape_unicode());
    labfiles::escaped(text, as_is, escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_styles_reach_a_terminal() {
        let own = style("\u{1b}[31mname\u{1b}[0m").red().bold();
        let line = format!("\u{1b}]0;x\u{7} {own} {:>4}|", style("é").dim());
        let escaped = "\\u{1b}]0;x\\u{7} ESC31mESC1m\\u{1b}[31mname\\u{1b}[0mESC0m ESC2m   éESC0m|";
        assert_eq!(resolve(&line, true), escaped.replace("ESC", "\u{1b}["));
        let plain = "\\u{1b}]0;x\\u{7} \\u{1b}[31mname\\u{1b}[0m    é|";
        assert_eq!(resolve(&line, false), plain);
        // What measures text gives a style no width.
        assert_eq!(
            console::measure_text_width(&style("four").red().to_string()),
            4
        );
    }

    #[test]
    fn a_style_of_another_process_is_text() {
        for forged in [
            "\u{1b}[1;31m",
            "\u{1b}[18446744073709551615;31m",
            "\u{1b}[;31m",
        ] {
            let shown = resolve(forged, true);
            assert!(!shown.contains('\u{1b}'), "{shown:?}");
        }
    }
}
