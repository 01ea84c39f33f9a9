//! `daemon.json` names a twin's address. The twin writes it, and locks it for as long as it listens there.
//!
//! The lock is on the same file that labctl reads, so a record counts only while the process that wrote it runs. The
//! kernel releases the lock when that process dies, and the next twin writes and locks a new file. Other users can
//! neither open nor lock it.
//!
//! It has a secret by which the twin proves that it is the one that answers, and a seal: without that, an address is not
//! believed once the twin has stopped.

use std::{
    fs::{File, TryLockError},
    io::{self, Read},
    path::Path,
};

use labfiles::{Dir, How, Seal, Secret};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::endpoint::Endpoint;

/// The file's name in the twin's folder.
pub(super) const RECORD: &str = "daemon.json";
/// The prefix of the names of new files before they become the record.
const TEMPORARY: &str = ".daemon";
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
    /// Whether it answers to AWS's host names.
    #[serde(default)]
    pub aws_names: bool,
    /// The origin of the inbox's page. Older versions had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox: Option<Endpoint>,
}

impl Daemon {
    /// The address of the inbox's page.
    pub fn inbox_page(&self) -> String {
        format!("{}/_local/", self.inbox.unwrap_or(self.endpoint))
    }
}

/// What the file holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Text {
    #[serde(flatten)]
    pub(super) daemon: Daemon,
    /// Older versions had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<Secret>,
}

/// The record of a twin that runs or ran.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) text: Text,
    value: Value,
    file: File,
}

impl Record {
    /// Reads the record in a twin's folder. `None`: there is none, or it is not valid.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let file = Dir::open(folder).ok()?.file(RECORD, How::Read).ok()?;
        let mut text = Vec::new();
        (&file).take(LIMIT).read_to_end(&mut text).ok()?;
        let value: Value = serde_json::from_slice(&text).ok()?;
        let text = Text::deserialize(&value).ok()?;
        Some(Self { text, value, file })
    }

    /// Whether it has its seal.
    pub(super) fn fits(&self, seal: &Seal) -> bool {
        seal.fits(&self.value)
    }

    /// Whether the twin that wrote it still listens.
    pub(super) fn is_current(&self) -> bool {
        matches!(self.file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Replaces the record. It is current until the returned file is dropped.
    pub(super) fn write(folder: &Path, text: &Text, seal: Option<&Seal>) -> io::Result<File> {
        let dir = Dir::open(folder)?;
        dir.sweep(TEMPORARY);
        let mut value = serde_json::to_value(text)?;
        if let Some(seal) = seal {
            seal.put(&mut value);
        }
        let mut new = dir.temp(TEMPORARY)?;
        serde_json::to_writer(new.file(), &value)?;
        // The lock belongs to the open file, which the copy shares.
        let file = new.file().try_clone()?;
        file.lock()?;
        new.replace(RECORD)?;
        Ok(file)
    }
}
