//! What is really there: every step asked at once, nothing changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Serialize;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    Drift, Driver, Fault, FaultKind, Health, Kind, Phase, Plan, Record, Rekey, State, StepId,
    decide::{Wish, key_drift},
    down,
    state::Root,
};

/// Reads at once: the pacer keeps them within the account's rates.
const READERS: usize = 32;

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Many resources at once.
    AtOnce,
    /// One resource after another.
    InTurn,
}

/// How one resource stands.
#[derive(Debug, Clone, Serialize)]
pub struct Seen<K> {
    /// The step.
    pub id: StepId,
    /// Its kind.
    pub kind: K,
    /// The name a person knows it by.
    pub name: String,
    /// Number of its chapter.
    #[serde(skip)]
    pub chapter: u8,
    /// AWS's id or name for it.
    pub physical_id: Option<String>,
    /// How it stands.
    pub state: Standing,
    /// Fields that differ, when drifted.
    pub drift: Vec<Drift>,
    /// Why it is foreign or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How a resource stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// As wanted.
    Present,
    /// Not there, though the state says so.
    Missing,
    /// Never made, or not yet.
    NotBuilt,
    /// There and ours, though no state says so.
    Found,
    /// There, with differences.
    Drifted,
    /// There, a stranger's.
    Foreign,
    /// AWS did not say.
    Unknown,
}

/// What was seen of the steps of a plan and a state.
pub(crate) struct Looked {
    pub(crate) all: BTreeMap<StepId, Result<Health, Fault>>,
    /// Of these, what was compared with what the plan wants. Of the others only presence is known.
    pub(crate) checked: BTreeSet<StepId>,
}

/// Looks at what the plan wants or the state knows.
pub(crate) async fn look<D: Driver>(
    plan: Option<&Arc<Plan<D>>>,
    driver: &D,
    state: &State<D::Kind>,
    reads: Reads,
) -> Result<Looked, Fault> {
    let readers = match reads {
        Reads::InTurn => 1,
        Reads::AtOnce => READERS,
    };
    let mut all = BTreeMap::new();
    if let Some(plan) = plan {
        plan.settle(state)?;
        all = check_all(plan, driver, state, readers).await?;
    }
    let checked = all.keys().cloned().collect();
    let rest = find_rest(driver, state, &all, readers).await;
    all.extend(rest);
    Ok(Looked { all, checked })
}

/// The health of every step of the plan that was made, also of one whose deletion was cut off, if its needs are known.
async fn check_all<D: Driver>(
    plan: &Arc<Plan<D>>,
    driver: &D,
    state: &State<D::Kind>,
    readers: usize,
) -> Result<BTreeMap<StepId, Result<Health, Fault>>, Fault> {
    let readers = Arc::new(Semaphore::new(readers));
    let mut tasks = JoinSet::new();
    for step in plan.steps() {
        let Some(record) = state.steps.get(&step.id) else {
            continue;
        };
        let (Phase::Created | Phase::Deleting, Some(output)) =
            (record.phase, record.output.clone())
        else {
            continue;
        };
        // What is in something else is not compared with what is wanted of ours.
        if matches!(state.root(record), Root::Elsewhere(_)) {
            continue;
        }
        let Some(key) = step.key_to_check(driver, record)? else {
            continue;
        };
        let (plan, driver, readers) = (
            Arc::clone(plan),
            driver.for_step(&step.id),
            Arc::clone(&readers),
        );
        let id = step.id.clone();
        let record = record.clone();
        tasks.spawn(async move {
            let _turn = readers.acquire_owned().await;
            let step = plan.get(&id)?;
            let health = match step.work.check(&driver, &key, &output).await {
                // What it needs may be gone. Whether it is there itself is worth knowing.
                Err(fault) if fault.kind == FaultKind::Other => {
                    presence_of_made(&driver, &record).await.ok_or(fault)
                }
                health => health,
            };
            Some((id, health))
        });
    }
    let mut all = BTreeMap::new();
    while let Some(ended) = tasks.join_next().await {
        if let Ok(Some((id, health))) = ended {
            all.insert(id, health);
        }
    }
    Ok(all)
}

