//! A folder with a lab, an empty home, and the real program.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use crate::support::said::Said;

/// One test's folder. Dropping it stops its twin.
pub(crate) struct Site {
    root: TempDir,
}

pub(crate) const LAB: &str = include_str!("../../lab.yaml");
pub(crate) const FUNCTION: &str = "d-lambda-nonvpc-cmp-demo-function";

impl Site {
    /// The tutorial's lab.
    pub(crate) fn tutorial() -> Self {
        let site = Self::empty();
        site.write("lab.yaml", LAB);
        site.write(
            "artifacts/hello/lambda_function.py",
            include_str!("../../artifacts/hello/lambda_function.py"),
        );
        site
    }

    /// A ready lab, as `labctl init` writes it.
    pub(crate) fn ready(name: &str) -> Self {
        let site = Self::empty();
        site.ok(&format!("init --lab {name}"));
        site
    }

    pub(crate) fn empty() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        for folder in ["home", "lab"] {
            fs::create_dir(root.path().join(folder)).expect("a new folder");
        }
        Self { root }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("lab").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        fs::write(path, text).expect("a file can be written");
        if name.starts_with(".labctl/") {
            self.trusts();
        }
    }

    /// The user has looked at what is in `.labctl`, whoever put it there.
    pub(crate) fn trusts(&self) {
        Said::of(&mut self.command(["trust", "--quiet"]));
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Replaces text in lab.yaml.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = self.read("lab.yaml");
        assert!(text.contains(from), "lab.yaml has no {from:?}");
        self.write("lab.yaml", text.replace(from, to));
    }

    /// The program in this folder, in an environment without credentials or configuration.
    pub(crate) fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_labctl"));
        command.args(args);
        command
    }

    /// Any program, in the same folder and environment.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command
            .current_dir(self.path(""))
            .env_clear()
            .env("HOME", self.root.path().join("home"))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        command
    }

    /// `labctl …` at a terminal of 100 columns, by util-linux' `script`; what is typed is its stdin.
    pub(crate) fn terminal(&self, line: &str) -> Command {
        self.terminal_of(100, line)
    }

    /// The same with another width; 0: the terminal does not know its own.
    pub(crate) fn terminal_of(&self, columns: u16, line: &str) -> Command {
        let labctl = env!("CARGO_BIN_EXE_labctl");
        let run = format!("stty cols {columns} rows 40 && exec {labctl} {line}");
        let mut script = self.program("script");
        script
            .args(["-qec", &run, "/dev/null"])
            .env("TERM", "xterm")
            .stdin(Stdio::piped());
        script
    }

    /// Runs `labctl …` (words split at spaces).
    pub(crate) fn labctl(&self, line: &str) -> Said {
        Said::of(&mut self.command(line.split_whitespace()))
    }

    /// Runs `labctl …`, which must end with exit code 0.
    pub(crate) fn ok(&self, line: &str) -> Said {
        self.labctl(line).code(0)
    }

    /// The twin's endpoint.
    pub(crate) fn endpoint(&self) -> String {
        let status = self.ok("local status --json").json();
        status["endpoint"].as_str().expect("an endpoint").to_owned()
    }

    /// `status --json`, whatever its exit code.
    pub(crate) fn status(&self) -> Value {
        self.labctl("status --json").json()
    }

    pub(crate) fn state(&self) -> Value {
        serde_json::from_str(&self.read(".labctl/cognito-authorizer/state.json"))
            .expect("the state is JSON")
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.command(["local", "stop"]).output();
    }
}

impl Said {
    /// Stdout as one JSON event a line.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    }

    /// Stderr must have these words.
    #[track_caller]
    pub(crate) fn complains(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.err.contains(word), "no {word:?} in:\n{}", self.err);
        }
        self
    }
}

/// A program that runs, and what it has said.
pub(crate) struct Running {
    pub child: Child,
    out: BufReader<ChildStdout>,
    said: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        Self {
            child,
            out,
            said: String::new(),
        }
    }

    /// Reads on until `words` were said.
    #[track_caller]
    pub(crate) fn hears(&mut self, words: &str) {
        self.hears_times(words, 1);
    }

    /// Reads on until `words` were said so often.
    #[track_caller]
    pub(crate) fn hears_times(&mut self, words: &str, times: usize) {
        while self.said.matches(words).count() < times {
            // Not lines: a question ends without one.
            let more = self.out.fill_buf().expect("its words").to_vec();
            assert!(
                !more.is_empty(),
                "it ended without {words:?}:\n{}",
                self.said
            );
            self.out.consume(more.len());
            self.said += &String::from_utf8_lossy(&more);
        }
    }

    /// All that was said so far.
    pub(crate) fn said(&self) -> &str {
        &self.said
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(sent.success(), "{name} was not sent");
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Said {
        self.out.read_to_string(&mut self.said).expect("UTF-8");
        let mut err = String::new();
        let mut pipe = self.child.stderr.take().expect("a pipe");
        pipe.read_to_string(&mut err).expect("UTF-8");
        let status = self.child.wait().expect("it ends");
        Said {
            code: status.code().unwrap_or(-1),
            out: self.said,
            err,
        }
    }
}

/// `(id, change)` of all finished steps among events.
pub(crate) fn changes(events: &[Value]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = events
        .iter()
        .filter(|e| e["event"] == "step")
        .filter(|e| {
            !["creating", "updating", "deleting"]
                .contains(&e["change"].as_str().unwrap_or_default())
        })
        .map(|e| {
            let text = |member: &str| e[member].as_str().unwrap_or_default().to_owned();
            (text("id"), text("change"))
        })
        .collect();
    all.sort();
    all
}

/// `(id, state)` of every resource in `status --json`.
pub(crate) fn standings(status: &Value) -> Vec<(String, String)> {
    let empty = Vec::new();
    status["chapters"]
        .as_array()
        .unwrap_or(&empty)
        .iter()
        .flat_map(|c| c["resources"].as_array().cloned().unwrap_or_default())
        .map(|r| {
            let text = |member: &str| r[member].as_str().unwrap_or_default().to_owned();
            (text("id"), text("state"))
        })
        .collect()
}
