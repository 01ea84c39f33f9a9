//! The engine against a world in memory: random histories of runs that crash, lose answers and meet strangers.

mod histories;
mod history;
mod lab;
mod world;

use std::cell::Cell;

pub(crate) use world::Kind;

use crate::{
    Phase,
    decide::{Next, Patience, Saw},
};

/// A mistake put into the engine, to see that the histories find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seed {
    /// A commit of the journal that never reaches the disk.
    LostWrite,
    /// A create of unclear outcome is sent again without a look.
    DoubleCreate,
    /// A stranger's thing counts as ours.
    ClaimedStranger,
    /// A recorded id is proof enough.
    TrustedId,
    /// What people have is deleted, though nobody announced it.
    SilentLoss,
    /// What others use is deleted before another one takes its place.
    OpenRoute,
}

thread_local! {
    static SEED: Cell<Option<Seed>> = const { Cell::new(None) };
}

/// The mistake of this thread.
pub(crate) fn seed() -> Option<Seed> {
    SEED.get()
}

/// Works with a mistake.
fn with_seed<T>(seed: Seed, work: impl FnOnce() -> T) -> T {
    SEED.set(Some(seed));
    let done = work();
    SEED.set(None);
    done
}

/// What a wrong table says instead.
pub(crate) fn seeded(phase: Option<Phase>, saw: &Saw) -> Option<Next> {
    match (seed()?, phase?, saw) {
        (Seed::DoubleCreate, Phase::Creating, Saw::Nothing | Saw::Unsure) => Some(Next::Create),
        (Seed::ClaimedStranger, Phase::Creating | Phase::Created, Saw::Theirs(_)) => {
            Some(Next::Claim)
        }
        (Seed::OpenRoute, Phase::Created, Saw::Unfit(_)) => Some(Next::Replace),
        (Seed::ClaimedStranger, Phase::Creating, Saw::Exists) => Some(Next::Find(Patience::Once)),
        _ => None,
    }
}
