//! Builds a plan: in parallel, the longest way first, as far as it can.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::task::JoinSet;

use crate::{
    Change, Driver, Failure, Foresight, Health, Kind, Plan, Progress, StepId,
    decide::Wish,
    interrupt::STOPPING,
    journal::JournalOf,
    prune::{self, When},
    state::Move,
    step::{Brought, Builder, Teller},
};

/// What a run of `up` did.
#[derive(Debug, Default)]
pub struct Built {
    /// How each step that went well ended.
    pub done: BTreeMap<StepId, Change>,
    /// Steps of the state that the plan no longer has, removed.
    pub removed: usize,
    /// What failed, and why.
    pub failed: Vec<(StepId, Failure)>,
    /// What was not tried because something it needs failed, or the run was stopped.
    pub skipped: Vec<StepId>,
    /// Why the run was paused: AWS no longer took the credentials.
    pub paused: Option<Failure>,
}

impl Built {
    /// Everything is there.
    pub fn ok(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty()
    }

    /// Notes why a step did not end well. Answers whether other steps may begin.
    fn fail<D: Driver>(&mut self, driver: &D, id: StepId, failure: Failure) -> bool {
        let goes_on = !failure.ends_run();
        let untouched = failure.is_interrupt() || failure.is_pause();
        let word = if untouched {
            Change::Skipped
        } else {
            Change::Failed
        };
        Teller::new(driver, &id).tell(word, None, Some(failure.to_string()));
        if untouched {
            self.skipped.push(id);
        } else {
            self.failed.push((id, failure));
            return goes_on;
        }
        if failure.is_pause() && self.paused.is_none() {
            let message = "paused: AWS no longer takes the credentials; what is running ends and is recorded, \
                           nothing else begins";
            driver.tell(Progress::Warning {
                message: message.to_owned(),
            });
            self.paused = Some(failure);
        }
        goes_on
    }

    /// How many steps ended as one of `changes`.
    pub fn count(&self, changes: &[Change]) -> usize {
        self.done.values().filter(|c| changes.contains(c)).count()
    }
}

/// How to run.
#[derive(Debug)]
pub struct Options<K> {
    /// Steps at once; 1 is strictly the plan's order.
    pub parallel: usize,
    /// Steps whose name a stranger has: the user has seen it, and wants it to become ours.
    pub adopt: BTreeSet<StepId>,
    /// What was seen just before: checks are not made again.
    pub foresight: Foresight<K>,
    /// The steps of which people know that they will be replaced or deleted. What carries something for people
    /// ([`crate::Kind::carries`]) and is not among them stays. `None`: all may go.
    pub announced: Option<BTreeSet<StepId>>,
}

/// Builds what is missing, mends what drifted, resumes what was cut off, removes what the plan no longer has.
pub async fn up<D: Driver>(
    plan: Arc<Plan<D>>,
    driver: D,
    journal: Arc<JournalOf<D>>,
    mut options: Options<D::Kind>,
) -> Result<Built, Failure> {
    recall(&plan, &driver, &journal).await?;
    let healths = std::mem::take(&mut options.foresight.healths);
    let announced = options.announced.as_ref();
    let mut built = Built::default();
    let first = When::First;
    let pruned = match prune::prune(&plan, &driver, &journal, first, announced).await {
        Ok(pruned) => pruned,
        Err((id, failure)) => {
            built.fail(&driver, id, failure);
            built
                .skipped
                .extend(plan.steps().iter().map(|s| s.id.clone()));
            return Ok(built);
        }
    };
    built.removed = pruned.removed;
    let taken = pruned.taken.into_iter().collect();
    let run = schedule(
        &plan, &driver, &journal, &options, healths, taken, &mut built,
    );
    let retired = run.await;
    if (pruned.left || !retired.is_empty()) && built.ok() {
        // What was in use by something that has been changed since.
        let last = When::Last { retired: &retired };
        match prune::prune(&plan, &driver, &journal, last, announced).await {
            Ok(pruned) => {
                built.removed += pruned.removed;
                if pruned.left {
                    let failures = prune::failures(&plan, &driver, &journal).await;
                    built.failed.extend(failures);
                }
            }
            Err((id, failure)) => drop(built.fail(&driver, id, failure)),
        }
    }
    Ok(built)
}

/// Gives the plan what the state knows, and the state what the plan says of its steps.
async fn recall<D: Driver>(
    plan: &Plan<D>,
    driver: &D,
    journal: &JournalOf<D>,
) -> Result<(), Failure> {
    let state = journal.state();
    plan.settle(&state)?;
    // Places in the plan are numbers: those of what is left as it is must not be given twice.
    let partial = state.steps.values().any(|record| plan.leaves(record));
    let mut moves = Vec::new();
    for step in plan.steps() {
        let Some(record) = state.steps.get(&step.id) else {
            continue;
        };
        let mut new = step.record(record.key.clone());
        if step.wish(driver, Some(record))? != Wish::Same {
            // Until the thing itself has the new one.
            new.name.clone_from(&record.name);
            new.within.clone_from(&record.within);
        }
        if partial {
            new.order = record.order;
            let later = |id: &&StepId| state.steps.get(*id).is_some_and(|r| plan.leaves(r));
            new.needs.extend(record.needs.iter().filter(later).cloned());
        }
        let same = (&new.name, new.order, &new.needs, &new.within, new.chapter)
            == (
                &record.name,
                record.order,
                &record.needs,
                &record.within,
                record.chapter,
            );
        if !same {
            moves.push((step.id.clone(), Move::Replan(new)));
        }
    }
    if !moves.is_empty() {
        journal.commit_all(moves).await?;
    }
    Ok(())
}

