//! A cloud of some kinds of things, whose calls may crash the program, get no answer, or show their result late.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use labfiles::json::Mismatch;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use crate::{Drift, Fault, FaultKind, Found, NEW, Stranger};

/// The lab's name in the tags of what is ours.
pub(super) const LAB: &str = "lab";

/// What the world has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Its name is unique, and a stranger may hold it: a role.
    Named,
    /// The cloud gives it an id, names may repeat, and others live inside: a pool.
    Parent,
    /// Lives inside a parent, names may repeat: a client.
    Inside,
    /// A snapshot inside a parent, superseded and never changed: a deployment.
    Snapshot,
    /// Like a parent, but removed last: a key.
    Lingering,
    /// Lives inside a parent, under a name of its own there, and its setting is fixed: an authorizer.
    Guard,
}

impl Kind {
    /// Of all, or of those inside its parent.
    fn has_unique_name(self) -> bool {
        matches!(self, Self::Named | Self::Guard)
    }
}

impl crate::Kind for Kind {
    fn title(self) -> &'static str {
        "thing"
    }
    fn by_name(self) -> bool {
        self == Self::Named
    }
    fn repeats(self) -> bool {
        !self.has_unique_name()
    }
    fn adoptable(self) -> bool {
        self == Self::Named
    }
    fn lingers(self) -> bool {
        matches!(self, Self::Lingering | Self::Guard)
    }
    fn carries(self) -> Option<&'static str> {
        matches!(self, Self::Named | Self::Parent).then_some("its name")
    }
    fn fixed(self, drift: &Drift) -> bool {
        self == Self::Guard && drift.field == "setting"
    }
    fn retires(self) -> bool {
        self == Self::Guard
    }
    fn inside(self, key: &Value) -> Option<(Self, String)> {
        let inside = json!({ "id": key.get("parent")? });
        Some((Self::Parent, inside.to_string()))
    }
    fn unknown(self) -> Option<Value> {
        Some(json!({ "id": NEW }))
    }
    fn check(self, key: &Value, _output: Option<&Value>) -> Result<(), Mismatch> {
        match key["name"] {
            Value::String(_) => Ok(()),
            _ => Err(Mismatch {
                field: "name".to_owned(),
                reason: "not a text".to_owned(),
            }),
        }
    }
    fn physical_id(self, _key: &Value, output: Option<&Value>) -> Option<String> {
        Some(output?.to_string())
    }
}

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) parent: Option<u64>,
    pub(super) setting: u8,
    /// What it names of others.
    pub(super) uses: Vec<Value>,
    /// The lab in its tags.
    pub(super) lab: Option<String>,
    /// It shows after so many looks.
    hidden_for: u8,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The program dies before the call is carried out.
    Crash,
    /// The program dies after it.
    CrashAfter,
    /// As [`Fate::CrashAfter`], and what it made shows after some looks.
    CrashLate(u8),
    /// Not carried out, and not answered.
    Dropped,
    /// Carried out, and not answered.
    Unanswered,
    /// As [`Fate::Unanswered`], and what it made shows after some looks.
    Late(u8),
    /// Refused for good.
    Refused,
    /// Carried out, and the user wants to stop.
    Interrupt,
}

/// All there is, and what happens to the calls of this run.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) things: BTreeMap<u64, Thing>,
    next_id: u64,
    /// By the number of the call.
    pub(super) fates: BTreeMap<usize, Fate>,
    /// Calls of this run.
    pub(super) calls: usize,
    /// Calls of this run that changed something.
    pub(super) changes: usize,
    dead: bool,
    /// Guards that a run deleted while something used them.
    pub(super) unguarded: Vec<Thing>,
    died: Arc<Notify>,
    stop: Option<watch::Sender<bool>>,
}

/// What all drivers of a history share.
#[derive(Clone, Default)]
pub(super) struct Shared {
    world: Arc<Mutex<World>>,
}

