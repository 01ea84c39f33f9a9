//! What is in a `.labctl`, and why it is not simply used.

use std::{io, path::PathBuf};

use labfiles::{Dir, quoted};
use serde_json::Value;

use crate::{
    cmd::user::{User, folders::Known},
    engine::{State, journal},
    error::Error,
};

/// Why a folder is not used without asking.
#[derive(Debug)]
pub(super) enum Doubt {
    /// This user's labctl did not make it.
    Unknown,
    /// It was made at another place.
    Moved(PathBuf),
    /// These labs' states are not as labctl wrote them.
    Changed(Vec<String>),
}

/// A lab's state in the folder. One that no command would take is not here.
pub(super) struct Kept {
    pub(super) lab: String,
    pub(super) dir: Dir,
    pub(super) state: State,
    /// The state's JSON, with its seal.
    pub(super) value: Value,
}

impl Kept {
    pub(super) fn read(own: &Dir, lab: String) -> Option<Self> {
        let dir = own.child(&lab, false).ok()?;
        let (state, value) = journal::read_with_json(&dir).ok()??;
        Some(Self {
            lab,
            dir,
            state,
            value,
        })
    }
}

/// A `.labctl` as it was found.
pub(super) struct Folder {
    pub(super) own: Dir,
    pub(super) kept: Vec<Kept>,
    pub(super) doubt: Option<Doubt>,
}

impl Folder {
    /// Reads the states in a folder, and decides whether the user must agree to them.
    pub(super) fn look(own: Dir, user: &User) -> Result<Self, Error> {
        let names = own.names();
        let names = names.map_err(|e| Error::file(quoted(own.path()), &e))?;
        let names = names.into_iter().filter_map(|name| name.into_string().ok());
        let mut kept: Vec<Kept> = names.filter_map(|lab| Kept::read(&own, lab)).collect();
        kept.sort_by(|a, b| a.lab.cmp(&b.lab));
        let doubt = match user.knows(&own) {
            Known::Yes(id) => changed(&id, &kept, user),
            // Nothing in it decides anything yet.
            _ if kept.is_empty() && !has_twin(&own) => None,
            Known::Elsewhere(place) => Some(Doubt::Moved(place)),
            Known::No => Some(Doubt::Unknown),
        };
        Ok(Self { own, kept, doubt })
    }
}

/// The seal's words for a lab's state in a folder.
pub(super) fn about(id: &str, lab: &str) -> String {
    format!("{id}/{lab}")
}

fn changed(id: &str, kept: &[Kept], user: &User) -> Option<Doubt> {
    let seal = user.seal();
    let fits = |kept: &Kept| {
        let seal = seal.as_ref();
        seal.is_some_and(|seal| seal.fits(&about(id, &kept.lab), &kept.value))
    };
    let changed = kept.iter().filter(|kept| !fits(kept));
    let changed: Vec<String> = changed.map(|kept| kept.lab.clone()).collect();
    (!changed.is_empty()).then_some(Doubt::Changed(changed))
}

/// Whether a twin has ever run there.
fn has_twin(own: &Dir) -> bool {
    let decides = |dir: Dir| dir.has("world.json") || dir.has("daemon.json") || dir.has("lambda");
    match own.child("local", false) {
        Ok(dir) => decides(dir),
        Err(e) => e.kind() != io::ErrorKind::NotFound,
    }
}
