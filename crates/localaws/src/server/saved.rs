//! A world on disk, without a twin that runs: whether it is as a twin wrote it, and whose code it would run.

use std::{
    fs::TryLockError,
    io,
    path::{Path, PathBuf},
};

use labfiles::{COUNT, Dir, How, SEAL, Seal, Sealed, json};
use serde_json::Value;

use super::store::{LOCK, TEMPORARY, WORLD};
use crate::{lambda, world::World};

/// The world in a twin's folder.
pub struct Saved {
    dir: Dir,
    bytes: Vec<u8>,
    world: World,
}

/// Reads the world in a folder. `None`: there is none that a twin would take.
pub fn saved(dir: &Path) -> Option<Saved> {
    let dir = Dir::open(dir).ok()?;
    let bytes = dir.read(WORLD, u64::MAX).ok()?;
    let world = json::from_slice(&bytes).ok()?;
    Some(Saved { dir, bytes, world })
}

impl Saved {
    /// Whether it has its seal.
    pub fn sealed(&self, seal: &Seal) -> Sealed {
        seal.sealed_text(&self.bytes)
    }

    /// The names of the functions whose code it would run, and where that is.
    pub fn handlers(&self) -> Vec<(String, PathBuf)> {
        lambda::handlers(self.dir.path(), &self.world)
    }

    /// Gives it a seal, as written for `count` times.
    ///
    /// # Errors
    /// It has changed since it was read, or a twin uses it (`ResourceBusy`), or it cannot be written.
    pub fn seal(&self, seal: &Seal, count: u64) -> io::Result<()> {
        let busy = || io::Error::new(io::ErrorKind::ResourceBusy, "it is in use");
        let lock = self.dir.file(LOCK, How::Change)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if self.dir.read(WORLD, u64::MAX)? != self.bytes {
            return Err(busy());
        }
        let mut world: Value = serde_json::from_slice(&self.bytes)?;
        if let Some(fields) = world.as_object_mut() {
            fields.remove(SEAL);
            // Of an empty object nothing could be said behind a comma.
            fields.insert(COUNT.to_owned(), count.into());
        }
        let mut body = world.to_string();
        body.pop();
        let mut text = seal.text();
        text.take(body.as_bytes());
        body += &text.end();
        self.dir.replace(WORLD, TEMPORARY, body.as_bytes())
    }
}
