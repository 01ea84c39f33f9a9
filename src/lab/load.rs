//! From a file on disk to a lab.

use labfiles::is_unruly;
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::{
    Lab, check,
    problem::{LabError, Notes, Place, Problem},
    read::{Read as _, Spot},
    suffix, yaml,
};

/// Larger than any lab.
const MOST_BYTES: u64 = 256 * 1024;

/// Reads and checks a lab's file.
pub fn load(path: &Path) -> Result<Lab, LabError> {
    load_as(path, None)
}

/// The same, with a suffix on its names: what `--as` says.
pub fn load_as(path: &Path, suffix: Option<&str>) -> Result<Lab, LabError> {
    let bytes = bytes(path)?;
    match String::from_utf8(bytes) {
        Ok(text) => parse_as(&text, path, suffix),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let place = Place::of(&text, good, 1);
            let problem = Problem::new(place, "this is not UTF-8 text", "save the file as UTF-8");
            Err(LabError::Problems {
                path: path.to_owned(),
                text,
                problems: vec![problem],
            })
        }
    }
}

/// What a command refuses of a good file: the value at `keys`, or the closest around it that is there.
pub(crate) fn refused(path: &Path, keys: &[&str], message: &str, hint: &str) -> LabError {
    let text = match bytes(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return error,
    };
    let tree = yaml::parse(&text).ok();
    let mut place = Place::of(&text, 0, 1);
    let mut node = tree.as_ref();
    for key in keys {
        let yaml::Value::Map(entries) = node.map_or(&yaml::Value::Null, |node| &node.value) else {
            break;
        };
        let found = entries.iter().find(|(known, _)| known.text == *key);
        place = found.map_or(place, |(known, _)| known.place);
        node = found.map(|(_, value)| value);
    }
    LabError::Problems {
        path: path.to_owned(),
        text,
        problems: vec![Problem::new(place, message, hint)],
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, LabError> {
    let unreadable = |reason: String| LabError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => LabError::Missing(path.to_owned()),
        _ => unreadable(error.to_string()),
    };
    // A pipe or a device may never end.
    if !path.metadata().map_err(told)?.is_file() {
        return Err(unreadable("not a file".to_owned()));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(told)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(unreadable(format!(
            "too large for a lab, which has at most {MOST_BYTES} bytes"
        )));
    }
    Ok(bytes)
}

/// Checks the text of a lab's file. Looks at the source folders that it names, beside `path`.
pub fn parse(text: &str, path: &Path) -> Result<Lab, LabError> {
    parse_as(text, path, None)
}

fn parse_as(text: &str, path: &Path, suffix: Option<&str>) -> Result<Lab, LabError> {
    let text = text
        .strip_prefix('\u{feff}')
        .unwrap_or(text)
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let dir = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let notes = Notes::default();
    let lab = read(&text, dir, suffix, &notes);
    let warnings = notes.warnings(path);
    match (lab, notes.into_problems()) {
        (Some(lab), problems) if problems.is_empty() => Ok(Lab { warnings, ..lab }),
        (_, problems) => Err(LabError::Problems {
            path: path.to_owned(),
            text,
            problems,
        }),
    }
}

fn read(text: &str, dir: &Path, suffix: Option<&str>, notes: &Notes) -> Option<Lab> {
    if let Some((start, stranger)) = text
        .char_indices()
        .find(|(_, c)| is_unruly(*c) && !matches!(c, '\n' | '\t'))
    {
        let message = format!(
            "the character U+{:04X} does not belong in a text",
            u32::from(stranger)
        );
        notes.note(
            Place::of(text, start, stranger.len_utf8()),
            message,
            "remove it",
        );
        return None;
    }
    if text
        .lines()
        .all(|line| matches!(line.trim(), "" | "---") || line.trim_start().starts_with('#'))
    {
        let hint = "`labctl init` in another folder shows a whole lab";
        notes.note(Place::of(text, 0, 1), "the file is empty", hint);
        return None;
    }
    match yaml::parse(text) {
        Ok(tree) => {
            let mut file = super::file::File::read(&Spot::top(&tree, notes))?;
            if let Some(suffix) = suffix {
                suffix::add(&mut file, suffix, notes);
            }
            let suffix = suffix.map(str::to_owned);
            check::lab(file, dir, notes).map(|lab| Lab { suffix, ..lab })
        }
        Err(problem) => {
            notes.add(problem);
            None
        }
    }
}
