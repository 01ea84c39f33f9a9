//! The local twin as a background process: start, find, ask, stop.

use std::{
    fs, io,
    net::Ipv4Addr,
    os::unix::{
        fs::{DirBuilderExt, OpenOptionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    aws::{Http, Request},
    error::Error,
};

/// The port tried first.
const PORT: u16 = 4588;
/// How long a start may take.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How long a stopping twin may take to save what it holds.
const STOP_LIMIT: Duration = Duration::from_secs(5);
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A twin, by its folder.
#[derive(Debug, Clone)]
pub struct Twin {
    dir: PathBuf,
}

/// A running twin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Daemon {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// Its process.
    pub pid: u32,
    /// Version of the labctl that it is.
    pub version: String,
}

/// One mail of the inbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub code: Option<String>,
    /// Account of the user pool that sent it.
    #[serde(default)]
    pub account: String,
    /// RFC 3339, UTC.
    pub at: String,
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
    pub fn log(&self) -> PathBuf {
        self.dir.join("twin.log")
    }

    /// Whether a twin holds the folder, running or stopping.
    fn is_held(&self) -> bool {
        fs::File::open(self.dir.join("lock"))
            .is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
    }

    fn record(&self) -> PathBuf {
        self.dir.join("daemon.json")
    }

    /// The address it last had, whether it runs or not.
    fn recorded(&self) -> Option<Daemon> {
        serde_json::from_slice(&fs::read(self.record()).ok()?).ok()
    }

    /// The running twin. `None`: it does not run (a record of a dead one does not count, nor does
    /// another program on its port).
    pub async fn running(&self) -> Option<Daemon> {
        let recorded = self.recorded()?;
        let url = format!("{}/_local/health.json", recorded.endpoint);
        let answer = tokio::time::timeout(Duration::from_secs(2), Http::new(&url).get(&url, None))
            .await
            .ok()?
            .ok()?;
        let now: Daemon = serde_json::from_str(&answer.body).ok()?;
        (answer.status == 200 && now.pid == recorded.pid).then_some(now)
    }

    /// The running twin, of this version; an error that says what to type otherwise.
    pub async fn require(&self) -> Result<Daemon, Error> {
        match self.running().await {
            None => Err(Error::failed(format!(
                "the local AWS twin is not running (folder {})",
                self.dir.display()
            ))
            .hint("`labctl local start` starts it with all that it held")),
            Some(daemon) => same_version(daemon),
        }
    }

    /// Starts it in the background, unless it runs. Answers whether this call started it.
    pub async fn start(&self, port: Option<u16>) -> Result<(Daemon, bool), Error> {
        if let Some(daemon) = self.running().await {
            if port.is_some_and(|p| !daemon.endpoint.ends_with(&format!(":{p}"))) {
                return Err(
                    Error::failed(format!("it already runs on {}", daemon.endpoint))
                        .hint("`labctl local stop`, then start it on the other port"),
                );
            }
            return Ok((same_version(daemon)?, false));
        }
        if let Some(port) = port.filter(|port| !free(*port)) {
            return Err(taken(port));
        }
        self.spawn(port).await.map(|daemon| (daemon, true))
    }

    /// The port it had last, so that addresses stay; else 4588; else a free one.
    fn ports(&self) -> Vec<u16> {
        let last = self
            .recorded()
            .and_then(|d| d.endpoint.rsplit(':').next()?.parse().ok());
        last.into_iter().chain([PORT, 0]).collect()
    }

    async fn spawn(&self, port: Option<u16>) -> Result<Daemon, Error> {
        let cannot = |what: &str, e: io::Error| {
            Error::failed(format!("cannot start the local AWS twin: {what}: {e}"))
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
            .map_err(|e| cannot(&self.dir.display().to_string(), e))?;
        let out = self.dir.join("daemon.log");
        let file = fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&out);
        let file = file.map_err(|e| cannot(&out.display().to_string(), e))?;
        let copy = file
            .try_clone()
            .map_err(|e| cannot(&out.display().to_string(), e))?;
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
                let said = fs::read_to_string(&out).unwrap_or_default();
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

    /// Runs the twin in this process until it is told to stop.
    pub async fn serve(&self, port: Option<u16>) -> Result<(), Error> {
        let running = self.bind(port).await?;
        let daemon = Daemon {
            endpoint: running.endpoint().to_owned(),
            pid: std::process::id(),
            version: VERSION.to_owned(),
        };
        let cannot = |e: io::Error| Error::failed(format!("{}: {e}", self.record().display()));
        let mut file = tempfile::NamedTempFile::new_in(&self.dir).map_err(cannot)?;
        serde_json::to_writer(&mut file, &daemon).map_err(|e| cannot(e.into()))?;
        file.persist(self.record()).map_err(|e| cannot(e.error))?;
        running
            .wait()
            .await
            .map_err(|e| Error::failed(format!("the local AWS twin: {e}")))
    }

    async fn bind(&self, port: Option<u16>) -> Result<localaws::Running, Error> {
        let ports = port.map_or_else(|| self.ports(), |port| vec![port]);
        let mut last = 0;
        for port in ports {
            last = port;
            let config = localaws::Config {
                dir: self.dir.clone(),
                port,
                version: VERSION.to_owned(),
                enforce_rates: false,
                any_user: false,
            };
            match localaws::start(config).await {
                Ok(running) => return Ok(running),
                Err(e) if e.kind() == io::ErrorKind::AddrInUse => {}
                Err(e) => return Err(Error::failed(e.to_string())),
            }
        }
        Err(taken(last))
    }

    /// Stops it; its record stays, for the port. Answers what was stopped.
    pub async fn stop(&self) -> Result<Option<Daemon>, Error> {
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

/// The mail that the twin at `endpoint` "sent", newest first.
pub async fn inbox(endpoint: &str, to: Option<&str>) -> Result<Vec<Mail>, Error> {
    let query = to
        .map(|to| format!("?to={}", percent(to)))
        .unwrap_or_default();
    let url = format!("{endpoint}/_local/inbox.json{query}");
    let answer = Http::new(&url).get(&url, None).await?;
    serde_json::from_str(&answer.body).map_err(|e| Error::failed(format!("{url}: {e}")))
}

/// Where `endpoint`'s inbox page is, if a twin answers there.
pub async fn is_twin(endpoint: &str) -> bool {
    if !endpoint.starts_with("http://") {
        return false;
    }
    let url = format!("{endpoint}/_local/health.json");
    let answer =
        tokio::time::timeout(Duration::from_secs(2), Http::new(&url).get(&url, None)).await;
    matches!(answer, Ok(Ok(a)) if a.status == 200 && serde_json::from_str::<Daemon>(&a.body).is_ok())
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

fn percent(text: &str) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~@".contains(b);
    text.bytes()
        .map(|b| {
            if plain(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
