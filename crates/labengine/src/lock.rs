//! The right to change one lab's state: the kernel's lock on a file, which dies with its process.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;
use labfiles::{Dir, How, Seal};
use serde::Serialize;

use crate::{
    Journal, JournalError, Kind, State,
    journal::{FILE, Store, TEMPORARY, io_error, read_in},
};

const LOCK: &str = "lock";
/// More of the holder's words than it writes is not told.
const LONGEST_HOLDER: u64 = 200;

/// The right to change one lab's state, until dropped.
#[derive(Debug)]
pub struct Lock {
    dir: Dir,
    _file: File,
    sealing: Option<Sealing>,
}

/// Seals each state that is written under a lock.
pub struct Sealing {
    seal: Seal,
    /// How often the state was written before.
    before: u64,
    /// The same now.
    count: AtomicU64,
    note: Note,
}

/// Remembers how often the state was written.
type Note = Box<dyn Fn(u64) + Send + Sync>;

impl std::fmt::Debug for Sealing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sealing").field(&self.seal).finish()
    }
}

impl Sealing {
    /// `before`: how often the state was written before. A lock under which it was written calls `note` with the new
    /// number when it is released. Removing the state counts too: one that comes back is an old one.
    pub fn new(seal: Seal, before: u64, note: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self {
            seal,
            before,
            count: before.into(),
            note: Box::new(note),
        }
    }

    /// The number of the next state.
    fn next(&self) -> u64 {
        self.count.load(Ordering::Relaxed) + 1
    }
}

/// What is written: the state, how often it was (`labfiles::COUNT`), and the seal on both (`labfiles::SEAL`).
#[derive(Serialize)]
struct Kept<'a, K: Kind> {
    #[serde(flatten)]
    state: &'a State<K>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seal: Option<String>,
}

impl Lock {
    /// Takes the lock of a lab's folder, which is made when missing (0700).
    pub fn take(folder: &Path, command: &str) -> Result<Self, JournalError> {
        let path = folder.join(LOCK);
        let (dir, mut file) = loop {
            let dir = Dir::make(folder).map_err(io_error(folder, "cannot make the folder"))?;
            let file = match dir.file(LOCK, How::Change) {
                // Its last holder has just removed the folder.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.map_err(io_error(&path, "cannot open"))?,
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = Vec::new();
                    let _ = file.take(LONGEST_HOLDER).read_to_end(&mut holder);
                    let holder = String::from_utf8_lossy(&holder);
                    let holder = if holder.is_empty() || holder.contains(char::is_control) {
                        "another labctl".to_owned()
                    } else {
                        holder.into_owned()
                    };
                    return Err(JournalError::Locked { path, holder });
                }
                Err(TryLockError::Error(e)) => return Err(io_error(&path, "cannot lock")(e)),
            }
            // Its last holder may have removed the file between our opening and our locking it.
            let is_there = dir.is_at(LOCK, &file);
            if is_there.map_err(io_error(&path, "cannot read"))? {
                break (dir, file);
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
        // What a killed run was about to make its state never became one.
        dir.sweep(TEMPORARY);
        Ok(Self {
            dir,
            _file: file,
            sealing: None,
        })
    }

    /// The same lock; what is written under it has a seal.
    #[must_use]
    pub fn sealed(mut self, sealing: Sealing) -> Self {
        self.sealing = Some(sealing);
        self
    }

    /// The text of the state's file.
    fn text<K: Kind>(&self, state: &State<K>) -> serde_json::Result<Vec<u8>> {
        let mut kept = Kept {
            state,
            count: self.sealing.as_ref().map(Sealing::next),
            seal: None,
        };
        if let Some(sealing) = &self.sealing {
            kept.seal = Some(sealing.seal.of(&serde_json::to_value(&kept)?));
        }
        let mut bytes = serde_json::to_vec_pretty(&kept)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Reads the state under the lock.
    pub fn read<K: Kind>(&self) -> Result<Option<State<K>>, JournalError> {
        read_in(&self.dir)
    }

    /// Gives a state that cannot be read another name, which no file has: nothing is overwritten.
    /// Answers the name.
    pub fn set_aside(&self) -> Result<PathBuf, JournalError> {
        let at = format!("{:.0}", Timestamp::now()).replace(':', "-");
        let mut aside = format!("{FILE}.unreadable-{at}");
        // The clock may have been set back to when there was another.
        let mut more = 1;
        while self.dir.has(&aside) {
            more += 1;
            aside = format!("{FILE}.unreadable-{at}-{more}");
        }
        let folder = self.dir.path();
        self.dir
            .rename(FILE, &aside)
            .and_then(|()| self.dir.sync())
            .map_err(io_error(&folder.join(FILE), "cannot keep it aside"))?;
        Ok(folder.join(aside))
    }

    /// A journal that starts with `state`. Nothing is written before the first commit.
    pub fn journal<K: Kind>(self, state: State<K>) -> Journal<K> {
        Journal::new(self, state)
    }
}

/// A run that left no state leaves no folder either.
impl Drop for Lock {
    fn drop(&mut self) {
        let there = self.dir.has(FILE);
        if let Some(sealing) = &self.sealing {
            let count = sealing.count.load(Ordering::Relaxed);
            if count > sealing.before {
                (sealing.note)(if there { count } else { count + 1 });
            }
        }
        if there {
            return;
        }
        // The folder may hold other files (a receipt, a state kept aside): then it stays.
        let _ = self.dir.remove(LOCK);
        let _ = self.dir.remove_self();
    }
}

impl<K: Kind> Store<K> for Lock {
    async fn keep(&self, state: State<K>) -> Result<(), JournalError> {
        let path = self.dir.path().join(FILE);
        let bytes = self.text(&state).map_err(|e| JournalError::Unreadable {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        let dir = self.dir.clone();
        tokio::task::spawn_blocking(move || dir.replace(FILE, TEMPORARY, &bytes))
            .await
            .unwrap_or_else(|e| Err(io::Error::other(e)))
            .map_err(io_error(&path, "cannot write"))?;
        // What was not written does not count: the state on disk would be an old one.
        if let Some(sealing) = &self.sealing {
            sealing.count.store(sealing.next(), Ordering::Relaxed);
        }
        Ok(())
    }
}
