//! `down --prove`: the sweep after the deletes, and its receipt.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use labfiles::Dir;

use super::Run;
use crate::{
    aws::{Cx, Identity},
    cmd::{link::Link, lookup},
    engine::{Change, Removal, State},
    error::{Error, Exit},
    event::{Deleted, Event, Receipt},
    lab::Lab,
    plan::outline,
    resource::{self, Kind},
    sweep::{self, Known, Shell, Target},
};

/// When a run began.
pub(super) struct Begun {
    at: Timestamp,
    clock: Instant,
}

impl Begun {
    pub(super) fn now() -> Self {
        Self {
            at: Timestamp::now(),
            clock: Instant::now(),
        }
    }

    pub(super) fn seconds(&self) -> f64 {
        self.clock.elapsed().as_secs_f64()
    }
}

/// What a run knew and did, as plain data: all that the sweep is given of it.
#[derive(Default)]
pub(super) struct Record {
    deleted: Vec<Deleted>,
    known: Vec<Known>,
}

impl Record {
    /// `before`: the state before `removal`.
    pub(super) fn add(&mut self, before: &State, removal: &Removal) {
        for (id, step) in before.in_order() {
            let ended = removal.done.get(id);
            let deleted = ended.filter(|e| e.change == Change::Deleted);
            let physical_id = step.physical_id();
            if let Some(ended) = deleted {
                self.deleted.push(Deleted {
                    kind: step.kind,
                    name: step.name.clone(),
                    physical_id: physical_id.clone(),
                    at: ended.at,
                });
            }
            let failure = removal.failed.iter().find(|(failed, _)| failed == id);
            self.known.push(Known {
                kind: step.kind,
                name: step.name.clone(),
                id: physical_id.filter(|_| step.kind.named_by_aws()),
                made: step.output.is_some(),
                deleted: deleted.is_some(),
                failure: failure.map(|(_, failure)| failure.to_string()),
            });
        }
        self.deleted.sort_by_key(|d| d.at);
    }

    /// What the lab's file names as well.
    fn add_names(&mut self, lab: &Lab) {
        for step in outline(lab).steps() {
            let is_it = |known: &Known| known.kind == step.kind && known.name == step.name;
            if !self.known.iter().any(is_it) {
                self.known.push(Known {
                    id: step.planned_id.clone(),
                    ..Known::named(step.kind, &step.name)
                });
            }
        }
    }
}

/// How a sweep ended.
pub(super) struct Proof {
    looks: usize,
    survivors: usize,
    unseen: usize,
    /// Why the receipt could not be kept.
    lost: Option<Error>,
}

impl Proof {
    /// Nothing is left, and nothing is unseen.
    pub(super) fn holds(&self) -> bool {
        self.survivors == 0 && self.unseen == 0
    }

    pub(super) fn words(&self) -> String {
        if self.holds() {
            return format!("proven by {} looks", self.looks);
        }
        let mut words = Vec::new();
        match self.survivors {
            0 => {}
            1 => words.push("1 survivor".to_owned()),
            n => words.push(format!("{n} survivors")),
        }
        if self.unseen > 0 {
            words.push(format!("{} not looked at", self.unseen));
        }
        words.join(", ")
    }

    pub(super) fn next(&self) -> Vec<(String, String)> {
        if self.holds() {
            return Vec::new();
        }
        let what = if self.survivors > 0 {
            "look again, after the commands above"
        } else {
            "look again, with credentials that may"
        };
        vec![("labctl down --prove".to_owned(), what.to_owned())]
    }

    /// Survivors come before a receipt that could not be kept.
    pub(super) fn exit(self) -> Result<Exit, Error> {
        match self.lost {
            _ if !self.holds() => Ok(Exit::Survivors),
            Some(error) => Err(error),
            None => Ok(Exit::Ok),
        }
    }
}

