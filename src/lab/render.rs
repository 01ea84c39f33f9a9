//! A lab's problems, as a person reads them.

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use super::{
    excerpt::Excerpt,
    problem::{LabError, Problem},
};
use crate::screen::escaped;

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
    let show = |message: &str, hint: &str, source: Option<Excerpt>| {
        let (message, hint) = (&*escaped(message), &*escaped(hint));
        let shown = Shown {
            message,
            hint,
            source,
        };
        let mut out = String::new();
        match handler.render_report(&mut out, &shown) {
            Ok(()) => out,
            Err(fmt::Error) => format!("{shown}\n"),
        }
    };
    let LabError::Problems {
        path,
        text,
        problems,
    } = error
    else {
        return show(&error.to_string(), error.hint().unwrap_or_default(), None);
    };
    let one = |problem: &Problem| {
        let file = escaped(&path.display().to_string());
        let excerpt = Excerpt::of(file, text, problem.place);
        show(&problem.message, &problem.hint, Some(excerpt))
    };
    let mut parts: Vec<String> = problems.iter().take(MOST_SHOWN).map(one).collect();
    if let Some(more @ 1..) = problems.len().checked_sub(MOST_SHOWN) {
        parts.push(format!("… and {more} more\n"));
    }
    parts.push(escaped(&error.to_string()));
    parts.join("\n")
}

/// One problem, as miette wants it.
#[derive(Debug)]
struct Shown<'a> {
    message: &'a str,
    hint: &'a str,
    source: Option<Excerpt>,
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
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (start, length) = self.source.as_ref()?.span;
        Some(Box::new(std::iter::once(LabeledSpan::new(
            None, start, length,
        ))))
    }
}
