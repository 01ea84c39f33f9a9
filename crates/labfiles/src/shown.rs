//! Text of others in messages.

/// The longest text that a message repeats, in characters.
const MOST: usize = 60;

/// Text of a file inside a sentence: quoted, short, and without what a terminal would obey.
pub fn shown(text: &str) -> String {
    format!("`{}`", tame(text, MOST))
}

/// Text of others on a line of its own: up to 400 characters, without what a terminal would obey.
pub fn plain(text: &str) -> String {
    tame(text, 400)
}

/// Text of others, whole: without what a terminal would obey.
pub fn harmless(text: &str) -> String {
    tame(text, usize::MAX)
}

/// Whether a terminal would obey the character instead of showing it: control characters, and those that turn the
/// writing direction, so that a text is not what it seems.
pub fn is_unruly(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Escapes control characters and those that turn the writing direction; leaves out the middle of long text.
pub(crate) fn tame(text: &str, most: usize) -> String {
    let escaped = |c: char| {
        if is_unruly(c) {
            c.escape_unicode().to_string()
        } else {
            c.to_string()
        }
    };
    let shown = |part: &str| part.chars().map(escaped).collect::<String>();
    // Where the first half ends, and where the second begins.
    let half = most / 2;
    let head = text.char_indices().nth(half).map(|(at, _)| at);
    let tail = text.char_indices().nth_back(half).map(|(at, _)| at);
    match (head, tail) {
        (Some(head), Some(tail)) if head < tail => {
            let (start, _) = text.split_at(head);
            let (_, end) = text.split_at(tail);
            format!("{}…{}", shown(start), shown(end))
        }
        _ => shown(text),
    }
}
