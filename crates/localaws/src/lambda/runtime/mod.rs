//! Handlers, really run: a few warm local processes for each function. This is not a sandbox.

mod interpreters;
mod isolation;
mod kill;
mod launch;
mod memory;
mod output;
mod pipe;
mod process;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Semaphore;

use interpreters::Interpreters;
pub(super) use launch::Launch;
use process::{Phase, Process};

use super::code::Checked;
use crate::app::App;

/// Processes of one function at the same time; further invocations wait.
const MOST_PROCESSES: usize = 10;

/// Time in ms, text.
pub(super) type Line = (i64, String);

/// Warm handler processes, by the function's ARN and version.
#[derive(Default)]
pub(crate) struct Runtime {
    pools: Mutex<HashMap<Key, Arc<Pool>>>,
    interpreters: Interpreters,
    pub(super) checked: Arc<Checked>,
}

type Key = (String, String);

/// The processes of one revision of a function.
struct Pool {
    revision: String,
    places: Semaphore,
    idle: Mutex<Vec<Process>>,
}

/// One invocation, as it goes to the handler.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) request_id: String,
    /// As it was named by the invoker.
    pub(super) function_arn: String,
    /// JSON, in base64, from mobile clients.
    pub(super) client_context: Option<String>,
    /// Of a trace that is not sampled: `Root=1-…;Parent=…;Sampled=0`.
    pub(super) trace: String,
    pub(super) payload: Vec<u8>,
}

/// How an invocation ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) payload: Vec<u8>,
    pub(super) end: End,
    /// When (ms) the handler was called.
    pub(super) started: i64,
    pub(super) duration: Duration,
    /// How long the process took to start, if it did so for this invocation.
    pub(super) init: Option<Duration>,
    pub(super) memory_mb: u64,
    /// The process's log stream.
    pub(super) stream: String,
    /// What was printed before the handler was called, and since then.
    pub(super) before: Vec<Line>,
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The handler returned.
    Returned,
    /// The handler raised an error, or could not be loaded.
    Failed,
    /// The process ended.
    Exited,
    TimedOut,
    /// The handler could not be loaded in the init phase: that is tried once more within the invocation.
    NotLoaded,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Runtime {
    /// Runs a handler once. The error says why there is no process to run it in.
    pub(super) async fn run(
        &self,
        app: &App,
        launch: &Launch,
        event: Event,
    ) -> Result<Outcome, String> {
        let pool = self.pool(launch);
        let Ok(_place) = pool.places.acquire().await else {
            return Err("The function was changed or deleted".to_owned());
        };
        let mut phase = Phase::Init;
        let mut before = Vec::new();
        loop {
            let idle = if phase == Phase::Init {
                lock(&pool.idle).pop()
            } else {
                None
            };
            let (process, warm) = match idle {
                Some(process) => (process, true),
                None => (launch.start(app, self, phase).await?, false),
            };
            match process.invoke(event.clone()).await {
                Some((outcome, _)) if outcome.end == End::NotLoaded => {
                    phase = Phase::Invoke;
                    before = outcome.before;
                }
                Some((mut outcome, process)) => {
                    lock(&pool.idle).extend(process);
                    before.append(&mut outcome.before);
                    outcome.before = before;
                    return Ok(outcome);
                }
                // It ended while it was idle.
                None if warm => {}
                None => return Err("The handler's process could not be reached".to_owned()),
            }
        }
    }

    /// What runs a function here, and how that differs from Lambda.
    pub(super) async fn described(&self, app: &App, launch: &Launch) -> serde_json::Value {
        match launch.described(app, &self.interpreters).await {
            Ok(described) => described,
            Err(why) => serde_json::json!({ "differs": [why] }),
        }
    }

    fn pool(&self, launch: &Launch) -> Arc<Pool> {
        let mut pools = lock(&self.pools);
        let pool = pools
            .get(&launch.key())
            .filter(|pool| pool.revision == launch.revision);
        if let Some(pool) = pool {
            return Arc::clone(pool);
        }
        let pool = Arc::new(Pool {
            revision: launch.revision.clone(),
            places: Semaphore::new(MOST_PROCESSES),
            idle: Mutex::default(),
        });
        if let Some(old) = pools.insert(launch.key(), Arc::clone(&pool)) {
            lock(&old.idle).clear();
        }
        pool
    }

    /// Ends a function's processes: idle ones now, busy ones after their invocation.
    pub(super) fn end(&self, function_arn: &str) {
        lock(&self.pools).retain(|(arn, _), pool| {
            let stays = arn != function_arn;
            if !stays {
                lock(&pool.idle).clear();
            }
            stays
        });
    }

    /// Ends the processes of one version likewise.
    pub(super) fn end_version(&self, function_arn: &str, version: &str) {
        let key = (function_arn.to_owned(), version.to_owned());
        if let Some(pool) = lock(&self.pools).remove(&key) {
            lock(&pool.idle).clear();
        }
    }

    /// Ends the processes of one revision of a function that is out of date.
    pub(super) fn retire(&self, launch: &Launch) {
        let mut pools = lock(&self.pools);
        let outdated = |pool: &Arc<Pool>| pool.revision == launch.revision;
        if pools.get(&launch.key()).is_some_and(outdated)
            && let Some(pool) = pools.remove(&launch.key())
        {
            lock(&pool.idle).clear();
        }
    }
}
