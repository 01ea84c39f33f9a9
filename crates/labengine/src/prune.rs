//! Removes what the state has and the plan no longer wants.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Change, Driver, Failure, Fault, FaultKind, Kind, Phase, Plan, Progress, Record, State, StepId,
    down,
    journal::JournalOf,
    state::{Move, Root},
    step::Teller,
};

/// Steps of the state that the plan does not have (but no later chapters'), what needs others first. Not what goes with
/// another of them.
pub(crate) fn extra<D: Driver>(plan: &Plan<D>, state: &State<D::Kind>) -> Vec<StepId> {
    let mut extra: Vec<_> = state
        .steps
        .iter()
        .filter(|(id, record)| plan.get(id).is_none() && !plan.leaves(record))
        .collect();
    let all: BTreeSet<&StepId> = extra.iter().map(|(id, _)| *id).collect();
    extra.retain(|(_, record)| !record.within.as_ref().is_some_and(|id| all.contains(id)));
    extra.sort_by_key(|(_, record)| std::cmp::Reverse(record.order));
    extra.into_iter().map(|(id, _)| id.clone()).collect()
}

/// Whether it stays until everything is as wanted. What lives in something that goes first does not.
fn lingers<K: Kind>(id: &StepId, state: &State<K>, extra: &[StepId]) -> bool {
    let Some(record) = state.steps.get(id).filter(|r| r.kind.lingers()) else {
        return false;
    };
    match state.root(record) {
        Root::OnRecord(root, holder) => holder.kind.lingers() || !extra.contains(root),
        Root::Itself | Root::Elsewhere(_) => true,
    }
}

/// When in a run something is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When<'a> {
    /// Before anything is made: not what something else may still use.
    First,
    /// When everything is as wanted. What this run has retired goes without a word: its successor was reported as
    /// replaced.
    Last { retired: &'a BTreeSet<StepId> },
}

impl When<'_> {
    fn has_retired(self, id: &StepId) -> bool {
        matches!(self, Self::Last { retired } if retired.contains(id))
    }
}

/// What a removal did.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    /// How many went that the plan does not have.
    pub(crate) removed: usize,
    /// Steps of the plan that went with what they lived in.
    pub(crate) taken: Vec<StepId>,
    /// Something is left that is still in use.
    pub(crate) left: bool,
}

/// Removes what can be removed now. A failure ends it, with the step that it is of.
pub(crate) async fn prune<D: Driver>(
    plan: &Plan<D>,
    driver: &D,
    journal: &JournalOf<D>,
    when: When<'_>,
    announced: Option<&BTreeSet<StepId>>,
) -> Result<Pruned, (StepId, Failure)> {
    let mut pruned = Pruned::default();
    let state = journal.state();
    let mut roots = Roots::default();
    let extra = extra(plan, &state);
    for id in extra.clone() {
        if when == When::First && lingers(&id, &state, &extra) {
            pruned.left = true;
            continue;
        }
        match roots.theirs(&id, driver, &state).await {
            Ok(false) => {}
            Ok(true) => continue,
            Err(fault) => return Err((id, fault.into())),
        }
        // Nothing is lost of what is in somebody else's.
        let is_elsewhere = |r: &&Record<D::Kind>| matches!(state.root(r), Root::Elsewhere(_));
        let whole = state.steps.get(&id);
        let whole = whole.filter(|record| record.phase != Phase::Creating);
        if let (Some(record), false) = (
            whole.filter(|record| !is_elsewhere(record)),
            when.has_retired(&id) || announced.is_none_or(|all| all.contains(&id)),
        ) && let Some(carries) = record.kind.carries()
        {
            return Err((id, Failure::unannounced(record, carries)));
        }
        let quietly = when.has_retired(&id);
        match remove(&id, plan, driver, journal, quietly).await {
            Ok(_) if quietly => {}
            Ok(gone) => {
                let (taken, removed): (Vec<_>, Vec<_>) =
                    gone.into_iter().partition(|id| plan.get(id).is_some());
                pruned.removed += removed.len();
                pruned.taken.extend(taken);
            }
            Err(Failure::Aws(fault))
                if matches!(fault.kind, FaultKind::Exists | FaultKind::Other) =>
            {
                pruned.left = true;
            }
            Err(failure) => return Err((id, failure)),
        }
    }
    Ok(pruned)
}

/// Tries what is left once more, for the reasons.
pub(crate) async fn failures<D: Driver>(
    plan: &Plan<D>,
    driver: &D,
    journal: &JournalOf<D>,
) -> Vec<(StepId, Failure)> {
    let mut failed = Vec::new();
    let state = journal.state();
    let mut roots = Roots::default();
    for id in extra(plan, &state) {
        match roots.theirs(&id, driver, &state).await {
            Ok(false) => {}
            Ok(true) => continue,
            Err(fault) => {
                failed.push((id, fault.into()));
                continue;
            }
        }
        if let Err(failure) = remove(&id, plan, driver, journal, false).await {
            failed.push((id, failure));
        }
    }
    failed
}

/// What was seen of the things that others live in, when they are somebody else's: each is looked at once.
#[derive(Default)]
struct Roots(BTreeMap<StepId, Option<String>>);

impl Roots {
    /// Whether it lives in somebody else's thing. It stays then, and on record, for whoever takes that over again.
    async fn theirs<D: Driver>(
        &mut self,
        id: &StepId,
        driver: &D,
        state: &State<D::Kind>,
    ) -> Result<bool, Fault> {
        let Some(record) = state.steps.get(id) else {
            return Ok(false);
        };
        let Root::OnRecord(root, holder) = state.root(record) else {
            return Ok(false);
        };
        let driver = driver.for_step(id);
        let seen = if let Some(seen) = self.0.get(root) {
            seen.clone()
        } else {
            let seen = down::theirs(&driver, state, holder).await?;
            self.0.insert(root.clone(), seen.clone());
            seen
        };
        let Some(seen) = seen else { return Ok(false) };
        let (title, name) = (record.kind.title(), &record.name);
        let message = format!("{title} `{name}` is left alone: {}", down::in_theirs(&seen));
        driver.tell(Progress::Warning { message });
        Ok(true)
    }
}

/// Returns what went.
async fn remove<D: Driver>(
    id: &StepId,
    plan: &Plan<D>,
    driver: &D,
    journal: &JournalOf<D>,
    quietly: bool,
) -> Result<Vec<StepId>, Failure> {
    // It may have gone with its parent.
    let Some(record) = journal.record(id) else {
        return Ok(Vec::new());
    };
    let driver = driver.for_step(id);
    let teller = Teller::new(&driver, id);
    let tell = |teller: &Teller<'_, D>, change, why: Option<&str>| {
        if !quietly {
            teller.tell(change, None, why.map(str::to_owned));
        }
    };
    journal.commit(id, Move::Unmake).await?;
    tell(&teller, Change::Deleting, Some("no longer wanted"));
    let change = down::delete(&driver, &journal.state(), &record).await?;
    let all = journal.state().with_inhabitants(id);
    journal
        .commit_all(all.iter().map(|id| (id.clone(), Move::Gone)).collect())
        .await?;
    let with = format!("with the {}", record.kind.title());
    // Another one of what the plan has is made in this run.
    for inhabitant in all[1..].iter().filter(|id| plan.get(id).is_none()) {
        let teller = Teller::new(&driver, inhabitant);
        tell(&teller, change, Some(&with));
    }
    tell(&teller, change, None);
    Ok(if change == Change::Deleted {
        all
    } else {
        Vec::new()
    })
}
