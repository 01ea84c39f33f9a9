//! What a run of `up` would do, from reads only: for `--dry-run`, and for the questions before the first change.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    Action, Drift, Driver, Fault, Found, Health, Kind, NEW, Phase, Plan, Reads, Record, Rekey,
    State, Step, StepId,
    decide::{Saw, Wish, action, key_drift},
    inspect::look,
    prune::extra,
    state::Root,
};

/// What a run would do about one step.
#[derive(Debug, Clone)]
pub struct Intent<K> {
    /// The step.
    pub id: StepId,
    /// Its kind.
    pub kind: K,
    /// The name that it gets, or has.
    pub name: String,
    /// The name that it has now, when that is another.
    pub was: Option<String>,
    /// Number of its chapter.
    pub chapter: u8,
    /// What is done.
    pub action: Action,
    /// Fields that differ.
    pub drift: Vec<Drift>,
    /// A field that AWS does not change on one that is there.
    pub fixed: Option<String>,
    /// The step that it lives in and goes with, when that is replaced or deleted.
    pub with: Option<StepId>,
    /// A stranger has the name that a new one would get.
    pub taken: Option<String>,
    /// Somebody else's thing is there, or it lives in one: what was seen. The run leaves it alone, or fails on it.
    pub theirs: Option<String>,
    /// What the state has of it. `None`: nothing.
    pub phase: Option<Phase>,
    /// It may be there and ours: nobody saw that it is gone, or somebody else's.
    pub there: bool,
}

impl<K> Intent<K> {
    /// What is there is deleted, whether another one takes its place or not.
    pub fn goes(&self) -> bool {
        matches!(self.action, Action::Replace | Action::Delete)
    }

    /// People lose what was made, as far as anybody knows. What a run only began to make nobody has yet. What a run began
    /// to delete, and lab.yaml does not have, was agreed to.
    pub fn loses(&self) -> bool {
        let made = match self.phase {
            Some(Phase::Created) => self.goes(),
            Some(Phase::Deleting) => self.action == Action::Replace,
            Some(Phase::Creating) | None => false,
        };
        made && self.there
    }
}

/// What a run would do, and what it need not ask again.
#[derive(Debug)]
pub struct Foresight<K> {
    /// One for each step of the plan or the state, in the plan's order.
    pub intents: Vec<Intent<K>>,
    /// Checks of steps as the plan wants them.
    pub healths: BTreeMap<StepId, Health>,
}

impl<K> Default for Foresight<K> {
    fn default() -> Self {
        Self {
            intents: Vec::new(),
            healths: BTreeMap::new(),
        }
    }
}

/// Looks at what the plan wants or the state knows, and decides about each.
pub async fn foresee<D: Driver>(
    plan: &Arc<Plan<D>>,
    driver: &D,
    state: &State<D::Kind>,
    reads: Reads,
) -> Result<Foresight<D::Kind>, Fault> {
    let looked = look(Some(plan), driver, state, reads).await?;
    let health = |id: &StepId| looked.all.get(id).and_then(|health| health.as_ref().ok());
    // What goes first takes along what lives inside it, be it wanted or not.
    let doomed = extra(plan, state).into_iter();
    let doomed = doomed.filter(|id| !state.steps.get(id).is_some_and(|r| r.kind.lingers()));
    // What lives in somebody else's thing is left to him.
    let theirs = |id: &StepId, record: &Record<D::Kind>| {
        let root = match state.root(record) {
            Root::Itself => return None,
            Root::OnRecord(root, _) => root,
            Root::Elsewhere(_) => id,
        };
        match health(root) {
            Some(Health::Foreign(stranger)) => Some(stranger.seen.clone()),
            _ => None,
        }
    };
    let is_theirs = |id: &StepId| state.steps.get(id).and_then(|r| theirs(id, r)).is_some();
    let doomed = doomed.filter(|id| !is_theirs(id));
    let mut actions: BTreeMap<StepId, Action> = doomed.map(|id| (id, Action::Delete)).collect();
    let mut intents = Vec::new();
    // Steps whose output is, or will be, another one than the recorded one.
    let mut new: BTreeSet<StepId> = BTreeSet::new();
    for step in plan.steps() {
        let record = state.steps.get(&step.id);
        // With what its needs will give it, it may differ from what is wanted then.
        let affected = step.needs.iter().any(|id| new.contains(id));
        let again = match record.filter(|_| affected) {
            Some(record) => check_again(step, driver, record).await?,
            None => None,
        };
        let may_be_there = match record {
            None => state.recovered,
            Some(record) => record.phase == Phase::Creating,
        };
        if may_be_there
            && let Some(Begun { record, health }) =
                find_and_check(step, driver, record, affected).await?
        {
            let intent = of_step(step, driver, Some(&record), Some(&health), &actions, false)?;
            actions.insert(step.id.clone(), intent.action);
            new.insert(step.id.clone());
            if intent.action == Action::Replace && !is_same(step, driver, Some(&record))? {
                stand_in(step, driver, Some(&record));
            }
            intents.push(intent);
            continue;
        }
        let health = again.as_ref().or(health(&step.id));
        let unknown = affected && again.is_none();
        let mut intent = of_step(step, driver, record, health, &actions, unknown)?;
        // What is in something else stays there, whoever's it is.
        if record.is_some_and(|r| matches!(state.root(r), Root::Elsewhere(_))) {
            intent.there = false;
        }
        if intent.action == Action::Replace {
            intent.taken = taken(step, driver).await?;
        }
        actions.insert(step.id.clone(), intent.action);
        let remade = matches!(intent.action, Action::Replace | Action::Create);
        if remade && !is_same(step, driver, record)? {
            stand_in(step, driver, record);
            new.insert(step.id.clone());
        } else if let Some(record) = record.filter(|r| r.phase == Phase::Deleting) {
            // What needs it could not be compared before.
            step.work.settle(record.output.as_ref())?;
            new.insert(step.id.clone());
        }
        intents.push(intent);
    }
    for (id, record) in state.in_order() {
        if plan.get(id).is_none() {
            let mut intent = of_unwanted(plan, id, record, health(id), &actions);
            intent.theirs = theirs(id, record);
            if intent.theirs.is_some() {
                intent.action = Action::Look;
            }
            actions.insert(id.clone(), intent.action);
            intents.push(intent);
        }
    }
    plan.settle(state)?;
    let healths = looked.all.into_iter();
    let healths = healths.filter(|(id, _)| looked.checked.contains(id));
    Ok(Foresight {
        intents,
        healths: healths
            .filter_map(|(id, health)| Some((id, health.ok()?)))
            .collect(),
    })
}

