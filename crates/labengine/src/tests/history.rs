//! One history: runs that may die, and what others do between them; then what must hold.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::{
    lab::{self, Disk, Fake, Variant},
    world::{Fate, Kind, LAB, Shared, Thing, number},
};
use crate::{
    Action, Built, Change, Failure, Foresight, Interrupt, Journal, Kind as _, Options, Phase, Plan,
    Reads, Removal, State, StepId, VERSION,
};

/// What happens next.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// `up` of an edited lab.yaml.
    Up {
        variant: Variant,
        fates: Vec<(usize, Fate)>,
        manner: Manner,
    },
    /// `down`.
    Down {
        fates: Vec<(usize, Fate)>,
        parallel: usize,
    },
    /// Somebody makes a thing with a name of the lab; perhaps another lab.
    Stranger {
        place: usize,
        renamed: bool,
        of_a_lab: bool,
    },
    /// Somebody changes a thing of ours.
    Edited(usize),
    /// Somebody deletes a thing of ours.
    Deleted(usize),
    /// An id on record leads to a stranger's thing: the state was edited or merged, and ours is gone.
    Misled { which: usize, of_a_lab: bool },
    /// The state is lost, after all calls have ended.
    StateLost,
}

/// How `up` is run.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    /// Steps at once.
    pub(super) parallel: usize,
    /// The user agrees to each stranger that is shown.
    pub(super) adopt: bool,
    /// What was announced is all that may be lost.
    pub(super) told: bool,
    /// Somebody was asked, so what was seen before may be old.
    pub(super) asked: bool,
    /// What others do between the plan and the run.
    pub(super) between: Vec<Between>,
}

impl Manner {
    /// Four steps at once, announced, with nobody else about.
    pub(super) fn calm() -> Self {
        Self {
            parallel: 4,
            adopt: false,
            told: true,
            asked: false,
            between: Vec::new(),
        }
    }
}

/// What others do between the plan and the run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Between {
    /// Somebody changes a thing of ours.
    Edited(usize),
    /// Somebody deletes a thing of ours.
    Deleted(usize),
    /// Somebody brings back what was deleted.
    Returned,
}

/// A lab, its world and its disk.
pub(super) struct Lab {
    shared: Shared,
    disk: Disk,
    /// What strangers have, and nobody gave us leave to touch.
    strangers: Vec<Thing>,
    /// The state was lost: what it knew is nobody's record.
    lost: bool,
    /// As lab.yaml has it.
    last: Variant,
    /// People are told nothing before a run.
    pub(super) silent: bool,
}

/// How a run ended; `None`: it died.
type Ended<T> = Option<T>;

/// A step may fail, but not by a mistake of the engine. `surprised`: others changed something after the plan was made.
fn sound(failed: &[(StepId, Failure)], surprised: bool) -> Result<(), String> {
    let mut failed = failed.iter();
    let own = failed.find(|(_, failure)| match failure {
        Failure::Aws(_) => false,
        Failure::Unannounced(_) => !surprised,
        _ => true,
    });
    own.map_or(Ok(()), |own| Err(format!("{own:?}")))
}

/// A run does what was said before it.
fn as_foreseen(foreseen: &Foresight<Kind>, built: &Built) -> Result<(), String> {
    for intent in &foreseen.intents {
        let done = built.done.get(&intent.id).copied();
        let same = match intent.action {
            Action::Keep => done == Some(Change::Unchanged),
            Action::Create => done == Some(Change::Created),
            Action::Adopt => done == Some(Change::Adopted),
            Action::Update => done == Some(Change::Updated),
            Action::Replace => done == Some(Change::Replaced),
            Action::Delete | Action::Leave => done.is_none(),
            Action::Look => true,
        };
        if !same {
            return Err(format!(
                "{:?} of {} became {done:?}",
                intent.action, intent.id
            ));
        }
    }
    Ok(())
}

impl Lab {
    pub(super) fn new() -> Self {
        let shared = Shared::default();
        Self {
            disk: Disk::new(&shared),
            shared,
            strangers: Vec::new(),
            lost: false,
            last: Variant::default(),
            silent: false,
        }
    }

