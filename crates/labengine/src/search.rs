//! Without a state: looks for the plan's steps by their names and tags.

use std::collections::BTreeSet;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    Driver, Failure, Fault, Found, Kind, Phase, Plan, Record, Seen, Standing, State, StepId,
    journal::JournalOf, state::Move,
};

/// What a look for one step found.
struct Sighting {
    id: StepId,
    key: Value,
    found: Result<Found<Value>, Fault>,
}

/// Looks for every step whose key is known, again and again as others are found. `inside`: also for what lives
/// inside others. Reads only.
async fn search<D: Driver>(
    plan: &Plan<D>,
    driver: &D,
    inside: bool,
) -> Result<Vec<Sighting>, Fault> {
    let mut looked: BTreeSet<StepId> = BTreeSet::new();
    let mut all = Vec::new();
    loop {
        let mut tasks = JoinSet::new();
        for step in plan.steps().iter().filter(|s| inside || s.within.is_none()) {
            // A key may need what is found first: the policy of a role, say.
            let Some(key) = step.work.key(driver)? else {
                continue;
            };
            if !looked.insert(step.id.clone()) {
                continue;
            }
            let (id, kind, driver) = (step.id.clone(), step.kind, driver.for_step(&step.id));
            tasks.spawn(async move {
                let found = driver.find(kind, &key).await;
                Sighting { id, key, found }
            });
        }
        if tasks.is_empty() {
            return Ok(all);
        }
        for sighting in tasks.join_all().await {
            if let (Ok(Found::Ours(output)), Some(step)) = (&sighting.found, plan.get(&sighting.id))
            {
                step.work.settle(Some(output))?;
            }
            all.push(sighting);
        }
    }
}

/// Records what is found of the plan's steps that do not live inside others, so that [`crate::down()`] can
/// reverse them. Answers how many.
pub async fn recover<D: Driver>(
    plan: &Plan<D>,
    driver: &D,
    journal: &JournalOf<D>,
) -> Result<usize, Failure> {
    let mut moves = Vec::new();
    let state = journal.state();
    for Sighting { id, key, found } in search(plan, driver, false).await? {
        if state.steps.contains_key(&id) {
            continue;
        }
        let (Found::Ours(output), Some(step)) = (found?, plan.get(&id)) else {
            continue;
        };
        moves.push((id.clone(), Move::Begin(step.record(key.clone()))));
        moves.push((id, Move::Made { key, output }));
    }
    let found = moves.len() / 2;
    if found > 0 {
        journal.commit_all(moves).await?;
    }
    Ok(found)
}

/// How every step of the plan stands when there is no state. What is found is noted in `state`, which nobody
/// keeps.
pub async fn discover<D: Driver>(
    plan: &Plan<D>,
    driver: &D,
    state: &mut State<D::Kind>,
) -> Result<Vec<Seen<D::Kind>>, Fault> {
    let mut sightings = search(plan, driver, true).await?;
    let mut all = Vec::new();
    for step in plan.steps() {
        let sighting = sightings.iter().position(|s| s.id == step.id);
        let mut seen = Seen {
            id: step.id.clone(),
            kind: step.kind,
            name: step.name.clone(),
            chapter: step.chapter,
            physical_id: None,
            state: Standing::NotBuilt,
            drift: Vec::new(),
            message: None,
        };
        if let Some(Sighting { key, found, .. }) = sighting.map(|i| sightings.swap_remove(i)) {
            match found {
                Ok(Found::Absent) => {}
                Ok(Found::Ours(output)) => {
                    seen.state = Standing::Found;
                    seen.physical_id = step.kind.physical_id(&key, Some(&output));
                    let record = Record {
                        phase: Phase::Created,
                        output: Some(output),
                        ..step.record(key)
                    };
                    state.steps.insert(step.id.clone(), record);
                }
                Ok(Found::Foreign(stranger)) => {
                    seen.state = Standing::Foreign;
                    seen.message = Some(stranger.seen);
                }
                Err(fault) => {
                    seen.state = Standing::Unknown;
                    seen.message = Some(fault.to_string());
                }
            }
        }
        all.push(seen);
    }
    Ok(all)
}
