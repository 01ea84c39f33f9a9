//! A lab in that world: its driver, its store, and plans with variants.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    Seed, seed,
    world::{Kind, LAB, Shared, Thing, stranger},
};
use crate::{
    Answer, Drift, Driver, Fault, FaultKind, Found, Health, Interrupt, JournalError, Plan,
    Progress, Rekey, Retired, State, Step, StepId, Store, Work,
};

/// The way to the world.
#[derive(Clone)]
pub(super) struct Fake {
    pub(super) shared: Shared,
    pub(super) interrupt: Interrupt,
}

/// Looks that a poll takes before it gives up: more than a late thing stays hidden.
const LOOKS: usize = 12;

impl Driver for Fake {
    type Kind = Kind;
    type Store = Disk;

    fn for_step(&self, _step: &StepId) -> Self {
        self.clone()
    }

    fn tell(&self, _progress: Progress) {}

    fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    async fn poll<T, F, Fut>(
        &self,
        _what: &str,
        _limit: Duration,
        look: F,
    ) -> Result<Option<T>, Fault>
    where
        T: Send,
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<Option<T>, Fault>> + Send,
    {
        for _ in 0..LOOKS {
            if let Some(found) = look().await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn find(&self, kind: Kind, key: &Value) -> Result<Found<Value>, Fault> {
        self.shared
            .call(false, |world| Ok(world.find(kind, key)))
            .await
    }

    async fn own(&self, kind: Kind, key: &Value, output: &Value) -> Result<Found<Value>, Fault> {
        let own = self.shared.call(false, |world| {
            Ok(match world.get(kind, key, output) {
                None => Found::Absent,
                Some((_, thing)) if is_strange(thing, &key["name"]) => {
                    Found::Foreign(stranger(thing))
                }
                Some(_) => Found::Ours(output.clone()),
            })
        });
        own.await
    }

    async fn claim(&self, kind: Kind, key: &Value) -> Result<(), Fault> {
        let claim = self.shared.call(true, |world| {
            let found = world.get(kind, key, &Value::Null).map(|(id, _)| id);
            if let Some(thing) = found.and_then(|id| world.things.get_mut(&id)) {
                thing.lab = Some(LAB.to_owned());
            }
            Ok(())
        });
        claim.await
    }

    async fn delete(&self, kind: Kind, key: &Value, output: Option<&Value>) -> Result<(), Fault> {
        let delete = self.shared.call(true, |world| {
            world.delete(kind, key, output);
            Ok(())
        });
        delete.await
    }
}

/// Whether a recorded id leads to somebody else's thing.
fn is_strange(thing: &Thing, recorded: &Value) -> bool {
    match &thing.lab {
        _ if thing.parent.is_some() || seed() == Some(Seed::TrustedId) => false,
        Some(lab) => lab != LAB,
        None => *recorded != *thing.name,
    }
}

/// The state's file: what is on it survives a crash.
#[derive(Clone)]
pub(super) struct Disk {
    pub(super) state: Arc<Mutex<Option<State<Kind>>>>,
    pub(super) shared: Shared,
    /// Writes so far, of which the mistake loses some.
    writes: Arc<Mutex<usize>>,
}

impl Disk {
    pub(super) fn new(shared: &Shared) -> Self {
        Self {
            state: Arc::default(),
            shared: shared.clone(),
            writes: Arc::default(),
        }
    }

    /// What the next run reads.
    pub(super) fn read(&self) -> Option<State<Kind>> {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Store<Kind> for Disk {
    async fn keep(&self, state: State<Kind>) -> Result<(), JournalError> {
        let dies = self.shared.write().await;
        let lost = {
            let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
            *writes += 1;
            seed() == Some(Seed::LostWrite) && writes.is_multiple_of(3)
        };
        if !lost {
            *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
        }
        if dies {
            self.shared.died_after_write().await;
        }
        Ok(())
    }
}

/// What a plan may have, in order; each with what it needs and where it lives.
struct Part {
    id: &'static str,
    kind: Kind,
    needs: &'static [&'static str],
    within: Option<&'static str>,
}

const fn part(
    id: &'static str,
    kind: Kind,
    needs: &'static [&'static str],
    within: Option<&'static str>,
) -> Part {
    Part {
        id,
        kind,
        needs,
        within,
    }
}

const PARTS: &[Part] = &[
    part("role", Kind::Named, &[], None),
    part("pool", Kind::Parent, &[], None),
    part("client", Kind::Inside, &["pool"], Some("pool")),
    part("function", Kind::Named, &["role", "client"], None),
    part("deployment", Kind::Snapshot, &["pool"], Some("pool")),
    part("key", Kind::Lingering, &[], None),
    part("guard", Kind::Guard, &["pool"], Some("pool")),
    part("edge", Kind::Named, &["key", "guard"], None),
];

/// Which parts a plan has, and how it wants each: by the place in the list.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Variant {
    /// Parts that it lacks; what needs one of them is lacking, too.
    pub(super) without: u8,
    /// Parts with another name.
    pub(super) renamed: u8,
    /// Parts with another setting.
    pub(super) changed: u8,
}

fn has(bits: u8, place: usize) -> bool {
    bits & (1 << place) != 0
}

/// One name of a part.
fn name(part: &Part, renamed: bool) -> String {
    let other = if renamed { "-2" } else { "" };
    format!("{}{other}", part.id)
}

/// A name that a stranger may take.
pub(super) fn stranger_of(place: usize, renamed: bool) -> (Kind, String) {
    let part = &PARTS[place % PARTS.len()];
    (part.kind, name(part, renamed))
}

type Slot = Arc<Mutex<Option<Value>>>;

struct Wanted {
    kind: Kind,
    name: String,
    setting: u8,
    parent: Option<Slot>,
    needs: Vec<Slot>,
    mine: Slot,
}

fn get(slot: &Slot) -> Option<Value> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// What a plan wants of the world.
#[derive(Debug)]
pub(super) struct Goal {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) setting: u8,
}

