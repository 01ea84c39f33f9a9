//! `labctl init`: a ready lab, so that the program alone is enough.

use std::{fs, io, path::Path};

use crate::{
    cli::Global,
    error::{Error, Exit},
    lab::builtin::{LABS, ready},
    report,
};

const README: &str = "README.md";
/// The lab's README, beside one that is there already.
const OUR_README: &str = "LAB.md";
const IGNORE: &str = ".gitignore";

pub(super) fn run(global: &Global, folder: &Path, lab: &str, list: bool) -> Result<Exit, Error> {
    if list {
        return Ok(show(global));
    }
    let Some(lab) = ready(lab) else {
        let names: Vec<&str> = LABS.iter().map(|lab| lab.name).collect();
        return Err(Error::usage(format!("there is no ready lab `{lab}`"))
            .hint(format!("one of: {}", names.join(", "))));
    };
    let has = |name: &str| folder.join(name).exists();
    let mut files = lab.files();
    let mut notes = Vec::new();
    // What a folder has before it is a lab's: it stays as it is.
    if has(README) {
        for (name, _) in files.iter_mut().filter(|(name, _)| *name == README) {
            *name = OUR_README;
        }
        notes.push(format!("kept your {README}; the lab's is {OUR_README}"));
    }
    if has(IGNORE) {
        files.retain(|(name, _)| *name != IGNORE);
        notes.push(format!(
            "kept your {IGNORE}; labctl keeps git out of .labctl by itself"
        ));
    }
    let taken: Vec<String> = files
        .iter()
        .map(|(name, _)| folder.join(name))
        .filter(|path| path.exists())
        .map(|path| path.display().to_string())
        .collect();
    if !taken.is_empty() {
        return Err(Error::usage(format!("there already: {}", taken.join(", ")))
            .hint("nothing was written; give another folder: `labctl init FOLDER`"));
    }
    let mut written = Vec::new();
    for (name, text) in &files {
        let path = folder.join(name);
        let cannot = |e: io::Error| Error::failed(format!("{}: {e}", path.display()));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(cannot)?;
        }
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
            .map_err(cannot)?;
        written.push(path.display().to_string());
    }
    if global.json {
        report::print_json(&serde_json::json!({ "written": written, "notes": notes }));
    } else if !global.quiet {
        let here = folder == Path::new(".");
        let up = if here {
            "labctl up --local".to_owned()
        } else {
            format!("cd {} && labctl up --local", folder.display())
        };
        let mut lines = vec![format!("  wrote {}", written.join(", "))];
        lines.extend(notes.iter().map(|note| format!("  {note}")));
        lines.extend([
            String::new(),
            format!("  Next:  {up}   try it without an account"),
        ]);
        report::print_lines(&lines);
    }
    Ok(Exit::Ok)
}

/// All ready labs.
fn show(global: &Global) -> Exit {
    if global.json {
        let labs = LABS.iter();
        let labs: Vec<_> = labs
            .map(|lab| serde_json::json!({ "name": lab.name, "about": lab.about }))
            .collect();
        report::print_json(&labs);
    } else {
        let wide = LABS
            .iter()
            .map(|lab| lab.name.len())
            .max()
            .unwrap_or_default();
        let line =
            |lab: &crate::lab::builtin::Ready| format!("  {:<wide$}  {}", lab.name, lab.about);
        let mut lines: Vec<String> = LABS.iter().map(line).collect();
        lines.push(String::new());
        lines.push("  Next:  labctl init --lab NAME FOLDER   write one".to_owned());
        report::print_lines(&lines);
    }
    Exit::Ok
}