/// What one call does to the world.
pub(super) type Effect<T> = Result<T, Fault>;

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new run: the program is alive again, and calls are counted anew. Answers what tells of its death.
    pub(super) fn begin(&self, fates: &[(usize, Fate)], stop: watch::Sender<bool>) -> Arc<Notify> {
        let mut world = self.world();
        world.fates = fates.iter().copied().collect();
        (world.calls, world.changes, world.dead) = (0, 0, false);
        world.stop = Some(stop);
        world.died = Arc::default();
        Arc::clone(&world.died)
    }

    /// Dies here, when the program is dead. Nothing goes on after that.
    pub(super) async fn alive(&self) {
        if self.world().dead {
            std::future::pending::<()>().await;
        }
    }

    async fn die(&self) {
        {
            let mut world = self.world();
            world.dead = true;
            world.died.notify_one();
        }
        std::future::pending::<()>().await;
    }

    /// A point at which the program may die: a write of the state. Answers whether it dies after the write.
    pub(super) async fn write(&self) -> bool {
        self.alive().await;
        match self.world().fate() {
            Some(Fate::Crash) => {}
            Some(Fate::CrashAfter | Fate::CrashLate(_)) => return true,
            _ => return false,
        }
        self.die().await;
        false
    }

    pub(super) async fn died_after_write(&self) {
        self.die().await;
    }

    /// Carries out a call, as its fate has it.
    pub(super) async fn call<T>(
        &self,
        changes: bool,
        effect: impl FnOnce(&mut World) -> Effect<T>,
    ) -> Effect<T> {
        self.alive().await;
        // Others get their turn, as during a real call.
        tokio::task::yield_now().await;
        self.alive().await;
        let fate = self.world().fate();
        let unsure = Fault::new(FaultKind::Unsure, "call", "no answer");
        match fate {
            Some(Fate::Crash) => {
                self.die().await;
                return Err(unsure);
            }
            Some(Fate::Dropped) => return Err(unsure),
            Some(Fate::Refused) => return Err(Fault::new(FaultKind::Other, "call", "refused")),
            _ => {}
        }
        let (answer, made) = {
            let mut world = self.world();
            let before = world.next_id;
            let answer = effect(&mut world);
            world.changes += usize::from(changes && answer.is_ok());
            let made = (world.next_id > before).then_some(before);
            (answer, made)
        };
        match fate {
            Some(Fate::CrashLate(looks) | Fate::Late(looks)) => {
                if let Some(made) = made.and_then(|id| self.world().things.get_mut(&id).map(|_| id))
                {
                    self.world().hide(made, looks);
                }
            }
            Some(Fate::Interrupt) => {
                if let Some(stop) = &self.world().stop {
                    let _ = stop.send(true);
                }
            }
            _ => {}
        }
        match fate {
            Some(Fate::CrashAfter | Fate::CrashLate(_)) => {
                self.die().await;
                answer
            }
            Some(Fate::Unanswered | Fate::Late(_)) if answer.is_ok() => Err(unsure),
            _ => answer,
        }
    }
}

impl World {
    fn fate(&mut self) -> Option<Fate> {
        self.calls += 1;
        self.fates.remove(&self.calls)
    }

    fn hide(&mut self, id: u64, looks: u8) {
        if let Some(thing) = self.things.get_mut(&id) {
            thing.hidden_for = looks;
        }
    }

    /// What is hidden comes nearer to being seen.
    fn look(&mut self) {
        for thing in self.things.values_mut() {
            thing.hidden_for = thing.hidden_for.saturating_sub(1);
        }
    }

    /// Everything shows.
    pub(super) fn settle(&mut self) {
        for thing in self.things.values_mut() {
            thing.hidden_for = 0;
        }
    }

