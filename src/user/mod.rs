//! What labctl keeps for its user outside of the labs' folders: which runs and which folders are his, and a key.
//!
//! It is in the user's state folder (`~/.local/state/labctl`). Without it labctl works as well, but asks more.

pub(crate) mod folders;
pub(crate) mod runs;

use std::{fs::TryLockError, io, path::PathBuf, thread, time::Duration};

use labfiles::{Dir, How, Key, json, quoted};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{aws::state_home, error::Error};

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
pub(crate) trait Entry: Serialize + DeserializeOwned {
    /// The file's name, without `.json`.
    const LIST: &'static str;
    /// What labctl does without the list, as a sentence without its full stop.
    const WITHOUT: &'static str;
    /// Whether it can go, since nothing is left of what it stands for.
    fn is_over(&self) -> bool;
}

#[derive(Debug, Serialize, Deserialize)]
struct Page<T> {
    version: u32,
    entries: Vec<T>,
}

/// Why a list is not read. It stays as it is.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("a newer labctl wrote it (format {0}, this one knows {VERSION})")]
    Newer(u64),
    #[error("not a list as labctl writes it: {0}")]
    Broken(String),
}

/// The user's folder.
#[derive(Debug, Clone)]
pub(crate) struct User {
    folder: Option<PathBuf>,
}

impl User {
    /// As the environment says where it is.
    pub(crate) fn here() -> Self {
        Self {
            folder: state_home().map(|state| state.join("labctl")),
        }
    }

    /// Whether something can be kept at all.
    pub(crate) fn can_keep(&self) -> bool {
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
        let folder = folder.ok_or("neither HOME nor XDG_STATE_HOME is an absolute path")?;
        Dir::make(folder).map_err(|e| self.told(&e))
    }

    fn told(&self, error: &io::Error) -> String {
        let folder = self.folder.clone().unwrap_or_default();
        format!("{}: {error}", labfiles::plain(&folder.to_string_lossy()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.clone().unwrap_or_default().join(name)
    }

    /// Opens the folder. `None`: there is none.
    fn there(&self) -> Result<Option<Dir>, Error> {
        match self.open() {
            Ok(dir) => Ok(Some(dir)),
            Err(e) if is_missing(&e) => Ok(None),
            Err(e) => Err(Error::file(quoted(&self.path("")), &e)),
        }
    }

    /// Reads a list. Without a file it is empty.
    pub(crate) fn list<T: Entry>(&self) -> Result<Vec<T>, Error> {
        let Some(dir) = self.there()? else {
            return Ok(Vec::new());
        };
        read(&dir).map_err(|unread| {
            let path = quoted(&self.path(&file::<T>()));
            let broken = || broken(&path, &unread.to_string(), T::WITHOUT);
            match &unread {
                Unread::Io(error) => Error::file(&path, error),
                Unread::Newer(_) => {
                    broken().hint("or use the labctl that wrote it, or a newer one")
                }
                Unread::Broken(_) => broken(),
            }
        })
    }

    /// Changes a list under its lock, when `change` says that there is something to write. The error completes "cannot …".
    pub(crate) fn change<T: Entry>(
        &self,
        change: impl FnOnce(&mut Vec<T>) -> bool,
    ) -> Result<(), String> {
        write(&self.make()?, change)
            .map_err(|e| format!("{}: {e}", quoted(&self.path(&file::<T>()))))
    }

    /// Reads the key under which this user's files have their seals. `None`: there is none yet.
    pub(crate) fn key(&self) -> Result<Option<Key>, Error> {
        let Some(dir) = self.there()? else {
            return Ok(None);
        };
        let path = quoted(&self.path(KEY));
        let bytes = match dir.read(KEY, KEY_BYTES as u64) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) if e.kind() == io::ErrorKind::FileTooLarge => {
                return Err(no_key(&path, "more"));
            }
            Err(e) => return Err(Error::file(path, &e)),
        };
        let count = bytes.len();
        let key = bytes.try_into().map(Key::new);
        key.map(Some).map_err(|_| no_key(&path, &count.to_string()))
    }

