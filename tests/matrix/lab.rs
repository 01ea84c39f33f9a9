//! The labs that the matrix tries, and one of them in a folder and an account of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use regex::Regex;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    bystanders::Bystanders,
    inventory::inventory,
    support::{
        owned,
        ready::{self, Provider},
        said::Said,
        twin::{self, Account, Rule},
    },
};

pub(super) use super::support::ready::project;

pub(super) const TUTORIAL: &str = "cognito-authorizer";

/// A lab of this project, copied on first use.
pub(super) struct Source {
    pub name: String,
    from: PathBuf,
    ready: OnceLock<Ready>,
}

/// A lab as its folder has it, and what it needs to be there.
pub(super) struct Ready {
    text: String,
    environment: Vec<(String, String)>,
    // Before the folder that it is in: dropped first.
    _provider: Option<Provider>,
    folder: TempDir,
}

/// The tutorial's lab, all of `labs/`, and `edge-options`, which has the kinds that are in no other lab.
pub(super) fn all() -> Vec<Source> {
    let labs = ready::labs().into_iter().map(|name| format!("labs/{name}"));
    let tutorial = Source::new(TUTORIAL, project(""));
    let own = Source::new("edge-options", project("tests/matrix/edge-options"));
    let named = labs.map(|path| Source::new(path.trim_start_matches("labs/"), project(&path)));
    [tutorial].into_iter().chain(named).chain([own]).collect()
}

impl Source {
    fn new(name: &str, from: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            from,
            ready: OnceLock::new(),
        }
    }

    pub(super) fn ready(&self) -> &Ready {
        self.ready.get_or_init(|| Ready::read(&self.from))
    }
}

impl Ready {
    fn read(from: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(&from.join("artifacts"), &folder.path().join("artifacts"));
        let file = folder.path().join("lab.yaml");
        fs::copy(from.join("lab.yaml"), &file).expect("a lab");
        let provider = Provider::of(folder.path());
        let text = fs::read_to_string(file).expect("a lab");
        // `verify` waits until a refresh token's grace is over: nothing that a crash could change.
        let grace = Regex::new(r"grace_seconds: \d+").expect("a rule");
        Self {
            environment: ready::environment(&text),
            _provider: provider,
            folder,
            text: grace.replace(&text, "grace_seconds: 0").into_owned(),
        }
    }
}

/// A lab in a folder and an account of its own, among strangers' things.
pub(super) struct Lab<'a> {
    ready: &'a Ready,
    folder: TempDir,
    pub account: Account,
    bystanders: Option<Bystanders>,
}

impl<'a> Lab<'a> {
    pub(super) fn new(ready: &'a Ready, endpoint: &str, number: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let artifacts = ready.folder.path().join("artifacts");
        copy(&artifacts, &folder.path().join("artifacts"));
        // All accounts share the twin's inbox: an address of its own.
        let student = format!("student{number}@example.com");
        let lab = ready.text.replace("student@example.com", &student);
        // Nor do two accounts of a region have the same domain.
        let domain = Regex::new(r"(?m)^( *domain: [a-z0-9-]+)").expect("a rule");
        let lab = domain.replace(&lab, format!("${{1}}-{number}"));
        let id = format!("{:012}", 200_000_000_000_usize + number);
        let account = Account::new(endpoint, &id);
        let lab = owned::provide(&account, &lab);
        fs::write(folder.path().join("lab.yaml"), lab).expect("a file");
        Self {
            ready,
            folder,
            account,
            bystanders: None,
        }
    }

    /// Plants strangers' things beside those that the lab, built alone, consists of.
    pub(super) fn among_strangers(mut self, built: &[String]) -> Self {
        self.bystanders = Some(Bystanders::plant(&self.account, built));
        self
    }

    pub(super) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_labctl"));
        command
            .args(line.split(' '))
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_ENDPOINT_URL", &self.account.endpoint)
            .env("AWS_ACCESS_KEY_ID", &self.account.id)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .envs(self.ready.environment.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs labctl to its end, which must be 0.
    pub(super) fn runs(&self, line: &str) -> Result<Said, String> {
        ended(&mut self.command(line)).and_then(|said| match said.code {
            0 => Ok(said),
            code => Err(told(line, code, &said)),
        })
    }

    /// The calls that the account received since the last time, as `service:Operation`.
    pub(super) fn calls(&self) -> Vec<String> {
        let path = format!("/calls.json?account={}", self.account.id);
        let calls = twin::local(&self.account.endpoint, "GET", &path, None).json();
        twin::local(&self.account.endpoint, "DELETE", &path, None);
        let operation = |call: &Value| call["operation"].as_str().unwrap_or("?").to_owned();
        calls
            .as_array()
            .expect("a list")
            .iter()
            .map(operation)
            .collect()
    }

    pub(super) fn inventory(&self) -> Vec<String> {
        inventory(&self.account)
    }

    /// What of the strangers' things is not as it was.
    pub(super) fn disturbed(&self) -> Vec<String> {
        let strangers = self.bystanders.as_ref();
        strangers.map_or_else(Vec::new, |s| s.disturbed(&self.account))
    }

    /// A fault rule for the `nth` call of an operation.
    pub(super) fn rule(&self, operation: &str, nth: usize, rule: &Value) -> Rule {
        let mut body = rule.clone();
        body["account"] = json!(self.account.id);
        body["operation"] = json!(operation);
        body["nth"] = json!(nth);
        Rule::set(&self.account.endpoint, &body)
    }
}

impl Drop for Lab<'_> {
    /// The account is no longer needed; what its handlers run ends.
    fn drop(&mut self) {
        let path = format!("/accounts/{}", self.account.id);
        twin::local(&self.account.endpoint, "DELETE", &path, None);
    }
}

pub(super) fn ended(command: &mut Command) -> Result<Said, String> {
    let said = Said::from(command.output().map_err(|e| e.to_string())?);
    if said.err.contains("panicked") {
        return Err(format!("it panicked: {}", said.err));
    }
    Ok(said)
}

pub(super) fn told(line: &str, code: i32, said: &Said) -> String {
    format!(
        "`labctl {line}` ended with {code}\n{}\n{}",
        said.out, said.err
    )
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let (from, name) = entry.map(|e| (e.path(), e.file_name())).expect("a file");
        let to = to.join(name);
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a file");
        }
    }
}