/// Looks at everything that the plan wants or the state knows.
///
/// Without a plan (no lab.yaml) only presence can be told, not drift.
pub async fn inspect<D: Driver>(
    plan: Option<&Arc<Plan<D>>>,
    driver: &D,
    state: &State<D::Kind>,
) -> Result<Vec<Seen<D::Kind>>, Fault> {
    let mut healths = look(plan, driver, state, Reads::AtOnce).await?.all;
    let mut all: Vec<(usize, Seen<D::Kind>)> = Vec::new();
    for step in plan.iter().flat_map(|p| p.steps()) {
        let record = state.steps.get(&step.id);
        let health = healths.remove(&step.id);
        let chapter = step.chapter;
        let mut seen = seen(&step.id, step.kind, &step.name, chapter, record, health);
        let wish = step.wish(driver, record)?;
        if let (Wish::Other(Rekey::Recreate | Rekey::Supersede), Some(record)) = (wish, record)
            && matches!(seen.state, Standing::Present | Standing::Drifted)
        {
            let wanted = step.work.key(driver)?.unwrap_or_default();
            seen.state = Standing::Drifted;
            seen.drift.splice(0..0, key_drift(&record.key, &wanted));
        }
        all.push((step.order, seen));
    }
    for (id, record) in &state.steps {
        if plan.is_some_and(|p| p.get(id).is_some()) {
            continue;
        }
        let health = healths.remove(id);
        let mut seen = seen(
            id,
            record.kind,
            &record.name,
            record.chapter,
            Some(record),
            health,
        );
        let wish = plan.map(|p| p.wish_of(record));
        if wish == Some(Wish::Unwanted) && seen.state == Standing::Present {
            seen.state = Standing::Drifted;
            seen.message = Some("lab.yaml no longer has it: `labctl up` deletes it".to_owned());
        }
        all.push((record.order, seen));
    }
    all.sort_by_key(|(order, seen)| (seen.chapter, *order));
    Ok(all.into_iter().map(|(_, seen)| seen).collect())
}

/// Presence of what could not be checked: steps not in the plan, steps that are begun, and those that are in something
/// that is not on record.
async fn find_rest<D: Driver>(
    driver: &D,
    state: &State<D::Kind>,
    checked: &BTreeMap<StepId, Result<Health, Fault>>,
    readers: usize,
) -> Vec<(StepId, Result<Health, Fault>)> {
    let readers = Arc::new(Semaphore::new(readers));
    let mut tasks = JoinSet::new();
    let shared = Arc::new(state.clone());
    let asked = state.steps.iter();
    let asked = asked.filter(|(id, _)| !checked.contains_key(id));
    for (id, record) in asked {
        let (id, record, driver) = (id.clone(), record.clone(), driver.for_step(id));
        let readers = Arc::clone(&readers);
        let state = Arc::clone(&shared);
        tasks.spawn(async move {
            let _turn = readers.acquire_owned().await;
            let health = match down::elsewhere(&driver, &state, &record).await {
                Ok(None) => presence(&driver, &record).await,
                Ok(Some(found)) => Ok(Health::from_found(found)),
                Err(fault) => Err(fault),
            };
            (id, health)
        });
    }
    tasks.join_all().await
}

/// What presence alone says of a step that was made, if it says enough: that it is gone, or that a deletion which was cut
/// off did not come so far.
async fn presence_of_made<D: Driver>(driver: &D, record: &Record<D::Kind>) -> Option<Health> {
    let deleting = record.phase == Phase::Deleting;
    // Inside another, one of another name may be the same.
    if !deleting && record.within.is_some() {
        return None;
    }
    let health = presence(driver, record).await.ok()?;
    (deleting || health != Health::Ok).then_some(health)
}

/// Whether what is on record is there, and ours. An id finds it under any name; what lives inside another is known by its
/// key only.
async fn presence<D: Driver>(driver: &D, record: &Record<D::Kind>) -> Result<Health, Fault> {
    let (kind, key) = (record.kind, &record.key);
    let found = match &record.output {
        Some(output) if record.within.is_none() && !kind.by_name() => {
            driver.own(kind, key, output).await?
        }
        _ => driver.find(kind, key).await?,
    };
    Ok(Health::from_found(found))
}

fn is_there(health: &Health) -> bool {
    matches!(health, Health::Ok | Health::Drifted(_))
}

fn seen<K: Kind>(
    id: &StepId,
    kind: K,
    name: &str,
    chapter: u8,
    record: Option<&Record<K>>,
    health: Option<Result<Health, Fault>>,
) -> Seen<K> {
    let begun = record.is_some_and(|r| r.phase != Phase::Created);
    let deleting = record.is_some_and(|r| r.phase == Phase::Deleting);
    let (state, drift, message) = match (record, health) {
        (None, _) | (_, None) => (Standing::NotBuilt, vec![], None),
        // How it differs matters no more when its deletion was cut off.
        (_, Some(Ok(health))) if deleting && is_there(&health) || begun && health == Health::Ok => {
            (
                Standing::Drifted,
                vec![],
                Some("an earlier run was cut off here: `labctl up` goes on".to_owned()),
            )
        }
        (_, Some(Ok(Health::Ok))) => (Standing::Present, vec![], None),
        (_, Some(Ok(Health::Missing))) => (
            if begun {
                Standing::NotBuilt
            } else {
                Standing::Missing
            },
            vec![],
            None,
        ),
        (_, Some(Ok(Health::Drifted(drift)))) => (Standing::Drifted, drift, None),
        (_, Some(Ok(Health::Foreign(stranger)))) => {
            (Standing::Foreign, vec![], Some(stranger.seen))
        }
        (_, Some(Err(fault))) => (Standing::Unknown, vec![], Some(fault.to_string())),
    };
    let physical_id = record.and_then(|r| kind.physical_id(&r.key, r.output.as_ref()));
    Seen {
        id: id.clone(),
        kind,
        name: name.to_owned(),
        chapter,
        physical_id,
        state,
        drift,
        message,
    }
}
