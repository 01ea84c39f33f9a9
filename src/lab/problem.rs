//! What is wrong with a lab's file, and where.

use labfiles::is_unruly;
use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

/// Problems that have a guess at what was meant.
const MOST_GUESSES: usize = 100;
/// Words that one is compared with, and how long it may be (characters).
const MOST_COMPARED: usize = 200;
const MOST_SLIP: usize = 64;
/// Names in a hint.
const MOST_NAMED: usize = 20;

/// Why a file is not a lab.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LabError {
    /// There is no such file.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is not a lab.
    #[error("{} in {}", count(problems.len()), path.display())]
    Problems {
        /// The file.
        path: PathBuf,
        /// Its text, as the places of the problems count it.
        text: String,
        /// At least one, in the file's order.
        problems: Vec<Problem>,
    },
}

impl LabError {
    /// The file.
    pub fn file(&self) -> &Path {
        match self {
            Self::Missing(path) | Self::Unreadable { path, .. } | Self::Problems { path, .. } => {
                path
            }
        }
    }

    /// What to do, when it is not said problem by problem.
    pub fn hint(&self) -> Option<&'static str> {
        (!matches!(self, Self::Problems { .. }))
            .then_some("`labctl init` writes the built-in lab; `--file` names another lab's file")
    }

    /// What is wrong in the file; nothing when it cannot be read.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Problems { problems, .. } => problems,
            Self::Missing(_) | Self::Unreadable { .. } => &[],
        }
    }
}

/// `1 problem`, `2 problems`.
fn count(problems: usize) -> String {
    format!("{problems} problem{}", if problems == 1 { "" } else { "s" })
}

/// Where a value or a key stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// Byte of the text.
    pub start: usize,
    /// Bytes.
    pub length: usize,
}

impl Place {
    /// The place of `length` bytes at byte `start` of `text`.
    pub(super) fn of(text: &str, start: usize, length: usize) -> Self {
        let before = text.get(..start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self {
            line: before.matches('\n').count() + 1,
            column,
            start,
            length,
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Problem {
    pub(super) fn new(place: Place, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// A `word` that is none of `known`: the hint leads to the nearest.
    pub(super) fn unknown(place: Place, message: String, word: &str, known: &[&str]) -> Self {
        let hint = match closest(word, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => choice(known),
        };
        Self::new(place, message, hint)
    }
}

/// Where problems are noted while the rest of the file is read.
#[derive(Debug, Default)]
pub(super) struct Notes {
    problems: RefCell<Vec<Problem>>,
    /// What may be wrong, or not.
    warnings: RefCell<Vec<Problem>>,
}

impl Notes {
    pub(super) fn add(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// What does not make the file wrong.
    pub(super) fn warn(&self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        let warning = Problem::new(place, message, hint);
        self.warnings.borrow_mut().push(warning);
    }

    /// The warnings for a person, each a line.
    pub(super) fn warnings(&self, file: &Path) -> Vec<String> {
        let mut warnings = self.warnings.borrow().clone();
        warnings.sort_by_key(|w| w.place);
        warnings.dedup();
        let line =
            |Problem {
                 place: Place { line, .. },
                 message,
                 hint,
             }: Problem| { format!("{}:{line}: {message}; {hint}", file.display()) };
        warnings.into_iter().map(line).collect()
    }

    /// A `word` that is none of `known`. To look for the nearest takes time: the first problems have it.
    pub(super) fn unknown(&self, place: Place, message: String, word: &str, known: &[&str]) {
        let many = self.problems.borrow().len() >= MOST_GUESSES;
        self.add(if many {
            Problem::new(place, message, choice(known))
        } else {
            Problem::unknown(place, message, word, known)
        });
    }

    pub(super) fn note(&self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Problem::new(place, message, hint));
    }

    /// All problems in the file's order, each once.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|p| p.place);
        problems.dedup();
        problems
    }
}

/// A word of the file inside a sentence: short, and without what a terminal would obey.
pub(crate) fn quote(word: &str) -> String {
    let tame = |c: char| if is_unruly(c) { '\u{fffd}' } else { c };
    format!("`{}`", clip(word).chars().map(tame).collect::<String>())
}

/// The beginning of a word that is long.
pub(super) fn clip(word: &str) -> String {
    match word.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", word.get(..end).unwrap_or_default()),
        None => word.to_owned(),
    }
}

/// The words to choose among.
pub(crate) fn choice(known: &[&str]) -> String {
    match known {
        [] => "there is none".to_owned(),
        [only] => format!("there is only `{only}`"),
        _ => {
            let first = known.get(..MOST_NAMED).unwrap_or(known).join(", ");
            let more = if known.len() > MOST_NAMED {
                ", …"
            } else {
                ""
            };
            format!("one of: {first}{more}")
        }
    }
}

/// The nearest of `known`, when it is near enough to be a slip.
pub(crate) fn closest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let length = word.chars().count();
    if length > MOST_SLIP {
        return None;
    }
    let word = word.to_lowercase();
    let slip = (length / 4).max(1);
    let (distance, near) = known
        .iter()
        .filter(|k| k.chars().count().abs_diff(length) <= slip)
        .take(MOST_COMPARED)
        .map(|k| (distance(&word, &k.to_lowercase()), *k))
        .min()?;
    (distance <= slip && distance < near.chars().count()).then_some(near)
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let (mut diagonal, mut left) = (i, i + 1);
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let best = (diagonal + usize::from(from != *to))
                .min(left + 1)
                .min(*cell + 1);
            diagonal = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, want) in [
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("abc", "abc", 0),
            ("ab", "ba", 2),
            ("é", "e", 1),
        ] {
            assert_eq!(distance(a, b), want, "{a} {b}");
            assert_eq!(distance(b, a), want, "{b} {a}");
        }
    }

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        let known = ["runtime", "handler", "role"];
        assert_eq!(closest("runtim", &known), Some("runtime"));
        assert_eq!(closest("Handler", &known), Some("handler"));
        assert_eq!(closest("roles", &known), Some("role"));
        assert_eq!(closest("color", &known), None);
        assert_eq!(closest("x", &["y"]), None);
        assert_eq!(closest(&"x".repeat(100_000), &known), None);
    }

    #[test]
    fn quotes_are_short_and_tame() {
        assert_eq!(quote("a\u{1b}[31m"), "`a\u{fffd}[31m`");
        assert_eq!(quote(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
    }
}
