//! What labctl keeps for its user outside of the labs' folders: which runs and which folders are his, and a key.
//!
//! It is in the user's state folder (`~/.local/state/labctl`). Without it labctl works as well, but asks more.

pub(super) mod folders;
pub(super) mod runs;

use std::{fs::TryLockError, io, path::PathBuf, thread, time::Duration};

use labfiles::{Dir, How, Seal};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::aws::state_home;

/// The format of the lists.
const VERSION: u32 = 1;
/// A list larger than this is none of ours.
const MOST_BYTES: u64 = 4 << 20;
/// More entries than a user has; the oldest make room.
const MOST_ENTRIES: usize = 2000;
/// How long to wait for another labctl to write.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// The file with the key.
const KEY: &str = "key";
const KEY_BYTES: usize = 64;

/// What a list is of.
pub(super) trait Entry: Serialize + DeserializeOwned {
    /// The file's name, without `.json`.
    const LIST: &'static str;
    /// Whether it can go, since nothing is left of what it stands for.
    fn is_over(&self) -> bool;
}

#[derive(Debug, Serialize, Deserialize)]
struct Page<T> {
    version: u32,
    entries: Vec<T>,
}

/// The user's folder.
#[derive(Debug, Clone)]
pub(super) struct User {
    folder: Option<PathBuf>,
}

impl User {
    /// As the environment says where it is.
    pub(super) fn here() -> Self {
        let state = state_home().filter(|path| path.is_absolute());
        Self {
            folder: state.map(|state| state.join("labctl")),
        }
    }

    /// Whether something can be kept at all.
    pub(super) fn can_keep(&self) -> bool {
        self.change(|_: &mut Vec<folders::Folder>| false).is_ok()
    }

    fn open(&self) -> io::Result<Dir> {
        match &self.folder {
            Some(folder) => Dir::open(folder),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn make(&self) -> Result<Dir, String> {
        let folder = self.folder.as_ref();
        let folder = folder.ok_or("there is no HOME to keep it in")?;
        Dir::make(folder).map_err(|e| self.told(&e))
    }

    fn told(&self, error: &io::Error) -> String {
        let folder = self.folder.clone().unwrap_or_default();
        format!("{}: {error}", labfiles::plain(&folder.to_string_lossy()))
    }

    /// A list. Empty when it cannot be read.
    pub(super) fn list<T: Entry>(&self) -> Vec<T> {
        let list = self.open().and_then(|dir| read(&dir));
        list.unwrap_or_default()
    }

    /// Changes a list under its lock, when `change` says that there is something to write. The error completes "cannot …".
    pub(super) fn change<T: Entry>(
        &self,
        change: impl FnOnce(&mut Vec<T>) -> bool,
    ) -> Result<(), String> {
        write(&self.make()?, change).map_err(|e| self.told(&e))
    }

    /// The key under which this user's files have their seals. `None`: there is none yet, or it cannot be read.
    pub(super) fn seal(&self) -> Option<Seal> {
        let bytes = self.open().ok()?.read(KEY, KEY_BYTES as u64).ok()?;
        bytes.try_into().ok().map(Seal::new)
    }

    /// The same; it is made when it is missing. The error completes "cannot …".
    pub(super) fn make_seal(&self) -> Result<Seal, String> {
        if let Some(seal) = self.seal() {
            return Ok(seal);
        }
        let dir = self.make()?;
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(|e| e.to_string())?;
        let made = || -> io::Result<()> {
            use std::io::Write as _;
            let mut new = dir.temp(".key")?;
            new.file().write_all(&key)?;
            new.file().sync_all()?;
            match new.persist(KEY) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
                _ => dir.sync(),
            }
        };
        made().map_err(|e| self.told(&e))?;
        // Another labctl may have been first.
        self.seal()
            .ok_or_else(|| self.told(&io::Error::other("the key cannot be read")))
    }
}

fn file<T: Entry>() -> String {
    format!("{}.json", T::LIST)
}

fn read<T: Entry>(dir: &Dir) -> io::Result<Vec<T>> {
    let bytes = match dir.read(&file::<T>(), MOST_BYTES) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        bytes => bytes?,
    };
    let page: Page<T> = serde_json::from_slice(&bytes)?;
    match page.version {
        VERSION => Ok(page.entries),
        _ => Err(io::Error::other(format!(
            "a newer labctl wrote {}",
            file::<T>()
        ))),
    }
}

