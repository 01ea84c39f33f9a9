//! Text from outside never moves the cursor, sets a title, writes the clipboard, makes a link or hides text: whichever
//! command prints it, at a terminal, into a pipe, or as JSON.

mod aws;
mod call;
mod files;
mod words;

use regex::Regex;

use crate::harness::{Said, Site};

/// What terminals obey or hide, each with a mark that shows whether it was printed at all.
const EVIL: &[(&str, &str)] = &[
    ("cursor", "\u{1b}[2J\u{1b}[1;1H"),
    ("colour", "\u{1b}[32m"),
    ("concealed", "\u{1b}[8m"),
    ("forged style", "\u{1b}[1;31m"),
    ("title", "\u{1b}]0;owned\u{7}"),
    ("clipboard", "\u{1b}]52;c;b3duZWQ=\u{7}"),
    ("link", "\u{1b}]8;;http://evil.example\u{1b}\\"),
    ("device control", "\u{1b}P$q\"p\u{1b}\\"),
    ("application message", "\u{1b}_x\u{1b}\\"),
    ("reset", "\u{1b}c"),
    ("shift out", "\u{e}"),
    ("CSI of one character", "\u{9b}2J"),
    ("OSC of one character", "\u{9d}0;owned\u{9c}"),
    ("next line", "\u{85}"),
    ("back", "ok\u{8}\u{8}"),
    ("carriage return", "ok\rno"),
    ("vertical tab", "\u{b}\u{c}"),
    ("bell", "\u{7}"),
    ("delete", "\u{7f}"),
    ("override", "\u{202e}"),
    ("isolate", "\u{2066}"),
    ("mark of direction", "\u{200f}"),
    ("no width", "\u{200b}\u{2060}\u{feff}"),
    ("joiner of nothing", "a\u{200d}b"),
    ("tags", "\u{e0070}\u{e0077}"),
    ("line separator", "\u{2028}"),
];

/// All of them, between words.
fn evil() -> String {
    EVIL.iter().flat_map(|(_, text)| ["PWN", text]).collect()
}

/// A text as `YAML` and Python write it in quotes.
fn literal(text: &str) -> String {
    let escaped = |c: char| format!("\\U{:08x}", u32::from(c));
    text.chars().map(escaped).collect::<Vec<_>>().concat()
}

/// The first character that a terminal would obey or hide.
fn unsafe_in(text: &str, terminal: bool) -> Option<String> {
    let own = Regex::new("\u{1b}\\[(?:;?(?:[0124]|3[1-6]))+m").expect("a rule");
    // What redraws bars, and how a terminal ends lines.
    let drawn = Regex::new("\u{1b}\\[(?:\\d*[ABK]|\\?25[lh])|\r+\n?").expect("a rule");
    let text = if terminal {
        // A style of ours never begins before text from outside that has it as a part.
        assert!(!text.contains("PWN\u{1b}"), "{text:?}");
        drawn
            .replace_all(&own.replace_all(text, ""), "")
            .into_owned()
    } else {
        text.to_owned()
    };
    let bad = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    let at = text.find(bad)?;
    let around: String = text
        .chars()
        .skip(text[..at].chars().count().saturating_sub(40))
        .take(80)
        .collect();
    Some(format!("{around:?}"))
}

/// Words of a command line for the shell that `script` starts.
fn quoted(args: &[&str]) -> String {
    let one = |arg: &&str| format!("'{}'", arg.replace('\'', r"'\''"));
    args.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Runs a command into pipes, with `--json`, and at a terminal: nothing of it may be unsafe, and if `told`, it must
/// have printed the text from outside.
#[track_caller]
fn shows_safely(site: &Site, args: &[&str], env: &[(&str, &str)], told: bool) {
    let json: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    let piped = [
        Said::of(site.command(args).envs(env.iter().copied())),
        Said::of(site.command(&json).envs(env.iter().copied())),
    ];
    for said in &piped {
        for text in [&said.out, &said.err] {
            if let Some(bad) = unsafe_in(text, false) {
                panic!("{args:?} {env:?} prints {bad} in\n{text:?}");
            }
        }
    }
    let at_terminal = Said::of(site.terminal(&quoted(args)).envs(env.iter().copied()));
    if let Some(bad) = unsafe_in(&at_terminal.out, true) {
        panic!("{args:?} {env:?} shows {bad} in\n{:?}", at_terminal.out);
    }
    let plain = at_terminal.out.replace(['\r', '\n'], "");
    let texts = [&piped[0].out, &piped[0].err, &plain];
    let shown = texts.iter().any(|text| text.contains("PWN"));
    assert_eq!(shown, told, "{args:?} {env:?}: {piped:?}");
}
