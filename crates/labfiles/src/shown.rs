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

/// Whether nothing is seen of the character, so that two texts look the same and are not, or a text holds another one.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Joins what stands around it, or picks its form: some scripts and emoji are written with these.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}')
}

/// Text in which `escape` writes each character that a terminal would obey or hide. Not those that are `as_is`.
pub fn escaped(
    text: &str,
    as_is: impl Fn(char) -> bool,
    escape: impl Fn(char, &mut String),
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = '\0';
    for c in text.chars() {
        // An emoji may have its form picked, and then be joined to the next.
        let picked = (before, c) == ('\u{fe0f}', '\u{200d}');
        let joins_nothing = is_joiner(c) && (before.is_ascii() || is_joiner(before) && !picked);
        if (is_unruly(c) || is_invisible(c) || joins_nothing) && !as_is(c) {
            escape(c, &mut out);
            before = '\0';
        } else {
            out.push(c);
            before = c;
        }
    }
    out
}

/// Escapes what a terminal would obey or hide; leaves out the middle of long text.
pub(crate) fn tame(text: &str, most: usize) -> String {
    let escape = |c: char, out: &mut String| out.extend(c.escape_unicode());
    let shown = |part: &str| escaped(part, |_| false, escape);
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
