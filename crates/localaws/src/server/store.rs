//! The twin's folder: `world.json`, saved soon after each change, the log, and a lock.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, BufWriter, Write},
    ops::Bound,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{
    app::{App, now_ms},
    world::World,
};

/// Changes of this time are written at once.
const COALESCE: Duration = Duration::from_millis(30);
/// Between two saves is at least this many times what the last one took: a large world is saved less often.
const SHARE: u32 = 10;
/// Bytes of the world that are written at once.
const BUFFER: usize = 64 << 10;
/// A log larger than this starts anew (the old one is kept as `twin.log.1`).
const LOG_LIMIT: u64 = 5 << 20;

pub(super) struct Store {
    dir: PathBuf,
    /// Held for as long as the twin runs: two twins would overwrite each other's world.
    _lock: File,
}

impl Store {
    /// Makes and locks the folder, and reads its world. One that is not understood is put aside, and the error
    /// says so: the next twin here begins with nothing, but not without anybody noticing.
    pub(super) fn open(dir: &Path) -> io::Result<(Self, World)> {
        let named = |path: &Path, e: io::Error| {
            io::Error::new(e.kind(), format!("{}: {e}", path.display()))
        };
        folder().create(dir).map_err(|e| named(dir, e))?;
        let path = dir.join("lock");
        let lock = private()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| named(&path, e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("{}: another local AWS is using this folder", dir.display());
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, message));
            }
            Err(TryLockError::Error(e)) => return Err(named(&path, e)),
        }

        let path = dir.join("world.json");
        let world = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).or_else(|e| Err(put_aside(&path, &e)?))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => World::default(),
            Err(e) => return Err(named(&path, e)),
        };
        Ok((
            Self {
                dir: dir.to_owned(),
                _lock: lock,
            },
            world,
        ))
    }

    /// The log, open for appending.
    pub(super) fn log(&self) -> io::Result<File> {
        let path = self.dir.join("twin.log");
        if fs::metadata(&path).is_ok_and(|log| log.len() > LOG_LIMIT) {
            fs::rename(&path, self.dir.join("twin.log.1"))?;
        }
        private().append(true).create(true).open(path)
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
        let (new, path) = (self.dir.join("world.json.new"), self.dir.join("world.json"));
        let file = private()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&new)?;
        let mut file = BufWriter::with_capacity(BUFFER, file);
        write(app, &mut file)?;
        file.flush()?;
        // Or a power cut may keep the new name and not what is in it.
        file.get_ref().sync_data()?;
        fs::rename(new, path)
    }
}

/// Writes the world as JSON, never all of it in memory. It is locked for one account after the other, not for as
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
    })?;
    json.write_all(b"}")
}

/// Keeps what is no world under another name, for its owner to look at.
fn put_aside(path: &Path, problem: &serde_json::Error) -> io::Result<io::Error> {
    let aside = path.with_extension(format!("json.{}", now_ms()));
    fs::rename(path, &aside)?;
    let message = format!(
        "{}: not a state of this version: {problem}; it is kept as {}, and the next start is with an empty one",
        path.display(),
        aside.display(),
    );
    Ok(io::Error::new(io::ErrorKind::InvalidData, message))
}

/// Files that only their owner can read: the world holds keys and passwords.
fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}
