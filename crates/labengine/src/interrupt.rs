//! The user's wish to stop: Ctrl-C, SIGTERM or a closed terminal once lets running calls end, twice
//! stops at once.

use std::{fs, io::Write};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// What the user is told when the wish is seen.
pub(crate) const STOPPING: &str =
    "stopping: what is running ends and is recorded, nothing else begins; once more stops at once";

/// Whether the run should end. Cheap to clone; all clones see the same wish.
#[derive(Debug, Clone)]
pub struct Interrupt {
    set: watch::Receiver<bool>,
}

impl Interrupt {
    /// Listens from now on for Ctrl-C, SIGTERM and SIGHUP, but for those that were ignored when the
    /// program was started (`nohup`, a script's background). The second one ends the process with
    /// exit code 130: the journal is durable at any moment, so that is safe.
    pub fn listen() -> Self {
        let (tx, set) = watch::channel(false);
        let ignored = ignored();
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        // What cannot be listened to ends the program, as it does without us.
        let mut signals: Vec<Signal> = kinds
            .into_iter()
            .filter(|kind| ignored & (1 << (kind.as_raw_value() - 1)) == 0)
            .filter_map(|kind| signal(kind).ok())
            .collect();
        tokio::spawn(async move {
            any(&mut signals).await;
            let _ = tx.send(true);
            any(&mut signals).await;
            let _ = writeln!(
                std::io::stderr(),
                "  stopped at once; what was begun is on record: the same command goes on from there"
            );
            // The user asked twice; nothing in memory is worth waiting for.
            std::process::exit(130);
        });
        Self { set }
    }

    /// A wish that never comes: for what tidies up after one.
    pub fn never() -> Self {
        let (_, set) = watch::channel(false);
        Self { set }
    }

    /// A wish that the other end makes.
    #[cfg(test)]
    pub(crate) fn with_switch() -> (Self, watch::Sender<bool>) {
        let (switch, set) = watch::channel(false);
        (Self { set }, switch)
    }

    /// Whether the run should end.
    pub fn is_set(&self) -> bool {
        *self.set.borrow()
    }

    /// Returns when the run should end.
    pub async fn wait(&self) {
        let mut set = self.set.clone();
        if set.wait_for(|set| *set).await.is_err() {
            // Nobody can interrupt any more: never.
            std::future::pending::<()>().await;
        }
    }

    /// What `work` gives, or `None` when the run should end first. `work` is dropped then: only for
    /// what changes nothing.
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.wait() => None,
        }
    }
}

/// Returns when any of the signals comes.
async fn any(signals: &mut [Signal]) {
    std::future::poll_fn(|cx| {
        let come = signals.iter_mut().any(|s| s.poll_recv(cx).is_ready());
        if come {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

/// The signals that the program was started to ignore, one bit each (signal 1 is bit 0). Where the
/// kernel does not tell (it is Linux that does), none.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}
