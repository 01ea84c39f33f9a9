//! The listeners, loopback only: one port for everything, one for the inbox's page.

mod control;
mod door;
mod http;
mod limits;
mod local;
#[cfg(target_os = "linux")]
mod peers;
mod routes;
mod saved;
mod spelling;
mod store;
#[cfg(test)]
mod tests;

use std::{
    io::{self, Write},
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hyper::body::Bytes;
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore, oneshot, watch},
    task::{JoinHandle, JoinSet},
};

use crate::app::{App, Config};
pub use door::Door;
use http::Port;
pub(crate) use http::allow_any_origin;
use limits::{Bodies, Limits, Places};
pub(crate) use routes::host;
pub use saved::{Saved, saved};
pub(crate) use spelling::named;
use store::Store;
pub use store::{FILES, FOLDERS, WORLD};

/// A request with its whole body (size limited by the listener).
pub(crate) type Request = hyper::Request<Bytes>;
/// A response with its whole body.
pub(crate) type Response = hyper::Response<Bytes>;

/// Connections that are turned away at the same time. Each lasts a second at most.
const TURNED_AWAY: usize = 64;
/// Connections that nobody has looked at yet: that takes microseconds.
const MOST_NEW: usize = 4096;
/// How long requests under way may still take when the twin stops.
const GRACE: Duration = Duration::from_secs(1);

/// A started twin. It stops when this is dropped, but only [`Running::wait`] waits for the last save.
pub struct Running {
    server: Arc<Server>,
    /// Held, so that connections see it go.
    serving: watch::Sender<()>,
    accepting: JoinHandle<()>,
    finish: oneshot::Sender<()>,
    saving: JoinHandle<io::Result<()>>,
}

/// What every connection needs.
struct Server {
    app: Arc<App>,
    /// Told by `POST /_local/stop`.
    stop: Notify,
    door: Door,
    limits: Limits,
    places: Arc<Places>,
    /// Who is told why it is turned away. All others are just cut off, so that no user takes another's room.
    turned_away: Semaphore,
    bodies: Bodies,
    log: Mutex<std::fs::File>,
    /// When the last request ended, or the twin started.
    asked: Mutex<Instant>,
}

impl Server {
    /// Writes a line to the log.
    fn log(&self, line: &str) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        // Paths are a client's words, and a log is read with many tools.
        let line = labfiles::harmless(line);
        let line = format!("{} {line}\n", jiff::Timestamp::now());
        // A full disk must not stop the service.
        let _ = self
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(line.as_bytes());
    }
}

impl Running {
    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        self.server.app.endpoint()
    }

    /// The origin of the inbox's page: `http://127.0.0.1:PORT` with a port of its own.
    pub fn inbox(&self) -> &str {
        self.server.app.inbox()
    }

    /// Whether every user of this machine may connect: by `Config::any_user`, or because the system cannot name a
    /// connection's user.
    pub fn any_user(&self) -> bool {
        matches!(self.server.door, Door::Open)
    }

    /// How long nobody has asked for anything.
    pub fn idle(&self) -> Duration {
        let asked = self.server.asked.lock();
        asked.unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Serves until it is told to stop (`POST /_local/stop`, SIGTERM or Ctrl-C), then saves.
    ///
    /// # Errors
    /// The state could not be saved, or signals cannot be watched.
    pub async fn wait(self) -> io::Result<()> {
        self.told_to_stop().await?;
        self.stop().await
    }

    /// Serves until it is told to stop. It keeps its port until [`Running::stop`].
    ///
    /// # Errors
    /// Signals cannot be watched.
    pub async fn told_to_stop(&self) -> io::Result<()> {
        tokio::select! {
            () = self.server.stop.notified() => Ok(()),
            signal = tokio::signal::ctrl_c() => signal,
            signal = terminated() => signal,
        }
    }

    /// Closes the port, finishes the requests under way, and saves.
    ///
    /// # Errors
    /// The state could not be saved.
    pub async fn stop(self) -> io::Result<()> {
        drop(self.serving);
        self.accepting.await.map_err(io::Error::other)?;
        // When the saver is gone already, its own result says why.
        let _ = self.finish.send(());
        self.saving.await.map_err(io::Error::other)?
    }
}

/// Decides from a request's head, as on both ports.
pub(crate) fn decide(app: &App, head: &Request) {
    let _ = (routes::Route::of(app, head), routes::inbox(app, head));
}

pub(crate) use http::heads;

#[cfg(unix)]
async fn terminated() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::terminate())?.recv().await;
    Ok(())
}

#[cfg(not(unix))]
async fn terminated() -> io::Result<()> {
    std::future::pending().await
}

/// Loads the world from the folder, binds 127.0.0.1 and starts to serve.
///
/// # Errors
/// The port is taken (`AddrInUse`), the folder is used by another twin (`ResourceBusy`), or the folder or
/// its state cannot be read.
pub async fn start(config: Config) -> io::Result<Running> {
    start_within(config, Limits::default()).await
}

async fn start_within(config: Config, limits: Limits) -> io::Result<Running> {
    let listener = bind(config.port).await?;
    let for_inbox = match bind(config.inbox_port).await {
        Err(e) if e.kind() == io::ErrorKind::AddrInUse => bind(0).await?,
        bound => bound?,
    };
    let endpoint = format!("http://{}", listener.local_addr()?);
    let inbox = format!("http://{}", for_inbox.local_addr()?);
    let (store, world) = Store::open(&config.dir, config.seal.as_ref())?;
    let log = Mutex::new(store.log()?);
    let door = Door::new(config.any_user)?;

    let app = Arc::new(App::new(config, world));
    app.endpoint.get_or_init(|| endpoint);
    app.inbox.get_or_init(|| inbox);
    let server = Arc::new(Server {
        app: Arc::clone(&app),
        stop: Notify::new(),
        door,
        limits,
        places: Arc::new(Places::new(&limits)),
        turned_away: Semaphore::new(TURNED_AWAY),
        bodies: Bodies::new(&limits),
        log,
        asked: Mutex::new(Instant::now()),
    });
    let (serving, served) = watch::channel(());
    let (finish, finished) = oneshot::channel();
    Ok(Running {
        accepting: tokio::spawn(accept([listener, for_inbox], Arc::clone(&server), served)),
        saving: tokio::spawn(store.keep(app, finished)),
        server,
        serving,
        finish,
    })
}

async fn bind(port: u16) -> io::Result<TcpListener> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    bound.map_err(|e| io::Error::new(e.kind(), format!("cannot listen on 127.0.0.1:{port}: {e}")))
}

/// Takes connections until `served` closes, then lets those under way end.
async fn accept(
    [twin, inbox]: [TcpListener; 2],
    server: Arc<Server>,
    mut served: watch::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (accepted, port) = tokio::select! {
            accepted = twin.accept() => (accepted, Port::Twin),
            accepted = inbox.accept() => (accepted, Port::Inbox),
            Some(_) = connections.join_next() => continue,
            _ = served.changed() => break,
        };
        match accepted {
            Ok((stream, _)) if connections.len() < server.limits.connections + MOST_NEW => {
                let server = Arc::clone(&server);
                connections.spawn(http::connection(stream, port, server, served.clone()));
            }
            Ok(_) => {}
            // Out of file descriptors, say: the next attempt may work, but must not spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    drop((twin, inbox));
    let drained = async { while connections.join_next().await.is_some() {} };
    let in_time = tokio::time::timeout(GRACE, drained).await.is_ok();
    if !in_time {
        connections.shutdown().await;
    }
}
