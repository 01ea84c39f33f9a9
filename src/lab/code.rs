//! A function's code: the folder is there, stays inside the lab's, and has the handler.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read,
    path::{Component, Path, PathBuf},
};

use super::{
    kinds::Text,
    problem::{Notes, closest, quote},
    rules,
};

/// A handler's file is looked at up to here.
const MOST_BYTES: u64 = 1024 * 1024;

/// The folder that `source` names, joined to the lab's.
pub(super) fn source(source: &Text<rules::Source>, dir: &Path, notes: &Notes) -> Option<PathBuf> {
    let wrong = |message: String, hint: &str| {
        notes.note(source.place, message, hint);
        None
    };
    let name = quote(&source.value);
    let relative = Path::new(&source.value);
    if !relative
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    {
        return wrong(
            format!("{name} leaves the lab's folder"),
            "a folder beside lab.yaml, like `artifacts/hello`",
        );
    }
    if !relative
        .components()
        .any(|part| matches!(part, Component::Normal(_)))
    {
        let hint = "give the code a folder beside lab.yaml, like `artifacts/hello`";
        return wrong(format!("{name} is no folder of its own"), hint);
    }
    let folder = dir.join(relative);
    match folder.metadata() {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => {
            return wrong(
                format!("{name} is not a folder"),
                "`source` names the folder that the code is in",
            );
        }
        Err(_) => {
            return wrong(
                format!("the folder {name} is not there"),
                "`source` is looked for beside lab.yaml",
            );
        }
    }
    let inside = folder
        .canonicalize()
        .ok()
        .zip(dir.canonicalize().ok())
        .is_some_and(|(f, d)| f.starts_with(d));
    if !inside {
        return wrong(
            format!("{name} leads out of the lab's folder by a link"),
            "copy the code into the lab's folder",
        );
    }
    Some(folder)
}

/// Notes a handler that Lambda could not import.
pub(super) fn handler(handler: &Text<rules::Handler>, runtime: &str, folder: &Path, notes: &Notes) {
    let Some((module, function)) = handler.value.rsplit_once('.') else {
        return;
    };
    let wrong = |message: String, word: &str, known: &[&str], hint: &str| match closest(word, known)
    {
        Some(near) => notes.note(handler.place, message, format!("did you mean `{near}`?")),
        None => notes.note(handler.place, message, hint),
    };
    let endings: &[&str] = if runtime.starts_with("python") {
        &["py"]
    } else {
        &["js", "mjs", "cjs"]
    };
    // Python's modules are written with dots or slashes.
    let path = if runtime.starts_with("python") {
        module.replace('.', "/")
    } else {
        module.to_owned()
    };
    let files = || endings.iter().map(|ending| format!("{path}.{ending}"));
    let Some(file) = files().find(|file| folder.join(file).is_file()) else {
        let there = stems(folder, endings);
        let there: Vec<&str> = there.iter().map(String::as_str).collect();
        let wanted = files()
            .map(|file| quote(&file))
            .collect::<Vec<_>>()
            .join(" or ");
        let hint =
            "`handler` is the file's name without its ending, a dot, and the function's name";
        return wrong(
            format!("the source folder has no {wanted}"),
            module,
            &there,
            hint,
        );
    };
    let Some(code) = text(&folder.join(&file)) else {
        return;
    };
    let words: BTreeSet<&str> = code
        .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
        .collect();
    if !words.contains(function) {
        wrong(
            format!("{} has no {}", quote(&file), quote(function)),
            function,
            &words.into_iter().collect::<Vec<_>>(),
            "the handler is a function of that file",
        );
    }
}

/// A file's text, unless it is larger than what a person writes.
fn text(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(MOST_BYTES).read_to_string(&mut text).ok()?;
    ((text.len() as u64) < MOST_BYTES).then_some(text)
}

/// Names of the code files in a folder, without their endings.
fn stems(folder: &Path, endings: &[&str]) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let code = |path: &Path| {
        path.extension()
            .is_some_and(|e| endings.iter().any(|ending| e == *ending))
    };
    entries
        .map(|e| e.path())
        .filter(|p| code(p))
        .filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned()))
        .collect()
}
