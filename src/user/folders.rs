//! The folders (`.labctl`) that this user made on this machine, or has agreed to use. Each has a random id in a file of
//! its own; the list says where the folder with that id is. Device and inode say nothing: they change across mounts.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use labfiles::{Dir, Key, OWN, Seal};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Entry, User};
use crate::error::Error;

/// The file in the folder with its id.
const ID: &str = "id";
const MOST_BYTES: u64 = 64;

/// A folder of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Folder {
    /// What its file says.
    pub(crate) id: String,
    /// Without links.
    pub(crate) path: PathBuf,
    /// Since when it is known.
    pub(crate) since: Timestamp,
    /// How often each of its files was written that have a seal, by their names in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    counts: BTreeMap<String, u64>,
}

impl Folder {
    /// Returns what seals the file that `name` stands for: the same text in another folder has another seal.
    pub(crate) fn seal(&self, key: &Key, name: &str) -> Seal {
        seal(&self.id, key, name)
    }

    /// How often labctl has written the file, as far as it knows. A file with a smaller number is an old one.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or_default()
    }
}

/// Returns what seals a file of the folder with that id.
pub(crate) fn seal(id: &str, key: &Key, name: &str) -> Seal {
    key.seal(format!("{id}/{name}"))
}

impl Entry for Folder {
    const LIST: &'static str = "folders";
    const WITHOUT: &'static str = "labctl asks again before it uses your folders";

    /// Whether it was deleted. A folder on a disk that is not mounted comes back.
    fn is_over(&self) -> bool {
        is_gone(&self.path)
    }
}

/// Where disks and shares are mounted. The empty folder of a mount elsewhere is recognised by being empty.
const MOUNTS: [&str; 5] = ["/media", "/mnt", "/net", "/run/media", "/Volumes"];

fn is_gone(path: &Path) -> bool {
    let missing = |path: &Path| {
        let about = path.symlink_metadata();
        about.is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
    };
    if !missing(path) || MOUNTS.iter().any(|mounts| path.starts_with(mounts)) {
        return false;
    }
    let there = path.ancestors().find(|above| !missing(above));
    let inside = there.and_then(|above| above.read_dir().ok());
    inside.is_some_and(|mut inside| inside.next().is_some())
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
pub(crate) fn place(own: &Dir) -> PathBuf {
    let path = own.path();
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

impl User {
    /// Whether the folder is in the list, and where the list has folders with its id.
    pub(crate) fn knows(&self, own: &Dir) -> Result<Known, Error> {
        let Some(id) = id(own) else {
            return Ok(Known::No);
        };
        let place = place(own);
        let mut elsewhere = None;
        for known in self.list::<Folder>()? {
            if known.id != id {
                continue;
            }
            if known.path == place {
                return Ok(Known::Yes(known));
            }
            elsewhere = Some(known.path);
        }
        Ok(elsewhere.map_or(Known::No, Known::Elsewhere))
    }

    /// Returns the `.labctl` in which a twin's folder is, if the list has it, and what seals the file `name` there.
    pub(crate) fn sealed(&self, twin: &Path, name: &str) -> Option<(Folder, Seal)> {
        let own = twin.parent().filter(|own| own.ends_with(OWN))?;
        let Ok(Known::Yes(folder)) = self.knows(&Dir::open(own).ok()?) else {
            return None;
        };
        let seal = folder.seal(&self.key().ok()??, name);
        Some((folder, seal))
    }

    /// Returns the id of a folder, which gets one if it has none. The error completes "cannot …".
    pub(crate) fn id(&self, own: &Dir) -> Result<String, String> {
        let mut made = Err("nothing was written".to_owned());
        // The list's lock holds off others who do the same.
        self.change(|_: &mut Vec<Folder>| {
            made = id(own)
                .map_or_else(|| new_id(own), Ok)
                .map_err(|e| format!("{}: {e}", labfiles::plain(&own.path().to_string_lossy())));
            false
        })?;
        made
    }

    /// Adds a folder to the list, durably, and gives it an id if it has none. A copy keeps its id, and is known at its
    /// own place. The error completes "cannot …".
    pub(crate) fn add_folder(&self, own: &Dir) -> Result<Folder, String> {
        let (id, path) = (self.id(own)?, place(own));
        let new = Folder {
            id,
            path,
            since: Timestamp::now(),
            counts: BTreeMap::new(),
        };
        let mut added = new.clone();
        self.change(|folders| {
            let same = |known: &Folder| known.path == new.path;
            if let Some(known) = folders
                .iter()
                .find(|known| same(known) && known.id == new.id)
            {
                added = known.clone();
                return false;
            }
            folders.retain(|known: &Folder| !same(known));
            folders.push(new);
            true
        })?;
        Ok(added)
    }

    /// Notes how often files of a folder were written, by their names. Numbers only grow.
    pub(crate) fn count(&self, folder: &Folder, counts: &[(&str, u64)]) -> Result<(), String> {
        self.change(|folders: &mut Vec<Folder>| {
            let same = |known: &&mut Folder| known.id == folder.id && known.path == folder.path;
            let Some(known) = folders.iter_mut().find(same) else {
                return false;
            };
            let mut changed = false;
            for (name, count) in counts {
                if known.count(name) < *count {
                    known.counts.insert((*name).to_owned(), *count);
                    changed = true;
                }
            }
            changed
        })
    }

    /// Removes a folder from the list. Answers whether it was there.
    pub(crate) fn remove_folder(&self, path: &Path) -> Result<bool, String> {
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
pub(crate) enum Known {
    /// It is in the list, at its place.
    Yes(Folder),
    /// A folder with its id is in the list at another place: it was moved or copied.
    Elsewhere(PathBuf),
    /// It is not in the list.
    No,
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::is_gone;

    #[test]
    fn only_what_was_deleted_is_gone() {
        let root = tempfile::tempdir().expect("a folder");
        let at = |name: &str| root.path().join(name);
        for folder in ["lab/.labctl", "disk"] {
            fs::create_dir_all(at(folder)).expect("a folder");
        }
        fs::write(at("file"), "").expect("a file");
        for (path, gone) in [
            (at("lab/.labctl"), false),
            (at("deleted/.labctl"), true),
            (at("deleted/deeper/lab/.labctl"), true),
            // An empty folder may be where a disk is mounted.
            (at("disk/lab/.labctl"), false),
            // Nobody can say.
            (at("file/lab/.labctl"), false),
            ("/mnt/no-such/lab/.labctl".into(), false),
            ("/Volumes/no-such/lab/.labctl".into(), false),
        ] {
            assert_eq!(is_gone(&path), gone, "{}", path.display());
        }
        fs::remove_dir(at("lab/.labctl")).expect("a folder");
        fs::write(at("lab/lab.yaml"), "").expect("a file");
        assert!(is_gone(&at("lab/.labctl")));
    }
}