fn of_step<D: Driver>(
    step: &Step<D>,
    driver: &D,
    record: Option<&Record<D::Kind>>,
    health: Option<&Health>,
    actions: &BTreeMap<StepId, Action>,
    unknown: bool,
) -> Result<Intent<D::Kind>, Fault> {
    let mut drift = match health {
        Some(Health::Drifted(drift)) => drift.clone(),
        _ => Vec::new(),
    };
    let remade = |id: &StepId| matches!(actions.get(id), Some(Action::Replace | Action::Create));
    let changed = |id: &StepId| actions.get(id) == Some(&Action::Update);
    let parent = record.and_then(|r| actions.get(r.within.as_ref()?));
    let goes_with = matches!(parent, Some(Action::Replace | Action::Delete));
    let with = record.filter(|_| goes_with);
    let with = with.and_then(|record| record.within.clone());
    let wish = step.wish(driver, record)?;
    let action = match action(record.map(|r| r.phase), wish, &saw(step.kind, health)) {
        // It goes with what it lives in.
        Action::Keep | Action::Update | Action::Adopt | Action::Look | Action::Create
            if goes_with =>
        {
            Action::Replace
        }
        // It cannot be checked before its needs are there.
        Action::Keep | Action::Update if wish == Wish::Unknown && step.kind.superseded() => {
            Action::Create
        }
        Action::Keep if unknown => Action::Update,
        Action::Look if unknown && health.is_none() => Action::Update,
        Action::Keep if step.kind.follows() && step.needs.iter().any(changed) => Action::Update,
        action => action,
    };
    if let (Wish::Other(Rekey::Recreate | Rekey::Supersede), Some(record), Some(wanted)) =
        (wish, record, step.work.key(driver)?)
        && !step.needs.iter().any(remade)
    {
        drift.extend(key_drift(&record.key, &wanted));
    }
    let fixed = drift
        .iter()
        .find(|d| action == Action::Update && step.kind.fixed(d));
    Ok(Intent {
        id: step.id.clone(),
        kind: step.kind,
        name: step.name.clone(),
        was: record.map(|r| r.name.clone()).filter(|n| *n != step.name),
        chapter: step.chapter,
        action,
        fixed: fixed.map(|d| d.field.clone()),
        drift,
        with,
        taken: None,
        theirs: match health {
            Some(Health::Foreign(stranger)) if action == Action::Look => {
                Some(stranger.seen.clone())
            }
            _ => None,
        },
        phase: record.map(|r| r.phase),
        there: is_there(health),
    })
}

/// Checks a step with what stands for the outputs of its needs. `None`: they are not known well enough.
async fn check_again<D: Driver>(
    step: &Step<D>,
    driver: &D,
    record: &Record<D::Kind>,
) -> Result<Option<Health>, Fault> {
    let (Phase::Created, Some(output), Some(key)) = (
        record.phase,
        &record.output,
        step.key_to_check(driver, record)?,
    ) else {
        return Ok(None);
    };
    let driver = driver.for_step(&step.id);
    Ok(step.work.check(&driver, &key, output).await.ok())
}

