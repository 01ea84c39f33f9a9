//! What is in a `.labctl`, and why it is not simply used.

use std::{ffi::OsString, path::PathBuf};

use labfiles::{Dir, Sealed, quoted};
use serde_json::Value;

use crate::{
    engine::{State, journal},
    error::Error,
    local::Twin,
    user::{
        User,
        folders::{self, Known},
    },
};

/// Why a folder is not used without asking.
#[derive(Debug)]
pub(super) enum Doubt {
    /// This user's labctl did not make it.
    Unknown,
    /// It was made at another place.
    Moved(PathBuf),
    /// These files are not as labctl wrote them last.
    Files(Vec<(String, Flaw)>),
}

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It has no seal.
    Unsealed,
    /// It has a seal that does not fit.
    Changed,
    /// The user's key is gone, so nobody can tell.
    NoKey,
    /// Labctl has written it since.
    Old,
}

/// A file in the folder that says what labctl does. One that no command would take is not here.
pub(super) struct Kept {
    /// Its path in the folder.
    pub(super) path: String,
    /// What the user's list and the seal call it: the lab, or the path.
    pub(super) name: String,
    pub(super) what: What,
}

pub(super) enum What {
    /// A lab's state, and its JSON with the seal.
    State(Dir, Box<State>, Value),
    /// What a twin holds.
    World(Twin, localaws::Saved),
}

impl Kept {
    /// The state that is in the folder `name`, and what a twin holds whose folder that is and which does not run.
    fn read(own: &Dir, name: &str) -> impl Iterator<Item = Self> {
        let dir = own.child(name, false).ok();
        let state = dir.as_ref().and_then(|dir| Self::state(dir, name));
        let world = dir.and_then(|dir| {
            // A running twin has what it holds in memory.
            let twin = Twin::at(labfiles::real(dir.path()));
            let world = (!twin.is_held()).then(|| localaws::saved(dir.path()))??;
            let path = format!("{name}/{}", localaws::WORLD);
            Some(Self {
                name: path.clone(),
                path,
                what: What::World(twin, world),
            })
        });
        state.into_iter().chain(world)
    }

    pub(super) fn state(dir: &Dir, name: &str) -> Option<Self> {
        let (state, value) = journal::read_with_json(dir).ok()??;
        Some(Self {
            path: format!("{name}/{}", journal::FILE),
            name: name.to_owned(),
            what: What::State(dir.clone(), Box::new(state), value),
        })
    }

    /// Whether it has its seal.
    pub(super) fn sealed(&self, seal: &labfiles::Seal) -> Sealed {
        match &self.what {
            What::State(_, _, value) => seal.sealed(value),
            What::World(_, world) => world.sealed(seal),
        }
    }
}

/// A `.labctl` as it was found.
pub(super) struct Folder {
    pub(super) own: Dir,
    /// As the user's list has it.
    pub(super) known: Option<folders::Folder>,
    pub(super) kept: Vec<Kept>,
    /// Twins that run there, with what they saved last: to show, if the user is asked.
    pub(super) running: Vec<(Twin, localaws::Saved)>,
    doubt: Option<Doubt>,
    /// A twin that runs there, of an older labctl.
    older: Option<Twin>,
}

impl Folder {
    /// Reads what is in a folder, and decides whether the user must agree to it.
    pub(super) fn look(own: Dir, user: &User) -> Result<Self, Error> {
        let names = own.names();
        let names = names.map_err(|e| Error::file(quoted(own.path()), &e))?;
        // labctl writes no other names: such a folder cannot be shown, so it is refused where it is used.
        let (names, odd): (Vec<_>, Vec<_>) = names
            .into_iter()
            .map(OsString::into_string)
            .partition(Result::is_ok);
        let mut names: Vec<String> = names.into_iter().flatten().collect();
        names.sort();
        let kept: Vec<Kept> = names
            .iter()
            .flat_map(|name| Kept::read(&own, name))
            .collect();
        let (known, doubt) = match user.knows(&own)? {
            Known::Yes(known) => {
                let doubt = flaws(&known, &kept, user)?;
                (Some(known), doubt)
            }
            // Nothing in it decides anything yet.
            _ if kept.is_empty()
                && odd.is_empty()
                && !names.iter().any(|name| has_twin(&own, name)) =>
            {
                (None, None)
            }
            Known::Elsewhere(place) => (None, Some(Doubt::Moved(place))),
            Known::No => (None, Some(Doubt::Unknown)),
        };
        // It will write a world without a seal when it ends: one question is for that, too.
        let older = |name: &String| {
            let twin = Twin::at(labfiles::real(&own.path().join(name)));
            twin.is_older().then_some(twin)
        };
        let older = doubt.as_ref().and_then(|_| names.iter().find_map(older));
        Ok(Self {
            running: doubt
                .as_ref()
                .map_or_else(Vec::new, |_| running(&own, &names)),
            own,
            known,
            kept,
            doubt,
            older,
        })
    }

    /// The doubt. The error: a twin of an older labctl still runs there.
    pub(super) fn doubt(&self) -> Result<Option<&Doubt>, Error> {
        if let Some(twin) = &self.older {
            let dir = quoted(twin.dir());
            return Err(Error::usage(format!(
                "a local AWS twin of an older labctl runs in {dir}, so labctl cannot see what it holds"
            ))
            .hint(format!(
                "`labctl local stop --dir {dir}`, then the same command again: what it holds is kept"
            )));
        }
        Ok(self.doubt.as_ref())
    }
}

/// The files of a folder of the user's that are not as labctl wrote them last. What is right is noted: from now on, what
/// was written before is old.
fn flaws(known: &folders::Folder, kept: &[Kept], user: &User) -> Result<Option<Doubt>, Error> {
    let key = user.key()?;
    let (mut flaws, mut counts) = (Vec::new(), Vec::new());
    for file in kept {
        let least = known.count(&file.name);
        let sealed = key
            .as_ref()
            .map(|key| file.sealed(&known.seal(key, &file.name)));
        let flaw = match sealed {
            None => Flaw::NoKey,
            Some(Sealed::Yes(count)) if count >= least => {
                if count > least {
                    counts.push((file.name.as_str(), count));
                }
                continue;
            }
            Some(Sealed::Yes(_)) => Flaw::Old,
            Some(Sealed::Changed) => Flaw::Changed,
            Some(Sealed::No) => Flaw::Unsealed,
        };
        flaws.push((file.path.clone(), flaw));
    }
    if !counts.is_empty()
        && let Err(why) = user.count(known, &counts)
    {
        tracing::debug!("{why}");
    }
    Ok((!flaws.is_empty()).then_some(Doubt::Files(flaws)))
}

fn running(own: &Dir, names: &[String]) -> Vec<(Twin, localaws::Saved)> {
    let twins = names.iter().filter_map(|name| {
        let twin = Twin::at(labfiles::real(&own.path().join(name)));
        let world = twin.is_held().then(|| localaws::saved(twin.dir()))??;
        Some((twin, world))
    });
    twins.collect()
}

/// Whether a twin has ever run there.
fn has_twin(own: &Dir, name: &str) -> bool {
    let decides =
        |dir: Dir| dir.has(localaws::WORLD) || dir.has("daemon.json") || dir.has("lambda");
    own.child(name, false).is_ok_and(decides)
}
