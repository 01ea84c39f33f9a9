//! The local twin as a background process: start, find, ask, stop.

mod answer;
mod endpoint;
mod health;
mod mail;
mod record;
mod runtimes;
mod twins;

use std::{
    fs::{File, TryLockError},
    io,
    net::Ipv4Addr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use labfiles::{Dir, How, Refused, Seal, Secret};

use crate::{
    aws::{Http, Request},
    cli::{self, Idle},
    error::Error,
    user::{User, folders::Folder},
};
pub use endpoint::Endpoint;
pub use health::{inbox_page, is_twin};
pub use mail::{Mail, inbox};
pub use record::Daemon;
use record::{RECORD, Record, Text};
pub use runtimes::{differences, packages};
pub use twins::{Found, all, are_listed};

/// The port tried first.
const PORT: u16 = 4588;
/// How long a start may take.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Between two looks whether a twin is still of use.
const LOOK: Duration = Duration::from_secs(2);
/// How long a stopping twin may take to save what it holds.
const STOP_LIMIT: Duration = Duration::from_secs(5);
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the process says that has no terminal.
const OUT: &str = "daemon.log";
/// Of [`OUT`].
const MOST_BYTES: u64 = 1 << 20;

/// A twin, by its folder.
#[derive(Debug, Clone)]
pub struct Twin {
    dir: PathBuf,
    trust: bool,
}

/// The outcome of a start.
#[derive(Debug)]
pub struct Started {
    /// The twin that runs now.
    pub daemon: Daemon,
    /// Whether this call started it.
    pub fresh: bool,
    /// What the user must know, one sentence each.
    pub warnings: Vec<String>,
}

impl Twin {
    /// The twin whose folder is `dir`.
    pub fn at(dir: PathBuf) -> Self {
        Self { dir, trust: false }
    }

    /// The same; `trust`: one that is started uses what is in its folder, whoever wrote that.
    #[must_use]
    pub fn trusting(self, trust: bool) -> Self {
        Self { trust, ..self }
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What it was asked, one line a request.
    pub fn log(&self) -> io::Result<File> {
        Dir::open(&self.dir)?.file("twin.log", How::Read)
    }

    /// Whether it has ever saved anything.
    pub fn has_world(&self) -> Result<bool, Error> {
        Ok(self.checked()?.is_some_and(|dir| dir.has(localaws::WORLD)))
    }

    /// Refuses a folder that is not the user's own, and files in it that are none.
    pub fn check(&self) -> Result<(), Error> {
        let Some(dir) = self.checked()? else {
            return Ok(());
        };
        let mut folders = localaws::FOLDERS.iter();
        let own = folders.try_for_each(|folder| own_below(&dir, folder));
        own.map_err(|e| Error::file(self.dir.display(), &e))
    }

    fn checked(&self) -> Result<Option<Dir>, Error> {
        let checked = Dir::open(&self.dir).and_then(|dir| {
            dir.check(&localaws::FILES)?;
            dir.check(&[RECORD, OUT])?;
            Ok(dir)
        });
        match checked {
            Ok(dir) => Ok(Some(dir)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::file(self.dir.display(), &e)),
        }
    }

    /// Whether a twin holds the folder, running or stopping.
    pub fn is_held(&self) -> bool {
        Dir::open(&self.dir)
            .and_then(|dir| dir.file("lock", How::Read))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// The address it last had, whether it runs or not. In a folder of the user's, a record without its seal counts only
    /// while the twin runs.
    pub fn recorded(&self) -> Option<Daemon> {
        let record = Record::read(&self.dir)?;
        let unsealed = || {
            self.sealed(RECORD)
                .is_some_and(|(_, seal)| !record.fits(&seal))
        };
        (record.is_current() || !unsealed()).then_some(record.text.daemon)
    }

    /// What seals a file of the folder, when the folder is in the user's list.
    fn sealed(&self, file: &str) -> Option<(Folder, Seal)> {
        User::here().sealed(&self.dir, &self.file(file))
    }

    /// Seals the record of a twin that has ended in a folder which the user has just agreed to use, so that the next one
    /// keeps its address.
    pub fn seal_record(&self) {
        let record = Record::read(&self.dir).filter(|record| !record.is_current());
        let sealed = record.zip(self.sealed(RECORD));
        // Without it, the next one has another address.
        let _ =
            sealed.map(|(record, (_, seal))| Record::write(&self.dir, &record.text, Some(&seal)));
    }

    /// A file's name in the `.labctl` that the folder is in.
    fn file(&self, name: &str) -> String {
        let folder = self.dir.file_name().unwrap_or_default();
        format!("{}/{name}", folder.to_string_lossy())
    }

    /// Starts it in the background, unless it runs.
    pub async fn start(&self, how: &cli::How) -> Result<Started, Error> {
        let port = how.port;
        self.check()?;
        if let Some(answer) = self.answer().await {
            let daemon = answer.proven()?;
            if port.is_some_and(|port| daemon.endpoint.port() != port) {
                return Err(
                    Error::failed(format!("it already runs on {}", daemon.endpoint))
                        .hint("`labctl local stop`, then start it on the other port"),
                );
            }
            let daemon = check_access(daemon, how)?;
            return Ok(Started {
                daemon,
                fresh: false,
                warnings: Vec::new(),
            });
        }
        if let Some(port) = port.filter(|port| !free(*port)) {
            return Err(taken(port));
        }
        let last = self.recorded().map(|last| last.endpoint);
        let daemon = check_access(self.spawn(how).await?, how)?;
        let moved = last.filter(|last| port.is_none() && *last != daemon.endpoint);
        let mut warnings = Vec::new();
        warnings.extend(moved.map(|last| port_taken(last, daemon.endpoint)));
        warnings.extend(daemon.any_user.then(|| any_user_warning(how.any_user)));
        Ok(Started {
            daemon,
            fresh: true,
            warnings,
        })
    }

    /// The port it had last, so that addresses stay; else 4588; else a free one.
    fn ports(&self) -> Vec<u16> {
        let last = self.recorded().map(|last| last.endpoint.port());
        last.into_iter().chain([PORT, 0]).collect()
    }

    async fn spawn(&self, how: &cli::How) -> Result<Daemon, Error> {
        let cannot = |what: &str, e: io::Error| {
            Error::file(format_args!("cannot start the local AWS twin: {what}"), &e)
        };
        let folder = self.dir.display().to_string();
        let dir = Dir::make(&self.dir).map_err(|e| cannot(&folder, e))?;
        let out = self.dir.join(OUT).display().to_string();
        let file = dir.file(OUT, How::Empty).map_err(|e| cannot(&out, e))?;
        let copy = file.try_clone().map_err(|e| cannot(&out, e))?;
        let program = std::env::current_exe().map_err(|e| cannot("this program's path", e))?;
        let port = how.port.map(|port| format!("--port={port}"));
        // One that is just stopping still saves what it holds.
        let waiting = Instant::now();
        while self.running().await.is_none() && self.is_held() && waiting.elapsed() < STOP_LIMIT {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut child = Command::new(program)
            .args(["local", "serve", "--dir"])
            .arg(&self.dir)
            .args(port)
            .args(how.any_user.then_some("--any-user"))
            .args(how.aws_names.then_some("--aws-names"))
            .args(how.no_isolation.then_some("--no-isolation"))
            .args(self.trust.then_some("--trust"))
            .arg(format!("--idle={}", how.idle))
            // It needs no keys, and handlers can read its environment.
            .env_clear()
            .envs(localaws::environment::passed())
            // glibc keeps freed memory for reuse, but gives large blocks back to the system. By itself it calls a block large
            // only above the size of those it has seen.
            .env("MALLOC_MMAP_THRESHOLD_", "1048576")
            // Not our terminal's, and not killed by its Ctrl-C.
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .process_group(0)
            .spawn()
            .map_err(|e| cannot("labctl local serve", e))?;
        let started = Instant::now();
        loop {
            if let Some(daemon) = self.running().await {
                return Ok(daemon);
            }
            let ended = child.try_wait().ok().flatten();
            // One that another labctl has just started holds the folder, and writes where it is in a moment.
            let lost = ended.is_some() && !self.is_held();
            if lost || started.elapsed() > START_LIMIT {
                let said = dir.read(OUT, MOST_BYTES).unwrap_or_default();
                let said = String::from_utf8_lossy(&said);
                let _ = child.kill();
                return Err(Error::failed(format!(
                    "the local AWS twin did not start: {}",
                    said.trim()
                ))
                .hint(format!("its folder is {}", self.dir.display())));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Runs the twin in this process until it is told to stop, nobody has used it for long, or its folder is deleted.
    pub async fn serve(&self, how: &cli::How) -> Result<(), Error> {
        self.check()?;
        let mut random = [0; 32];
        let no_random = |e: getrandom::Error| Error::failed(e.to_string());
        getrandom::fill(&mut random).map_err(no_random)?;
        let secret = Secret::new(random);
        let running = self.bind(how, &secret).await?;
        let address = |text: &str| {
            let parsed: Result<Endpoint, _> = text.parse();
            parsed.map_err(|e| Error::failed(format!("{text}: {e}")))
        };
        let daemon = Daemon {
            endpoint: address(running.endpoint())?,
            inbox: Some(address(running.inbox())?),
            pid: std::process::id(),
            version: VERSION.to_owned(),
            any_user: running.any_user(),
            aws_names: how.aws_names,
        };
        let text = Text {
            daemon,
            secret: Some(secret),
        };
        let seal = self.sealed(RECORD).map(|(_, seal)| seal);
        let record = Record::write(&self.dir, &text, seal.as_ref())
            .map_err(|e| Error::file(self.dir.join(RECORD).display(), &e))?;
        let failed = |e: io::Error| Error::failed(format!("the local AWS twin: {e}"));
        twins::register(&self.dir);
        let folder = Dir::open(&self.dir).map_err(|e| Error::file(self.dir.display(), &e))?;
        tokio::select! {
            told = running.told_to_stop() => told.map_err(failed)?,
            () = unused(&running, &folder, how.idle) => {}
        }
        // Before the port closes and another program can take it.
        drop(record);
        match running.stop().await {
            // Nothing can be saved there.
            Err(_) if folder.is_deleted() => Ok(()),
            stopped => stopped.map_err(failed),
        }
    }

    async fn bind(&self, how: &cli::How, secret: &Secret) -> Result<localaws::Running, Error> {
        let inbox = self.recorded().and_then(|last| last.inbox);
        let ports = how.port.map_or_else(|| self.ports(), |port| vec![port]);
        let mut last = 0;
        for port in ports {
            last = port;
            let config = localaws::Config {
                port,
                inbox_port: inbox.map_or(0, Endpoint::port),
                version: VERSION.to_owned(),
                any_user: how.any_user,
                aws_names: how.aws_names,
                handlers: localaws::Handlers {
                    packages: packages().unwrap_or_default(),
                    isolated: !how.no_isolation,
                    ..localaws::Handlers::default()
                },
                seal: self.sealing(),
                secret: Some(secret.clone()),
                ..localaws::Config::at(self.dir.clone())
            };
            match localaws::start(config).await {
                Ok(running) => return Ok(running),
                Err(e) if e.kind() == io::ErrorKind::AddrInUse => {}
                Err(e) => {
                    let told = || Error::failed(e.to_string());
                    return Err(Refused::of(&e).map_or_else(told, Error::from));
                }
            }
        }
        Err(taken(last))
    }

    /// How its world is sealed.
    fn sealing(&self) -> Option<localaws::Sealing> {
        let (folder, seal) = self.sealed(localaws::WORLD)?;
        let name = self.file(localaws::WORLD);
        let count = folder.count(&name);
        let note = move |count| {
            if let Err(why) = User::here().count(&folder, &[(&name, count)]) {
                tracing::debug!("{why}");
            }
        };
        Some(localaws::Sealing {
            seal,
            count,
            trust: self.trust,
            note: localaws::Note(Arc::new(note)),
        })
    }

    /// Stops it; its record stays, for the port. Answers what was stopped.
    pub async fn stop(&self) -> Result<Option<Daemon>, Error> {
        self.check()?;
        let Some(answer) = self.answer().await else {
            return Ok(None);
        };
        let daemon = answer.stoppable()?;
        let url = format!("{}/_local/stop", daemon.endpoint);
        Http::new(&url)
            .send(&Request::new("POST", &url).header("x-localaws", "1"))
            .await?;
        let started = Instant::now();
        // Gone when it no longer answers, and has saved what it held.
        while self.running().await.is_some() || self.is_held() {
            if started.elapsed() > START_LIMIT {
                return Err(Error::failed(format!(
                    "process {} does not stop",
                    daemon.pid
                )));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(Some(daemon))
    }
}

/// Returns when nobody has used the twin for as long as `idle` says, or its folder was deleted.
async fn unused(running: &localaws::Running, folder: &Dir, idle: Idle) {
    let Idle(limit) = idle;
    let pause = limit.map_or(LOOK, |limit| limit.min(LOOK));
    while !folder.is_deleted() && limit.is_none_or(|limit| running.idle() < limit) {
        tokio::time::sleep(pause).await;
    }
}

/// Refuses a running twin that lets in fewer than asked for: only its owner, or no host names of AWS.
fn check_access(daemon: Daemon, how: &cli::How) -> Result<Daemon, Error> {
    let lacks = if how.any_user && !daemon.any_user {
        Some(("serves only you", "--any-user"))
    } else if how.aws_names && !daemon.aws_names {
        Some(("does not answer to AWS's host names", "--aws-names"))
    } else {
        None
    };
    let Some((lack, option)) = lacks else {
        return Ok(daemon);
    };
    let running = format!("the local AWS twin already runs on {}", daemon.endpoint);
    let hint = format!("`labctl local stop`, then `labctl local start {option}`");
    Err(Error::failed(format!("{running} and {lack}")).hint(hint))
}

fn port_taken(last: Endpoint, now: Endpoint) -> String {
    format!(
        "port {} was this lab's and another program has taken it; addresses have changed: {last} is now {now}. Replace \
         the old address where you use it (`AWS_ENDPOINT_URL`, an exported app, a bookmark)",
        last.port()
    )
}

fn any_user_warning(wanted: bool) -> String {
    let why = if wanted {
        "with `--any-user`"
    } else {
        "since this system cannot name the user of a connection"
    };
    format!(
        "{why}, every user of this machine can use the local AWS: read its mail and codes, and run programs as you"
    )
}

fn taken(port: u16) -> Error {
    Error::failed(format!(
        "port {port} on 127.0.0.1 is taken by another program"
    ))
    .hint("`labctl local start --port 0` takes a free one")
}

fn free(port: u16) -> bool {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Refuses a folder with code, and what is in it, unless the user's own: each twin checks once more what it runs.
fn own_below(dir: &Dir, folder: &str) -> io::Result<()> {
    let folder = match dir.child(folder, false) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        folder => folder?,
    };
    for name in folder.names()? {
        match folder.child(&name, false) {
            Err(e) if Refused::of(&e).is_some_and(Refused::is_file) => {
                folder.check(&[&*name.to_string_lossy()])?;
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            below => drop(below?),
        }
    }
    Ok(())
}