/// Something that is there, and not on record as made.
struct Begun<K: Kind> {
    /// As it is, or as the run will begin it, with the output that was found.
    record: Record<K>,
    health: Health,
}

/// Looks for a step that is not on record as made, and gives what is found to those that need it.
async fn find_and_check<D: Driver>(
    step: &Step<D>,
    driver: &D,
    record: Option<&Record<D::Kind>>,
    affected: bool,
) -> Result<Option<Begun<D::Kind>>, Fault> {
    let Some(wanted) = step.work.key(driver)? else {
        return Ok(None);
    };
    let mut record = match record {
        Some(record) => record.clone(),
        None => step.record(wanted),
    };
    if record.key.to_string().contains(NEW) {
        return Ok(None);
    }
    let Some(key) = step.key_to_check(driver, &record)? else {
        return Ok(None);
    };
    let driver = driver.for_step(&step.id);
    // Without an answer the run looks in its turn.
    let Ok(found) = driver.find(step.kind, &record.key).await else {
        return Ok(None);
    };
    let health = match found {
        Found::Absent => return Ok(None),
        Found::Foreign(stranger) => Health::Foreign(stranger),
        Found::Ours(output) => {
            step.work.settle(Some(&output))?;
            let output = record.output.insert(output);
            match step.work.check(&driver, &key, output).await {
                // It cannot be checked before its needs are there, and they will be other ones.
                Err(_) if affected => Health::Drifted(Vec::new()),
                Err(_) => return Ok(None),
                Ok(health) => health,
            }
        }
    };
    Ok(Some(Begun { record, health }))
}

/// Whether another one will have the same output: it follows from the key, and the key stays.
fn is_same<D: Driver>(
    step: &Step<D>,
    driver: &D,
    record: Option<&Record<D::Kind>>,
) -> Result<bool, Fault> {
    let (Some(record), true) = (record, step.kind.derived()) else {
        return Ok(false);
    };
    Ok(record.output.is_some() && step.work.key(driver)?.as_ref() == Some(&record.key))
}

/// What is there under the name that a new one would get, when that is a stranger's. No answer is none: the run asks
/// again.
async fn taken<D: Driver>(step: &Step<D>, driver: &D) -> Result<Option<String>, Fault> {
    let key = step.work.key(driver)?.filter(|_| step.kind.by_name());
    let Some(key) = key.filter(|key| !key.to_string().contains(NEW)) else {
        return Ok(None);
    };
    Ok(
        match driver.for_step(&step.id).find(step.kind, &key).await {
            Ok(Found::Foreign(stranger)) => Some(stranger.seen),
            _ => None,
        },
    )
}

fn is_there(health: Option<&Health>) -> bool {
    !matches!(health, Some(Health::Missing | Health::Foreign(_)))
}

/// What a check saw; without one, the cloud did not say.
fn saw<K: Kind>(kind: K, health: Option<&Health>) -> Saw {
    health.map_or(Saw::CannotTell, |health| Saw::of(kind, health.clone()))
}

/// A step of the state that the plan does not have.
fn of_unwanted<D: Driver>(
    plan: &Plan<D>,
    id: &StepId,
    record: &Record<D::Kind>,
    health: Option<&Health>,
    actions: &BTreeMap<StepId, Action>,
) -> Intent<D::Kind> {
    let parent = record.within.as_ref().and_then(|id| actions.get(id));
    let goes = matches!(parent, Some(Action::Replace | Action::Delete));
    let seen = saw(record.kind, health);
    let action = match action(Some(record.phase), plan.wish_of(record), &seen) {
        Action::Leave if goes => Action::Delete,
        action => action,
    };
    Intent {
        id: id.clone(),
        kind: record.kind,
        name: record.name.clone(),
        was: None,
        chapter: record.chapter,
        action,
        drift: Vec::new(),
        fixed: None,
        with: record.within.clone().filter(|_| goes),
        taken: None,
        theirs: None,
        phase: Some(record.phase),
        there: is_there(health),
    }
}

/// Gives the steps that need a new one something to reckon with. Unless they follow from its key, its ids are not known,
/// but others than now.
fn stand_in<D: Driver>(step: &Step<D>, driver: &D, record: Option<&Record<D::Kind>>) {
    fn other(value: &Value) -> Value {
        match value {
            Value::String(_) => NEW.into(),
            Value::Array(items) => items.iter().map(other).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(k, v)| (k.clone(), other(v))).collect())
            }
            value => value.clone(),
        }
    }
    let known = record.and_then(|r| r.output.as_ref()).map(other);
    let key = step.work.key(driver).ok().flatten();
    let key = key.filter(|key| !key.to_string().contains(NEW));
    let derived = key.and_then(|key| step.work.derived(driver, &key).ok().flatten());
    let output = derived.or(known).or_else(|| step.kind.unknown());
    if step.work.settle(output.as_ref()).is_err() {
        // Their keys stay unknown.
        let _ = step.work.settle(None);
    }
}
