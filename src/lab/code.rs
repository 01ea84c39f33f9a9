//! A function's code: the folder is there, stays inside the lab's, and has the handler.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use super::{problem::Problem, walk::{Notes, Text}};

/// The folder that `source` names, joined to the lab's.
pub(super) fn source(source: &Text, dir: &Path, notes: &Notes) -> Option<PathBuf> {
    let relative = Path::new(&source.value);
    let wrong = |message: String, hint: &str| {
        notes.add(Problem::at(&source.at, message).hint(hint));
        None
    };
    let inside = relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if !inside || source.value.is_empty() {
        return wrong(
            format!("`source: {}` leaves the lab's folder", source.value),
            "a folder beside lab.yaml, like artifacts/hello",
        );
    }
    let folder = dir.join(relative);
    if !folder.is_dir() {
        return wrong(
            format!("the folder `{}` is not there", source.value),
            "`source` is looked for beside lab.yaml; `labctl init` writes one",
        );
    }
    // A link in the way may lead anywhere.
    let escapes = match (folder.canonicalize(), dir.canonicalize()) {
        (Ok(folder), Ok(dir)) => !folder.starts_with(dir),
        _ => true,
    };
    if escapes {
        return wrong(
            format!("`source: {}` leads out of the lab's folder by a link", source.value),
            "copy the code into the lab's folder",
        );
    }
    Some(folder)
}

/// Notes a handler that Lambda could not import.
pub(super) fn handler(handler: &Text, runtime: &str, folder: Option<&Path>, notes: &Notes) {
    let text = &handler.value;
    if text.chars().count() > 128 || text.chars().any(char::is_whitespace) {
        notes.add(Problem::at(&handler.at, "`handler` has at most 128 characters and no blanks"));
        return;
    }
    let Some((module, function)) = text.rsplit_once('.').filter(|(m, f)| !m.is_empty() && !f.is_empty()) else {
        let problem = Problem::at(&handler.at, format!("`handler: {text}` is not `module.function`"));
        notes.add(problem.hint("like lambda_function.lambda_handler"));
        return;
    };
    let Some(folder) = folder else { return };
    let endings: &[&str] = if runtime.starts_with("python") { &["py"] } else { &["js", "mjs", "cjs"] };
    // Lambda reads `a.b.handler` and `a/b.handler` alike.
    let path = module.replace('.', "/");
    let Some(file) = endings.iter().map(|e| folder.join(format!("{path}.{e}"))).find(|f| f.is_file()) else {
        let problem = Problem::at(&handler.at, format!("`{path}.{}` is not in the source folder", endings[0]));
        notes.add(problem.hint("`handler` is the file's name without ending, a dot, and the function's name"));
        return;
    };
    let code = fs::read_to_string(&file).unwrap_or_default();
    if !code.contains(function) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        notes.add(Problem::at(&handler.at, format!("`{name}` has no `{function}`")));
    }
}
