//! The state file: locked by one run, replaced whole and fsynced before anybody hears of a change.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{
    needs::StepId,
    state::{self, Illegal, Move, Record, State},
};

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

/// Reads a state without locking it. `None`: there is none.
pub fn read(folder: &Path) -> Result<Option<State>, JournalError> {
    let path = folder.join("state.json");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io_error(&path, "cannot read")(e)),
    };
    let unreadable = |reason: String| JournalError::Unreadable {
        path: path.clone(),
        reason,
    };
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| unreadable(e.to_string()))?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(v) if v > u64::from(state::VERSION) => Err(JournalError::Newer { path, found: v }),
        Some(_) => serde_json::from_value(value)
            .map(Some)
            .map_err(|e| unreadable(e.to_string())),
        None => Err(unreadable("it has no version".to_owned())),
    }
}

/// The right to change one lab's state, until dropped.
#[derive(Debug)]
pub struct Lock {
    folder: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of a lab's folder, which is made when missing (0700).
    pub fn take(folder: &Path, command: &str) -> Result<Self, JournalError> {
        let path = folder.join("lock");
        let mut file = loop {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(io_error(folder, "cannot make the folder"))?;
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path);
            let mut file = match opened {
                // Its last holder has just removed the folder.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.map_err(io_error(&path, "cannot open"))?,
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    let holder = if holder.is_empty() {
                        "another labctl".to_owned()
                    } else {
                        holder
                    };
                    return Err(JournalError::Locked { path, holder });
                }
                Err(TryLockError::Error(e)) => return Err(io_error(&path, "cannot lock")(e)),
            }
            // Its last holder may have removed the file between our opening and our locking it.
            let ours = file
                .metadata()
                .map(|m| m.ino())
                .map_err(io_error(&path, "cannot read"))?;
            if fs::metadata(&path).is_ok_and(|m| m.ino() == ours) {
                break file;
            }
        };
        let holder = format!(
            "`labctl {command}`, process {}, since {:.0}",
            std::process::id(),
            Timestamp::now()
        );
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(holder.as_bytes()))
            .map_err(io_error(&path, "cannot write"))?;
        Ok(Self {
            folder: folder.to_owned(),
            _file: file,
        })
    }

    /// Reads the state under the lock.
    pub fn read(&self) -> Result<Option<State>, JournalError> {
        read(&self.folder)
    }

    /// A journal that starts with `state`. Nothing is written before the first commit.
    pub fn journal(self, state: State) -> Journal {
        Journal {
            path: self.folder.join("state.json"),
            _lock: self,
            inner: Mutex::new(Inner {
                state,
                generation: 1,
            }),
            durable: tokio::sync::Mutex::new(0),
        }
    }
}

/// A run that left no state leaves no folder either.
impl Drop for Lock {
    fn drop(&mut self) {
        if self.folder.join("state.json").exists() {
            return;
        }
        // The folder may hold other files (a receipt): then it stays.
        let _ = fs::remove_file(self.folder.join("lock"));
        let _ = fs::remove_dir(&self.folder);
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
        tokio::task::spawn_blocking(move || replace(&path, &bytes))
            .await
            .map_err(|e| io_error(&self.path, "cannot write")(io::Error::other(e)))??;
        *durable = generation;
        Ok(())
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

/// Replaces a file so that after a crash it is either the old or the new one, whole (mode 0600).
fn replace(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        let mut temp = tempfile::Builder::new()
            .prefix(".state")
            .tempfile_in(folder)?;
        temp.write_all(bytes)?;
        temp.as_file().sync_all()?;
        temp.persist(path).map_err(|e| e.error)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(io_error(path, "cannot write"))
}

fn io_error(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io {
        path: path.to_owned(),
        what,
        source,
    }
}
