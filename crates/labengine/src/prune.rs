//! Removes what the state has and the plan no longer wants.

use crate::{
    Change, Driver, Failure, FaultKind, Kind, Plan, State, StepId, down, journal::JournalOf,
    state::Move, step::Teller,
};

/// Steps of the state that the plan does not have (but no later chapters'), what needs others first.
fn extra<D: Driver>(plan: &Plan<D>, state: &State<D::Kind>) -> Vec<StepId> {
    let mut extra: Vec<_> = state
        .steps
        .iter()
        .filter(|(id, record)| plan.get(id).is_none() && !plan.leaves(record))
        .collect();
    extra.sort_by_key(|(_, record)| std::cmp::Reverse(record.order));
    extra.into_iter().map(|(id, _)| id.clone()).collect()
}

/// When in a run something is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Before anything is made: not what something else may still use.
    First,
    /// When everything is as wanted.
    Last,
}

/// Removes what can be removed now: how many went, and whether something still in use is left.
/// A failure ends it, with the step that it is of.
pub(crate) async fn prune<D: Driver>(
    plan: &Plan<D>,
    driver: &D,
    journal: &JournalOf<D>,
    when: When,
) -> Result<(usize, bool), (StepId, Failure)> {
    let mut removed = 0;
    let mut left = false;
    let state = journal.state();
    for id in extra(plan, &state) {
        let lingers = state.steps.get(&id).is_some_and(|r| r.kind.lingers());
        if lingers && when == When::First {
            left = true;
            continue;
        }
        match remove(&id, driver, journal).await {
            Ok(true) => removed += 1,
            Ok(false) => {}
            Err(Failure::Aws(fault))
                if matches!(fault.kind, FaultKind::Exists | FaultKind::Other) =>
            {
                left = true;
            }
            Err(failure) => return Err((id, failure)),
        }
    }
    Ok((removed, left))
}

/// Tries what is left once more, for the reasons.
pub(crate) async fn failures<D: Driver>(
    plan: &Plan<D>,
    driver: &D,
    journal: &JournalOf<D>,
) -> Vec<(StepId, Failure)> {
    let mut failed = Vec::new();
    for id in extra(plan, &journal.state()) {
        if let Err(failure) = remove(&id, driver, journal).await {
            failed.push((id, failure));
        }
    }
    failed
}

async fn remove<D: Driver>(
    id: &StepId,
    driver: &D,
    journal: &JournalOf<D>,
) -> Result<bool, Failure> {
    // It may have gone with its parent.
    let Some(record) = journal.record(id) else {
        return Ok(false);
    };
    let driver = driver.for_step(id);
    let teller = Teller::new(&driver, id);
    journal.commit(id, Move::Unmake).await?;
    teller.tell(Change::Deleting, None, Some("no longer wanted".to_owned()));
    let change = down::delete(&driver, &record).await?;
    let all = journal.state().with_inhabitants(id);
    journal
        .commit_all(all.into_iter().map(|id| (id, Move::Gone)).collect())
        .await?;
    teller.tell(change, None, None);
    Ok(change == Change::Deleted)
}
