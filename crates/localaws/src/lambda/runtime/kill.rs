//! Signals to a process with all that it started.

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// A process group, named by its leader; it may have ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group(#[cfg(unix)] Option<Pid>);

impl Group {
    pub(super) fn of(child: &Child) -> Self {
        Self(
            #[cfg(unix)]
            child
                .id()
                .and_then(|id| i32::try_from(id).ok())
                .and_then(Pid::from_raw),
        )
    }

    /// Stops it until `thaw`, as Lambda does between invocations.
    pub(super) fn freeze(self) {
        #[cfg(unix)]
        self.send(Signal::STOP);
    }

    pub(super) fn thaw(self) {
        #[cfg(unix)]
        self.send(Signal::CONT);
    }

    #[cfg(unix)]
    fn send(self, signal: Signal) {
        if let Some(leader) = self.0 {
            // Nobody is left, or somebody who became another user.
            let _ = kill_process_group(leader, signal);
        }
    }

    /// Kills it, and waits for the leader so that no zombie stays.
    pub(super) async fn kill(&mut self, child: &mut Child) {
        #[cfg(unix)]
        {
            self.send(Signal::KILL);
            self.0 = None;
        }
        let _ = child.start_kill();
        let _ = child.wait().await;
    }
}
