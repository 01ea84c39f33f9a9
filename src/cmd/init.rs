//! `labctl init`: a ready lab, so that the program alone is enough.

use std::{fs, io, path::Path};

use crate::{
    cli::Global,
    error::{Error, Exit},
    lab::builtin::{LABS, ready},
    report,
};

pub(super) fn run(global: &Global, folder: &Path, lab: &str, list: bool) -> Result<Exit, Error> {
    if list {
        return Ok(show(global));
    }
    let Some(lab) = ready(lab) else {
        let names: Vec<&str> = LABS.iter().map(|lab| lab.name).collect();
        return Err(Error::usage(format!("there is no ready lab `{lab}`"))
            .hint(format!("one of: {}", names.join(", "))));
    };
    let files = lab.files();
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
        report::print_json(&serde_json::json!({ "written": written }));
    } else if !global.quiet {
        let here = folder == Path::new(".");
        let up = if here {
            "labctl up --local".to_owned()
        } else {
            format!("cd {} && labctl up --local", folder.display())
        };
        report::print_lines(&[
            format!("  wrote {}", written.join(", ")),
            String::new(),
            format!("  Next:  {up}   try it without an account"),
        ]);
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
