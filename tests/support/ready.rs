//! The labs of this project, as its folders have them.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use regex::Regex;

use super::said::Said;

/// A file or folder of this project.
pub(crate) fn project(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The names of the ready labs under `labs/`.
pub(crate) fn labs() -> Vec<String> {
    let labs = fs::read_dir(project("labs")).expect("a folder");
    let labs = labs.map(|entry| entry.expect("a folder").file_name());
    let mut labs: Vec<_> = labs
        .map(|name| name.into_string().expect("UTF-8"))
        .collect();
    labs.sort();
    labs
}

/// The environment variables that a lab.yaml reads (`password_env: NAME`), each with a password in it.
pub(crate) fn environment(lab: &str) -> Vec<(String, String)> {
    let named = Regex::new(r"(?m)^[^#\n]*_env: *(\w+)").expect("a rule");
    let names = named.captures_iter(lab).map(|found| found[1].to_owned());
    names.map(|name| (name, PASSWORD.to_owned())).collect()
}

/// As Cognito's policy wants it.
pub(crate) const PASSWORD: &str = "Correct-Horse-1-Battery";

/// The identity provider that a lab brings along (`artifacts/provider/provider.py`); it stops when dropped.
pub(crate) struct Provider(PathBuf);

impl Provider {
    /// Starts that of the lab in `folder`, when it has one, on a port of its own, which the lab is told.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        let provider = folder.join("artifacts/provider");
        let script = provider.join("provider.py");
        if !script.exists() {
            return None;
        }
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a port").port().to_string();
        let lab = folder.join("lab.yaml");
        for file in [&lab, &provider.join("metadata.xml")] {
            let text = fs::read_to_string(file).expect("a file");
            fs::write(file, text.replace("8010", &port)).expect("a file");
        }
        let environment = environment(&fs::read_to_string(lab).expect("a lab"));
        let mut start = Command::new("python3");
        start.arg(&script).args(["start", &port]).envs(environment);
        Said::of(&mut start).code(0);
        Some(Self(script))
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = Command::new("python3").arg(&self.0).arg("stop").output();
    }
}
