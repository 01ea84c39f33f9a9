//! `daemon.json` names a twin's address. The twin writes it, and locks it for as long as it listens there.
//!
//! The lock is on the same file that labctl reads, so a record counts only while the process that wrote it runs. The
//! kernel releases the lock when that process dies, and the next twin writes and locks a new file. Other users can
//! neither open nor lock it.

use std::{
    fs::{File, TryLockError},
    io::{self, Read},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;

/// The most bytes of a record that are read.
const LIMIT: u64 = 4096;

/// A running twin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daemon {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: Endpoint,
    /// Its process.
    pub pid: u32,
    /// Version of the labctl that it is.
    pub version: String,
    /// Whether every user of this machine may connect.
    #[serde(default)]
    pub any_user: bool,
}

/// The record of a twin that runs or ran.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) daemon: Daemon,
    file: File,
}

impl Record {
    /// Reads a record. `None`: there is none, or it is not valid.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let mut text = Vec::new();
        (&file).take(LIMIT).read_to_end(&mut text).ok()?;
        let daemon = serde_json::from_slice(&text).ok()?;
        Some(Self { daemon, file })
    }

    /// Whether the twin that wrote it still listens.
    pub(super) fn is_current(&self) -> bool {
        matches!(self.file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Replaces the record. It is current until the returned file is dropped.
    pub(super) fn write(path: &Path, daemon: &Daemon) -> io::Result<File> {
        let dir = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        serde_json::to_writer(&mut file, daemon)?;
        file.as_file().lock()?;
        Ok(file.persist(path)?)
    }
}
