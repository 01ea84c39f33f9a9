//! The lines around a problem, as miette wants them: few, short, and without what a terminal would obey.

use labfiles::is_unruly;
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::problem::Place;

/// Characters of a line that are shown.
const MOST_SHOWN: usize = 200;
/// Of these, before the problem.
const MOST_BEFORE: usize = 150;

/// A problem's line, the one before and the one after it.
#[derive(Debug)]
pub(super) struct Excerpt {
    file: String,
    text: String,
    place: Place,
    /// Line of the text's beginning, 0-based.
    first: usize,
    /// Start and length of what is underlined, in bytes of the text: at least one character.
    pub(super) span: (usize, usize),
}

impl Excerpt {
    /// What to show of a file's text for a problem at `place`.
    pub(super) fn of(file: String, text: &str, place: Place) -> Self {
        let (before, rest) = text.split_at(text.floor_char_boundary(place.start));
        let (above, before) = before.split_at(before.rfind('\n').map_or(0, |i| i + 1));
        let (rest, below) = rest.split_once('\n').unwrap_or((rest, ""));
        let length = place.length.min(rest.trim_end().len());
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let (marked, rest) = rest.split_at(rest.floor_char_boundary(length).max(first));

        let mut shown = String::new();
        if let Some(above) = above.lines().next_back() {
            shown = format!("{}\n", head(above, MOST_SHOWN));
        }
        let before = tail(before, MOST_BEFORE);
        let marked = head(marked, MOST_SHOWN.saturating_sub(before.chars().count()));
        shown += &before;
        let start = shown.len();
        shown += &marked;
        shown += &head(
            rest,
            MOST_SHOWN.saturating_sub(before.chars().count() + marked.chars().count()),
        );
        if let Some(below) = below.lines().next() {
            shown = format!("{shown}\n{}", head(below, MOST_SHOWN));
        }
        Self {
            file,
            text: shown,
            place,
            first: place
                .line
                .saturating_sub(1 + usize::from(!above.is_empty())),
            span: (start, marked.len()),
        }
    }
}

/// The first `most` characters, and a sign that there are more.
fn head(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => tame(text.get(..end).unwrap_or_default()) + "…",
        None => tame(text),
    }
}

/// The last `most` characters, and a sign that there are more.
fn tail(text: &str, most: usize) -> String {
    match text.char_indices().nth_back(most) {
        Some((cut, c)) => format!(
            "…{}",
            tame(text.get(cut + c.len_utf8()..).unwrap_or_default())
        ),
        None => tame(text),
    }
}

fn tame(text: &str) -> String {
    let tame = |c: char| if is_unruly(c) && c != '\t' { '?' } else { c };
    text.chars().map(tame).collect()
}

impl SourceCode for Excerpt {
    /// Without lines of context: for the place in the frame's head.
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        context: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (line, column) = match context {
            0 => (
                self.place.line.saturating_sub(1),
                self.place.column.saturating_sub(1),
            ),
            _ => (self.first, 0),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.clone(),
            self.text.as_bytes(),
            (0, self.text.len()).into(),
            line,
            column,
            self.text.lines().count(),
        )))
    }
}
