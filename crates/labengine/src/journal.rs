//! The state file: replaced whole and fsynced before anybody hears of a change, under the lock of one run.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use labfiles::{
    Dir, Refused,
    json::{self, JsonError, Mismatch},
    plain,
};
use serde_json::Value;

use crate::{
    Driver, Kind, Lock, Record, State, StepId,
    state::{self, Illegal, Move},
};

/// The state's file in a lab's folder.
pub const FILE: &str = "state.json";
/// How the names of files begin that become the state's.
pub(crate) const TEMPORARY: &str = ".state";

/// A state larger than this is none: a lab's takes kilobytes.
const MOST_BYTES: u64 = 64 << 20;

/// Why the state cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file operation failed.
    #[error("{}: {what}: {source}", plain(&path.to_string_lossy()))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A file or folder is a link, not a file, or not the user's own.
    #[error(transparent)]
    Refused(Refused),
    /// A value in the file is not what labctl writes there: no crash leaves that.
    #[error("{}: {wrong}", plain(&path.to_string_lossy()))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The field, and what is wrong with it.
        wrong: Mismatch,
    },
    /// The file is not a state.
    #[error("{}: not a labctl state: {reason}", plain(&path.to_string_lossy()))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A newer labctl wrote it.
    #[error("{}: written by a newer labctl (format {found}, this one knows {})", plain(&path.to_string_lossy()), state::VERSION)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// It is another lab's: copied or moved here.
    #[error("{}: the state of the lab `{found}`, not of this one", plain(&path.to_string_lossy()))]
    OtherLab {
        /// The file.
        path: PathBuf,
        /// The lab that it names.
        found: String,
    },
    /// Another labctl works on it.
    #[error("{}: in use by {holder}", plain(&path.to_string_lossy()))]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Process id, command and start of the other.
        holder: String,
    },
    /// A defect of the engine.
    #[error(transparent)]
    Illegal(#[from] Illegal),
}

/// Reads the state in a lab's folder without locking it. `None`: there is none.
pub fn read<K: Kind>(folder: &Path) -> Result<Option<State<K>>, JournalError> {
    match Dir::open(folder) {
        Ok(dir) => read_in(&dir),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io_error(folder, "cannot open")(e)),
    }
}

pub(crate) fn read_in<K: Kind>(dir: &Dir) -> Result<Option<State<K>>, JournalError> {
    Ok(read_with_json(dir)?.map(|(state, _)| state))
}

/// Reads the state in a lab's folder, and the JSON that it was read from: a seal is on all of that.
pub fn read_with_json<K: Kind>(dir: &Dir) -> Result<Option<(State<K>, Value)>, JournalError> {
    let folder = dir.path();
    let path = folder.join(FILE);
    let bytes = match dir.read(FILE, MOST_BYTES) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) if e.kind() == io::ErrorKind::FileTooLarge => {
            let reason = e.to_string();
            return Err(JournalError::Unreadable { path, reason });
        }
        Err(e) => return Err(io_error(&path, "cannot read")(e)),
    };
    let (state, value) = parse::<K>(&path, &bytes)?;
    if folder.file_name().is_some_and(|name| *name != *state.lab) {
        let found = state.lab;
        return Err(JournalError::OtherLab { path, found });
    }
    Ok(Some((state, value)))
}

/// Takes only what is whole, with every value of its kind.
fn parse<K: Kind>(path: &Path, bytes: &[u8]) -> Result<(State<K>, Value), JournalError> {
    let unreadable = |reason: String| JournalError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let wrong = |wrong| JournalError::Wrong {
        path: path.to_owned(),
        wrong,
    };
    if bytes.is_empty() {
        return Err(unreadable("it is empty".to_owned()));
    }
    let value: Value = json::from_slice(bytes).map_err(|e| match e {
        JsonError::Torn(reason) => unreadable(reason),
        JsonError::Mismatch(wrong) => unreadable(wrong.to_string()),
    })?;
    let version = value.get("version").and_then(Value::as_u64);
    let state: State<K> = match version {
        Some(found) if found > u64::from(state::VERSION) => {
            let path = path.to_owned();
            return Err(JournalError::Newer { path, found });
        }
        Some(_) => json::from_value(&value).map_err(wrong)?,
        None => return Err(unreadable("it has no version".to_owned())),
    };
    match state.defect() {
        Some(defect) => Err(wrong(defect)),
        None => Ok((state, value)),
    }
}

