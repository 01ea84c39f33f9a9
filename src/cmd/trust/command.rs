//! `labctl trust`.

use std::path::Path;

use labfiles::{OWN, plain, quoted};
use serde_json::json;

use super::{accept, look, open, own, question};
use crate::{
    cli::{Global, Trust},
    cmd::scene::Site,
    error::{Error, Exit},
    report,
    user::{
        User,
        folders::{self, Folder},
    },
};

pub(in crate::cmd) fn run(global: &Global, args: &Trust) -> Result<Exit, Error> {
    let user = User::here();
    if args.list {
        list(global, &user.list()?);
        return Ok(Exit::Ok);
    }
    let path = own(&Site::of(global), None)?;
    if let Some(folder) = &args.remove {
        let path = folder.clone().unwrap_or(path);
        return remove(global, &user, &path);
    }
    let own = open(&path)?;
    let own =
        own.ok_or_else(|| Error::failed(format!("{}: there is no such folder", quoted(&path))))?;
    let folder = look::Folder::look(own, &user)?;
    let doubt = folder.doubt()?;
    let changed = doubt.is_some();
    let mut lines = vec![match doubt {
        Some(doubt) => format!("  {}.", question::why(&folder, doubt)),
        None => format!(
            "  {} is yours already.",
            report::local_path(folder.own.path())
        ),
    }];
    let holds = question::holds(&folder);
    lines.extend(holds.into_iter().map(|line| format!("    {line}")));
    if changed {
        if let Err(why) = accept(&folder, &user)? {
            return Err(Error::failed(format!("labctl has no place to remember it: {why}"))
                .hint("set HOME or XDG_STATE_HOME to a folder that labctl can write to, or add `--trust` to each command"));
        }
        lines.push("  From now on labctl uses it.".to_owned());
    }
    if global.json {
        report::print_json(&json!({ "folder": folders::place(&folder.own), "changed": changed }));
    } else if !global.quiet {
        report::print_lines(&lines);
    }
    Ok(Exit::Ok)
}

fn list(global: &Global, folders: &[Folder]) {
    if global.json {
        report::print_json(&folders);
        return;
    }
    let line = |folder: &Folder| {
        let gone = if folder.path.exists() {
            ""
        } else {
            "  (not there now)"
        };
        let since = folder.since.strftime("%Y-%m-%d");
        format!("  {since}  {}{gone}", plain(&folder.path.to_string_lossy()))
    };
    let lines: Vec<String> = folders.iter().map(line).collect();
    report::print_lines(&lines);
}

fn remove(global: &Global, user: &User, path: &Path) -> Result<Exit, Error> {
    // The lab's folder is meant as well.
    let path = if path.ends_with(OWN) {
        path.to_owned()
    } else {
        path.join(OWN)
    };
    let place = path
        .canonicalize()
        .unwrap_or_else(|_| std::path::absolute(&path).unwrap_or(path.clone()));
    let removed = user.remove_folder(&place);
    let removed =
        removed.map_err(|why| Error::failed(format!("labctl cannot change its list: {why}")))?;
    if !removed {
        return Err(
            Error::failed(format!("{} is not in the list", quoted(&place)))
                .hint("`labctl trust --list` shows it"),
        );
    }
    if !global.quiet && !global.json {
        report::print_lines(&[format!(
            "  labctl asks before it uses {} again.",
            report::local_path(&place)
        )]);
    }
    Ok(Exit::Ok)
}
