//! A lab's problems, as a person reads them.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};

use super::problem::{LabError, Place, Problem};

/// A file that is wrong all through needs no more to be seen.
const MOST_SHOWN: usize = 50;

/// The error for a person, `width` columns wide.
pub fn render(error: &LabError, width: usize, color: bool) -> String {
    let theme = if color {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width)
        .with_context_lines(1)
        .with_links(false);
    let show = |shown: &Shown<'_>| {
        let mut out = String::new();
        match handler.render_report(&mut out, shown) {
            Ok(()) => out,
            Err(fmt::Error) => format!("{shown}\n"),
        }
    };
    let (path, text, problems) = match error {
        LabError::Problems {
            path,
            text,
            problems,
        } => (path, text, problems),
        LabError::Missing(_) | LabError::Unreadable { .. } => {
            let hint = "`labctl init` writes the built-in lab; `--file` names another lab's file";
            let message = &error.to_string();
            return show(&Shown {
                message,
                hint,
                source: None,
            });
        }
    };
    let source = NamedSource::new(path.display().to_string(), tame(text));
    let one = |problem: &Problem| {
        show(&Shown {
            message: &problem.message,
            hint: &problem.hint,
            source: Some((&source, underline(text, problem.place))),
        })
    };
    let mut parts: Vec<String> = problems.iter().take(MOST_SHOWN).map(one).collect();
    if let Some(more @ 1..) = problems.len().checked_sub(MOST_SHOWN) {
        parts.push(format!("… and {more} more\n"));
    }
    parts.push(error.to_string());
    parts.join("\n")
}

/// The text without what a terminal would obey, byte for byte as long.
fn tame(text: &str) -> String {
    let tame = |c: char| match c {
        '\n' | '\t' => c.to_string(),
        c if c.is_control() => "?".repeat(c.len_utf8()),
        c => c.to_string(),
    };
    text.chars().map(tame).collect()
}

/// Start and length of what is underlined: within one line, at least one character.
fn underline(text: &str, place: Place) -> (usize, usize) {
    let mut start = place.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    let mut length = place.length.min(line.trim_end().len());
    while !line.is_char_boundary(length) {
        length -= 1;
    }
    let first = rest.chars().next().map_or(0, char::len_utf8);
    (start, length.max(first))
}

/// One problem, as miette wants it.
#[derive(Debug)]
struct Shown<'a> {
    message: &'a str,
    hint: &'a str,
    source: Option<(&'a NamedSource<String>, (usize, usize))>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.hint))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.map(|(source, _)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, (start, length)) = self.source?;
        Some(Box::new(std::iter::once(LabeledSpan::new(
            None, start, length,
        ))))
    }
}
