//! The proof that nothing of a lab is left: asks AWS by tags, by names and by parents. It only reads, and shares
//! nothing with the state and with how the kinds are found and deleted: a mistake there cannot hide here.

mod api;
mod api_key;
mod command;
mod distribution;
mod function;
mod identity_pool;
mod log_group;
mod pool;
mod record_set;
mod role;
mod tag;
mod web_acl;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

pub use command::Shell;

use crate::{
    aws::{Cx, Fault, FaultKind},
    event::{By, Left, Look, Unseen},
    resource::Kind,
};

/// How long to watch for log groups that come back after their function was deleted. Lambda hands logs over on its
/// own time: log groups were seen to appear about ten seconds after the event (apache/airflow#25626), and the
/// documentation names no limit. A minute is several times that.
pub const GRACE: Duration = Duration::from_mins(1);
/// The same on the twin, which writes logs before it answers.
pub const TWIN_GRACE: Duration = Duration::from_secs(1);

/// What to look for: plain data.
#[derive(Debug)]
pub struct Target {
    /// Value of the ownership tag.
    pub lab: String,
    /// Names and ids of what the lab has, or had.
    pub known: Vec<Known>,
    /// How long to watch for late log groups.
    pub grace: Duration,
    /// Where the commands that remove survivors go.
    pub shell: Shell,
}

impl Target {
    /// Whether there are log groups to watch: only a function that was just deleted can still write.
    pub fn watches(&self) -> bool {
        self.known
            .iter()
            .any(|k| k.kind == Kind::Function && k.deleted)
    }
}

/// One thing that the lab has, or had.
#[derive(Debug, Clone)]
pub struct Known {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// AWS's id, for kinds whose names are not unique.
    pub id: Option<String>,
    /// The run's record says that labctl made it. If not, only lab.yaml names it.
    pub made: bool,
    /// It was deleted in this run.
    pub deleted: bool,
    /// Why it could not be deleted in this run.
    pub failure: Option<String>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Findings {
    /// Questions that were answered.
    pub looks: Vec<Look>,
    /// Questions that were not.
    pub unseen: Vec<Unseen>,
    /// What is left of the lab.
    pub survivors: Vec<Left>,
    /// What only has its names.
    pub not_ours: Vec<Left>,
}

/// Looks for all that could be left.
///
/// # Errors
/// Only the user's wish to stop. What AWS does not answer is a finding.
pub async fn sweep(cx: &Cx, target: &Target) -> Result<Findings, Fault> {
    let sweep = Sweep {
        cx,
        target,
        findings: Mutex::default(),
    };
    let hits = sweep.tagged().await;
    tokio::join!(
        async {
            let absent = sweep.functions(&hits).await;
            sweep.log_groups(&hits, &absent).await;
        },
        sweep.roles(),
        sweep.pools(&hits),
        sweep.identity_pools(&hits),
        sweep.apis(&hits),
        sweep.distributions(&hits),
        sweep.api_keys(&hits),
        sweep.usage_plans(&hits),
        sweep.web_acls(&hits),
        sweep.record_sets(),
    );
    if cx.interrupt().is_set() {
        let reason = "interrupted";
        return Err(Fault::new(FaultKind::Interrupted, "the sweep", reason));
    }
    let mut findings = sweep
        .findings
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    findings.looks.sort_by_key(|look| look.at);
    let order = |left: &Left| (left.kind, left.physical_id.clone());
    findings.survivors.sort_by_key(order);
    findings.not_ours.sort_by_key(order);
    Ok(findings)
}

/// One sweep.
struct Sweep<'a> {
    cx: &'a Cx,
    target: &'a Target,
    findings: Mutex<Findings>,
}

/// The answer to a question about one thing.
enum Seen<T> {
    There(T),
    Absent,
    /// No answer; noted.
    Unknown,
}

