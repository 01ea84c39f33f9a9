//! Reverses what the state knows: without lab.yaml, only what is ours, tolerant of what is gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    Change, Driver, Failure, Fault, Found, Kind, Progress, Record, State, StepId, Stranger,
    interrupt::STOPPING,
    journal::JournalOf,
    late,
    state::{Move, Root},
    step::Teller,
};

/// What a run of `down` did.
#[derive(Debug, Default)]
pub struct Removal {
    /// How each step ended.
    pub done: BTreeMap<StepId, Ended>,
    /// What is still there, and why.
    pub failed: Vec<(StepId, Failure)>,
    /// Not tried, because something that needs it is still there, or the run was interrupted.
    pub skipped: Vec<StepId>,
}

/// How a step ended, and when that was durable.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// Deleted, already gone or left alone.
    pub change: Change,
    /// When.
    pub at: Timestamp,
}

impl Removal {
    /// Nothing of ours is left.
    pub fn ok(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty()
    }
}

/// What `down` does with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It exists and is ours.
    Delete,
    /// It does not exist.
    AlreadyGone,
    /// Somebody else's has its name: what was seen of that.
    LeaveAlone(String),
}

/// What was seen of a step before its deletion.
#[derive(Debug, Clone)]
pub struct Survey {
    verdict: Verdict,
    output: Option<Value>,
}

