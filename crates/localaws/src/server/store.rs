//! The twin's folder: `world.json`, saved soon after each change, the log, and a lock.

use std::{
    fs::{File, TryLockError},
    io::{self, BufWriter, Write},
    ops::Bound,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use labfiles::{
    COUNT, Dir, How, Refused, Sealed, Text,
    json::{self, JsonError, Mismatch},
};
use tokio::sync::oneshot;

use crate::{
    app::{App, Sealing, now_ms},
    world::World,
};

/// Changes of this time are written at once.
const COALESCE: Duration = Duration::from_millis(30);
/// Between two saves is at least this many times what the last one took: a large world is saved less often.
const SHARE: u32 = 10;
/// Bytes of the world that are written at once.
const BUFFER: usize = 64 << 10;
/// How long to wait for the folder's lock.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// A log larger than this starts anew (the old one is kept as `twin.log.1`).
const LOG_LIMIT: u64 = 5 << 20;

pub(super) const LOCK: &str = "lock";
/// The file with all that the twin holds.
pub const WORLD: &str = "world.json";
/// How the names of files begin that become the world.
pub(super) const TEMPORARY: &str = ".world";
const LOG: &str = "twin.log";
const OLD_LOG: &str = "twin.log.1";

/// All files of the folder but the functions' code: none may be a link.
pub const FILES: [&str; 4] = [LOCK, WORLD, LOG, OLD_LOG];
/// Its folders: the functions' code, and what their processes write.
pub const FOLDERS: [&str; 2] = ["lambda", "handlers"];

pub(super) struct Store {
    dir: Dir,
    /// Held for as long as the twin runs: two twins would overwrite each other's world.
    _lock: File,
    sealing: Option<Sealing>,
    /// How often the world was written.
    count: AtomicU64,
}

impl Store {
    /// Makes and locks the folder, and reads its world. A torn one is put aside, and the error says so: the next
    /// twin here begins with nothing, but not without anybody noticing. One with a value that cannot be right is
    /// refused and stays: no crash leaves that. So is one without its seal: it says which code runs.
    pub(super) fn open(path: &Path, sealing: Option<&Sealing>) -> io::Result<(Self, World)> {
        let dir = Dir::make(path).map_err(|e| named(path, e))?;
        let path = path.join(LOCK);
        let lock = dir.file(LOCK, How::Change).map_err(|e| named(&path, e))?;
        // Who looks whether a twin runs holds the lock for a moment.
        let mut tries = LOCK_TRIES;
        while let Err(refused) = lock.try_lock() {
            tries -= 1;
            match refused {
                TryLockError::WouldBlock if tries > 0 => thread::sleep(LOCK_PAUSE),
                TryLockError::WouldBlock => {
                    let dir = dir.path().display();
                    let message = format!("{dir}: another local AWS is using this folder");
                    return Err(io::Error::new(io::ErrorKind::ResourceBusy, message));
                }
                TryLockError::Error(e) => return Err(named(&path, e)),
            }
        }
        dir.check(&FILES)?;
        dir.sweep(TEMPORARY);
        let mut count = sealing.map_or(0, |sealing| sealing.count);
        let world = match dir.read(WORLD, u64::MAX) {
            Ok(bytes) => {
                let world = json::from_slice(&bytes).or_else(|e| {
                    Err(match e {
                        JsonError::Torn(problem) => put_aside(&dir, &problem)?,
                        JsonError::Mismatch(wrong) => refused(&dir, &wrong),
                    })
                })?;
                if let Some(sealing) = sealing {
                    count = count.max(trusted(&dir, &bytes, sealing)?);
                }
                world
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => World::default(),
            Err(e) => return Err(named(&dir.path().join(WORLD), e)),
        };
        let store = Self {
            dir,
            _lock: lock,
            sealing: sealing.cloned(),
            count: count.into(),
        };
        Ok((store, world))
    }

    /// The log, open for appending.
    pub(super) fn log(&self) -> io::Result<File> {
        let open = || self.dir.file(LOG, How::Append);
        let log = open()?;
        if log.metadata()?.len() <= LOG_LIMIT {
            return Ok(log);
        }
        self.dir.rename(LOG, OLD_LOG)?;
        open()
    }

    /// Saves after changes, until `finished`; then once more.
    pub(super) async fn keep(
        self,
        app: Arc<App>,
        mut finished: oneshot::Receiver<()>,
    ) -> io::Result<()> {
        let store = Arc::new(self);
        let mut rest = COALESCE;
        loop {
            let due = async {
                app.changed.notified().await;
                tokio::time::sleep(rest).await;
            };
            let last = tokio::select! {
                () = due => false,
                _ = &mut finished => true,
            };
            let (saver, saved) = (Arc::clone(&store), Arc::clone(&app));
            let started = Instant::now();
            let result = tokio::task::spawn_blocking(move || saver.save(&saved))
                .await
                .map_err(io::Error::other)?;
            rest = COALESCE.max(started.elapsed() * SHARE);
            if last {
                if let Some(sealing) = &store.sealing {
                    (sealing.note.0)(store.count.load(Ordering::Relaxed));
                }
                return result;
            }
            if result.is_err() {
                // Tried again at the next change, and at the end, which tells.
                app.mark_dirty();
            }
        }
    }

    /// A reader, or a twin killed at any moment, finds a whole file: the old one or the new one.
    fn save(&self, app: &App) -> io::Result<()> {
        if !app.take_dirty() {
            return Ok(());
        }
        let mut new = self.dir.temp(TEMPORARY)?;
        let mut file = Sealer {
            to: BufWriter::with_capacity(BUFFER, new.file()),
            text: self.sealing.as_ref().map(|sealing| sealing.seal.text()),
        };
        write(app, &mut file)?;
        let count = self.count.load(Ordering::Relaxed) + 1;
        file.end(count)?;
        // Or a power cut may keep the new name and not what is in it.
        new.file().sync_data()?;
        new.replace(WORLD)?;
        // What was not written does not count: the world on disk would be an old one.
        self.count.store(count, Ordering::Relaxed);
        Ok(())
    }
}

/// Seals what is written.
struct Sealer<W> {
    to: W,
    text: Option<Text>,
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        if let (Some(text), Some(written)) = (&mut self.text, bytes.get(..count)) {
            text.take(written);
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl<W: Write> Sealer<W> {
    /// Closes the object. A seal is also on the number.
    fn end(mut self, count: u64) -> io::Result<()> {
        if self.text.is_some() {
            write!(self, r#","{COUNT}":{count}"#)?;
        }
        let end = self.text.take().map_or_else(|| "}".to_owned(), Text::end);
        self.to.write_all(end.as_bytes())?;
        self.to.flush()
    }
}

/// Writes the world as JSON but for its last brace, never all of it in memory. It is locked for one account after the other, not for as
/// long as all of them take; what changes meanwhile asks for the next save.
fn write(app: &App, json: &mut impl Write) -> io::Result<()> {
    json.write_all(br#"{"accounts":{"#)?;
    let mut last: Option<String> = None;
    loop {
        let (after, first) = (last.as_deref(), last.is_none());
        let next = app.read(|world| {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let mut left = world.accounts.range::<str, _>((from, Bound::Unbounded));
            let Some((name, account)) = left.next() else {
                return Ok(None);
            };
            if !first {
                json.write_all(b",")?;
            }
            serde_json::to_writer(&mut *json, name)?;
            json.write_all(b":")?;
            serde_json::to_writer(&mut *json, account)?;
            io::Result::Ok(Some(name.clone()))
        })?;
        if next.is_none() {
            break;
        }
        last = next;
    }
    app.read(|world| {
        // All of its members: one more is one more to write.
        let World {
            accounts: _,
            inbox,
            sessions,
            open_id_key,
        } = world;
        json.write_all(br#"},"inbox":"#)?;
        serde_json::to_writer(&mut *json, inbox)?;
        json.write_all(br#","sessions":"#)?;
        serde_json::to_writer(&mut *json, sessions)?;
        json.write_all(br#","open_id_key":"#)?;
        serde_json::to_writer(&mut *json, open_id_key)?;
        io::Result::Ok(())
    })
}

/// Keeps what is no world under another name, for its owner to look at.
fn put_aside(dir: &Dir, problem: &str) -> io::Result<io::Error> {
    let aside = format!("{WORLD}.{}", now_ms());
    dir.rename(WORLD, &aside)?;
    let message = format!(
        "{}: not a state of this version: {problem}; it is kept as {}, and the next start is with an empty one",
        dir.path().join(WORLD).display(),
        dir.path().join(aside).display(),
    );
    Ok(io::Error::new(io::ErrorKind::InvalidData, message))
}

/// Returns how often a world was written, if it is as the twin wrote it last, or is to be trusted.
fn trusted(dir: &Dir, bytes: &[u8], sealing: &Sealing) -> io::Result<u64> {
    let wrong = match sealing.seal.sealed_text(bytes) {
        Sealed::Yes(count) if count >= sealing.count || sealing.trust => return Ok(count),
        _ if sealing.trust => return Ok(0),
        Sealed::Yes(_) => "it is older than what was written last",
        Sealed::Changed => "it was changed after it was written",
        Sealed::No => "it has no seal",
    };
    let path = dir.path().join(WORLD);
    let message = format!(
        "{}: {wrong}: `labctl trust` shows what is in it and agrees to it",
        path.display()
    );
    Err(io::Error::new(io::ErrorKind::InvalidData, message))
}

fn refused(dir: &Dir, wrong: &Mismatch) -> io::Error {
    let path = dir.path().join(WORLD);
    let typed = labfiles::quoted(&path);
    let message = format!(
        "{}: {wrong}; nothing was changed: if the file came with the lab, or was edited, \
         `mv {typed} {typed}.bad`, and the next start is with an empty one",
        path.display()
    );
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// A refusal names its file itself.
fn named(path: &Path, error: io::Error) -> io::Error {
    match Refused::of(&error) {
        Some(_) => error,
        None => io::Error::new(error.kind(), format!("{}: {error}", path.display())),
    }
}
