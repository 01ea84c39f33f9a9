//! One case: one trouble at one call of a lab, and what must hold afterwards.

use std::{
    fmt,
    os::unix::process::ExitStatusExt,
    process::{Child, Stdio},
};

use serde_json::{Value, json};

use super::lab::{Lab, ended, told};

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
    Fault {
        name: &'static str,
        rule: Value,
        fatal: bool,
    },
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

/// The case's name within its lab: `up::iam:CreateRole#1::dies_answered::goes_down`.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call {
            command,
            operation,
            nth,
        } = &self.call;
        let trouble = match &self.trouble {
            Trouble::DiesBefore => "dies_before",
            Trouble::DiesUnanswered => "dies_unanswered",
            Trouble::DiesAnswered => "dies_answered",
            Trouble::Fault { name, .. } => name,
        };
        let ending = match self.ending {
            Ending::GoesOn => "goes_on",
            Ending::GoesDown => "goes_down",
        };
        write!(f, "{command}::{operation}#{nth}::{trouble}::{ending}")
    }
}

impl Case {
    /// Runs the case on a lab, of which `built` is all there is when it is complete and alone; what does not
    /// hold is the error.
    pub(super) fn run(&self, lab: Lab<'_>, built: &[String]) -> Result<(), String> {
        let lab = lab.among_strangers(built);
        let before = lab.inventory();
        if self.call.command == "down" {
            lab.runs("up --yes")?;
        }
        self.strikes(&lab)?;
        match self.ending {
            Ending::GoesOn => {
                // What a `down` began to delete, and still exists, goes with `--replace` only.
                let replaces = self.call.command == "down";
                let line = if replaces {
                    "up --yes --replace"
                } else {
                    "up --yes"
                };
                lab.runs(line)?;
                lab.runs("verify")?;
                let mut expected = [&before, built].concat();
                expected.sort();
                let mut seen = lab.inventory();
                if self.call.command == "down" {
                    // With a new user pool the API was deployed anew; the old deployment is its history.
                    for all in [&mut expected, &mut seen] {
                        all.dedup_by(|a, b| a == b && a.ends_with(" / deployment"));
                    }
                }
                same("after `up`", &expected, &seen)?;
            }
            Ending::GoesDown => {
                lab.runs("down --yes")?;
                same("after `down`", &before, &lab.inventory())?;
            }
        }
        let disturbed = lab.disturbed();
        if disturbed.is_empty() {
            Ok(())
        } else {
            Err(disturbed.join("\n"))
        }
    }

    /// Runs the case's command into its trouble.
    fn strikes(&self, lab: &Lab<'_>) -> Result<(), String> {
        let Call {
            command,
            operation,
            nth,
        } = &self.call;
        let line = format!("{command} --yes");
        let moment = match &self.trouble {
            Trouble::DiesBefore => "sending",
            Trouble::DiesAnswered => "answered",
            Trouble::DiesUnanswered => return self.dies_unanswered(lab, &line),
            Trouble::Fault { rule, fatal, .. } => return self.meets(lab, &line, rule, *fatal),
        };
        let mut command = lab.command(&line);
        command.env("LABCTL_CRASH", format!("{moment}:{operation}:{nth}"));
        let output = command.output().map_err(|e| e.to_string())?;
        match output.status.signal() {
            Some(9) => Ok(()),
            other => Err(format!(
                "it was to be killed, but ended with {other:?} {output:?}"
            )),
        }
    }

    fn dies_unanswered(&self, lab: &Lab<'_>, line: &str) -> Result<(), String> {
        let hold = json!({ "action": "hold", "when": "after" });
        let rule = lab.rule(&self.call.operation, self.call.nth, &hold);
        let mut command = lab.command(line);
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

    fn meets(&self, lab: &Lab<'_>, line: &str, rule: &Value, fatal: bool) -> Result<(), String> {
        let rule = lab.rule(&self.call.operation, self.call.nth, rule);
        let said = ended(&mut lab.command(line))?;
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

/// What is there must be what was expected, everything once.
pub(super) fn same(when: &str, expected: &[String], seen: &[String]) -> Result<(), String> {
    if expected == seen {
        return Ok(());
    }
    Err(format!(
        "{when}: too much {:#?}, missing {:#?}",
        minus(seen, expected),
        minus(expected, seen)
    ))
}

/// Returns the lines of `a` that are not in `b`; duplicates count.
pub(super) fn minus(a: &[String], b: &[String]) -> Vec<String> {
    let mut rest = b.to_vec();
    let left = a
        .iter()
        .filter(|x| match rest.iter().position(|y| y == *x) {
            Some(at) => {
                rest.remove(at);
                false
            }
            None => true,
        });
    left.cloned().collect()
}
