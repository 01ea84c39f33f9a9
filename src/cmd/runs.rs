//! The runs that this user's labctl made on this machine, in a file outside of the labs' folders: when a state is lost,
//! it tells the user's own lab from somebody else's of the same name.
//!
//! Nothing depends on it: without it, labctl asks whose a lab is.

use std::{
    collections::BTreeSet,
    fs::TryLockError,
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use jiff::Timestamp;
use labfiles::{Dir, How};
use serde::{Deserialize, Serialize};

use crate::engine::State;

const FILE: &str = "runs.json";
const LOCK: &str = "runs.lock";
const TEMPORARY: &str = ".runs";
/// The format of the file.
const VERSION: u32 = 1;
/// A file larger than this is none of ours.
const MOST_BYTES: u64 = 4 << 20;
/// More runs than a user has; the oldest make room.
const MOST_RUNS: usize = 1000;
/// How long to wait for another labctl to write.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    /// The UUID in the tag `labctl:run`.
    run: String,
    lab: String,
    account: String,
    region: String,
    /// The endpoint when it is not AWS's own, nor a lab's twin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// The folder of the lab's twin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    twin: Option<PathBuf>,
    /// The folder of the lab's file.
    folder: PathBuf,
    /// When it was made.
    at: Timestamp,
}

impl Run {
    /// The run of a state, whose lab's file is in `folder`.
    pub(super) fn of(state: &State, folder: &Path) -> Self {
        Self {
            run: state.run.clone(),
            lab: state.lab.clone(),
            account: state.account.clone(),
            region: state.region.clone(),
            endpoint: state.endpoint.clone().filter(|_| state.local.is_none()),
            twin: state.local.clone(),
            folder: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
            at: state.created_at,
        }
    }

