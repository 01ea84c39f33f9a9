//! Wraps lines at the width of a terminal, between words only.

use textwrap::{Options, WordSplitter, WrapAlgorithm};

use crate::screen::Stream;

/// Stands for a space at which a line must not break.
const GLUE: char = '\u{e000}';
/// How much further than a line's own indent its continuation begins.
const HANG: usize = 4;

/// The width to wrap at. `None`: not a terminal, or one that does not know its width.
pub(super) fn width(stream: Stream) -> Option<usize> {
    stream.columns().filter(|columns| *columns >= 20)
}

/// A command that a person may copy: its line never breaks between its words.
pub(super) fn unbroken(command: &str) -> String {
    command.replace(' ', &GLUE.to_string())
}

/// Wraps a line. Words longer than a line stay whole, and so does what stands in backticks: the terminal wraps them,
/// and they are copied as they are. `None` as the width keeps the line as it is.
pub(super) fn wrap(line: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return line.replace(GLUE, " ");
    };
    let one = |line: &str| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let indent = " ".repeat(indent + HANG);
        let options = Options::new(width)
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .wrap_algorithm(WrapAlgorithm::FirstFit)
            .subsequent_indent(&indent);
        textwrap::wrap(&glued(line), options).join("\n")
    };
    let wrapped: Vec<String> = line.split('\n').map(one).collect();
    wrapped.join("\n").replace(GLUE, " ")
}

/// The line with the spaces inside of its backticks glued.
fn glued(line: &str) -> String {
    if line.matches('`').count() % 2 == 1 {
        return line.to_owned();
    }
    let parts = line.split('`').enumerate();
    let parts: Vec<String> = parts
        .map(|(i, part)| {
            if i % 2 == 1 {
                unbroken(part)
            } else {
                part.to_owned()
            }
        })
        .collect();
    parts.join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str =
        "arn:aws:lambda:us-east-1:000000000000:function:d-lambda-nonvpc-cmp-demo-function";

    #[test]
    fn breaks_between_words_only() {
        for (line, width, want) in [
            ("  one two three", 80, "  one two three"),
            (
                "  one two three four",
                12,
                "  one two\n      three\n      four",
            ),
            ("", 80, ""),
            ("    deep words here", 16, "    deep words\n        here"),
            // Hyphens and slashes do not end a word, and colours have no width.
            ("  see a-b-c-d-e-f-g/h", 12, "  see\n      a-b-c-d-e-f-g/h"),
            (
                "  \u{1b}[32mgreen\u{1b}[0m is it",
                13,
                "  \u{1b}[32mgreen\u{1b}[0m is it",
            ),
            (
                "  type `labctl up --local` now",
                20,
                "  type\n      `labctl up --local`\n      now",
            ),
            ("one\n  two three", 8, "one\n  two\n      three"),
        ] {
            assert_eq!(wrap(line, Some(width)), want, "{line:?} at {width}");
        }
    }

    #[test]
    fn an_id_is_never_broken() {
        let line = format!("  1 created      function      d-fn  {ARN}  (why)");
        for width in 20..140 {
            let wrapped = wrap(&line, Some(width));
            assert!(wrapped.contains(ARN), "{width}: {wrapped}");
            let words = |text: &str| {
                text.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            assert_eq!(words(&wrapped), words(&line), "{width}");
        }
    }

    #[test]
    fn commands_stay_one_line() {
        let command = "aws apigateway delete-rest-api --rest-api-id abc --region us-east-1";
        let line = format!("    remove it: {}", unbroken(command));
        assert!(wrap(&line, Some(30)).contains(command));
        assert!(wrap(&line, None).ends_with(command));
    }
}
