//! `labctl export spa`: a page that signs in with an e-mail code and calls the API.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    cli::Global,
    cmd::student::Scene,
    error::{Error, Exit},
    lab::Guard,
    report,
};

const PAGE: &str = include_str!("app/index.html");
const STYLE: &str = include_str!("app/app.css");
const SCRIPT: &str = include_str!("app/app.js");

pub(super) fn write(
    global: &Global,
    scene: &Scene,
    folder: &Path,
    force: bool,
) -> Result<Exit, Error> {
    let config = config(scene)?;
    let page = PAGE.replace("CONNECT", &config.origins().join(" "));
    let files = [
        ("index.html", signed(&page, "<!--", " -->")),
        ("app.css", signed(STYLE, "/*", " */")),
        ("app.js", signed(SCRIPT, "//", "")),
        ("config.js", signed(&config.text(), "//", "")),
    ];
    let cannot = |path: &Path, e: io::Error| Error::failed(format!("{}: {e}", path.display()));
    if folder.is_symlink() {
        let message = format!(
            "{} is a link, and nothing is written through it",
            folder.display()
        );
        return Err(Error::usage(message).hint("give the folder itself, or another one"));
    }
    fs::create_dir_all(folder).map_err(|e| cannot(folder, e))?;
    let strangers: Vec<String> = files
        .iter()
        .map(|(name, _)| folder.join(name))
        .filter(|path| path.symlink_metadata().is_ok() && !ours(path))
        .map(|path| path.display().to_string())
        .collect();
    if !strangers.is_empty() {
        let message = format!("there already, and not of labctl: {}", strangers.join(", "));
        return Err(Error::usage(message).hint("nothing was written; give another folder"));
    }
    let (mut written, mut kept) = (Vec::new(), Vec::new());
    for (name, text) in &files {
        let path = folder.join(name);
        if !force && is_edited(&path, text) {
            kept.push(path.display().to_string());
            continue;
        }
        replace(&path, text).map_err(|e| cannot(&path, e))?;
        written.push(*name);
    }
    if global.json {
        let written: Vec<_> = written
            .iter()
            .map(|name| folder.join(name).display().to_string())
            .collect();
        report::print_json(&json!({ "written": written, "kept": kept }));
        return Ok(Exit::Ok);
    }
    report::print_warnings(
        &kept
            .iter()
            .map(|path| {
                format!("kept {path}: it was edited; `labctl export spa --force` replaces it")
            })
            .collect::<Vec<_>>(),
    );
    if !global.quiet {
        let shown = folder.display();
        let mut lines = Vec::new();
        if !written.is_empty() {
            lines.push(format!("  wrote {shown}/{}", written.join(", ")));
        }
        lines.extend([
            String::new(),
            format!(
                "  Next:  python3 -m http.server --directory {shown} 8000   then open http://127.0.0.1:8000/"
            ),
        ]);
        report::print_lines(&lines);
    }
    Ok(Exit::Ok)
}

/// What the last line of an exported file begins with, before the hash of all that is above it.
const SIGNATURE: &str = " labctl export spa: ";

/// The text with a last line, a comment, by which a later export sees whether it was edited.
fn signed(text: &str, open: &str, close: &str) -> String {
    format!("{text}{open}{SIGNATURE}{}{close}\n", hash(text))
}

fn hash(text: &str) -> String {
    labfiles::hex(&Sha256::digest(text.as_bytes())[..16])
}

/// Whether an earlier export's file is no longer as it was written. One without a signature, of an older labctl, is not
/// edited when it has what is written today.
fn is_edited(path: &Path, new: &str) -> bool {
    let Ok(text) = fs::read_to_string(path) else {
        return false;
    };
    let lines = |text: &str| text.trim_end().rfind('\n').map_or(0, |at| at + 1);
    let (body, last) = text.split_at(lines(&text));
    if !last.contains(SIGNATURE) {
        return text != new[..lines(new)];
    }
    !last.contains(&format!("{SIGNATURE}{}", hash(body)))
}

/// A file of an earlier export: that may be replaced. A link, a pipe or a device never is one.
fn ours(path: &Path) -> bool {
    let is_file = path.symlink_metadata().is_ok_and(|about| about.is_file());
    is_file && fs::read_to_string(path).is_ok_and(|text| text.contains("labctl export spa"))
}

/// Puts a new file in the place of an earlier export's: a link that appears in the meantime is not written through.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)?;
    file.write_all(text.as_bytes())
}

/// What the page must know. Nothing in it is a secret.
struct Config(serde_json::Value);

impl Config {
    fn text(&self) -> String {
        format!(
            "// Written by `labctl export spa`: write it again after `labctl up` made new resources.\n\
             window.LAB = {:#};\n",
            self.0
        )
    }

    /// Where the page sends requests to: its Content-Security-Policy lets it go nowhere else.
    fn origins(&self) -> Vec<String> {
        let addresses =
            ["cognito", "stageUrl"].map(|name| self.0[name].as_str().unwrap_or_default());
        let origin = |address: &str| {
            let (scheme, rest) = address.split_once("://")?;
            let host = rest.split(['/', '?', '#', ' ', ';', '"']).next()?;
            Some(format!("{scheme}://{host}"))
        };
        let mut origins: Vec<String> = addresses.into_iter().filter_map(origin).collect();
        origins.dedup();
        origins
    }
}

fn config(scene: &Scene) -> Result<Config, Error> {
    let (lab, outputs) = (&scene.lab, &scene.outputs);
    let (Some(api), Some(client_id)) = (&lab.api, &outputs.client_id) else {
        return Err(Error::failed("the app needs a user pool and an API")
            .hint("`labctl up` (with `--local` as before) builds them"));
    };
    scene.by_code()?;
    if api.cors.is_none() {
        return Err(
            Error::usage("a page of another origin may not call this API")
                .hint("add `cors:` to `api:` in lab.yaml, and `labctl up`")
                .hint("`labctl init --lab refresh-rotation FOLDER` writes a lab that has it"),
        );
    }
    let routes: Vec<_> = api
        .routes
        .iter()
        .filter_map(|route| {
            let (header, kind) = match &route.guard {
                Guard::Open => (None, None),
                Guard::Pool { header, .. } => {
                    let access = route.wants_access_token();
                    (Some(header.as_str()), Some(if access { "access" } else { "id" }))
                }
                // Keys and values of other authorizers are not for pages.
                Guard::Iam | Guard::Function { .. } => return None,
            };
            Some(json!({ "method": route.method, "path": route.path, "header": header, "token": kind }))
        })
        .collect();
    let region = &scene.state.region;
    let endpoint = scene.link.connection.endpoint.clone();
    let cognito = endpoint.unwrap_or_else(|| format!("https://cognito-idp.{region}.amazonaws.com"));
    let pool = lab.user_pool.as_ref();
    let rotated = pool.is_some_and(|pool| pool.app_client.rotation_grace_s.is_some());
    Ok(Config(json!({
        "lab": lab.name,
        "user": outputs.users.first(),
        "cognito": format!("{}/", cognito.trim_end_matches('/')),
        "clientId": client_id,
        "rotated": rotated,
        "stageUrl": scene.base_url()?,
        "routes": routes,
    })))
}