    pub(super) fn add(&mut self, thing: Thing) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.things.insert(id, thing);
        id
    }

    /// A thing of somebody else.
    pub(super) fn add_stranger(&mut self, kind: Kind, name: &str, lab: Option<&str>) {
        let taken = self
            .things
            .values()
            .any(|t| t.kind == Kind::Named && t.name == name);
        if kind == Kind::Named && taken {
            return;
        }
        self.add(Thing {
            kind,
            name: name.to_owned(),
            parent: None,
            setting: 9,
            uses: Vec::new(),
            lab: lab.map(str::to_owned),
            hidden_for: 0,
        });
    }

    /// Ours again, under a name that the lab had.
    pub(super) fn bring_back(&mut self, name: &str) {
        let taken = |t: &Thing| t.kind == Kind::Named && t.name == name;
        if self.things.values().any(taken) {
            return;
        }
        self.add(Thing {
            kind: Kind::Named,
            name: name.to_owned(),
            parent: None,
            setting: 7,
            uses: Vec::new(),
            lab: Some(LAB.to_owned()),
            hidden_for: 0,
        });
    }

    /// Removes a thing, and what lives inside it.
    pub(super) fn remove(&mut self, id: u64) {
        self.things.remove(&id);
        self.things.retain(|_, thing| thing.parent != Some(id));
    }

    pub(super) fn ours(&self) -> impl Iterator<Item = (&u64, &Thing)> {
        self.things.iter().filter(|(_, thing)| self.is_ours(thing))
    }

    /// Its tag says so, or it lives inside something of ours.
    fn is_ours(&self, thing: &Thing) -> bool {
        match thing.parent {
            Some(parent) => self.things.get(&parent).is_some_and(|p| self.is_ours(p)),
            None => thing.lab.as_deref() == Some(LAB),
        }
    }

    pub(super) fn create(
        &mut self,
        kind: Kind,
        key: &Value,
        setting: u8,
        uses: Vec<Value>,
    ) -> Effect<Value> {
        let (name, parent) = parts(key);
        let same = |t: &&Thing| t.kind == kind && t.name == name && t.parent == parent;
        if kind.has_unique_name() && self.things.values().any(|t| same(&t)) {
            return Err(Fault::new(FaultKind::Exists, "create", "it exists"));
        }
        if parent.is_some_and(|parent| !self.things.contains_key(&parent)) {
            return Err(Fault::new(FaultKind::Absent, "create", "no such parent"));
        }
        let lab = parent.is_none().then(|| LAB.to_owned());
        let id = self.add(Thing {
            kind,
            name: name.clone(),
            parent,
            setting,
            uses,
            lab,
            hidden_for: 0,
        });
        Ok(output(kind, id, &name))
    }

    pub(super) fn find(&mut self, kind: Kind, key: &Value) -> Found<Value> {
        self.look();
        let (name, parent) = parts(key);
        let mut all = self.things.iter().filter(|(_, t)| {
            t.kind == kind && t.name == name && t.parent == parent && t.hidden_for == 0
        });
        let ours = all.clone().find(|(_, thing)| self.is_ours(thing));
        match (ours, all.next()) {
            (Some((id, _)), _) => Found::Ours(output(kind, *id, &name)),
            (None, Some((_, thing))) if kind == Kind::Named => Found::Foreign(stranger(thing)),
            _ => Found::Absent,
        }
    }

    /// The thing on record, when it is there.
    pub(super) fn get(&self, kind: Kind, key: &Value, output: &Value) -> Option<(u64, &Thing)> {
        if kind == Kind::Named {
            let (name, _) = parts(key);
            let mut all = self.things.iter();
            return all
                .find(|(_, t)| t.kind == kind && t.name == name)
                .map(|(id, thing)| (*id, thing));
        }
        let id = number(&output["id"])?;
        self.things.get(&id).map(|thing| (id, thing))
    }

    pub(super) fn delete(&mut self, kind: Kind, key: &Value, output: Option<&Value>) {
        let output = output.cloned().unwrap_or_default();
        if let Some((id, thing)) = self.get(kind, key, &output) {
            let number = json!(id.to_string());
            if kind == Kind::Guard && self.ours().any(|(_, t)| t.uses.contains(&number)) {
                self.unguarded.push(thing.clone());
            }
            self.remove(id);
        }
    }
}

pub(super) fn stranger(thing: &Thing) -> Stranger {
    Stranger {
        seen: format!("{} is somebody's", thing.name),
        lab: thing.lab.clone(),
    }
}

/// A key's name and parent.
fn parts(key: &Value) -> (String, Option<u64>) {
    let name = key["name"].as_str().unwrap_or_default().to_owned();
    (name, number(&key["parent"]))
}

/// What others get of a thing: its id, or its name where that is unique.
fn output(kind: Kind, id: u64, name: &str) -> Value {
    if kind == Kind::Named {
        json!({ "id": name })
    } else {
        json!({ "id": id.to_string() })
    }
}

/// An id.
pub(super) fn number(id: &Value) -> Option<u64> {
    id.as_str()?.parse().ok()
}
