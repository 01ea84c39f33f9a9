//! A folder that is held open: what is below it is opened from there, one name at a time.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    io::Write,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::DirBuilderExt},
    },
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, fsync, mkdirat, openat, unlinkat},
    io::Errno,
};
use sha2::{Digest, Sha256};

use crate::{
    How,
    refused::{Refused, distrust, refusal},
};

/// The folder beside a lab's file. From there on down no link is followed; above it the user may have some.
pub const OWN: &str = ".labctl";

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
const IGNORE: &str = ".gitignore";

/// A folder of the user's own, held open.
#[derive(Debug, Clone)]
pub struct Dir {
    fd: Arc<OwnedFd>,
    /// The folder that it is in, unless links lead there.
    parent: Option<Arc<OwnedFd>>,
    path: PathBuf,
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The part of a path where links are the user's own affair, and the names below it: from [`OWN`] on, or the last.
fn split(path: &Path) -> (PathBuf, Vec<OsString>) {
    let all: Vec<Component> = path.components().collect();
    let plain = |part: &Component| matches!(part, Component::Normal(_));
    let own = all
        .iter()
        .rposition(|part| part.as_os_str() == OWN)
        .filter(|at| all.iter().skip(*at).all(plain));
    // A path that ends with `..` names no folder below.
    let named = all.last().is_some_and(plain);
    let at = own.unwrap_or(all.len() - usize::from(named));
    let above = all.iter().take(at).collect();
    let below = all.iter().skip(at);
    (above, below.map(|part| part.as_os_str().into()).collect())
}

/// The same path, absolute and without links above [`OWN`], or above its last part: one folder has one such path,
/// however it was typed. Below, links stay, so that they are refused.
pub fn real(path: &Path) -> PathBuf {
    let (above, below) = split(path);
    below
        .iter()
        .fold(resolved(&above), |path, name| path.join(name))
}

/// The path without links and `..`, whether all of it is there or not.
fn resolved(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let parts = (path.parent(), path.components().next_back());
    match (path.canonicalize(), parts) {
        (Ok(path), _) => path,
        // It is missing so far, so it is no link.
        (Err(_), (Some(parent), Some(Component::Normal(name)))) => resolved(parent).join(name),
        (Err(_), (Some(parent), Some(Component::ParentDir))) => {
            let mut path = resolved(parent);
            path.pop();
            path
        }
        (Err(_), _) => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
    }
}

impl Dir {
    /// Opens a folder.
    ///
    /// # Errors
    /// It is missing (`NotFound`), a link, not the user's own ([`Refused`]), or cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::walk(path, false)
    }

    /// Opens a folder, which is made when it is missing (0700).
    ///
    /// # Errors
    /// It is a link, not the user's own ([`Refused`]), or cannot be made.
    pub fn make(path: &Path) -> io::Result<Self> {
        Self::walk(path, true)
    }