/// One thing that is there.
struct Thing<'a> {
    kind: Kind,
    name: &'a str,
    physical_id: &'a str,
    /// It carries the lab's tag.
    tagged: bool,
    /// What the lab knows of it.
    known: Option<&'a Known>,
    /// More to say of it.
    more: String,
    /// What removes it.
    command: String,
}

impl Sweep<'_> {
    fn findings(&self) -> MutexGuard<'_, Findings> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, kind: Kind) -> impl Iterator<Item = &Known> {
        self.target.known.iter().filter(move |k| k.kind == kind)
    }

    fn names(&self, kind: Kind) -> Vec<&str> {
        self.known(kind).map(|k| k.name.as_str()).collect()
    }

    /// Ids to ask for: of what has the lab's tag, of what a list of all has under its names, of what it had.
    fn ids(
        &self,
        kind: Kind,
        tagged: &BTreeSet<String>,
        named: Vec<String>,
    ) -> BTreeMap<String, By> {
        let tagged = tagged.iter().map(|id| (id.clone(), By::Tag));
        let named = named.into_iter().map(|id| (id, By::Name));
        let had = self
            .known(kind)
            .filter_map(|k| Some((k.id.clone()?, By::Id)));
        tagged.chain(named).chain(had).collect()
    }

    /// What is known of the thing of this name: better what was made than what is only named.
    fn known_as(&self, kind: Kind, name: &str) -> Option<&Known> {
        self.known(kind)
            .filter(|k| k.name == name)
            .max_by_key(|k| k.made)
    }

    /// Notes a question and the list that answered it. Without an answer, the list is empty.
    fn list<T>(
        &self,
        by: By,
        operation: &str,
        filter: &str,
        answer: Result<Vec<T>, Fault>,
    ) -> Vec<T> {
        match answer {
            Ok(found) => {
                self.looked(by, operation, filter, found.len());
                found
            }
            // Lists of what lives in something that is not there.
            Err(fault) if fault.kind == FaultKind::Absent => {
                self.looked(by, operation, filter, 0);
                Vec::new()
            }
            Err(fault) => {
                self.unseen(operation, filter, fault.to_string());
                Vec::new()
            }
        }
    }

    /// Notes a question about one thing.
    fn one<T>(
        &self,
        by: By,
        operation: &str,
        filter: &str,
        answer: Result<Option<T>, Fault>,
    ) -> Seen<T> {
        match answer {
            Ok(Some(thing)) => {
                self.looked(by, operation, filter, 1);
                Seen::There(thing)
            }
            Ok(None) => {
                self.looked(by, operation, filter, 0);
                Seen::Absent
            }
            Err(fault) if fault.kind == FaultKind::Absent => {
                self.looked(by, operation, filter, 0);
                Seen::Absent
            }
            Err(fault) => {
                self.unseen(operation, filter, fault.to_string());
                Seen::Unknown
            }
        }
    }

    fn looked(&self, by: By, operation: &str, filter: &str, found: usize) {
        let (service, operation) = split(operation);
        self.findings().looks.push(Look {
            by,
            service,
            operation,
            filter: filter.to_owned(),
            found,
            at: Timestamp::now(),
        });
    }

    fn unseen(&self, operation: &str, filter: &str, reason: String) {
        let (service, operation) = split(operation);
        self.findings().unseen.push(Unseen {
            service,
            operation,
            filter: filter.to_owned(),
            reason,
            at: Timestamp::now(),
        });
    }

    /// Sorts a thing that is there: ours by its tag, ours by the run's record, or a stranger with a name of the lab.
    fn there(&self, thing: Thing<'_>) {
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

/// `lambda:GetFunction` → `lambda`, `GetFunction`.
fn split(operation: &str) -> (String, String) {
    let (service, name) = operation.split_once(':').unwrap_or(("", operation));
    (service.to_owned(), name.to_owned())
}

/// `, with 1 stage, 2 deployments`: what goes with a thing. Nothing for nothing.
fn with(parts: &[(usize, &str)]) -> String {
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