/// A plan of this variant, and what it wants of the world.
pub(super) fn plan(variant: Variant) -> (Arc<Plan<Fake>>, Vec<Goal>) {
    let mut plan = Plan::default();
    let mut wanted = Vec::new();
    let mut slots: BTreeMap<&str, Slot> = BTreeMap::new();
    for (place, part) in PARTS.iter().enumerate() {
        let lacking = part.needs.iter().any(|need| !slots.contains_key(need));
        if lacking || has(variant.without, place) {
            continue;
        }
        let setting = u8::from(has(variant.changed, place));
        let mut name = name(part, has(variant.renamed, place));
        if part.kind == Kind::Snapshot {
            name = format!("{}-{setting}", part.id);
        }
        let mine = Slot::default();
        let needs: Vec<StepId> = part.needs.iter().map(StepId::new).collect();
        plan.push(Step {
            id: StepId::new(part.id),
            kind: part.kind,
            name: name.clone(),
            planned_id: None,
            chapter: 1,
            order: 0,
            holds: needs.clone(),
            needs,
            within: part.within.map(StepId::new),
            work: Box::new(Wanted {
                kind: part.kind,
                name: name.clone(),
                setting,
                parent: part.within.and_then(|id| slots.get(id).cloned()),
                needs: part
                    .needs
                    .iter()
                    .filter_map(|id| slots.get(id).cloned())
                    .collect(),
                mine: Arc::clone(&mine),
            }),
        });
        slots.insert(part.id, mine);
        wanted.push(Goal {
            kind: part.kind,
            name,
            setting,
        });
    }
    (Arc::new(plan), wanted)
}

impl Wanted {
    /// What it names of what it needs.
    fn uses(&self) -> Vec<Value> {
        let outputs = self.needs.iter().filter_map(get);
        outputs.map(|output| output["id"].clone()).collect()
    }
}

