//! One case: a lab in an account of its own, one trouble at one call, and what must hold afterwards.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::inventory::{Bystanders, inventory};
use crate::{
    harness::{LAB, Said},
    twin::{self, Account, Rule},
};

/// A call that a clean run makes: the `nth` of its operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call {
    /// `up` or `down`.
    pub command: &'static str,
    /// `service:Operation`.
    pub operation: String,
    pub nth: usize,
}

/// What happens at the call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trouble {
    /// SIGKILL before it is sent.
    DiesBefore,
    /// SIGKILL after it is done, and before its answer comes.
    DiesUnanswered,
    /// SIGKILL between the answer and the journal.
    DiesAnswered,
    /// A fault rule of the twin. `fatal`: the run cannot be expected to get over it by itself.
    Fault { rule: Value, fatal: bool },
}

/// What is done after the trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// `up` completes, `verify` passes, nothing is there twice.
    GoesOn,
    /// `down` leaves nothing.
    GoesDown,
}

#[derive(Debug, Clone)]
pub(super) struct Case {
    pub call: Call,
    pub trouble: Trouble,
    pub ending: Ending,
}

/// A lab in a folder and an account of its own, among strangers' things.
pub(super) struct Lab {
    folder: TempDir,
    pub account: Account,
    bystanders: Bystanders,
}

impl Lab {
    pub(super) fn new(endpoint: &str, number: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        fs::create_dir_all(path.join("artifacts/hello")).expect("a folder");
        // All accounts share the twin's inbox: an address of its own.
        let lab = LAB.replace(
            "student@example.com",
            &format!("student{number}@example.com"),
        );
        fs::write(path.join("lab.yaml"), lab).expect("a file");
        let handler = include_str!("../../../artifacts/hello/lambda_function.py");
        fs::write(path.join("artifacts/hello/lambda_function.py"), handler).expect("a file");
        let account = Account::new(endpoint, &format!("{:012}", 200_000_000_000_usize + number));
        let bystanders = Bystanders::plant(&account);
        Self {
            folder,
            account,
            bystanders,
        }
    }

    fn command(&self, line: &str) -> Command {
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

    fn rule(&self, call: &Call, rule: &Value) -> Rule {
        let mut body = rule.clone();
        body["account"] = json!(self.account.id);
        body["operation"] = json!(call.operation);
        body["nth"] = json!(call.nth);
        Rule::set(&self.account.endpoint, &body)
    }

    /// Runs the case's command into its trouble.
    fn suffers(&self, case: &Case) -> Result<(), String> {
        let Call {
            command,
            operation,
            nth,
            ..
        } = &case.call;
        let line = format!("{command} --yes");
        let moment = match &case.trouble {
            Trouble::DiesBefore => "sending",
            Trouble::DiesAnswered => "answered",
            Trouble::DiesUnanswered => return self.dies_unanswered(case, &line),
            Trouble::Fault { rule, fatal } => return self.meets(case, &line, rule, *fatal),
        };
        let mut command = self.command(&line);
        command.env("LABCTL_CRASH", format!("{moment}:{operation}:{nth}"));
        let output = command.output().map_err(|e| e.to_string())?;
        match output.status.signal() {
            Some(9) => Ok(()),
            other => Err(format!(
                "it was to be killed, but ended with {other:?} {output:?}"
            )),
        }
    }

    fn dies_unanswered(&self, case: &Case, line: &str) -> Result<(), String> {
        let rule = self.rule(&case.call, &json!({ "action": "hold", "when": "after" }));
        let mut command = self.command(line);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child: Child = command.spawn().map_err(|e| e.to_string())?;
        let hits = rule.hits(30);
        child.kill().map_err(|e| e.to_string())?;
        child.wait().map_err(|e| e.to_string())?;
        drop(rule);
        match hits {
            0 => Err("the call was never made".to_owned()),
            _ => Ok(()),
        }
    }

    fn meets(&self, case: &Case, line: &str, rule: &Value, fatal: bool) -> Result<(), String> {
        let rule = self.rule(&case.call, rule);
        let said = ended(&mut self.command(line))?;
        let hits = rule.hits(0);
        drop(rule);
        if hits == 0 {
            return Err(format!(
                "the call was never made: {}",
                told(line, said.code, &said)
            ));
        }
        let allowed: &[i32] = if fatal { &[0, 1, 6] } else { &[0] };
        if allowed.contains(&said.code) {
            Ok(())
        } else {
            Err(told(line, said.code, &said))
        }
    }
}

/// Runs the case; what does not hold is the error.
pub(super) fn run(
    case: &Case,
    number: usize,
    endpoint: &str,
    built: &[String],
) -> Result<(), String> {
    let lab = Lab::new(endpoint, number);
    let before = lab.inventory();
    if case.call.command == "down" {
        lab.runs("up --yes")?;
    }
    lab.suffers(case)?;
    match case.ending {
        Ending::GoesOn => {
            lab.runs("up --yes")?;
            lab.runs("verify")?;
            same("after `up`", built, &lab.inventory())?;
        }
        Ending::GoesDown => {
            lab.runs("down --yes")?;
            same("after `down`", &before, &lab.inventory())?;
        }
    }
    let disturbed = lab.bystanders.disturbed(&lab.account);
    let path = format!("/accounts/{}", lab.account.id);
    twin::local(endpoint, "DELETE", &path, None);
    if disturbed.is_empty() {
        Ok(())
    } else {
        Err(disturbed.join("\n"))
    }
}

/// What is there must be what was expected, everything once.
fn same(when: &str, expected: &[String], seen: &[String]) -> Result<(), String> {
    if expected == seen {
        return Ok(());
    }
    let minus = |a: &[String], b: &[String]| {
        let mut rest = b.to_vec();
        a.iter()
            .filter(|x| match rest.iter().position(|y| y == *x) {
                Some(at) => {
                    rest.remove(at);
                    false
                }
                None => true,
            })
            .cloned()
            .collect::<Vec<_>>()
    };
    Err(format!(
        "{when}: too much {:#?}, missing {:#?}",
        minus(seen, expected),
        minus(expected, seen)
    ))
}

fn ended(command: &mut Command) -> Result<Said, String> {
    let said = Said::from(command.output().map_err(|e| e.to_string())?);
    if said.err.contains("panicked") {
        return Err(format!("it panicked: {}", said.err));
    }
    Ok(said)
}

fn told(line: &str, code: i32, said: &Said) -> String {
    format!(
        "`labctl {line}` ended with {code}\n{}\n{}",
        said.out, said.err
    )
}
