//! The right to change one lab's state: the kernel's lock on a file, which dies with its process.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    journal::{FILE, Journal, JournalError, TEMPORARY, io_error, read},
    state::State,
};

/// The right to change one lab's state, until dropped.
#[derive(Debug)]
pub struct Lock {
    folder: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of a lab's folder, which is made when missing (0700).
    pub fn take(folder: &Path, command: &str) -> Result<Self, JournalError> {
        let path = folder.join("lock");
        let mut file = loop {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(io_error(folder, "cannot make the folder"))?;
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path);
            let mut file = match opened {
                // Its last holder has just removed the folder.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.map_err(io_error(&path, "cannot open"))?,
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    let holder = if holder.is_empty() {
                        "another labctl".to_owned()
                    } else {
                        holder
                    };
                    return Err(JournalError::Locked { path, holder });
                }
                Err(TryLockError::Error(e)) => return Err(io_error(&path, "cannot lock")(e)),
            }
            // Its last holder may have removed the file between our opening and our locking it.
            let ours = file
                .metadata()
                .map(|m| m.ino())
                .map_err(io_error(&path, "cannot read"))?;
            if fs::metadata(&path).is_ok_and(|m| m.ino() == ours) {
                break file;
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
        let lock = Self {
            folder: folder.to_owned(),
            _file: file,
        };
        lock.sweep();
        Ok(lock)
    }

    /// Removes what a killed run was about to make its state: it never became one.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            if entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(TEMPORARY.as_bytes())
            {
                // One that stays does no harm.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads the state under the lock.
    pub fn read(&self) -> Result<Option<State>, JournalError> {
        read(&self.folder)
    }

    /// Gives a state that cannot be read another name, which no file has: nothing is overwritten.
    /// Answers the name.
    pub fn set_aside(&self) -> Result<PathBuf, JournalError> {
        let path = self.folder.join(FILE);
        let at = format!("{:.0}", Timestamp::now()).replace(':', "-");
        let mut aside = self.folder.join(format!("{FILE}.unreadable-{at}"));
        // The clock may have been set back to when there was another.
        let mut more = 1;
        while aside.symlink_metadata().is_ok() {
            more += 1;
            aside = self.folder.join(format!("{FILE}.unreadable-{at}-{more}"));
        }
        fs::rename(&path, &aside)
            .and_then(|()| File::open(&self.folder)?.sync_all())
            .map_err(io_error(&path, "cannot keep it aside"))?;
        Ok(aside)
    }

    /// A journal that starts with `state`. Nothing is written before the first commit.
    pub fn journal(self, state: State) -> Journal {
        Journal::new(self, state)
    }
}

/// A run that left no state leaves no folder either.
impl Drop for Lock {
    fn drop(&mut self) {
        if self.folder.join(FILE).exists() {
            return;
        }
        // The folder may hold other files (a receipt, a state kept aside): then it stays.
        let _ = fs::remove_file(self.folder.join("lock"));
        let _ = fs::remove_dir(&self.folder);
    }
}
