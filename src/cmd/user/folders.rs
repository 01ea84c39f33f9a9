//! The folders (`.labctl`) that this user made on this machine, or has agreed to use. Each has a random id in a file of
//! its own; the list says where the folder with that id is. Device and inode say nothing: they change across mounts.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use labfiles::Dir;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Entry, User};

/// The file in the folder with its id.
const ID: &str = "id";
const MOST_BYTES: u64 = 64;

/// A folder of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cmd) struct Folder {
    /// What its file says.
    pub(in crate::cmd) id: String,
    /// Without links.
    pub(in crate::cmd) path: PathBuf,
    /// Since when it is known.
    pub(in crate::cmd) since: Timestamp,
}

impl Entry for Folder {
    const LIST: &'static str = "folders";

    /// A folder on a disk that is not mounted comes back: only who knows removes an entry.
    fn is_over(&self) -> bool {
        false
    }
}

/// The id that a folder says it has. `None`: it has none that labctl writes.
fn id(own: &Dir) -> Option<String> {
    let bytes = own.read(ID, MOST_BYTES).ok()?;
    let id: Uuid = std::str::from_utf8(&bytes).ok()?.trim().parse().ok()?;
    Some(id.to_string())
}

fn new_id(own: &Dir) -> std::io::Result<String> {
    let id = Uuid::new_v4().to_string();
    own.replace(ID, ".id", format!("{id}\n").as_bytes())?;
    Ok(id)
}

/// Where a folder is, without links.
pub(in crate::cmd) fn place(own: &Dir) -> PathBuf {
    let path = own.path();
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

impl User {
    /// Whether the folder is in the list, and where the list has folders with its id.
    pub(in crate::cmd) fn knows(&self, own: &Dir) -> Known {
        let Some(id) = id(own) else {
            return Known::No;
        };
        let place = place(own);
        let same = self
            .list()
            .into_iter()
            .filter(|known: &Folder| known.id == id);
        let mut places: Vec<PathBuf> = same.map(|known| known.path).collect();
        if places.contains(&place) {
            return Known::Yes(id);
        }
        places.pop().map_or(Known::No, Known::Elsewhere)
    }

    /// Adds a folder to the list, durably, and gives it an id if it has none. A copy keeps its id, and is known at its
    /// own place. The error completes "cannot …".
    pub(in crate::cmd) fn add_folder(&self, own: &Dir) -> Result<String, String> {
        let path = place(own);
        let mut written = Err("nothing was written".to_owned());
        // The list's lock holds off others who make the same folder; the list is written only after the id.
        self.change(|folders| {
            let there = id(own).map_or_else(|| new_id(own), Ok);
            written = there
                .map_err(|e| format!("{}: {e}", labfiles::plain(&own.path().to_string_lossy())));
            let Ok(id) = &written else { return false };
            let same = |known: &Folder| known.path == path;
            if folders.iter().any(|known| same(known) && known.id == *id) {
                return false;
            }
            folders.retain(|known: &Folder| !same(known));
            folders.push(Folder {
                id: id.clone(),
                path: path.clone(),
                since: Timestamp::now(),
            });
            true
        })?;
        written
    }

    /// Removes a folder from the list. Answers whether it was there.
    pub(in crate::cmd) fn remove_folder(&self, path: &Path) -> Result<bool, String> {
        let mut was_there = false;
        self.change(|folders| {
            let before = folders.len();
            folders.retain(|known: &Folder| known.path != path);
            was_there = folders.len() < before;
            was_there
        })?;
        Ok(was_there)
    }
}

/// What the list says of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cmd) enum Known {
    /// It is in the list, at its place.
    Yes(String),
    /// A folder with its id is in the list at another place: it was moved or copied.
    Elsewhere(PathBuf),
    /// It is not in the list.
    No,
}
