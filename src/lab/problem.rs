//! What is wrong with a lab's file: every problem with its line, column, a caret and a hint.

use std::path::{Path, PathBuf};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode};
use serde_saphyr::Location;

/// Why a file is not a lab.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LabError {
    /// There is no such file.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// It cannot be read as text.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is not a lab.
    #[error("{} problems in {}", problems.len(), path.display())]
    Problems {
        /// The file.
        path: PathBuf,
        /// Its text.
        text: String,
        /// At least one, in the file's order.
        problems: Vec<Problem>,
    },
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// Characters that the caret underlines.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Problem {
    pub(super) fn at(place: &Location, message: impl Into<String>) -> Self {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Self {
            line: number(place.line()).max(1),
            column: number(place.column()).max(1),
            length: number(place.span().len()).clamp(1, 80),
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Byte offset and length in `text`.
    fn span(&self, text: &str) -> (usize, usize) {
        let mut start = 0;
        for line in text.split_inclusive('\n').take(self.line - 1) {
            start += line.len();
        }
        let line = text[start..].lines().next().unwrap_or_default();
        let byte = |n: usize| line.char_indices().nth(n).map_or(line.len(), |(i, _)| i);
        let (from, to) = (byte(self.column - 1), byte(self.column - 1 + self.length));
        (start + from, (to - from).max(1))
    }
}

/// One problem, as miette shows it.
#[derive(Debug)]
struct Shown<'a> {
    problem: &'a Problem,
    source: NamedSource<String>,
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.problem.hint.as_ref().map(|h| Box::new(h) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (start, length) = self.problem.span(self.source.inner());
        Some(Box::new(std::iter::once(LabeledSpan::new(None, start, length))))
    }
}

/// The error for a person, `width` columns wide.
pub fn render(error: &LabError, width: usize, color: bool) -> String {
    match error {
        LabError::Missing(path) => {
            format!("{} does not exist\n  → `labctl init` writes the built-in lab here; `--file` names another file", path.display())
        }
        LabError::Unreadable { .. } => error.to_string(),
        LabError::Problems { path, text, problems } => {
            let mut out = String::new();
            for problem in problems {
                out.push_str(&one(path, text, problem, width, color));
            }
            let count = match problems.len() {
                1 => "1 problem".to_owned(),
                n => format!("{n} problems"),
            };
            out.push_str(&format!("{count} in {}; nothing was called", path.display()));
            out
        }
    }
}

fn one(path: &Path, text: &str, problem: &Problem, width: usize, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_context_lines(1).with_links(false);
    // Tabs and carriage returns would shift the caret.
    let text = text.replace('\r', " ");
    let shown = Shown { problem, source: NamedSource::new(path.display().to_string(), text) };
    let mut out = String::new();
    if handler.render_report(&mut out, &shown).is_err() {
        out = format!("{}:{}:{}: {}\n", path.display(), problem.line, problem.column, problem.message);
    }
    out
}