    fn walk(path: &Path, make: bool) -> io::Result<Self> {
        let (above, below) = split(path);
        if make && !above.as_os_str().is_empty() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true).mode(0o700).create(&above)?;
        }
        let mut names = below.iter();
        let first = above.join(names.next().map_or(OsStr::new("."), OsString::as_os_str));
        let mut dir = Self::step(None, first.as_os_str(), first.clone(), make)?;
        for name in names {
            dir = dir.child(name, make)?;
        }
        Ok(dir)
    }

    /// A folder in this one; `make`: made when it is missing.
    ///
    /// # Errors
    /// As of [`Dir::open`] and [`Dir::make`].
    pub fn child(&self, name: impl AsRef<OsStr>, make: bool) -> io::Result<Self> {
        let name = name.as_ref();
        Self::step(Some(&self.fd), name, self.path.join(name), make)
    }

    /// `name` is in `parent`, or a path whose last part is not followed.
    fn step(
        parent: Option<&Arc<OwnedFd>>,
        name: &OsStr,
        path: PathBuf,
        make: bool,
    ) -> io::Result<Self> {
        let at = parent.map_or(CWD, |fd| fd.as_fd());
        let refusal = |e| refusal(at, name, &path, e, true);
        let fd = loop {
            if make {
                match mkdirat(at, name, Mode::RWXU) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(e) => return Err(refusal(e)),
                }
            }
            match openat(at, name, FOLDER, Mode::empty()) {
                // Another process has just removed it.
                Err(Errno::NOENT) if make => {}
                opened => break opened.map_err(refusal)?,
            }
        };
        if let Some(why) = distrust(&fstat(&fd)?) {
            return Err(Refused::error(&path, why));
        }
        let dir = Self {
            fd: Arc::new(fd),
            parent: parent.cloned(),
            path,
        };
        if make && dir.path.file_name() == Some(OsStr::new(OWN)) {
            dir.ignore();
        }
        Ok(dir)
    }

    /// Keeps tokens, keys and ids out of the user's repository, unless the user has a file there. Without it all
    /// works as well.
    fn ignore(&self) {
        if let Ok(mut file) = self.file(IGNORE, How::New)
            && file.write_all(b"*\n").is_err()
        {
            let _ = self.remove(IGNORE);
        }
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names in it, in no order.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Removes a file, or a folder with all that is in it; of links, the links.
    ///
    /// # Errors
    /// It is missing (`NotFound`), or something cannot be removed.
    pub fn remove_all(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        let name = name.as_ref();
        if FileType::from_raw_mode(self.about(name)?.st_mode) != FileType::Directory {
            return self.remove(name);
        }
        let inside = self.inside(name)?;
        for entry in inside.names()? {
            inside.remove_all(entry)?;
        }
        Ok(unlinkat(&self.fd, name, AtFlags::REMOVEDIR)?)
    }

    /// Removes the folder itself, when it is empty.
    ///
    /// # Errors
    /// It is not empty, or cannot be removed.
    pub fn remove_self(&self) -> io::Result<()> {
        match (&self.parent, self.path.file_name()) {
            (Some(parent), Some(name)) => unlinkat(parent, name, AtFlags::REMOVEDIR)?,
            _ => unlinkat(CWD, &self.path, AtFlags::REMOVEDIR)?,
        }
        Ok(())
    }

    /// Whether the folder was deleted while it was held open. One that was moved was not.
    pub fn is_deleted(&self) -> bool {
        fstat(&self.fd).is_ok_and(|about| about.st_nlink == 0)
    }

    /// Returns a digest of the names, sizes and times of all that is in it. What is written there changes it: no
    /// program can set the time of the last change (`ctime`). The bytes of files are not read.
    ///
    /// # Errors
    /// Something in it cannot be looked at.
    pub fn stamp(&self) -> io::Result<[u8; 32]> {
        let mut digest = Sha256::new();
        self.stamp_into(&mut digest)?;
        Ok(digest.finalize().into())
    }

    fn stamp_into(&self, digest: &mut Sha256) -> io::Result<()> {
        let mut names = self.names()?;
        names.sort();
        digest.update(names.len().to_be_bytes());
        for name in names {
            let about = self.about(&name)?;
            let times = (about.st_ctime, about.st_ctime_nsec);
            let line = (
                name.as_bytes(),
                about.st_mode,
                about.st_ino,
                about.st_size,
                times,
            );
            digest.update(format!("{line:?}"));
            if FileType::from_raw_mode(about.st_mode) == FileType::Directory {
                self.inside(&name)?.stamp_into(digest)?;
            }
        }
        Ok(())
    }

    /// A folder in this one, whoever it belongs to.
    fn inside(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self {
            fd: Arc::new(openat(&self.fd, name, FOLDER, Mode::empty())?),
            parent: None,
            path: self.path.join(name),
        })
    }

    /// Makes the names in it durable.
    ///
    /// # Errors
    /// The disk does not take them.
    pub fn sync(&self) -> io::Result<()> {
        Ok(fsync(&self.fd)?)
    }
}