impl Survey {
    /// What `down` does with the step.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

/// What is in something that the state does not have, if it is: nothing says that it is this lab's.
pub(crate) async fn elsewhere<D: Driver>(
    driver: &D,
    state: &State<D::Kind>,
    record: &Record<D::Kind>,
) -> Result<Option<Found<Value>>, Fault> {
    let Root::Elsewhere(place) = state.root(record) else {
        return Ok(None);
    };
    Ok(Some(match driver.find(record.kind, &record.key).await? {
        Found::Absent => Found::Absent,
        Found::Ours(_) => Found::Foreign(Stranger {
            seen: format!("it is in the {place}, which this lab's state does not have"),
            lab: None,
        }),
        Found::Foreign(stranger) => Found::Foreign(stranger),
    }))
}

/// Looks at a thing before it is deleted. A name may be a stranger's by now, and so may an id: the state may have been
/// edited or merged. What was only begun may not be there, or be there without the id that its deletion needs.
async fn look<D: Driver>(
    driver: &D,
    state: &State<D::Kind>,
    record: &Record<D::Kind>,
) -> Result<Survey, Fault> {
    let (kind, key) = (record.kind, &record.key);
    let elsewhere = elsewhere(driver, state, record).await?;
    let found = match &record.output {
        _ if elsewhere.is_some() => elsewhere.unwrap_or(Found::Absent),
        None => late::find(driver, kind, key).await?,
        Some(_) if kind.by_name() => driver.find(kind, key).await?,
        Some(output) => driver.own(kind, key, output).await?,
    };
    let (verdict, output) = match found {
        Found::Ours(output) => (Verdict::Delete, Some(output)),
        Found::Absent => (Verdict::AlreadyGone, record.output.clone()),
        Found::Foreign(stranger) => (Verdict::LeaveAlone(stranger.seen), record.output.clone()),
    };
    Ok(Survey { verdict, output })
}

/// What is seen of something that others live in, when it is somebody else's: then so is all that is in it.
pub(crate) async fn theirs<D: Driver>(
    driver: &D,
    state: &State<D::Kind>,
    root: &Record<D::Kind>,
) -> Result<Option<String>, Fault> {
    Ok(match look(driver, state, root).await?.verdict {
        Verdict::LeaveAlone(seen) => Some(seen),
        Verdict::Delete | Verdict::AlreadyGone => None,
    })
}

/// Deletes what is on record, when it is there and ours.
pub(crate) async fn delete<D: Driver>(
    driver: &D,
    state: &State<D::Kind>,
    record: &Record<D::Kind>,
) -> Result<Change, Fault> {
    let survey = look(driver, state, record).await?;
    carry_out(driver, record, &survey).await
}

async fn carry_out<D: Driver>(
    driver: &D,
    record: &Record<D::Kind>,
    survey: &Survey,
) -> Result<Change, Fault> {
    match &survey.verdict {
        Verdict::AlreadyGone => Ok(Change::AlreadyGone),
        Verdict::LeaveAlone(seen) => {
            let message = format!(
                "{} `{}` is left alone: {seen}",
                record.kind.title(),
                record.name
            );
            driver.tell(Progress::Warning { message });
            Ok(Change::LeftAlone)
        }
        Verdict::Delete => {
            let output = survey.output.as_ref();
            driver.delete(record.kind, &record.key, output).await?;
            Ok(Change::Deleted)
        }
    }
}

/// The steps to delete one by one: the others go with the step inside which they live.
fn roots<K: Kind>(state: &State<K>) -> BTreeMap<StepId, Record<K>> {
    state
        .steps
        .iter()
        .filter(|(_, r)| !state.goes_with_parent(r))
        .map(|(id, r)| (id.clone(), r.clone()))
        .collect()
}

/// Looks at all roots at once; nothing is changed.
pub async fn survey<D: Driver>(
    driver: &D,
    state: &State<D::Kind>,
) -> BTreeMap<StepId, Result<Survey, Fault>> {
    let mut tasks = JoinSet::new();
    let shared = Arc::new(state.clone());
    for (id, record) in roots(state) {
        let (driver, state) = (driver.for_step(&id), Arc::clone(&shared));
        tasks.spawn(async move {
            let seen = look(&driver, &state, &record).await;
            (id, seen)
        });
    }
    let mut all: BTreeMap<StepId, Result<Survey, Fault>> =
        tasks.join_all().await.into_iter().collect();
    // What is deleted by itself and lives in somebody else's thing is his, too.
    let theirs: Vec<(StepId, String)> = all
        .keys()
        .filter_map(|id| match state.root(state.steps.get(id)?) {
            Root::OnRecord(root, _) => match &all.get(root)?.as_ref().ok()?.verdict {
                Verdict::LeaveAlone(seen) => Some((id.clone(), in_theirs(seen))),
                _ => None,
            },
            _ => None,
        })
        .collect();
    for (id, seen) in theirs {
        if let Some(Ok(survey)) = all.get_mut(&id)
            && survey.verdict == Verdict::Delete
        {
            survey.verdict = Verdict::LeaveAlone(seen);
        }
    }
    all
}

/// Why what lives in somebody else's thing is left alone.
pub(crate) fn in_theirs(seen: &str) -> String {
    format!("it is in what is not this lab's ({seen})")
}

/// Deletes what `survey` says is ours, what needs others first, in parallel.
pub async fn down<D: Driver>(
    driver: D,
    journal: Arc<JournalOf<D>>,
    mut survey: BTreeMap<StepId, Result<Survey, Fault>>,
    parallel: usize,
) -> Removal {
    let mut left = roots(&journal.state());
    let mut removal = Removal::default();
    let mut running: BTreeMap<tokio::task::Id, StepId> = BTreeMap::new();
    let mut started: BTreeSet<StepId> = BTreeSet::new();
    let mut tasks: JoinSet<Result<(Change, Vec<StepId>), Failure>> = JoinSet::new();
    let mut stop = false;
    loop {
        stop |= driver.interrupt().is_set();
        while !stop && running.len() < parallel {
            // Free to go: nothing that is left needs it.
            let free = left
                .iter()
                .filter(|(id, _)| !started.contains(*id))
                .filter(|(id, _)| !left.values().any(|other| other.needs.contains(id)))
                .max_by_key(|(_, r)| r.order);
            let Some((id, record)) = free.map(|(id, r)| (id.clone(), r.clone())) else {
                break;
            };
            started.insert(id.clone());
            let seen = survey.remove(&id);
            let (task_cx, journal, task_id) =
                (driver.for_step(&id), Arc::clone(&journal), id.clone());
            let task = tasks
                .spawn(async move { remove(&task_cx, &journal, &task_id, record, seen).await });
            running.insert(task.id(), id);
        }
        let ended = tokio::select! {
            ended = tasks.join_next_with_id() => ended,
            () = driver.interrupt().wait(), if !stop => {
                driver.tell(Progress::Warning { message: STOPPING.to_owned() });
                continue;
            }
        };
        let Some(ended) = ended else { break };
        let (task, result) = match ended {
            Ok((task, result)) => (task, result),
            Err(died) => (died.id(), Err(Failure::Defect(died.to_string()))),
        };
        let Some(id) = running.remove(&task) else {
            continue;
        };
        match result {
            Ok((change, gone)) => {
                left.remove(&id);
                let at = Timestamp::now();
                let ended = gone.into_iter().map(|id| (id, Ended { change, at }));
                removal.done.extend(ended);
            }
            Err(failure) => {
                // Once is enough: what else was under way is refused for the same reason.
                let told = failure.is_pause() && stop;
                stop |= failure.ends_run();
                let untouched = failure.is_interrupt() || told;
                let word = if untouched {
                    Change::Skipped
                } else {
                    Change::Failed
                };
                Teller::new(&driver, &id).tell(word, None, Some(failure.to_string()));
                if untouched {
                    removal.skipped.push(id);
                } else {
                    removal.failed.push((id, failure));
                }
            }
        }
    }
    let why = if stop {
        "the run was stopped"
    } else {
        "something that needs it is still there"
    };
    for id in left.into_keys().filter(|id| !started.contains(id)) {
        Teller::new(&driver, &id).tell(Change::Skipped, None, Some(why.to_owned()));
        removal.skipped.push(id);
    }
    removal
}

/// Answers how it ended, and what went: the step and all that lived inside it.
async fn remove<D: Driver>(
    driver: &D,
    journal: &JournalOf<D>,
    id: &StepId,
    record: Record<D::Kind>,
    seen: Option<Result<Survey, Fault>>,
) -> Result<(Change, Vec<StepId>), Failure> {
    let teller = Teller::new(driver, id);
    let seen = match seen {
        Some(seen) => seen?,
        None => look(driver, &journal.state(), &record).await?,
    };
    let physical_id = record.kind.physical_id(&record.key, seen.output.as_ref());
    if seen.verdict == Verdict::Delete {
        journal.commit(id, Move::Unmake).await?;
        teller.tell(Change::Deleting, physical_id.clone(), None);
    }
    let change = carry_out(driver, &record, &seen).await?;
    let all = journal.state().with_inhabitants(id);
    journal
        .commit_all(all.iter().map(|id| (id.clone(), Move::Gone)).collect())
        .await?;
    for inhabitant in &all[1..] {
        Teller::new(driver, inhabitant).tell(
            change,
            None,
            Some(format!("with the {}", record.kind.title())),
        );
    }
    teller.tell(change, physical_id, None);
    Ok((change, all))
}
