//! Keeps a state for `kept.rs`: `KEEP_STATES=PATH/TO/labctl cargo test --test it state::kept` runs that labctl for each line
//! of [`ALL`](super::kept::ALL) that has no folder yet. It never changes a folder that exists.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use super::kept::Kept;
use crate::{
    harness::Site,
    ready::{self, Provider, project},
    support::{owned, said::Said},
    twin,
};

pub(super) const WORLD: &str = ".labctl/local/world.json";
/// In a kept state: the folder that the lab is in.
pub(super) const FOLDER: &str = "LAB_FOLDER";
/// In a kept report: the emulator's endpoint.
const ENDPOINT: &str = "ENDPOINT";

/// Copies files and folders.
pub(super) fn copy(from: &Path, names: &[&str], to: &Path) {
    let mut cp = Command::new("cp");
    cp.arg("-r").args(names.iter().map(|name| from.join(name)));
    let done = cp.arg(to).status().expect("cp runs");
    assert!(done.success(), "{}", from.display());
}

/// What `status` reports, and the last `outputs` of `up`, without the emulator's port.
pub(super) fn report(status: &Said, up: Option<&Said>, endpoint: &str) -> Value {
    let events = up.map(Said::events).unwrap_or_default();
    let outputs = events.iter().find(|event| event["event"] == "outputs");
    let report = json!({ "code": status.code, "status": status.json(), "outputs": outputs });
    // The inbox has a port of its own, which may begin with the digits of the other one.
    let inbox = status.json()["outputs"]["inbox"]
        .as_str()
        .map(str::to_owned);
    let inbox = inbox.and_then(|page| page.strip_suffix("/_local/").map(str::to_owned));
    let mut report = report.to_string();
    for origin in [inbox.as_deref(), Some(endpoint)].into_iter().flatten() {
        report = report.replace(&format!("{origin}/"), &format!("{ENDPOINT}/"));
        report = report.replace(&format!("{origin}\""), &format!("{ENDPOINT}\""));
    }
    serde_json::from_str(&report).expect("JSON")
}

/// Writes the folder `to` with the labctl given.
pub(super) fn keep(kept: Kept, labctl: &Path, to: &Path) {
    let labctl = labctl.canonicalize().expect("a labctl");
    let site = Site::empty();
    copy(
        &project(kept.lab),
        &["lab.yaml", "artifacts"],
        &site.path(""),
    );
    let provider = Provider::of(&site.path(""));
    let environment = ready::environment(&site.read("lab.yaml"));
    let command = |line: &str| {
        let mut command = site.program(&labctl.to_string_lossy());
        command.args(line.split_whitespace());
        command.envs(environment.iter().cloned());
        command
    };
    let runs = |line: &str| Said::of(&mut command(line));

    runs("local start").code(0);
    let endpoint = runs("local status --json").json()["endpoint"].clone();
    let endpoint = endpoint.as_str().expect("an endpoint");
    let account = twin::Account::new(endpoint, "000000000000");
    site.write("lab.yaml", owned::provide(&account, &site.read("lab.yaml")));
    let quick = json!({ "deploy_seconds": 0.0 });
    assert_eq!(
        twin::local(endpoint, "POST", "/cloudfront", Some(&quick)).status,
        200
    );

    let line = format!("up --local --json {}", kept.options);
    let up = match kept.killed {
        Some(("up", moment)) => {
            Said::of(command(&line).env("LABCTL_CRASH", moment)).code(-1);
            None
        }
        killed => {
            let up = runs(&line).code(0);
            if let Some((other, moment)) = killed {
                Said::of(command(other).env("LABCTL_CRASH", moment)).code(-1);
            }
            Some(up)
        }
    };
    let said = report(&runs("status --json"), up.as_ref(), endpoint);
    runs("local stop").code(0);
    drop(provider);

    let lab = said["status"]["lab"].as_str().expect("a name");
    let state = site.read(&format!(".labctl/{lab}/state.json"));
    let folder = site.path("");
    let folder = folder.to_string_lossy();
    let folder = folder.trim_end_matches('/');
    let world: Value = serde_json::from_str(&site.read(WORLD)).expect("JSON");
    let world = pretty(&past(world));
    assert!(!world.contains(folder), "the world names this machine");
    fs::create_dir_all(to).expect("a folder");
    copy(&site.path(""), &["lab.yaml", "artifacts"], to);
    for (name, text) in [
        ("state.json", state.replace(folder, FOLDER)),
        ("world.json", world),
        ("said.json", pretty(&said)),
    ] {
        fs::write(to.join(name), text).expect("a file");
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Moves times to 2023: on a machine whose clock is behind, a function would not be ready yet.
fn past(value: Value) -> Value {
    match value {
        Value::Object(all) => all.into_iter().map(|(key, v)| (key, past(v))).collect(),
        Value::Array(all) => all.into_iter().map(past).collect(),
        Value::Number(n) if n.as_f64().is_some_and(|n| n > 1.5e12) => json!(1_700_000_000_000_u64),
        Value::Number(n) if n.is_f64() && n.as_f64().is_some_and(|n| n > 1.5e9) => json!(1.7e9),
        Value::Number(n) if n.as_f64().is_some_and(|n| n > 1.5e9) => json!(1_700_000_000),
        other => other,
    }
}
