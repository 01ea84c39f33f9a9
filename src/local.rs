//! The local twin as a background process: start, find, ask, stop.

mod endpoint;
mod health;
mod mail;
mod record;
mod twins;

use std::{
    fs::{File, TryLockError},
    io,
    net::Ipv4Addr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use labfiles::{Dir, How, Refused};

use crate::{
    aws::{Http, Request},
    cli::Idle,
    error::Error,
};
pub use endpoint::Endpoint;
use health::health;
pub use health::is_twin;
pub use mail::{Mail, inbox};
pub use record::Daemon;
use record::{RECORD, Record};
pub use twins::{Found, all};

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
        Self { dir }
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
        Ok(self.checked()?.is_some_and(|dir| dir.has("world.json")))
    }

    /// Refuses a folder that is not the user's own, and files in it that are none.
    pub fn check(&self) -> Result<(), Error> {
        self.checked().map(drop)
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
    fn is_held(&self) -> bool {
        Dir::open(&self.dir)
            .and_then(|dir| dir.file("lock", How::Read))
            .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// The address it last had, whether it runs or not.
    pub fn recorded(&self) -> Option<Daemon> {
        Some(Record::read(&self.dir)?.daemon)
    }

    /// Returns the running twin. `None`: it does not run. The record of a dead twin does not count, and nothing is sent
    /// to another program on its port.
    pub async fn running(&self) -> Option<Daemon> {
        let record = Record::read(&self.dir)?;
        if !record.is_current() {
            return None;
        }
        let health = health(&record.daemon.endpoint.to_string()).await?;
        // Checked again: the twin may have stopped, and another program on its port may have answered.
        (health.pid == record.daemon.pid && record.is_current()).then_some(record.daemon)
    }

    /// The running twin, of this version; an error that says what to type otherwise.
    pub async fn require(&self) -> Result<Daemon, Error> {
        self.check()?;
        match self.running().await {
            None => Err(Error::failed(format!(
                "the local AWS twin is not running (folder {})",
                self.dir.display()
            ))
            .hint("`labctl local start` starts it with all that it held")),
            Some(daemon) => same_version(daemon),
        }
    }

    /// Starts it in the background, unless it runs.
    pub async fn start(
        &self,
        port: Option<u16>,
        any_user: bool,
        idle: Idle,
    ) -> Result<Started, Error> {
        self.check()?;
        if let Some(daemon) = self.running().await {
            if port.is_some_and(|port| daemon.endpoint.port() != port) {
                return Err(
                    Error::failed(format!("it already runs on {}", daemon.endpoint))
                        .hint("`labctl local stop`, then start it on the other port"),
                );
            }
            let daemon = check_access(daemon, any_user)?;
            return Ok(Started {
                daemon: same_version(daemon)?,
                fresh: false,
                warnings: Vec::new(),
            });
        }
        if let Some(port) = port.filter(|port| !free(*port)) {
            return Err(taken(port));
        }
        let last = self.recorded().map(|last| last.endpoint);
        let daemon = check_access(self.spawn(port, any_user, idle).await?, any_user)?;
        let moved = last.filter(|last| port.is_none() && *last != daemon.endpoint);
        let mut warnings = Vec::new();
        warnings.extend(moved.map(|last| port_taken(last, daemon.endpoint)));
        warnings.extend(daemon.any_user.then(|| any_user_warning(any_user)));
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

    async fn spawn(&self, port: Option<u16>, any_user: bool, idle: Idle) -> Result<Daemon, Error> {
        let cannot = |what: &str, e: io::Error| {
            Error::file(format_args!("cannot start the local AWS twin: {what}"), &e)
        };
        let folder = self.dir.display().to_string();
        let dir = Dir::make(&self.dir).map_err(|e| cannot(&folder, e))?;
        let out = self.dir.join(OUT).display().to_string();
        let file = dir.file(OUT, How::Empty).map_err(|e| cannot(&out, e))?;
        let copy = file.try_clone().map_err(|e| cannot(&out, e))?;
        let program = std::env::current_exe().map_err(|e| cannot("this program's path", e))?;
        let port = port.map(|port| format!("--port={port}"));
        // One that is just stopping still saves what it holds.
        let waiting = Instant::now();
        while self.running().await.is_none() && self.is_held() && waiting.elapsed() < STOP_LIMIT {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut child = Command::new(program)
            .args(["local", "serve", "--dir"])
            .arg(&self.dir)
            .args(port)
            .args(any_user.then_some("--any-user"))
            .arg(format!("--idle={idle}"))
            // It needs no keys, and handlers can read its environment.
            .env_clear()
            .envs(localaws::environment::passed())
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
            if ended.is_some() || started.elapsed() > START_LIMIT {
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
    pub async fn serve(&self, port: Option<u16>, any_user: bool, idle: Idle) -> Result<(), Error> {
        self.check()?;
        let running = self.bind(port, any_user).await?;
        let endpoint = running.endpoint();
        let daemon = Daemon {
            endpoint: endpoint
                .parse()
                .map_err(|e| Error::failed(format!("{endpoint}: {e}")))?,
            pid: std::process::id(),
            version: VERSION.to_owned(),
            any_user: running.any_user(),
        };
        let record = Record::write(&self.dir, &daemon)
            .map_err(|e| Error::file(self.dir.join(RECORD).display(), &e))?;
        let failed = |e: io::Error| Error::failed(format!("the local AWS twin: {e}"));
        twins::register(&self.dir);
        let folder = Dir::open(&self.dir).map_err(|e| Error::file(self.dir.display(), &e))?;
        tokio::select! {
            told = running.told_to_stop() => told.map_err(failed)?,
            () = unused(&running, &folder, idle) => {}
        }
        // Before the port closes and another program can take it.
        drop(record);
        match running.stop().await {
            // Nothing can be saved there.
            Err(_) if folder.is_deleted() => Ok(()),
            stopped => stopped.map_err(failed),
        }
    }

    async fn bind(&self, port: Option<u16>, any_user: bool) -> Result<localaws::Running, Error> {
        let ports = port.map_or_else(|| self.ports(), |port| vec![port]);
        let mut last = 0;
        for port in ports {
            last = port;
            let config = localaws::Config {
                dir: self.dir.clone(),
                port,
                version: VERSION.to_owned(),
                enforce_rates: false,
                any_user,
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

    /// Stops it; its record stays, for the port. Answers what was stopped.
    pub async fn stop(&self) -> Result<Option<Daemon>, Error> {
        self.check()?;
        let Some(daemon) = self.running().await else {
            return Ok(None);
        };
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

/// Refuses a running twin that serves only its owner, if `--any-user` is asked for.
fn check_access(daemon: Daemon, any_user: bool) -> Result<Daemon, Error> {
    if any_user && !daemon.any_user {
        return Err(Error::failed(format!(
            "the local AWS twin already runs on {} and serves only you",
            daemon.endpoint
        ))
        .hint("`labctl local stop`, then `labctl local start --any-user`"));
    }
    Ok(daemon)
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

fn same_version(daemon: Daemon) -> Result<Daemon, Error> {
    if daemon.version == VERSION {
        return Ok(daemon);
    }
    Err(Error::failed(format!(
        "the local AWS twin on {} is of version {}, this labctl of {VERSION}",
        daemon.endpoint, daemon.version
    ))
    .hint("`labctl local stop`, then the same command again: what it holds is kept"))
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
