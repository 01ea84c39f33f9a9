//! The state file: replaced whole and fsynced before anybody hears of a change, under the lock of one run.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{
    lock::Lock,
    needs::StepId,
    state::{self, Illegal, Move, Record, State},
};

/// The state's file in a lab's folder.
pub(super) const FILE: &str = "state.json";
/// How the names of files begin that become the state's.
pub(super) const TEMPORARY: &str = ".state";

/// A state larger than this is none: a lab's takes kilobytes.
const MOST_BYTES: u64 = 64 << 20;

/// Why the state cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file operation failed.
    #[error("{}: {what}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The file is not a state.
    #[error("{}: not a labctl state: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A newer labctl wrote it.
    #[error("{}: written by a newer labctl (format {found}, this one knows {})", path.display(), state::VERSION)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// It is another lab's: copied or moved here.
    #[error("{}: the state of the lab `{found}`, not of this one", path.display())]
    OtherLab {
        /// The file.
        path: PathBuf,
        /// The lab that it names.
        found: String,
    },
    /// Another labctl works on it.
    #[error("{}: in use by {holder}", path.display())]
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
pub fn read(folder: &Path) -> Result<Option<State>, JournalError> {
    let path = folder.join(FILE);
    let about = match fs::metadata(&path) {
        Ok(about) => about,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io_error(&path, "cannot read")(e)),
    };
    if !about.is_file() || about.len() > MOST_BYTES {
        let reason = format!("it is not a file of at most {MOST_BYTES} bytes");
        return Err(JournalError::Unreadable { path, reason });
    }
    let bytes = fs::read(&path).map_err(io_error(&path, "cannot read"))?;
    let state = parse(&path, &bytes)?;
    if folder.file_name().is_some_and(|name| *name != *state.lab) {
        let found = state.lab;
        return Err(JournalError::OtherLab { path, found });
    }
    Ok(Some(state))
}

/// Takes only what is whole: a state with a part that no command could work with is none.
fn parse(path: &Path, bytes: &[u8]) -> Result<State, JournalError> {
    let unreadable = |reason: String| JournalError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    if bytes.is_empty() {
        return Err(unreadable("it is empty".to_owned()));
    }
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|e| unreadable(e.to_string()))?;
    let version = value.get("version").and_then(serde_json::Value::as_u64);
    let state: State = match version {
        Some(found) if found > u64::from(state::VERSION) => {
            let path = path.to_owned();
            return Err(JournalError::Newer { path, found });
        }
        Some(_) => serde_json::from_value(value).map_err(|e| unreadable(e.to_string()))?,
        None => return Err(unreadable("it has no version".to_owned())),
    };
    match state.defect() {
        Some(defect) => Err(unreadable(defect)),
        None => Ok(state),
    }
}

/// The state, and the only way to change it.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    _lock: Lock,
    inner: Mutex<Inner>,
    /// The last generation that is on disk. Whoever holds it writes for everybody who waits.
    durable: tokio::sync::Mutex<u64>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    generation: u64,
}

impl Journal {
    /// A journal that starts with `state`. Nothing is written before the first commit.
    pub(super) fn new(lock: Lock, state: State) -> Self {
        Self {
            path: lock.folder().join(FILE),
            _lock: lock,
            inner: Mutex::new(Inner {
                state,
                generation: 1,
            }),
            durable: tokio::sync::Mutex::new(0),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of the state as of now.
    pub fn state(&self) -> State {
        self.inner().state.clone()
    }

    /// A copy of one record.
    pub fn record(&self, id: &StepId) -> Option<Record> {
        self.inner().state.steps.get(id).cloned()
    }

    /// Makes one step's transition durable.
    pub async fn commit(&self, id: &StepId, step: Move) -> Result<(), JournalError> {
        self.commit_all(vec![(id.clone(), step)]).await
    }

    /// Makes transitions durable, together. Commits that wait at the same time share one write.
    pub async fn commit_all(&self, moves: Vec<(StepId, Move)>) -> Result<(), JournalError> {
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
        change: impl FnOnce(&mut State) -> Result<(), JournalError>,
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
        let (bytes, generation) = {
            let inner = self.inner();
            let mut bytes =
                serde_json::to_vec_pretty(&inner.state).map_err(|e| JournalError::Unreadable {
                    path: self.path.clone(),
                    reason: e.to_string(),
                })?;
            bytes.push(b'\n');
            (bytes, inner.generation)
        };
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || replace(&path, TEMPORARY, &bytes))
            .await
            .unwrap_or_else(|e| Err(io::Error::other(e)))
            .map_err(io_error(&self.path, "cannot write"))?;
        *durable = generation;
        Ok(())
    }

    /// The lab's folder.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Removes the state of a lab of which nothing is left; with its lock.
    pub fn close(self) -> Result<(), JournalError> {
        match fs::remove_file(&self.path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(io_error(&self.path, "cannot remove")(e));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Replaces a file so that after a crash it is either the old or the new one, whole (mode 0600). `prefix` begins
/// the name that the new one has until then.
pub(crate) fn replace(path: &Path, prefix: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut temp = tempfile::Builder::new()
        .prefix(prefix)
        .tempfile_in(folder)?;
    temp.write_all(bytes)?;
    temp.as_file().sync_all()?;
    temp.persist(path).map_err(|e| e.error)?;
    File::open(folder)?.sync_all()
}

pub(super) fn io_error(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io {
        path: path.to_owned(),
        what,
        source,
    }
}