/// Where a state is kept.
pub trait Store<K: Kind>: Send + Sync + 'static {
    /// Replaces what is kept, durably: after it returned, no crash loses it.
    fn keep(&self, state: State<K>) -> impl Future<Output = Result<(), JournalError>> + Send;
}

/// The state, and the only way to change it.
#[derive(Debug)]
pub struct Journal<K: Kind, S = Lock> {
    store: S,
    inner: Mutex<Inner<K>>,
    /// The last generation that is kept. Whoever holds it writes for everybody who waits.
    durable: tokio::sync::Mutex<u64>,
}

/// A driver's journal.
pub(crate) type JournalOf<D> = Journal<<D as Driver>::Kind, <D as Driver>::Store>;

#[derive(Debug)]
struct Inner<K: Kind> {
    state: State<K>,
    generation: u64,
}

impl<K: Kind, S: Store<K>> Journal<K, S> {
    /// A journal that starts with `state`. Nothing is written before the first commit.
    pub fn new(store: S, state: State<K>) -> Self {
        Self {
            store,
            inner: Mutex::new(Inner {
                state,
                generation: 1,
            }),
            durable: tokio::sync::Mutex::new(0),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner<K>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of the state as of now.
    pub fn state(&self) -> State<K> {
        self.inner().state.clone()
    }

    /// A copy of one record.
    pub fn record(&self, id: &StepId) -> Option<Record<K>> {
        self.inner().state.steps.get(id).cloned()
    }

    /// Makes one step's transition durable.
    pub(crate) async fn commit(&self, id: &StepId, step: Move<K>) -> Result<(), JournalError> {
        self.commit_all(vec![(id.clone(), step)]).await
    }

    /// Makes transitions durable, together. Commits that wait at the same time share one write.
    pub(crate) async fn commit_all(
        &self,
        moves: Vec<(StepId, Move<K>)>,
    ) -> Result<(), JournalError> {
        let now = Timestamp::now();
        self.change(|state| {
            for (id, step) in moves {
                let old = state.steps.remove(&id);
                // On an illegal move the old record stays.
                match state::next(old.clone(), step, now) {
                    Ok(Some(new)) => drop(state.steps.insert(id, new)),
                    Ok(None) => {}
                    Err(illegal) => {
                        state.steps.extend(old.map(|old| (id, old)));
                        return Err(illegal.into());
                    }
                }
            }
            Ok(())
        })
        .await
    }

    /// Changes what is not a step (users, until), durably.
    pub async fn change(
        &self,
        change: impl FnOnce(&mut State<K>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mine = {
            let mut inner = self.inner();
            change(&mut inner.state)?;
            inner.generation += 1;
            inner.generation
        };
        let mut durable = self.durable.lock().await;
        if *durable >= mine {
            return Ok(());
        }
        let (state, generation) = {
            let inner = self.inner();
            (inner.state.clone(), inner.generation)
        };
        self.store.keep(state).await?;
        *durable = generation;
        Ok(())
    }
}

impl<K: Kind> Journal<K> {
    /// The lab's folder.
    pub fn dir(&self) -> &Dir {
        self.store.dir()
    }

    /// Removes the state of a lab of which nothing is left; with its lock.
    pub fn close(self) -> Result<(), JournalError> {
        match self.dir().remove(FILE) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(io_error(&self.dir().path().join(FILE), "cannot remove")(e))
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn io_error(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> JournalError {
    move |source| match Refused::of(&source) {
        Some(refused) => JournalError::Refused(refused.clone()),
        None => JournalError::Io {
            path: path.to_owned(),
            what,
            source,
        },
    }
}
