//! Something that is there: the lab's, or a stranger's with one of the lab's names.

use super::{Known, Sweep};
use crate::{event::Left, kind::Kind};

/// One thing that is there.
#[derive(Debug)]
pub struct Thing<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: &'a str,
    /// AWS's id or ARN for it.
    pub physical_id: &'a str,
    /// It carries the lab's tag.
    pub tagged: bool,
    /// What the lab knows of it.
    pub known: Option<&'a Known>,
    /// More to say of it.
    pub more: String,
    /// What removes it.
    pub command: String,
}

impl Sweep<'_> {
    /// Sorts a thing that is there: ours by its tag, ours by the run's record, or a stranger with a name of the lab.
    pub fn there(&self, thing: Thing<'_>) {
        let made = thing.known.is_some_and(|k| k.made);
        let mut reason = match (thing.tagged, made) {
            (true, _) => "carries this lab's tag".to_owned(),
            (false, true) if thing.known.is_some_and(|k| k.id.is_some()) => {
                "this lab made it, but it does not carry its tag any more".to_owned()
            }
            (false, true) => {
                "has the name of what this lab made, but not its tag: look at it first".to_owned()
            }
            (false, false) => "not ours, has the name".to_owned(),
        };
        reason.push_str(&thing.more);
        if let Some(failure) = thing.known.and_then(|k| k.failure.as_ref()) {
            reason.push_str(&format!("; not deleted: {failure}"));
        }
        let left = Left {
            kind: thing.kind,
            name: thing.name.to_owned(),
            physical_id: thing.physical_id.to_owned(),
            reason,
            command: thing.command,
        };
        let mut findings = self.findings();
        if thing.tagged || made {
            findings.survivors.push(left);
        } else {
            findings.not_ours.push(left);
        }
    }
}

/// `, with 1 stage, 2 deployments`: what goes with a thing. Empty if there is nothing.
pub fn with(parts: &[(usize, &str)]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| match (n, what.strip_suffix('y')) {
            (1, _) => format!("1 {what}"),
            (_, Some(stem)) => format!("{n} {stem}ies"),
            _ => format!("{n} {what}s"),
        })
        .collect();
    if parts.is_empty() {
        return String::new();
    }
    format!(", with {}", parts.join(", "))
}
