//! Whatever a file holds, the loader answers.

use std::{error::Error, fs, path::Path};

use super::HERE;
use crate::lab::{LabError, parse, render};

/// Numbers that look random and are the same each time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % most.max(1)
    }
}

const SNIPPETS: &[&str] = &[
    "&a ",
    "*a",
    "<<: ",
    "- ",
    "? ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "|\n",
    ">\n",
    "!!binary ",
    "!tag ",
    "---\n",
    "%YAML 1.2\n",
    "\t",
    "\r",
    "\n",
    "\0",
    "\u{feff}",
    "\u{2028}",
    "💥",
    "é",
    "~",
    "null",
    "1e999",
    ".nan",
    "0x",
    "-9223372036854775809",
    "18446744073709551616",
    "/",
    "#",
    "@",
    "`",
    "{+}",
    "GET /{a}/{b+}: {}\n",
];

fn mutate(text: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<&str> = text.split('\n').collect();
    let (a, b) = (dice.below(lines.len()), dice.below(lines.len()));
    let mut bytes = text.as_bytes().to_vec();
    let at = dice.below(bytes.len());
    match dice.below(6) {
        0 => bytes.truncate(at),
        1 => {
            let snippet = SNIPPETS[dice.below(SNIPPETS.len())];
            bytes.splice(at..at, snippet.bytes());
        }
        2 => {
            for _ in 0..3 {
                let at = dice.below(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(dice.below(256)).unwrap_or_default();
                }
            }
        }
        3 => {
            lines.swap(a, b);
            return lines.join("\n");
        }
        4 => {
            lines.remove(a);
            return lines.join("\n");
        }
        _ => {
            lines.insert(b, lines[a]);
            return lines.join("\n");
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn no_change_of_a_file_is_too_much() -> Result<(), Box<dyn Error>> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for folder in ["good", "bad"] {
        let path = Path::new(HERE).join(folder).join("lab.yaml");
        for entry in fs::read_dir(Path::new(HERE).join(folder))? {
            let entry = entry?.path();
            if entry.extension().is_none_or(|e| e != "yaml") {
                continue;
            }
            let original = fs::read_to_string(&entry)?;
            for _ in 0..20 {
                let mut text = original.clone();
                for _ in 0..=dice.below(3) {
                    text = mutate(&text, &mut dice);
                }
                let Err(error) = parse(&text, &path) else {
                    continue;
                };
                let told = render(&error, 80, false);
                let LabError::Problems { problems, text, .. } = error else {
                    panic!("{error:?}")
                };
                assert!(!problems.is_empty(), "nothing said about\n{text}");
                assert!(
                    problems
                        .iter()
                        .all(|p| p.place.start <= text.len() && p.place.line >= 1),
                    "{problems:?}"
                );
                assert!(told.contains("problem"), "{told}");
            }
        }
    }
    Ok(())
}
