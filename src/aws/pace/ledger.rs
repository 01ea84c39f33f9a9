//! A small file in which the processes of one user keep each other's turns.

use std::{
    fs::{File, TryLockError},
    io::{Read, Seek, Write},
    path::PathBuf,
    thread,
    time::Duration,
};

use labfiles::{Dir, How};
use serde::{Deserialize, Serialize};

use super::Next;

/// How long to wait for the others' look at the file, which takes them microseconds.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(1);
/// Seconds that clocks may seem to go back between two processes; more means that the clock was set.
const CLOCK_SLACK: f64 = 1.0;

#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Page {
    /// When this was written, seconds since the epoch.
    at: f64,
    next: Next,
}

impl Ledger {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Changes what all know. `None`: the file cannot be used; nothing was changed.
    pub(super) fn change<T>(&self, now: f64, change: impl Fn(&mut Next, f64) -> T) -> Option<T> {
        let mut file = self.open()?;
        lock(&file)?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        let mut page: Page = serde_json::from_str(&text).unwrap_or_default();
        if page.at > now + CLOCK_SLACK {
            // The clock was set back: what was written in that future says nothing.
            page = Page::default();
        }
        let answer = change(&mut page.next, now);
        page.at = now;
        page.next.retain(|_, free| *free > now);
        let bytes = serde_json::to_vec(&page).ok()?;
        file.rewind().ok()?;
        file.write_all(&bytes).ok()?;
        file.set_len(bytes.len() as u64).ok()?;
        Some(answer)
    }

    fn open(&self) -> Option<File> {
        let folder = Dir::make(self.path.parent()?).ok()?;
        folder.file(self.path.file_name()?, How::Change).ok()
    }
}

/// Never waits long: a stopped process may hold the lock.
fn lock(file: &File) -> Option<()> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Some(()),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn take(ledger: &Ledger, now: f64) -> Option<f64> {
        ledger.change(now, |next, now| {
            let free = next.entry("x".to_owned()).or_insert(now);
            let start = free.max(now);
            *free = start + 3.0;
            start - now
        })
    }

    #[test]
    fn two_processes_take_turns_and_a_clock_set_back_starts_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("labctl/pace.json");
        let (one, two) = (Ledger::at(path.clone()), Ledger::at(path.clone()));
        assert_eq!(take(&one, 1000.0), Some(0.0));
        assert_eq!(take(&two, 1000.0), Some(3.0));
        assert_eq!(take(&one, 1001.0), Some(5.0));
        assert_eq!(take(&two, 500.0), Some(0.0));
        fs::write(&path, "not JSON").expect("a file");
        assert_eq!(take(&one, 2000.0), Some(0.0));
    }

    #[test]
    fn a_file_that_cannot_be_used_is_told() {
        assert_eq!(take(&Ledger::at("/dev/null/pace.json".into()), 1.0), None);
    }

    #[test]
    fn a_holder_that_never_lets_go_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pace.json");
        let holder = File::create(&path).expect("a file");
        holder.lock().expect("a lock");
        assert_eq!(take(&Ledger::at(path), 1.0), None);
    }
}
