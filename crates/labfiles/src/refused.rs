//! What is not opened, why, and what to type.

use std::{
    ffi::OsStr,
    fmt, io,
    os::fd::BorrowedFd,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, Stat, statat},
    io::Errno,
    process::geteuid,
};

use crate::shown;

/// A file or folder that labctl does not use as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    path: PathBuf,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    Link,
    /// A folder was expected.
    NotFolder,
    /// A file was expected.
    NotFile(&'static str),
    /// Of another user than the one who asks.
    Owner {
        owner: u32,
        user: u32,
    },
    /// By its group, or by all.
    Writable,
    /// It has another name, too: writing it would change somebody else's file.
    Shared,
}

impl Refused {
    pub(crate) fn error(path: &Path, why: Why) -> io::Error {
        let path = path.to_owned();
        io::Error::new(io::ErrorKind::InvalidInput, Self { path, why })
    }

    /// The refusal that an error is.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// Whether a folder was expected, and something else is there that is no link.
    pub fn is_file(&self) -> bool {
        self.why == Why::NotFolder
    }

    /// What to type.
    pub fn hint(&self) -> String {
        let path = quoted(&self.path);
        match self.why {
            Why::Link => format!(
                "`ls -l {path}` shows where it leads; `rm {path}` removes the link alone, then the same command again"
            ),
            Why::Shared => {
                format!("`rm {path}` removes this name alone, then the same command again")
            }
            Why::NotFolder | Why::NotFile(_) => {
                format!("`mv {path} {path}.old` moves it away, then the same command again")
            }
            Why::Owner { user, .. } => format!(
                "if all in it is yours: `sudo chown -R {user} {path}`; if not, copy the lab without `.labctl`"
            ),
            Why::Writable => {
                format!(
                    "if all in it is yours: `chmod -R go-w {path}`, then the same command again"
                )
            }
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = shown::tame(&self.path.to_string_lossy(), 400);
        match self.why {
            Why::Link => write!(f, "{path} is a link, and labctl follows no links here"),
            Why::Shared => write!(f, "{path} is a file with more than one name (a hard link)"),
            Why::NotFolder => write!(f, "{path} is not a folder"),
            Why::NotFile(kind) => write!(f, "{path} is {kind}, not a file"),
            Why::Owner { owner, user } => write!(
                f,
                "{path} belongs to user {owner}, and you are user {user}: labctl trusts only what is its user's own"
            ),
            Why::Writable => write!(
                f,
                "{path} can be changed by other users: labctl trusts only what its user alone can change"
            ),
        }
    }
}

impl std::error::Error for Refused {}

/// A path as it is typed into a shell.
pub fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,@%:".contains(c);
    if text.chars().all(plain) {
        return text.into_owned();
    }
    let text = shown::tame(&text, 400);
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// What it is, when it is no file.
pub(crate) fn irregular(about: &Stat) -> Option<&'static str> {
    match FileType::from_raw_mode(about.st_mode) {
        FileType::RegularFile => None,
        FileType::Directory => Some("a folder"),
        FileType::Fifo => Some("a named pipe"),
        FileType::Socket => Some("a socket"),
        _ => Some("a device"),
    }
}

pub(crate) fn why(about: &Stat, folder: bool) -> Option<Why> {
    match FileType::from_raw_mode(about.st_mode) {
        FileType::Symlink => Some(Why::Link),
        FileType::Directory if folder => None,
        _ if folder => Some(Why::NotFolder),
        _ => irregular(about).map(Why::NotFile),
    }
}

/// Why a file or folder is not trusted: another user owns it, or can change it.
pub(crate) fn distrust(about: &Stat) -> Option<Why> {
    let (owner, user) = (about.st_uid, geteuid().as_raw());
    if owner != user {
        return Some(Why::Owner { owner, user });
    }
    let mode = Mode::from_raw_mode(about.st_mode);
    mode.intersects(Mode::WGRP | Mode::WOTH)
        .then_some(Why::Writable)
}

/// Systems differ in what they call a link that is not followed: what is there says it.
pub(crate) fn refusal(
    at: BorrowedFd<'_>,
    name: &OsStr,
    path: &Path,
    error: Errno,
    folder: bool,
) -> io::Error {
    if error == Errno::NOENT || error == Errno::EXIST {
        return error.into();
    }
    let about = statat(at, name, AtFlags::SYMLINK_NOFOLLOW);
    match about.ok().and_then(|about| why(&about, folder)) {
        Some(why) => Refused::error(path, why),
        None => error.into(),
    }
}
