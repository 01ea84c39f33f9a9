//! What is really there: every step asked at once, nothing changed.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    graph::Plan,
    needs::StepId,
    resource::{Drift, Found, Health},
    state::{Phase, Record, State},
};
use crate::{
    aws::{Cx, Fault},
    resource::Kind,
};

/// Reads at once: the pacer keeps them within the account's rates.
const READERS: usize = 32;

/// How one resource stands.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// The step.
    pub id: StepId,
    /// Its kind.
    pub kind: Kind,
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
    /// There, with differences.
    Drifted,
    /// There, a stranger's.
    Foreign,
    /// AWS did not say.
    Unknown,
}

/// The health of every created step of the plan whose needs are all known. A failed check is left
/// out: the step is checked again in its turn, and fails there.
pub(super) async fn checks(plan: &Arc<Plan>, cx: &Cx, state: &State) -> BTreeMap<StepId, Health> {
    let seen = check_all(plan, cx, state).await;
    seen.into_iter()
        .filter_map(|(id, health)| Some((id, health.ok()?)))
        .collect()
}

async fn check_all(
    plan: &Arc<Plan>,
    cx: &Cx,
    state: &State,
) -> BTreeMap<StepId, Result<Health, Fault>> {
    let readers = Arc::new(Semaphore::new(READERS));
    let mut tasks = JoinSet::new();
    for step in plan.steps() {
        let Some(Record {
            phase: Phase::Created,
            key,
            output: Some(output),
            ..
        }) = state.steps.get(&step.id).cloned()
        else {
            continue;
        };
        let (plan, cx, readers) = (
            Arc::clone(plan),
            cx.for_step(&step.id),
            Arc::clone(&readers),
        );
        let id = step.id.clone();
        tasks.spawn(async move {
            let _turn = readers.acquire_owned().await;
            let step = plan.get(&id)?;
            // What is wanted may be another thing than what is there: the recorded key says what is there.
            let known = matches!(step.work.key(&cx), Ok(Some(_)));
            if !known {
                return None;
            }
            let health = step.work.check(&cx, &key, &output).await;
            Some((id, health))
        });
    }
    let mut all = BTreeMap::new();
    while let Some(ended) = tasks.join_next().await {
        if let Ok(Some((id, health))) = ended {
            all.insert(id, health);
        }
    }
    all
}

/// Looks at everything that the plan wants or the state knows.
///
/// Without a plan (no lab.yaml) only presence can be told, not drift.
pub async fn inspect(plan: Option<&Arc<Plan>>, cx: &Cx, state: &State) -> Result<Vec<Seen>, Fault> {
    let mut healths = BTreeMap::new();
    if let Some(plan) = plan {
        for step in plan.steps() {
            if let Some(Record {
                phase: Phase::Created,
                output,
                ..
            }) = state.steps.get(&step.id)
            {
                step.work.settle(output.as_ref())?;
            }
        }
        healths = check_all(plan, cx, state).await;
    }
    for (id, health) in find_rest(cx, state, &healths).await {
        healths.insert(id, health);
    }
    let mut all: Vec<(usize, Seen)> = Vec::new();
    for step in plan.iter().flat_map(|p| p.steps()) {
        let record = state.steps.get(&step.id);
        let seen = seen(
            &step.id,
            step.kind,
            &step.name,
            step.chapter.number(),
            record,
            healths.remove(&step.id),
        );
        all.push((step.order, seen));
    }
    for (id, record) in &state.steps {
        if plan.is_some_and(|p| p.get(id).is_some()) {
            continue;
        }
        let seen = seen(
            id,
            record.kind,
            &record.name,
            record.chapter,
            Some(record),
            healths.remove(id),
        );
        all.push((record.order, seen));
    }
    all.sort_by_key(|(order, seen)| (seen.chapter, *order));
    Ok(all.into_iter().map(|(_, seen)| seen).collect())
}

/// Presence of what could not be checked: steps not in the plan, and steps that are begun.
async fn find_rest(
    cx: &Cx,
    state: &State,
    checked: &BTreeMap<StepId, Result<Health, Fault>>,
) -> Vec<(StepId, Result<Health, Fault>)> {
    let mut tasks = JoinSet::new();
    for (id, record) in state
        .steps
        .iter()
        .filter(|(id, _)| !checked.contains_key(id))
    {
        let (id, record, cx) = (id.clone(), record.clone(), cx.for_step(id));
        tasks.spawn(async move {
            let health = record
                .kind
                .find(&cx, &record.key)
                .await
                .map(|found| match found {
                    Found::Ours(_) => Health::Ok,
                    Found::Foreign(seen) => Health::Foreign(seen),
                    Found::Absent => Health::Missing,
                });
            (id, health)
        });
    }
    tasks.join_all().await
}

fn seen(
    id: &StepId,
    kind: Kind,
    name: &str,
    chapter: u8,
    record: Option<&Record>,
    health: Option<Result<Health, Fault>>,
) -> Seen {
    let begun = record.is_some_and(|r| r.phase != Phase::Created);
    let (state, drift, message) = match (record, health) {
        (None, _) | (_, None) => (Standing::NotBuilt, vec![], None),
        (_, Some(Ok(Health::Ok))) if begun => (
            Standing::Drifted,
            vec![],
            Some("an earlier run was cut off here: `labctl up` goes on".to_owned()),
        ),
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
