//! States that older versions of labctl wrote: today's labctl reads them as before.
//!
//! Each folder under `kept/` is a user's lab: `lab.yaml`, `artifacts/`, the state, the emulator's world at that time, and
//! in `said.json` what that labctl reported of it. Never edit or renew these files: if a test fails, change labctl so that
//! it reads them. For a new lab, add a line to [`ALL`] and keep a state of it (see `keep.rs`).

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::{Value, json};

use super::keep::{self, FOLDER, WORLD};
use crate::{
    harness::{Said, Site, changes},
    ready::{self, project},
    twin,
};

/// How a kept state was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub name: &'static str,
    /// The lab's folder in this project.
    pub lab: &'static str,
    /// Options of `up`.
    pub options: &'static str,
    /// The command that was killed, and when (`LABCTL_CRASH`).
    pub killed: Option<(&'static str, &'static str)>,
}

macro_rules! kept {
    ($($test:ident = $name:literal: $lab:literal, $options:literal, $killed:expr;)*) => {
        /// One line a folder.
        pub(crate) const ALL: &[Kept] = &[
            $(Kept { name: $name, lab: $lab, options: $options, killed: $killed },)*
        ];
        mod reads_as_before {
            $(#[test] fn $test() { super::reads_as_before($name); })*
        }
    };
}

kept! {
    tutorial = "cognito-authorizer": "", "", None;
    all_authorizers = "all-authorizers": "labs/all-authorizers", "", None;
    cloudfront_edge = "cloudfront-edge": "labs/cloudfront-edge", "", None;
    iam_authorizer = "iam-authorizer": "labs/iam-authorizer", "", None;
    lambda_authorizer = "lambda-authorizer": "labs/lambda-authorizer", "", None;
    refresh_rotation = "refresh-rotation": "labs/refresh-rotation", "", None;
    user_pool_choices = "user-pool-choices": "labs/user-pool-choices", "", None;
    edge_options = "edge-options": "tests/matrix/edge-options", "", None;
    until_and_users = "until-and-users": "labs/cloudfront-edge",
        "--until 5 --user one@example.com --user two@example.com", None;
    killed_up = "killed-up": "", "", Some(("up", "answered:lambda:CreateFunction:1"));
    killed_down = "killed-down": "labs/cloudfront-edge", "", Some(("down", "answered:cloudfront:UpdateDistribution:1"));
}

/// A kept lab in a folder of its own, with its emulator running.
struct Lab {
    site: Site,
    kept: Kept,
    environment: Vec<(String, String)>,
    endpoint: String,
    /// The state's file.
    file: String,
    /// The state as it was kept, with this folder's path.
    state: Value,
    /// What the labctl that wrote it reported.
    said: Value,
}

impl Lab {
    fn start(kept: Kept) -> Self {
        let (site, state) = start(kept.name);
        let file = format!(".labctl/{}/state.json", text(&state["lab"]));
        let said = fs::read_to_string(folder(kept.name).join("said.json")).expect("a kept file");
        Self {
            kept,
            environment: ready::environment(&site.read("lab.yaml")),
            endpoint: site.endpoint(),
            file,
            state,
            said: serde_json::from_str(&said).expect("a kept report"),
            site,
        }
    }

    fn runs(&self, line: &str) -> Said {
        let mut command = self.site.command(line.split_whitespace());
        Said::of(command.envs(self.environment.iter().cloned()))
    }

    fn up(&self) -> Said {
        let line = format!("up --local --json {}", self.kept.options);
        self.runs(&line).code(0)
    }

    fn written(&self) -> Value {
        serde_json::from_str(&self.site.read(&self.file)).expect("a state")
    }

    /// `up` finds the lab complete, and a state that it writes has everything that the kept one had. Once, it adds the
    /// tags that say whose the lab is, and says so.
    fn up_changes_nothing(&self) {
        twin::forget_calls(&self.endpoint);
        // Moves each step in the tutorial's order, so that `up` writes the state.
        let mut moved = self.state.clone();
        let steps = moved["steps"].as_object_mut().expect("steps");
        for step in steps.values_mut() {
            step["order"] = json!(step["order"].as_u64().expect("a number") + 100);
        }
        self.site.write(&self.file, moved.to_string());
        let plan = self.runs(&format!("plan --json {}", self.kept.options));
        let plan = plan.code(3).json();
        let lines = plan.as_array().expect("a list").iter();
        let planned = lines.filter(|line| line["tag"] == true).count();
        twin::forget_calls(&self.endpoint);
        let up = self.up();
        let changes = changes(&up.events());
        assert_eq!(
            changes.len(),
            self.state["steps"].as_object().expect("steps").len()
        );
        assert!(
            changes.iter().all(|(_, change)| change == "unchanged"),
            "{changes:?}"
        );
        let writes: Vec<_> = twin::calls(&self.endpoint)
            .into_iter()
            .filter(|c| !reads(c))
            .collect();
        let tags = writes.iter().filter(|c| tags(c)).count();
        assert_eq!(tags, writes.len(), "{writes:?}");
        assert_eq!(planned, tags, "{plan:#}");
        let announced = format!("added owner tags to {tags} resources");
        assert!(tags > 0 && up.out.contains(&announced), "{}", up.out);
        twin::forget_calls(&self.endpoint);
        self.up();
        let again = twin::calls(&self.endpoint);
        let again: Vec<_> = again.into_iter().filter(|c| !reads(c)).collect();
        assert_eq!(again, Vec::<String>::new());
        // The emulator has another port now.
        let mut state = self.state.clone();
        state["endpoint"] = json!(self.endpoint);
        // What is sealed has changed.
        let fields = state.as_object_mut().expect("fields");
        for of_seal in ["seal", "count"] {
            fields.remove(of_seal);
        }
        has_all("state.json", &state, &self.written());
        let said = keep::report(&self.runs("status --json"), Some(&up), &self.endpoint);
        has_all("said.json", &self.said, &said);
    }

    /// `up` completes what was killed, and makes nothing twice.
    fn up_completes(&self) {
        // What a `down` began to delete, and still exists, goes with `--replace` only.
        let line = format!("up --local --replace {}", self.kept.options);
        self.runs(&line).code(0);
        self.runs("status").code(0);
        let all = twin::everything(&self.endpoint);
        let each: BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), each.len(), "duplicates: {all:#?}");
    }

    /// The state as the next version of labctl may write it.
    fn newer_is_refused(&self) {
        let good = self.site.read(&self.file);
        let mut newer = self.written();
        newer["version"] = json!(newer["version"].as_u64().expect("a version") + 1);
        let newer = newer.to_string();
        self.site.write(&self.file, &newer);
        let before = twin::everything(&self.endpoint);
        for line in ["up --local", "status", "verify", "down"] {
            let words = ["state.json", "newer labctl", "nothing was touched"];
            let _ = self.runs(line).code(1).complains(&words);
            assert_eq!(self.site.read(&self.file), newer, "{line}");
        }
        assert_eq!(twin::everything(&self.endpoint), before);
        self.site.write(&self.file, good);
    }

    fn down_leaves_nothing(&self) {
        self.runs("down --prove --grace 0").code(0);
        assert_eq!(twin::everything(&self.endpoint), Vec::<String>::new());
        assert!(!self.site.has(&self.file), "the state is left");
    }
}

