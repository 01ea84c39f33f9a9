//! The running twin, shared by all requests: its world, its folder, its clock.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use labfiles::{Seal, Secret};
use tokio::sync::Notify;

use crate::{
    apigateway, calls::Calls, cloudfront, faults::Faults, lambda, rates::Rates, route53, wafv2,
    world::World,
};

/// How to start a twin.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder for the twin's state, function code and logs; made when missing.
    pub dir: PathBuf,
    /// TCP port on 127.0.0.1; 0 picks a free one.
    pub port: u16,
    /// The inbox's TCP port on 127.0.0.1. Another one is used if it is taken, or 0.
    pub inbox_port: u16,
    /// Version of the program that embeds the twin, told to whoever asks.
    pub version: String,
    /// Whether AWS's documented request rates are enforced from the start.
    pub enforce_rates: bool,
    /// Whether every user of this machine may connect, not only the one who starts the twin, and root.
    pub any_user: bool,
    /// How functions' handlers run.
    pub handlers: Handlers,
    /// Whether requests may name the twin as AWS is named (`Host: iam.amazonaws.com`).
    pub aws_names: bool,
    /// What seals the world's file. `None`: it has no seal.
    pub seal: Option<Sealing>,
    /// Proves to whoever can read it that this is the twin.
    pub secret: Option<Secret>,
}

/// How the world's file is sealed.
#[derive(Debug, Clone)]
pub struct Sealing {
    /// The seal of this folder's world.
    pub seal: Seal,
    /// How often it was written before: a file with a smaller number is an old one.
    pub count: u64,
    /// Whether a world is used that has no such seal, or is an old one.
    pub trust: bool,
    /// Called when the twin ends, with how often the world was written then.
    pub note: Note,
}

/// Remembers a number.
#[derive(Clone)]
pub struct Note(pub Arc<dyn Fn(u64) + Send + Sync>);

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Note(..)")
    }
}

/// How functions' handlers run.
#[derive(Debug, Clone)]
pub struct Handlers {
    /// The packages that Lambda's runtimes have: `python` and `nodejs/node_modules` in this folder, if it is there.
    pub packages: PathBuf,
    /// Whether handlers are kept from the machine's files, where the machine can do it.
    pub isolated: bool,
    /// How long after its failure an `Event` invocation is tried again (AWS's documentation, "How Lambda handles errors and
    /// retries with asynchronous invocation").
    pub retries: [Duration; 2],
}

impl Default for Handlers {
    fn default() -> Self {
        Self {
            packages: PathBuf::new(),
            isolated: true,
            retries: [Duration::from_mins(1), Duration::from_mins(2)],
        }
    }
}

impl Config {
    /// A twin whose folder is `dir`, on any port, for its owner alone.
    pub fn at(dir: PathBuf) -> Self {
        Self {
            dir,
            port: 0,
            inbox_port: 0,
            version: String::new(),
            enforce_rates: false,
            any_user: false,
            handlers: Handlers::default(),
            aws_names: false,
            seal: None,
            secret: None,
        }
    }
}

pub(crate) struct App {
    pub(crate) config: Config,
    world: Mutex<World>,
    dirty: AtomicBool,
    /// Wakes the task that saves.
    pub(crate) changed: Notify,
    /// `http://127.0.0.1:PORT`, set once the listener is bound.
    pub(crate) endpoint: OnceLock<String>,
    /// The origin of the inbox's page, likewise.
    pub(crate) inbox: OnceLock<String>,
    /// Warm Lambda handler processes.
    pub(crate) runtime: lambda::Runtime,
    /// What API Gateway's data plane remembers between requests.
    pub(crate) gateway: apigateway::Memory,
    /// What becomes of calls that a test has chosen.
    pub(crate) faults: Faults,
    /// The last calls.
    pub(crate) calls: Calls,
    /// AWS's request rates.
    pub(crate) rates: Rates,
    /// `CloudFront`'s edge.
    pub(crate) edge: cloudfront::Edge,
    /// What WAF has counted.
    pub(crate) waf: wafv2::Memory,
    /// How long Route 53 takes.
    pub(crate) dns: route53::Memory,
}

impl App {
    pub(crate) fn new(config: Config, world: World) -> Self {
        Self {
            world: Mutex::new(world),
            dirty: AtomicBool::new(false),
            changed: Notify::new(),
            endpoint: OnceLock::new(),
            inbox: OnceLock::new(),
            runtime: lambda::Runtime::default(),
            gateway: apigateway::Memory::default(),
            faults: Faults::default(),
            calls: Calls::default(),
            rates: Rates::new(config.enforce_rates),
            config,
            edge: cloudfront::Edge::default(),
            waf: wafv2::Memory::default(),
            dns: route53::Memory::default(),
        }
    }

    /// Looks at the world. Never hold on to the lock across an `.await`: the closure cannot.
    pub(crate) fn read<T>(&self, f: impl FnOnce(&World) -> T) -> T {
        f(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the world; the change is written to disk soon after (see `server::store`).
    pub(crate) fn write<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        let result = f(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner));
        self.mark_dirty();
        self.changed.notify_one();
        result
    }

    /// Has the next save write the world, changed or not.
    pub(crate) fn mark_dirty(&self) {
        self.dirty.store(true, Ordering::Release);
    }

    /// Whether the world changed since the last call.
    pub(crate) fn take_dirty(&self) -> bool {
        self.dirty.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn endpoint(&self) -> &str {
        self.endpoint.get().map_or("", String::as_str)
    }

    pub(crate) fn inbox(&self) -> &str {
        self.inbox.get().map_or("", String::as_str)
    }
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Seconds since the epoch, as AWS's JSON timestamps.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of this age fit a double exactly"
)]
pub(crate) fn now_s() -> f64 {
    now_ms() as f64 / 1000.0
}