    /// A twin that was deleted with its folder took the run's things along.
    fn is_over(&self) -> bool {
        self.twin.as_ref().is_some_and(|twin| !twin.exists())
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Page {
    version: u32,
    runs: Vec<Run>,
}

/// The file.
#[derive(Debug)]
pub(super) struct Runs {
    folder: Option<PathBuf>,
}

impl Runs {
    /// The user's, as the environment says where it is.
    pub(super) fn of_user() -> Self {
        let absolute = |name: &str| {
            let path = PathBuf::from(std::env::var_os(name)?);
            path.is_absolute().then_some(path)
        };
        let state = absolute("XDG_STATE_HOME");
        let state = state.or_else(|| Some(absolute("HOME")?.join(".local/state")));
        Self {
            folder: state.map(|state| state.join("labctl")),
        }
    }

    /// The ids of all runs. None when the file cannot be read.
    pub(super) fn ids(&self) -> BTreeSet<String> {
        let read = || {
            let dir = Dir::open(self.folder.as_ref()?).ok()?;
            read(&dir).ok()
        };
        let runs = read().unwrap_or_default();
        runs.into_iter().map(|run| run.run).collect()
    }

    /// Adds a run, durably. The error completes "cannot …".
    pub(super) fn add(&self, run: Run) -> Result<(), String> {
        let folder = self.folder.as_ref();
        let folder = folder.ok_or("there is no HOME to keep it in")?;
        let told = |e: io::Error| format!("{}: {e}", labfiles::plain(&folder.to_string_lossy()));
        change(&Dir::make(folder).map_err(told)?, |runs| {
            if runs.iter().any(|known| known.run == run.run) {
                return false;
            }
            runs.push(run.clone());
            true
        })
        .map_err(told)
    }

    /// Removes runs of which nothing is left. One that stays only costs its line.
    pub(super) fn remove(&self, gone: &BTreeSet<&str>) {
        let dir = self
            .folder
            .as_ref()
            .and_then(|folder| Dir::open(folder).ok());
        let Some(dir) = dir else { return };
        let removed = change(&dir, |runs| {
            let before = runs.len();
            runs.retain(|known| !gone.contains(known.run.as_str()));
            runs.len() < before
        });
        if let Err(error) = removed {
            tracing::debug!("{}: {error}", dir.path().display());
        }
    }
}

fn read(dir: &Dir) -> io::Result<Vec<Run>> {
    let bytes = match dir.read(FILE, MOST_BYTES) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        bytes => bytes?,
    };
    let page: Page = serde_json::from_slice(&bytes)?;
    match page.version {
        VERSION => Ok(page.runs),
        _ => Err(io::Error::other("a newer labctl wrote runs.json")),
    }
}

/// Changes the file under its lock, when `change` says that there is something to write.
fn change(dir: &Dir, change: impl Fn(&mut Vec<Run>) -> bool) -> io::Result<()> {
    let lock = dir.file(LOCK, How::Change)?;
    let mut tries = 0;
    while let Err(refused) = lock.try_lock() {
        tries += 1;
        match refused {
            TryLockError::WouldBlock if tries < LOCK_TRIES => thread::sleep(LOCK_PAUSE),
            TryLockError::WouldBlock => return Err(io::Error::other("another labctl holds it")),
            TryLockError::Error(error) => return Err(error),
        }
    }
    let mut runs = read(dir)?;
    if !change(&mut runs) {
        return Ok(());
    }
    runs.retain(|run| !run.is_over());
    let surplus = runs.len().saturating_sub(MOST_RUNS);
    runs.drain(..surplus);
    let version = VERSION;
    dir.replace(
        FILE,
        TEMPORARY,
        &serde_json::to_vec(&Page { version, runs })?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: usize) -> Run {
        Run {
            run: id.to_string(),
            lab: "lab".to_owned(),
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            twin: None,
            folder: PathBuf::from("/labs"),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn known(runs: &Runs) -> Vec<String> {
        runs.ids().into_iter().collect()
    }

    #[test]
    fn runs_come_and_go() {
        let home = tempfile::tempdir().expect("a folder");
        let runs = Runs {
            folder: Some(home.path().join("state/labctl")),
        };
        assert_eq!(known(&runs), Vec::<String>::new());
        for id in [1, 2, 1] {
            runs.add(run(id)).expect("it is written");
        }
        assert_eq!(known(&runs), ["1", "2"]);
        runs.remove(&BTreeSet::from(["1", "7"]));
        assert_eq!(known(&runs), ["2"]);
        let gone = Run {
            twin: Some(home.path().join("gone")),
            ..run(3)
        };
        runs.add(gone).expect("it is written");
        assert_eq!(known(&runs), ["2"], "a twin that is gone has nothing");
    }

    #[test]
    fn the_file_does_not_grow_without_bound() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = Dir::make(home.path()).expect("a folder");
        let page = Page {
            version: VERSION,
            runs: (0..2 * MOST_RUNS).map(run).collect(),
        };
        let text = serde_json::to_vec(&page).expect("JSON");
        dir.replace(FILE, TEMPORARY, &text).expect("a file");
        let runs = Runs {
            folder: Some(home.path().to_owned()),
        };
        runs.add(run(usize::MAX)).expect("it is written");
        let known = runs.ids();
        assert!(known.len() == MOST_RUNS && known.contains(&usize::MAX.to_string()));
    }

    #[test]
    fn what_cannot_be_used_is_left_alone_and_told() {
        let home = tempfile::tempdir().expect("a folder");
        let runs = Runs {
            folder: Some(home.path().to_owned()),
        };
        for text in ["", "{", "[]", r#"{"version":2,"runs":[]}"#] {
            std::fs::write(home.path().join(FILE), text).expect("a file");
            runs.add(run(1)).expect_err(text);
            assert!(runs.ids().is_empty());
            let now = std::fs::read_to_string(home.path().join(FILE)).expect("a file");
            assert_eq!(now, text);
        }
        let nowhere = Runs { folder: None };
        nowhere.add(run(1)).expect_err("nowhere");
        assert!(nowhere.ids().is_empty());
    }
}