fn reads_as_before(name: &str) {
    let kept = ALL.iter().find(|kept| kept.name == name);
    let kept = *kept.expect("a line in ALL");
    if !folder(name).exists() {
        let labctl = std::env::var_os("KEEP_STATES").map(PathBuf::from);
        let labctl = labctl.expect("no state is kept: see keep.rs");
        keep::keep(kept, &labctl, &folder(name));
    }
    let lab = Lab::start(kept);
    let said = keep::report(&lab.runs("status --json"), None, &lab.endpoint);
    assert_eq!(said["code"], lab.said["code"], "{said:#}");
    has_all("said.json", &lab.said["status"], &said["status"]);
    assert_eq!(lab.written(), lab.state, "`status` changed the state");
    match kept.killed {
        None => lab.up_changes_nothing(),
        Some(_) => lab.up_completes(),
    }
    lab.newer_is_refused();
    lab.down_leaves_nothing();
    if kept.killed.is_some() {
        Lab::start(kept).down_leaves_nothing();
    }
}

/// `tests/matrix/records/` has all labs. A kind that is new since is in nobody's state.
#[test]
fn a_state_of_every_lab_is_kept() {
    for record in fs::read_dir(project("tests/matrix/records")).expect("the records") {
        let path = record.expect("a record").path();
        let lab = path.file_stem().expect("a name").to_string_lossy();
        assert!(
            ALL.iter().any(|kept| kept.name == lab),
            "no state of {lab} is kept: see keep.rs"
        );
    }
}

/// A kept lab in a folder of its own, with its emulator running, and its state.
pub(crate) fn start(name: &str) -> (Site, Value) {
    let site = Site::empty();
    let from = folder(name);
    let read = |name: &str| fs::read_to_string(from.join(name)).expect("a kept file");
    keep::copy(&from, &["lab.yaml", "artifacts"], &site.path(""));
    let here = site.path("");
    let here = here.to_string_lossy();
    let state = read("state.json").replace(FOLDER, here.trim_end_matches('/'));
    let state: Value = serde_json::from_str(&state).expect("a kept state");
    let file = format!(".labctl/{}/state.json", text(&state["lab"]));
    for (file, text) in [
        (file.as_str(), state.to_string()),
        (WORLD, read("world.json")),
    ] {
        fs::create_dir_all(site.path(file).with_file_name("")).expect("a folder");
        fs::write(site.path(file), text).expect("a file");
    }
    // An older labctl gave the folder no seal: the user is asked once.
    let asked = site.labctl("local start").code(2);
    let _ = asked.complains(&["an older labctl made it", "labctl trust"]);
    site.trusts();
    site.ok("local start");
    let state = serde_json::from_str(&site.read(&file)).expect("a state");
    (site, state)
}

fn folder(name: &str) -> PathBuf {
    project("tests/it/state/kept").join(name)
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Whether a call such as `iam:GetRole` only reads.
fn reads(call: &str) -> bool {
    let (_, operation) = call.split_once(':').unwrap_or(("", call));
    ["Get", "List", "Describe", "AdminGet", "AdminList"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}

/// Whether a call only adds tags.
fn tags(call: &str) -> bool {
    [":TagResource", ":TagRole"]
        .iter()
        .any(|end| call.ends_with(end))
}

/// Everything in `old` is in `new`, with the same value; `new` may have more.
#[track_caller]
fn has_all(place: &str, old: &Value, new: &Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in old {
                let place = format!("{place}: {name}");
                let now = new.get(name).unwrap_or(&Value::Null);
                has_all(&place, value, now);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            assert_eq!(old.len(), new.len(), "{place}: {new:?}");
            old.iter()
                .zip(new)
                .for_each(|(old, new)| has_all(place, old, new));
        }
        _ => assert_eq!(old, new, "{place}"),
    }
}
