//! The proof that nothing of a lab is left: asks AWS by tags, by names and by parents. It only reads, and shares
//! nothing with the state and with how the kinds are found and deleted: a mistake there cannot hide here.
//!
//! This is the frame. What to ask about a kind is a [`Question`] beside the kind (`resource/SERVICE/sweep.rs`).

mod command;
mod late;
mod question;
mod tag;
mod target;
mod thing;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use jiff::Timestamp;

pub use command::{Shell, chain};
pub use late::{GRACE, TWIN_GRACE};
pub use question::{Arn, Asking, Question, Questions, Swept, watches};
pub use target::{Findings, Known, Target};
pub use thing::{Thing, with};

use crate::{
    aws::{Cx, Fault, FaultKind},
    event::{By, Left, Look, Unseen},
    kind::Kind,
};

/// Looks for all that could be left.
///
/// # Errors
/// Only the user's wish to stop. What AWS does not answer is a finding.
pub async fn sweep(cx: &Cx, target: &Target, questions: &Questions) -> Result<Findings, Fault> {
    let mut sweep = Sweep {
        cx,
        target,
        tagged: BTreeMap::new(),
        absent: Mutex::default(),
        findings: Mutex::default(),
    };
    sweep.tagged = sweep.all_tagged(questions).await;
    sweep.ask(questions).await;
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

/// One sweep: what questions are asked with, and what they have found so far.
pub struct Sweep<'a> {
    /// Clients. Questions call nothing but reads.
    pub cx: &'a Cx,
    /// What to look for.
    pub target: &'a Target,
    tagged: tag::Hits,
    absent: Mutex<BTreeSet<(Kind, String)>>,
    findings: Mutex<Findings>,
}

/// The answer to a question about one thing.
#[derive(Debug)]
pub enum Seen<T> {
    /// It is there.
    There(T),
    /// It is not.
    Absent,
    /// No answer; noted.
    Unknown,
}

impl Sweep<'_> {
    /// Asks all questions at the same time, but what a kind leaves behind after that kind.
    async fn ask(&self, questions: &Questions) {
        let first = questions.iter().filter(|(_, q)| q.made_by.is_none());
        let chains = first.map(|(kind, question)| async move {
            (question.ask)(self).await;
            for (_, left_behind) in questions.iter().filter(|(_, q)| q.made_by == Some(*kind)) {
                (left_behind.ask)(self).await;
            }
        });
        let mut open: Vec<_> = chains.map(Box::pin).collect();
        let all = std::future::poll_fn(|cx| {
            open.retain_mut(|chain| chain.as_mut().poll(cx).is_pending());
            if open.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        all.await;
    }

    fn findings(&self) -> MutexGuard<'_, Findings> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gone(&self) -> MutexGuard<'_, BTreeSet<(Kind, String)>> {
        self.absent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that something is surely not there, for the questions that come after.
    pub fn note_absent(&self, kind: Kind, name: &str) {
        self.gone().insert((kind, name.to_owned()));
    }

    /// Names of what is surely not there.
    pub fn absent(&self, kind: Kind) -> BTreeSet<String> {
        let absent = self.gone();
        let names = absent.iter().filter(|(of, _)| *of == kind);
        names.map(|(_, name)| name.clone()).collect()
    }

    /// Ids of what the tagging API shows.
    pub fn tagged(&self, kind: Kind) -> impl Iterator<Item = &String> {
        self.tagged.get(&kind).into_iter().flatten()
    }

    /// Whether the lab's tag is among them.
    pub fn carries_tag(&self, tags: Option<&HashMap<String, String>>) -> bool {
        self.cx.owns(tags)
    }

    /// What the lab has, or had, of a kind.
    pub fn known(&self, kind: Kind) -> impl Iterator<Item = &Known> {
        self.target.known.iter().filter(move |k| k.kind == kind)
    }

    /// Names of the lab.
    pub fn names(&self, kind: Kind) -> BTreeSet<&str> {
        self.known(kind).map(|k| k.name.as_str()).collect()
    }

    /// What is known of the thing of this name: better what was made than what is only named.
    pub fn known_as(&self, kind: Kind, name: &str) -> Option<&Known> {
        self.known(kind)
            .filter(|k| k.name == name)
            .max_by_key(|k| k.made)
    }

    /// What is known of the thing with this id.
    pub fn known_by_id(&self, kind: Kind, id: &str) -> Option<&Known> {
        self.known(kind).find(|k| k.id.as_deref() == Some(id))
    }

    /// Ids to ask for: tagged with this lab, listed under one of its names, or on record.
    pub fn ids(&self, kind: Kind, named: Vec<String>) -> BTreeMap<String, By> {
        let tagged = self.tagged(kind).map(|id| (id.clone(), By::Tag));
        let named = named.into_iter().map(|id| (id, By::Name));
        let had = self
            .known(kind)
            .filter_map(|k| Some((k.id.clone()?, By::Id)));
        tagged.chain(named).chain(had).collect()
    }

    /// [`Sweep::ids`] of a kind whose names are not unique. `all` lists ids and names of everything in the account;
    /// it is only asked if the lab has a name. `operation` and `field` describe that question.
    pub async fn candidates(
        &self,
        kind: Kind,
        (operation, field): (&str, &str),
        all: impl Future<Output = Result<Vec<(String, String)>, Fault>>,
    ) -> BTreeMap<String, By> {
        let names = self.names(kind);
        if names.is_empty() {
            return self.ids(kind, Vec::new());
        }
        let same = all.await.map(|all| {
            let same = all.into_iter();
            same.filter_map(|(id, name)| names.contains(name.as_str()).then_some(id))
                .collect()
        });
        let filter = format!("{field}={}", joined(&names));
        let named = self.list(By::Name, operation, &filter, same);
        self.ids(kind, named)
    }

    /// Notes a question and the list that answered it. Without an answer, the list is empty.
    pub fn list<T>(
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
    pub fn one<T>(
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

    /// Notes a question that was answered.
    pub fn looked(&self, by: By, operation: &str, filter: &str, found: usize) {
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

    /// Notes a question that was not.
    pub fn unseen(&self, operation: &str, filter: &str, reason: String) {
        let (service, operation) = split(operation);
        self.findings().unseen.push(Unseen {
            service,
            operation,
            filter: filter.to_owned(),
            reason,
            at: Timestamp::now(),
        });
    }
}

/// `lambda:GetFunction` → `lambda`, `GetFunction`.
fn split(operation: &str) -> (String, String) {
    let (service, name) = operation.split_once(':').unwrap_or(("", operation));
    (service.to_owned(), name.to_owned())
}

/// Names for a filter's text.
pub fn joined(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(",")
}