impl Work<Fake> for Wanted {
    fn rekey(&self, old: &Value, new: &Value) -> Result<Rekey, Fault> {
        Ok(match self.kind {
            _ if old["parent"] != new["parent"] => Rekey::Recreate,
            Kind::Named => Rekey::Recreate,
            Kind::Snapshot => Rekey::Supersede,
            Kind::Parent | Kind::Inside | Kind::Lingering | Kind::Guard => Rekey::InPlace,
        })
    }

    fn key(&self, _driver: &Fake) -> Result<Option<Value>, Fault> {
        // What has a name of its own can be looked for without what it needs.
        let known = self.needs.iter().all(|need| get(need).is_some());
        if self.kind != Kind::Named && !known {
            return Ok(None);
        }
        Ok(Some(match &self.parent {
            None => json!({ "name": self.name }),
            Some(parent) => {
                json!({ "name": self.name, "parent": get(parent).unwrap_or_default()["id"] })
            }
        }))
    }

    fn derived(&self, _driver: &Fake, key: &Value) -> Result<Option<Value>, Fault> {
        Ok((self.kind == Kind::Named).then(|| json!({ "id": key["name"] })))
    }

    fn create<'a>(&'a self, driver: &'a Fake, key: &'a Value) -> Answer<'a, Value> {
        Box::pin(driver.shared.call(true, |world| {
            world.create(self.kind, key, self.setting, self.uses())
        }))
    }

    fn check<'a>(
        &'a self,
        driver: &'a Fake,
        key: &'a Value,
        output: &'a Value,
    ) -> Answer<'a, Health> {
        Box::pin(driver.shared.call(false, move |world| {
            if self.needs.iter().any(|need| get(need).is_none()) {
                return Err(Fault::new(FaultKind::Other, "check", "before its needs"));
            }
            let Some((_, thing)) = world.get(self.kind, key, output) else {
                return Ok(Health::Missing);
            };
            let unnamed = self.kind == Kind::Named && thing.lab.as_deref() != Some(LAB);
            if unnamed || is_strange(thing, &key["name"]) {
                return Ok(Health::Foreign(stranger(thing)));
            }
            let mut drift = Vec::new();
            if thing.name != self.name {
                drift.push(Drift::new("name", &self.name, &thing.name));
            }
            if thing.setting != self.setting {
                drift.push(Drift::new("setting", &self.setting, &thing.setting));
            }
            if thing.uses != self.uses() {
                drift.push(Drift::new("uses", &self.uses(), &thing.uses));
            }
            Ok(Health::from_drift(drift))
        }))
    }

    fn update<'a>(
        &'a self,
        driver: &'a Fake,
        key: &'a Value,
        output: &'a Value,
        _drift: &'a [Drift],
    ) -> Answer<'a, Value> {
        Box::pin(driver.shared.call(true, move |world| {
            let found = world.get(self.kind, key, output).map(|(id, _)| id);
            if let Some(thing) = found.and_then(|id| world.things.get_mut(&id)) {
                thing.name.clone_from(&self.name);
                if self.kind != Kind::Guard {
                    thing.setting = self.setting;
                }
                thing.uses = self.uses();
            }
            Ok(output.clone())
        }))
    }

    fn retire<'a>(
        &'a self,
        driver: &'a Fake,
        key: &'a Value,
        output: &'a Value,
    ) -> Answer<'a, Option<Retired>> {
        Box::pin(driver.shared.call(true, move |world| {
            let Some((id, _)) = world.get(self.kind, key, output) else {
                return Ok(None);
            };
            let name = format!("old-{id}");
            if let Some(thing) = world.things.get_mut(&id) {
                thing.name.clone_from(&name);
            }
            let mut key = key.clone();
            key["name"] = json!(name);
            Ok(Some(Retired { name, key }))
        }))
    }

    fn ready<'a>(&'a self, _driver: &'a Fake, _key: &'a Value, _out: &'a Value) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn settle(&self, output: Option<&Value>) -> Result<(), Fault> {
        *self.mine.lock().unwrap_or_else(PoisonError::into_inner) = output.cloned();
        Ok(())
    }
}