    /// Lets one thing happen, and checks what must hold after everything.
    pub(super) fn live(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Up {
                variant,
                fates,
                manner,
            } => {
                self.wants(*variant);
                let (plan, _) = lab::plan(self.last);
                let calm = manner.between.is_empty() && !manner.adopt;
                let foreseen = if fates.is_empty() && calm {
                    self.foresee(&plan)
                } else {
                    None
                };
                if let Some(Ok(built)) = self.up(&plan, fates, manner)? {
                    sound(&built.failed, manner.told && !calm)?;
                    if let Some(foreseen) = foreseen.filter(|_| built.ok()) {
                        as_foreseen(&foreseen, &built)?;
                    }
                }
            }
            Event::Down { fates, parallel } => {
                if let Some(removal) = self.down(fates, *parallel) {
                    sound(&removal.failed, false)?;
                }
            }
            Event::Stranger {
                place,
                renamed,
                of_a_lab,
            } => {
                let (kind, name) = lab::stranger_of(*place, *renamed);
                let mut world = self.shared.world();
                let before: BTreeSet<u64> = world.things.keys().copied().collect();
                world.add_stranger(kind, &name, of_a_lab.then_some("other"));
                let new = world.things.iter().filter(|(id, _)| !before.contains(id));
                self.strangers.extend(new.map(|(_, thing)| thing.clone()));
            }
            Event::Edited(which) => {
                self.edit(*which);
            }
            Event::Deleted(which) => {
                self.delete(*which);
            }
            Event::Misled { which, of_a_lab } => self.mislead(*which, of_a_lab.then_some("other")),
            Event::StateLost => {
                self.shared.world().settle();
                *self.disk.state.lock().expect("the disk") = None;
                self.lost = true;
            }
        }
        self.holds()
            .map_err(|why| format!("after {event:?}: {why}"))
    }

    /// Ends the history without any more trouble: what is wanted comes, and everything goes.
    pub(super) fn end(&mut self, variant: Variant) -> Result<(), String> {
        // Strangers in the way are somebody's to remove.
        self.shared
            .world()
            .things
            .retain(|_, t| t.parent.is_some() || t.lab.as_deref() == Some(LAB));
        self.strangers.clear();
        self.wants(variant);
        let (plan, wanted) = lab::plan(self.last);
        let built = self.up(&plan, &[], &Manner::calm())?.ok_or("it died")?;
        let built = built.map_err(|failure| failure.to_string())?;
        if !built.ok() {
            return Err(format!("the last up failed: {built:?}"));
        }
        self.holds()?;
        let world = self.shared.world();
        let mut there: Vec<_> = world.ours().map(|(_, t)| t).collect();
        for goal in &wanted {
            let place = there.iter().position(|t| {
                (t.kind, &t.name, t.setting) == (goal.kind, &goal.name, goal.setting)
            });
            let place = place.ok_or_else(|| format!("no {goal:?}: {there:?}"))?;
            there.swap_remove(place);
        }
        // Superseded snapshots stay in their parent's history.
        there.retain(|t| t.kind != Kind::Snapshot);
        if !there.is_empty() && !self.lost {
            return Err(format!("left over: {there:?}"));
        }
        drop(world);
        let (plan, _) = lab::plan(self.last);
        let again = self.up(&plan, &[], &Manner::calm())?.ok_or("it died")?;
        again.map_err(|failure| failure.to_string())?;
        if self.shared.world().changes > 0 {
            return Err("a second up changed something".to_owned());
        }
        if self.lost {
            return Ok(());
        }
        let removal = self.down(&[], 4).ok_or("it died")?;
        if !removal.ok() {
            return Err(format!("the last down failed: {removal:?}"));
        }
        let left: Vec<_> = self.shared.world().ours().map(|(_, t)| t.clone()).collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("left behind: {left:?}"))
        }
    }

    /// What holds at any moment, also while a run is dead.
    fn holds(&self) -> Result<(), String> {
        let world = self.shared.world();
        for stranger in &self.strangers {
            let untouched = world.things.values().any(|thing| thing == stranger);
            if !untouched {
                return Err(format!("a stranger was touched: {stranger:?}"));
            }
        }
        // Without a state, what lab.yaml no longer has may go on using it unseen: a cloud refuses the deletion then.
        if let Some(guard) = world.unguarded.first().filter(|_| !self.lost) {
            return Err(format!("deleted while something used it: {guard:?}"));
        }
        let mut names = BTreeSet::new();
        // A plan that goes back to what it was makes another snapshot of that.
        for (_, thing) in world.ours().filter(|(_, t)| t.kind != Kind::Snapshot) {
            let once = names.insert((thing.kind, thing.parent, thing.name.clone()));
            if !once {
                return Err(format!("made twice: {thing:?}"));
            }
        }
        if self.lost {
            return Ok(());
        }
        let state = self.disk.read();
        let steps = state.iter().flat_map(|s| s.steps.values());
        let recorded: Vec<_> = steps.collect();
        for (id, thing) in world.ours().filter(|(_, t)| t.parent.is_none()) {
            let known = recorded.iter().any(|record| {
                let output = record.output.as_ref().and_then(|o| number(&o["id"]));
                record.kind == thing.kind
                    && (output == Some(*id) || record.key["name"] == *thing.name)
            });
            if !known {
                return Err(format!("an orphan: {thing:?} is not on record"));
            }
        }
        Ok(())
    }

    /// Edits lab.yaml. Without a state, a thing of another name is nobody's: only `--prove` shows it.
    fn wants(&mut self, variant: Variant) {
        let renamed = if self.lost {
            self.last.renamed
        } else {
            variant.renamed
        };
        self.last = Variant { renamed, ..variant };
    }

    /// How many calls `up` makes before its first change.
    pub(super) fn reads_before(&self, variant: Variant) -> usize {
        let (plan, _) = lab::plan(variant);
        let state = self.state();
        let foresight = self.run(&[], async |driver: Fake| {
            let reads = Reads::AtOnce;
            crate::foresee(&plan, &driver, &state, reads).await
        });
        foresight.expect("it lives").expect("a foresight");
        self.shared.world().calls
    }

    /// What `up --dry-run` says.
    fn foresee(&self, plan: &Arc<Plan<Fake>>) -> Option<Foresight<Kind>> {
        let state = self.state();
        // What shows late is seen by nobody yet.
        self.shared.world().settle();
        let foresight = self.run(&[], async |driver: Fake| {
            crate::foresee(plan, &driver, &state, Reads::AtOnce).await
        });
        foresight?.ok()
    }

    fn mislead(&mut self, which: usize, lab: Option<&str>) {
        let mut state = self.disk.state.lock().expect("the disk");
        let records = state.iter_mut().flat_map(|s| s.steps.values_mut());
        let by_id = records.filter(|r| r.within.is_none() && r.kind != Kind::Named);
        let mut by_id: Vec<_> = by_id.filter(|r| r.output.is_some()).collect();
        if by_id.is_empty() {
            return;
        }
        let place = which % by_id.len();
        let record = by_id.swap_remove(place);
        let mut world = self.shared.world();
        if let Some(id) = record.output.as_ref().and_then(|o| number(&o["id"])) {
            // It may have been a stranger's before.
            if world.ours().any(|(ours, _)| *ours == id) {
                world.remove(id);
            }
        }
        let before: BTreeSet<u64> = world.things.keys().copied().collect();
        world.add_stranger(record.kind, "production", lab);
        let new = world.things.iter().find(|(id, _)| !before.contains(id));
        if let Some((id, thing)) = new {
            record.output = Some(serde_json::json!({ "id": id.to_string() }));
            self.strangers.push(thing.clone());
        }
    }

    /// One of ours.
    fn pick(&self, which: usize) -> Option<u64> {
        let world = self.shared.world();
        let ours: Vec<u64> = world.ours().map(|(id, _)| *id).collect();
        (!ours.is_empty()).then(|| ours[which % ours.len()])
    }

    fn edit(&self, which: usize) {
        if let Some(id) = self.pick(which)
            && let Some(thing) = self.shared.world().things.get_mut(&id)
            && thing.kind != Kind::Snapshot
        {
            thing.setting = 7;
        }
    }

    fn delete(&self, which: usize) {
        if let Some(id) = self.pick(which) {
            self.shared.world().remove(id);
        }
    }

    fn others(&self, between: &[Between]) {
        for event in between {
            match event {
                Between::Edited(which) => self.edit(*which),
                Between::Deleted(which) => self.delete(*which),
                Between::Returned => {
                    let state = self.state();
                    let names = state.steps.values().filter(|r| r.kind == Kind::Named);
                    let names = names.filter(|r| r.phase == Phase::Created);
                    for name in names.filter_map(|r| r.key["name"].as_str()) {
                        self.shared.world().bring_back(name);
                    }
                }
            }
        }
    }

    /// What people have of this lab: each with its step.
    fn held(&self) -> Vec<(StepId, u64)> {
        let world = self.shared.world();
        let state = self.state();
        let made = state.steps.iter();
        let made = made.filter(|(_, r)| r.kind.carries().is_some() && r.phase != Phase::Creating);
        let thing = made.filter_map(|(id, r)| {
            let output = r.output.clone().unwrap_or_default();
            let (number, thing) = world.get(r.kind, &r.key, &output)?;
            (thing.lab.as_deref() == Some(LAB)).then(|| (id.clone(), number))
        });
        thing.collect()
    }

    fn state(&self) -> State<Kind> {
        self.disk.read().unwrap_or_else(|| State {
            version: VERSION,
            lab: LAB.to_owned(),
            run: "run".to_owned(),
            account: "000000000000".to_owned(),
            region: "here-1".to_owned(),
            endpoint: None,
            local: None,
            users: None,
            added_users: Vec::new(),
            suffix: None,
            until: None,
            recovered: self.lost,
            runs: None,
            owner: None,
            created_at: Timestamp::UNIX_EPOCH,
            steps: std::collections::BTreeMap::new(),
        })
    }

    /// Runs `work` until it ends, or the program dies.
    fn run<T>(&self, fates: &[(usize, Fate)], work: impl AsyncFnOnce(Fake) -> T) -> Ended<T> {
        let (interrupt, switch) = Interrupt::with_switch();
        let died = self.shared.begin(fates, switch);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let driver = Fake {
                shared: self.shared.clone(),
                interrupt,
            };
            tokio::select! {
                ended = work(driver) => Some(ended),
                () = died.notified() => None,
            }
        })
    }

    fn up(
        &mut self,
        plan: &Arc<Plan<Fake>>,
        fates: &[(usize, Fate)],
        manner: &Manner,
    ) -> Result<Ended<Result<Built, Failure>>, String> {
        let state = self.state();
        let mut agreed = Vec::new();
        let mut announced = manner.told.then(BTreeSet::new);
        let mut held = Vec::new();
        let built = self.run(fates, async |driver: Fake| {
            let mut options = Options {
                parallel: manner.parallel,
                adopt: BTreeSet::new(),
                foresight: crate::Foresight::default(),
                announced: None,
            };
            let reads = Reads::AtOnce;
            if let Ok(foresight) = crate::foresee(plan, &driver, &state, reads).await {
                let goes = foresight
                    .intents
                    .iter()
                    .filter(|i| i.goes() && !self.silent);
                if let Some(announced) = &mut announced {
                    announced.extend(goes.map(|i| i.id.clone()));
                }
                options.foresight = foresight;
            }
            if manner.asked {
                options.foresight.healths.clear();
            }
            options.announced.clone_from(&announced);
            self.others(&manner.between);
            held = self.held();
            if manner.adopt
                && let Ok(seen) = crate::strangers(plan, &driver).await
            {
                let free = seen.into_iter().filter(|c| c.stranger.lab.is_none());
                for candidate in free {
                    agreed.push(candidate.name);
                    options.adopt.insert(candidate.id);
                }
            }
            let journal = Arc::new(Journal::new(self.disk.clone(), state));
            crate::up(Arc::clone(plan), driver, journal, options).await
        });
        self.strangers
            .retain(|s| s.kind != Kind::Named || !agreed.contains(&s.name));
        let world = self.shared.world();
        let lost = |(id, thing): &&(StepId, u64)| {
            !world.things.contains_key(thing)
                && announced.as_ref().is_some_and(|all| !all.contains(id))
        };
        match held.iter().find(lost) {
            Some((id, _)) => Err(format!("{id} was lost, and nobody announced it")),
            None => Ok(built),
        }
    }

    fn down(&self, fates: &[(usize, Fate)], parallel: usize) -> Ended<Removal> {
        let state = self.state();
        let (plan, _) = lab::plan(self.last);
        self.run(fates, async |driver: Fake| {
            let journal = Arc::new(Journal::new(self.disk.clone(), state));
            if journal.state().recovered {
                // What fails here fails below, too.
                let _ = crate::recover(&plan, &driver, &journal).await;
            }
            let survey = crate::survey(&driver, &journal.state()).await;
            crate::down(driver, journal, survey, parallel).await
        })
    }
}