impl Run<'_> {
    /// Where commands for a shell go.
    fn shell(&self, cx: &Cx, link: &Link) -> Shell {
        Shell {
            region: cx.region().to_owned(),
            endpoint: link.connection.endpoint.clone(),
            profile: self.global.profile.clone(),
        }
    }

    /// What could not be deleted, with the command that removes each.
    pub(super) async fn tell_left(&self, cx: &Cx, link: &Link, before: &State, removal: &Removal) {
        let paused = removal.failed.iter().any(|(_, failure)| failure.is_pause());
        if removal.ok() || paused || cx.interrupt().is_set() {
            return;
        }
        let failed = removal.failed.iter().map(|(id, _)| id);
        let left: Vec<_> = failed
            .chain(&removal.skipped)
            .filter_map(|id| before.steps.get(id))
            .collect();
        let mut questions = resource::questions();
        questions.retain(|(kind, _)| left.iter().any(|record| record.kind == *kind));
        let known = left.iter().map(|record| Known {
            id: record.physical_id().filter(|_| record.kind.named_by_aws()),
            made: true,
            ..Known::named(record.kind, &record.name)
        });
        let target = Target {
            lab: self.known.name.clone(),
            known: known.collect(),
            grace: Duration::ZERO,
            shell: self.shell(cx, link),
        };
        let Ok(findings) = Box::pin(sweep::sweep(cx, &target, &questions)).await else {
            return;
        };
        if !findings.survivors.is_empty() {
            let left = findings.survivors;
            self.events().send(Event::Leftovers { left });
        }
    }

    /// What carries this lab's tags though its state did not have it, with the command that removes each: a state came
    /// from a backup, or names in lab.yaml changed while it was lost. Answers how many.
    pub(super) async fn tell_forgotten(
        &self,
        cx: &Cx,
        link: &Link,
        before: &State,
        removal: &Removal,
    ) -> usize {
        if !removal.ok() || cx.interrupt().is_set() {
            return 0;
        }
        let is_edge = |kind| matches!(kind, Kind::Distribution | Kind::WebAcl);
        let had_edge = before.steps.values().any(|record| is_edge(record.kind));
        let has_edge = self
            .known
            .lab
            .as_ref()
            .is_some_and(|lab| lab.edge.is_some());
        // Most often this is all that is asked: the list shows nothing, or nothing that is still there.
        match lookup::tagged(cx, had_edge || has_edge).await {
            Ok(tagged) if tagged.is_empty() => return 0,
            Ok(_) => {}
            Err(fault) => {
                cx.warn(format!(
                    "labctl could not ask whether anything else carries this lab's tags: {fault}"
                ));
                return 0;
            }
        }
        let target = Target {
            lab: self.known.name.clone(),
            known: Vec::new(),
            grace: Duration::ZERO,
            shell: self.shell(cx, link),
        };
        let left = match Box::pin(sweep::sweep(cx, &target, &resource::questions())).await {
            Ok(findings) => findings.survivors,
            Err(_) => Vec::new(),
        };
        let count = left.len();
        if count > 0 {
            self.events().send(Event::Leftovers { left });
        }
        count
    }

    /// Looks for what is left, tells it, and keeps it as a file in the lab's folder.
    pub(super) async fn prove(
        &self,
        cx: &Cx,
        link: &Link,
        identity: &Identity,
        mut record: Record,
    ) -> Result<Proof, Error> {
        if let Some(lab) = &self.known.lab {
            record.add_names(lab);
        }
        let usual = if link.is_twin().await {
            sweep::TWIN_GRACE
        } else {
            sweep::GRACE
        };
        let target = Target {
            lab: self.known.name.clone(),
            known: record.known,
            grace: self.args.grace.map_or(usual, Duration::from_secs),
            shell: self.shell(cx, link),
        };
        let questions = resource::questions();
        self.events().send(Event::SweepStarted {
            grace_seconds: if sweep::watches(&questions, &target.known) {
                target.grace.as_secs()
            } else {
                0
            },
        });
        let findings = Box::pin(sweep::sweep(cx, &target, &questions))
            .await
            .map_err(|fault| Error::from(fault).hint("`labctl down --prove` looks again"))?;
        let mut proof = Proof {
            looks: findings.looks.len(),
            survivors: findings.survivors.len(),
            unseen: findings.unseen.len(),
            lost: None,
        };
        let receipt = Receipt {
            labctl: env!("CARGO_PKG_VERSION"),
            lab: target.lab,
            account: identity.account.clone(),
            region: target.shell.region,
            endpoint: target.shell.endpoint,
            caller: identity.arn.clone(),
            begun: self.begun.at,
            ended: Timestamp::now(),
            proven: proof.holds(),
            deleted: record.deleted,
            looked_for: findings.looks,
            survivors: findings.survivors,
            not_looked_at: findings.unseen,
            not_ours: findings.not_ours,
        };
        let file = match keep(&self.known.folder, &receipt) {
            Ok(file) => Some(file),
            Err(error) => {
                let folder = self.known.folder.display();
                let what = format_args!("{folder}: the receipt could not be kept");
                proof.lost = Some(Error::file(what, &error));
                None
            }
        };
        self.events().send(Event::Receipt {
            file,
            receipt: Box::new(receipt),
        });
        Ok(proof)
    }
}

/// Writes `receipt-TIME.json` (0600) into the lab's folder (0700).
fn keep(folder: &Path, receipt: &Receipt) -> io::Result<PathBuf> {
    let dir = Dir::make(folder)?;
    let time = receipt.ended.strftime("%Y%m%dT%H%M%S%3fZ");
    let name = format!("receipt-{time}.json");
    let mut temp = dir.temp(".receipt")?;
    serde_json::to_writer_pretty(temp.file(), receipt)?;
    temp.file().write_all(b"\n")?;
    temp.file().sync_all()?;
    temp.persist(&name)?;
    dir.sync()?;
    Ok(folder.join(name))
}