    /// The same; it is made when it is missing. The error completes "cannot …".
    pub(crate) fn make_key(&self) -> Result<Key, String> {
        if let Some(key) = self.key().map_err(|e| e.message)? {
            return Ok(key);
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
        let key = self.key().map_err(|e| e.message)?;
        key.ok_or_else(|| self.told(&io::Error::other("the key cannot be read")))
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// A file of the user's folder that is not as labctl writes it.
fn broken(path: &str, what: &str, without: &str) -> Error {
    Error::failed(format!("{path}: {what}")).hint(format!(
        "nothing was changed: put a good copy back, or `mv {path} {path}.bad`; then {without}"
    ))
}

fn no_key(path: &str, count: &str) -> Error {
    let what = format!("labctl's key has {KEY_BYTES} bytes, and this file has {count}");
    broken(
        path,
        &what,
        "labctl makes a new key, and asks again before it uses your folders",
    )
}

fn file<T: Entry>() -> String {
    format!("{}.json", T::LIST)
}

fn read<T: Entry>(dir: &Dir) -> Result<Vec<T>, Unread> {
    #[derive(Deserialize)]
    struct Any {
        version: u64,
    }
    let bytes = match dir.read(&file::<T>(), MOST_BYTES) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        bytes => bytes?,
    };
    let broken = |e: json::JsonError| {
        Unread::Broken(match e {
            json::JsonError::Torn(why) => why,
            json::JsonError::Mismatch(wrong) => wrong.to_string(),
        })
    };
    let Any { version } = json::from_slice(&bytes).map_err(broken)?;
    if version > u64::from(VERSION) {
        return Err(Unread::Newer(version));
    }
    let page: Page<T> = json::from_slice(&bytes).map_err(broken)?;
    Ok(page.entries)
}

fn write<T: Entry>(dir: &Dir, change: impl FnOnce(&mut Vec<T>) -> bool) -> Result<(), Unread> {
    let lock = dir.file(format!("{}.lock", T::LIST), How::Change)?;
    let mut tries = 0;
    while let Err(refused) = lock.try_lock() {
        tries += 1;
        match refused {
            TryLockError::WouldBlock if tries < LOCK_TRIES => thread::sleep(LOCK_PAUSE),
            TryLockError::WouldBlock => {
                return Err(io::Error::other("another labctl holds it").into());
            }
            TryLockError::Error(error) => return Err(error.into()),
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
        &serde_json::to_vec(&Page { version, entries }).map_err(io::Error::from)?,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    struct Number(usize);

    impl Entry for Number {
        const LIST: &'static str = "numbers";
        const WITHOUT: &'static str = "it counts anew";
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
        assert_eq!(user.list::<Number>().expect("a list"), []);
        for number in [1, 2, 13] {
            add(&user, number).expect("it is written");
        }
        assert_eq!(
            user.list::<Number>().expect("a list"),
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
            user.list::<Number>().expect("a list").len(),
            MOST_ENTRIES,
            "the list has an end"
        );
    }

    #[test]
    fn a_broken_file_stays_and_is_named() {
        let home = tempfile::tempdir().expect("a folder");
        let user_here = user(Some(home.path().to_owned()));
        for (text, what) in [
            ("", "not a list"),
            ("{", "not a list"),
            ("[]", "not a list"),
            ("{\"version\":1,\"entries\":[\"\\u001b[2J\"]}", "entries[0]"),
            (r#"{"version":1,"entries":[1]"#, "not a list"),
            (r#"{"version":2,"entries":[]}"#, "a newer labctl wrote it"),
            (r#"{"version":2,"pages":{}}"#, "a newer labctl wrote it"),
        ] {
            std::fs::write(home.path().join("numbers.json"), text).expect("a file");
            let told = add(&user_here, 1).expect_err(text);
            let error = user_here.list::<Number>().expect_err(text);
            let hints = error.hints.concat();
            for said in [&told, &error.message] {
                assert!(
                    said.contains(what) && said.contains("numbers.json"),
                    "{said}"
                );
                assert!(!said.contains('\u{1b}'), "{said:?}");
            }
            assert!(hints.contains("numbers.json.bad") && hints.contains("it counts anew"));
            let now = std::fs::read_to_string(home.path().join("numbers.json")).expect("a file");
            assert_eq!(now, text);
        }
        for length in [0, 1, KEY_BYTES - 1, KEY_BYTES + 1] {
            let key = vec![7; length];
            std::fs::write(home.path().join(KEY), &key).expect("a file");
            let error = user_here.key().map(drop).expect_err("no key");
            assert!(error.message.contains("key has 64 bytes"), "{error}");
            user_here.make_key().map(drop).expect_err("no key");
            assert_eq!(std::fs::read(home.path().join(KEY)).expect("a file"), key);
        }
        let nowhere = user(None);
        add(&nowhere, 1).expect_err("nowhere");
        assert!(nowhere.list::<Number>().is_ok_and(|all| all.is_empty()));
        assert!(nowhere.make_key().is_err());
    }

    #[test]
    fn the_key_is_made_once() {
        let home = tempfile::tempdir().expect("a folder");
        let user = user(Some(home.path().to_owned()));
        assert!(user.key().is_ok_and(|key| key.is_none()));
        let mut value = serde_json::json!({});
        user.make_key().expect("a key").seal("x").put(&mut value);
        for key in [user.make_key().ok(), user.key().ok().flatten()] {
            assert!(key.expect("a key").seal("x").fits(&value));
        }
    }
}