fn write<T: Entry>(dir: &Dir, change: impl FnOnce(&mut Vec<T>) -> bool) -> io::Result<()> {
    let lock = dir.file(format!("{}.lock", T::LIST), How::Change)?;
    let mut tries = 0;
    while let Err(refused) = lock.try_lock() {
        tries += 1;
        match refused {
            TryLockError::WouldBlock if tries < LOCK_TRIES => thread::sleep(LOCK_PAUSE),
            TryLockError::WouldBlock => return Err(io::Error::other("another labctl holds it")),
            TryLockError::Error(error) => return Err(error),
        }
    }
    let mut entries = read(dir)?;
    if !change(&mut entries) {
        return Ok(());
    }
    entries.retain(|entry| !entry.is_over());
    let surplus = entries.len().saturating_sub(MOST_ENTRIES);
    entries.drain(..surplus);
    let version = VERSION;
    dir.replace(
        &file::<T>(),
        &format!(".{}", T::LIST),
        &serde_json::to_vec(&Page { version, entries })?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    struct Number(usize);

    impl Entry for Number {
        const LIST: &'static str = "numbers";
        fn is_over(&self) -> bool {
            self.0 == 13
        }
    }

    fn user(folder: Option<PathBuf>) -> User {
        User { folder }
    }

    fn add(user: &User, number: usize) -> Result<(), String> {
        user.change(|all: &mut Vec<Number>| {
            all.push(Number(number));
            true
        })
    }

    #[test]
    fn entries_come_and_go() {
        let home = tempfile::tempdir().expect("a folder");
        let user = user(Some(home.path().join("state/labctl")));
        assert_eq!(user.list::<Number>(), []);
        for number in [1, 2, 13] {
            add(&user, number).expect("it is written");
        }
        assert_eq!(
            user.list::<Number>(),
            [Number(1), Number(2)],
            "what is over goes"
        );
        for number in 0..MOST_ENTRIES {
            user.change(|all: &mut Vec<Number>| {
                all.push(Number(number + 14));
                number + 1 == MOST_ENTRIES
            })
            .expect("it is written");
        }
        let more = |all: &mut Vec<Number>| {
            all.extend((14..14 + MOST_ENTRIES).map(Number));
            true
        };
        user.change(more).expect("it is written");
        assert_eq!(
            user.list::<Number>().len(),
            MOST_ENTRIES,
            "the list has an end"
        );
    }

    #[test]
    fn what_cannot_be_used_is_left_alone_and_told() {
        let home = tempfile::tempdir().expect("a folder");
        let user_here = user(Some(home.path().to_owned()));
        for text in ["", "{", "[]", r#"{"version":2,"entries":[]}"#] {
            std::fs::write(home.path().join("numbers.json"), text).expect("a file");
            add(&user_here, 1).expect_err(text);
            assert_eq!(user_here.list::<Number>(), []);
            let now = std::fs::read_to_string(home.path().join("numbers.json")).expect("a file");
            assert_eq!(now, text);
        }
        let nowhere = user(None);
        add(&nowhere, 1).expect_err("nowhere");
        assert!(nowhere.list::<Number>().is_empty() && nowhere.make_seal().is_err());
    }

    #[test]
    fn the_key_is_made_once() {
        let home = tempfile::tempdir().expect("a folder");
        let user = user(Some(home.path().to_owned()));
        assert!(user.seal().is_none());
        let mut value = serde_json::json!({});
        user.make_seal().expect("a key").put("x", &mut value);
        for seal in [user.make_seal().ok(), user.seal()] {
            assert!(seal.expect("a key").fits("x", &value));
        }
    }
}
