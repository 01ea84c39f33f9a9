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

/// Notes a handler whose file is not there, and warns of one whose name the file does not show.
///
/// The rules are those of AWS's runtime clients: Python splits the handler at its last dot, Node.js the last part of
/// its path at the first dot.
pub(super) fn handler(handler: &Text<rules::Handler>, runtime: &str, folder: &Path, notes: &Notes) {
    let python = runtime.starts_with("python");
    let split = if python {
        handler.value.rsplit_once('.')
    } else {
        let start = handler.value.rfind('/').map_or(0, |slash| slash + 1);
        let dot = handler.value.get(start..).and_then(|last| last.find('.'));
        dot.and_then(|dot| handler.value.split_at_checked(start + dot))
            .map(|(module, rest)| (module, rest.trim_start_matches('.')))
    };
    let Some((module, names)) = split else { return };
    // Python's modules are written with dots or slashes.
    let path = if python {
        module.replace('.', "/")
    } else {
        module.to_owned()
    };
    let endings: &[&str] = if python {
        &["py"]
    } else {
        &["js", "mjs", "cjs"]
    };
    let near = |word: &str, known: &[&str], otherwise: &str| match closest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise.to_owned(),
    };
    let Some(file) = find(folder, &path, python) else {
        let there = stems(folder, endings);
        let there: Vec<&str> = there.iter().map(String::as_str).collect();
        let wanted: Vec<String> = endings
            .iter()
            .map(|ending| quote(&format!("{path}.{ending}")))
            .collect();
        let hint =
            "`handler` is the file's name without its ending, a dot, and the function's name";
        let message = format!("the source folder has no {}", wanted.join(" or "));
        return notes.note(handler.place, message, near(module, &there, hint));
    };
    let compiled = [".so", ".pyc", ".json"]
        .iter()
        .any(|end| file.ends_with(end));
    let Some(code) = text(&folder.join(&file)).filter(|_| !compiled) else {
        return;
    };
    let words: BTreeSet<&str> = code
        .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
        .collect();
    let unseen = names.split('.').find(|name| !words.contains(name));
    if let Some(name) = unseen
        && !brings_names(&code, python)
    {
        let known: Vec<&str> = words.into_iter().collect();
        notes.warn(
            handler.place,
            format!("{} does not show {}", quote(&file), quote(name)),
            near(name, &known, "the handler is a function of that file"),
        );
    }
}

/// The file that a module's path names, in the order in which the runtimes look.
fn find(folder: &Path, path: &str, python: bool) -> Option<String> {
    let candidates: &[&str] = if python {
        &["/__init__.py", ".py", ".so", ".pyc"]
    } else {
        &["", ".js", ".mjs", ".cjs", "/index.js", "/package.json"]
    };
    let places = if python {
        vec![path.to_owned()]
    } else {
        vec![path.to_owned(), format!("node_modules/{path}")]
    };
    let found = places
        .iter()
        .flat_map(|place| {
            candidates
                .iter()
                .map(move |ending| format!("{place}{ending}"))
        })
        .find(|file| folder.join(file).is_file());
    // Compiled modules have the platform in their names.
    found.or_else(|| {
        let whole = folder.join(path);
        let stem = format!("{}.", whole.file_name()?.to_str()?);
        let names = fs::read_dir(whole.parent()?)
            .ok()?
            .flatten()
            .map(|entry| entry.file_name());
        let compiled = |name: &std::ffi::OsString| {
            name.to_str().is_some_and(|name| {
                name.starts_with(&stem) && Path::new(name).extension() == Some("so".as_ref())
            })
        };
        names.filter(|_| python).find(compiled)?.into_string().ok()
    })
}

/// Whether code may have names that it does not show.
fn brings_names(code: &str, python: bool) -> bool {
    let signs: &[&str] = if python {
        &["import *", "__getattr__", "globals()", "exec("]
    } else {
        &["export *", "...", "require(", "__exportStar"]
    };
    signs.iter().any(|sign| code.contains(sign))
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
