//! From the text of a file to a tree, or to the one thing that stops reading it.

use std::{fs, io, path::Path};

use serde_saphyr::options::DuplicateKeyPolicy;

use super::{
    Lab, check,
    problem::{LabError, Problem},
    yaml::Node,
};

/// Larger than any lab (bytes).
const MOST_BYTES: u64 = 1 << 20;

/// Reads and checks a lab's file.
pub fn load(path: &Path) -> Result<Lab, LabError> {
    let unreadable = |reason: String| LabError::Unreadable { path: path.to_owned(), reason };
    let size = match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(LabError::Missing(path.to_owned())),
        Err(e) => return Err(unreadable(e.to_string())),
        Ok(meta) if meta.is_dir() => return Err(unreadable("it is a folder: `--file` names the lab's file".to_owned())),
        Ok(meta) => meta.len(),
    };
    if size > MOST_BYTES {
        return Err(unreadable(format!("{size} bytes: a lab's file has at most {MOST_BYTES}")));
    }
    let bytes = fs::read(path).map_err(|e| unreadable(e.to_string()))?;
    let text = String::from_utf8(bytes)
        .map_err(|e| unreadable(format!("byte {} is not UTF-8 text", e.utf8_error().valid_up_to())))?;
    parse(&text, path)
}

/// Checks the text of a lab's file. Looks at the source folders that it names, beside `path`.
pub fn parse(text: &str, path: &Path) -> Result<Lab, LabError> {
    let problems = |problems| LabError::Problems { path: path.to_owned(), text: text.to_owned(), problems };
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let tree = tree(text).map_err(|problem| problems(vec![problem]))?;
    check::lab(&tree, dir).map_err(problems)
}

fn tree(text: &str) -> Result<Node, Problem> {
    let first = |message: String| Problem { line: 1, column: 1, length: 1, message, hint: None };
    if text.contains('\0') {
        return Err(first("the file has NUL bytes: it is not YAML text".to_owned()));
    }
    let clean = text.trim_start_matches('\u{feff}');
    if clean.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#')) {
        return Err(first("the file is empty".to_owned()).hint("`labctl init` in another folder shows a whole lab"));
    }
    // Repeated keys are passed on: they are told with all other problems.
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(clean, options).map_err(|error| {
        let message = error.without_snippet().to_string();
        match error.location() {
            Some(place) => Problem::at(&place, message),
            None => first(message),
        }
    })
}