/// Returns what was retired, which goes last.
async fn schedule<D: Driver>(
    plan: &Arc<Plan<D>>,
    driver: &D,
    journal: &Arc<JournalOf<D>>,
    options: &Options<D::Kind>,
    mut healths: BTreeMap<StepId, Health>,
    // What went with what it lived in.
    mut taken: BTreeSet<StepId>,
    built: &mut Built,
) -> BTreeSet<StepId> {
    let lengths = plan.path_lengths();
    // What is not on record may be there all the same.
    let recovered = journal.state().recovered;
    let mut waiting: Vec<StepId> = plan.steps().iter().map(|s| s.id.clone()).collect();
    let mut running: BTreeMap<tokio::task::Id, StepId> = BTreeMap::new();
    let mut tasks: JoinSet<Result<Brought, Failure>> = JoinSet::new();
    // What was there without the journal knowing: things that live in it may be there as well.
    let mut found: BTreeSet<StepId> = BTreeSet::new();
    // Steps that are not there after this run, and steps whose output may be new.
    let mut lost: BTreeSet<StepId> = BTreeSet::new();
    let mut retired: BTreeSet<StepId> = BTreeSet::new();
    let mut stop = false;
    loop {
        stop |= driver.interrupt().is_set();
        for id in blocked(plan, &waiting, &lost) {
            waiting.retain(|w| w != &id);
            Teller::new(driver, &id).tell(
                Change::Skipped,
                None,
                Some("something it needs failed".to_owned()),
            );
            lost.insert(id.clone());
            built.skipped.push(id);
        }
        while !stop && running.len() < options.parallel {
            let ready = waiting
                .iter()
                .filter_map(|id| plan.get(id))
                .filter(|s| s.needs.iter().all(|n| built.done.contains_key(n)));
            // Strictly the tutorial's order, or the step with the longest way behind it.
            let next = if options.parallel == 1 {
                ready.min_by_key(|s| s.order)
            } else {
                ready.max_by_key(|s| (lengths.get(&s.id), std::cmp::Reverse(s.order)))
            };
            let Some(step) = next else { break };
            let id = step.id.clone();
            waiting.retain(|w| w != &id);
            let fresh = step
                .needs
                .iter()
                .any(|n| built.done.get(n) != Some(&Change::Unchanged));
            let seen = healths.remove(&id);
            let look_first = recovered || step.needs.iter().any(|n| found.contains(n));
            let agreed = options.adopt.contains(&id);
            let may_go = options
                .announced
                .as_ref()
                .is_none_or(|all| all.contains(&id));
            let replaces = taken.contains(&id);
            let (plan, driver, journal) =
                (Arc::clone(plan), driver.for_step(&id), Arc::clone(journal));
            let task_id = id.clone();
            let task = tasks.spawn(async move {
                let Some(step) = plan.get(&task_id) else {
                    return Err(Failure::Defect(format!("{task_id} is not in the plan")));
                };
                let teller = Teller::new(&driver, &task_id);
                let builder = Builder {
                    step,
                    driver: &driver,
                    journal: &journal,
                    teller,
                    look_first,
                    fresh,
                    agreed,
                    may_go,
                    replaces,
                };
                builder.bring(seen).await
            });
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
            Ok(brought) => {
                if brought.found {
                    found.insert(id.clone());
                }
                // What the plan has not went along, and nothing else will report it.
                for gone in brought.took.iter().filter(|id| plan.get(id).is_none()) {
                    let why = plan
                        .get(&id)
                        .map(|step| format!("with the {}", step.kind.title()));
                    Teller::new(driver, gone).tell(Change::Deleted, None, why);
                    built.removed += 1;
                }
                taken.extend(brought.took);
                retired.extend(brought.retired);
                built.done.insert(id, brought.change);
            }
            Err(failure) => {
                lost.insert(id.clone());
                stop |= !built.fail(driver, id, failure);
            }
        }
    }
    if stop && !waiting.is_empty() {
        driver.tell(Progress::Warning {
            message: format!("stopped with {} steps not begun", waiting.len()),
        });
    }
    built.skipped.append(&mut waiting);
    retired
}

fn blocked<D: Driver>(plan: &Plan<D>, waiting: &[StepId], lost: &BTreeSet<StepId>) -> Vec<StepId> {
    let mut blocked: BTreeSet<StepId> = BTreeSet::new();
    // Plan order: what a blocked step blocks comes after it.
    for step in plan.steps().iter().filter(|s| waiting.contains(&s.id)) {
        if step
            .needs
            .iter()
            .any(|n| lost.contains(n) || blocked.contains(n))
        {
            blocked.insert(step.id.clone());
        }
    }
    blocked.into_iter().collect()
}
