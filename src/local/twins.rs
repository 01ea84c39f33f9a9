//! The twins of this user on this machine.
//!
//! Each twin leaves a small file in the user's state folder that says where its own folder is, and nothing else. Whether
//! it runs is told by the lock in that folder, so a crash leaves nothing wrong behind: a file whose twin has gone is
//! removed by the next look. Without these files a twin works as well; only the list lacks it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use labfiles::{Dir, hex};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Daemon, Twin};
use crate::{
    aws::state_home,
    engine::{State, journal},
};

/// In the user's state folder.
const FOLDER: &str = "twins";
/// How the names of files begin that become an entry.
const TEMPORARY: &str = ".twin";
/// How the names of entries begin.
const ENTRY: &str = "twin-";
/// Of an entry.
const MOST_BYTES: u64 = 16 << 10;

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// The twin's folder.
    dir: PathBuf,
    /// When it started.
    since: Timestamp,
}

/// A twin that runs.
#[derive(Debug)]
pub struct Found {
    /// The twin.
    pub twin: Twin,
    /// Where it answers.
    pub daemon: Daemon,
    /// When it started.
    pub since: Timestamp,
}

impl Found {
    /// The labs beside its folder that are up on a twin.
    pub fn labs(&self) -> Vec<String> {
        let Some(own) = self.twin.dir().parent() else {
            return Vec::new();
        };
        let names = Dir::open(own)
            .and_then(|own| own.names())
            .unwrap_or_default();
        let names = names.into_iter().filter_map(|name| name.into_string().ok());
        let local = |name: &String| {
            let state: Option<State> = journal::read(&own.join(name)).ok().flatten();
            state.is_some_and(|state| state.local.is_some() && !state.steps.is_empty())
        };
        let mut labs: Vec<String> = names.filter(local).collect();
        labs.sort();
        labs
    }
}

fn folder(make: bool) -> Option<Dir> {
    let own = state_home()?.join("labctl");
    let own = if make {
        Dir::make(&own)
    } else {
        Dir::open(&own)
    };
    own.ok()?.child(FOLDER, make).ok()
}

/// Writes down that a twin has started in `dir`.
pub(super) fn register(dir: &Path) {
    let entry = Entry {
        dir: dir.to_owned(),
        since: Timestamp::now(),
    };
    let digest = Sha256::digest(dir.as_os_str().as_encoded_bytes());
    let name = hex(&digest[..8]);
    if let (Some(folder), Ok(bytes)) = (folder(true), serde_json::to_vec(&entry)) {
        // The twin works without it.
        let _ = folder.replace(&format!("{ENTRY}{name}"), TEMPORARY, &bytes);
    }
}

/// Whether there is a place where twins are listed.
pub fn are_listed() -> bool {
    state_home().is_some()
}

/// All twins of this user that run, the oldest first.
pub async fn all() -> Vec<Found> {
    let Some(folder) = folder(false) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for name in folder.names().unwrap_or_default() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(ENTRY)) else {
            continue;
        };
        let entry = folder.read(name, MOST_BYTES).ok();
        let entry: Option<Entry> = entry.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some(Entry { dir, since }) = entry else {
            continue;
        };
        let twin = Twin::at(dir);
        match twin.running().await {
            Some(daemon) => found.push(Found {
                twin,
                daemon,
                since,
            }),
            // One that is starting or stopping holds its folder.
            None if twin.is_held() => {}
            None => drop(folder.remove(name)),
        }
    }
    found.sort_by_key(|found| found.since);
    found
}
