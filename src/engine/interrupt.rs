//! The user's wish to stop: Ctrl-C or SIGTERM once lets running calls end, twice stops at once.

use tokio::sync::watch;

/// Whether the run should end. Cheap to clone; all clones see the same wish.
#[derive(Debug, Clone)]
pub struct Interrupt {
    set: watch::Receiver<bool>,
}

impl Interrupt {
    /// Listens for Ctrl-C and SIGTERM from now on. The second one ends the process with exit code
    /// 130: the journal is durable at any moment, so that is safe.
    pub fn listen() -> Self {
        let (tx, set) = watch::channel(false);
        tokio::spawn(async move {
            signal().await;
            let _ = tx.send(true);
            signal().await;
            // The user asked twice; nothing in memory is worth waiting for.
            std::process::exit(130);
        });
        Self { set }
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
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        // A failure to listen leaves SIGTERM.
        Ok(()) = tokio::signal::ctrl_c() => {}
        Some(()) = term.recv() => {}
    }
}
