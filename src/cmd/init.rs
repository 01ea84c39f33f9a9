//! `labctl init`: the built-in lab, so that the program alone is enough.

use std::{fs, io, path::Path};

use crate::{
    cli::Global,
    error::{Error, Exit},
    lab::builtin::FILES,
    report,
};

pub(super) fn run(global: &Global, folder: &Path) -> Result<Exit, Error> {
    let taken: Vec<String> = FILES
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
    for (name, text) in FILES {
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
