//! The files in a folder.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read, Write},
    os::{fd::AsFd, unix::fs::MetadataExt},
};

use rustix::fs::{AtFlags, Mode, OFlags, Stat, fstat, openat, renameat, statat, unlinkat};

use crate::{
    Dir,
    refused::{Refused, Why, distrust, irregular, refusal, why},
};

/// Never through a link, never a wait for the other end of a pipe, never a terminal that becomes ours.
const CAREFUL: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// What a file is opened for. All but [`How::Read`] make one that is missing (0600).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Reading.
    Read,
    /// Reading and writing what is there.
    Change,
    /// Writing behind what is there.
    Append,
    /// Writing in place of what is there.
    Empty,
    /// Writing a file that is not there.
    New,
}

impl How {
    fn flags(self) -> OFlags {
        CAREFUL
            | match self {
                Self::Read => OFlags::RDONLY,
                Self::Change => OFlags::RDWR | OFlags::CREATE,
                Self::Append => OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE,
                Self::Empty => OFlags::WRONLY | OFlags::CREATE,
                Self::New => OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL,
            }
    }
}

impl Dir {
    /// Opens a file.
    ///
    /// # Errors
    /// It is a link, no file, not the user's own or open to others ([`Refused`]), or cannot be opened.
    pub fn file(&self, name: impl AsRef<OsStr>, how: How) -> io::Result<File> {
        let name = name.as_ref();
        let path = self.path().join(name);
        let fd = openat(self, name, how.flags(), Mode::RUSR | Mode::WUSR)
            .map_err(|e| refusal(self.as_fd(), name, &path, e, false))?;
        let about = fstat(&fd)?;
        if let Some(kind) = irregular(&about) {
            return Err(Refused::error(&path, Why::NotFile(kind)));
        }
        if let Some(why) = distrust(&about) {
            return Err(Refused::error(&path, why));
        }
        if how != How::Read && about.st_nlink > 1 {
            return Err(Refused::error(&path, Why::Shared));
        }
        let file = File::from(fd);
        if how == How::Empty {
            file.set_len(0)?;
        }
        Ok(file)
    }

    /// Reads a file of at most `most` bytes.
    ///
    /// # Errors
    /// It is missing (`NotFound`), larger, a link, no file ([`Refused`]), or cannot be read.
    pub fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = self.file(name, How::Read)?;
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            let message = format!("it is larger than {most} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(bytes)
    }

    /// Replaces a file so that after a crash it is either the old or the new one, whole. `prefix` begins the name
    /// that the new one has until then.
    ///
    /// # Errors
    /// It cannot be written: the old one stays.
    pub fn replace(&self, name: &str, prefix: &str, bytes: &[u8]) -> io::Result<()> {
        let mut temp = self.temp(prefix)?;
        temp.file().write_all(bytes)?;
        temp.file().sync_all()?;
        temp.replace(name)?;
        self.sync()
    }

    /// Refuses files that would be refused when they are opened; missing ones are fine.
    ///
    /// # Errors
    /// One is a link, no file, not the user's own or open to others ([`Refused`]).
    pub fn check(&self, names: &[&str]) -> io::Result<()> {
        for name in names {
            match self.about(name) {
                Ok(about) => {
                    if let Some(why) = why(&about, false).or_else(|| distrust(&about)) {
                        return Err(Refused::error(&self.path().join(name), why));
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Whether the name is taken, if only by a link that leads nowhere.
    pub fn has(&self, name: impl AsRef<OsStr>) -> bool {
        self.about(name).is_ok()
    }

    /// Whether the file that has the name is this one.
    pub fn is_at(&self, name: &str, file: &File) -> io::Result<bool> {
        let ours = file.metadata()?.ino();
        Ok(self.about(name).is_ok_and(|about| about.st_ino == ours))
    }

    pub(crate) fn about(&self, name: impl AsRef<OsStr>) -> io::Result<Stat> {
        Ok(statat(self, name.as_ref(), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Gives a file another name.
    ///
    /// # Errors
    /// It cannot be renamed.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(self, from, self, to)?)
    }

    /// Removes a file; of a link, the link.
    ///
    /// # Errors
    /// It is missing (`NotFound`), a folder, or cannot be removed.
    pub fn remove(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        Ok(unlinkat(self, name.as_ref(), AtFlags::empty())?)
    }
}
