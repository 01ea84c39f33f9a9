//! Moments at which the crash matrix wants this process to die. Release builds have none of this.
//!
//! `LABCTL_CRASH=sending:iam:CreateRole:1` kills the process (SIGKILL) before the first `CreateRole` is sent,
//! `answered:…` after its answer has come but before anybody, the journal too, hears of it.

/// A moment of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Nothing was sent yet.
    Sending,
    /// AWS answered; nothing is recorded yet.
    Answered,
}

#[cfg(not(debug_assertions))]
pub(super) fn moment(_: Moment, _: &str) {}

#[cfg(debug_assertions)]
pub(super) fn moment(now: Moment, operation: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    };
    static WISH: LazyLock<Option<Wish>> =
        LazyLock::new(|| Wish::read(&std::env::var("LABCTL_CRASH").ok()?));
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let Some(wish) = &*WISH else { return };
    if wish.moment == now
        && wish.operation == operation
        && SEEN.fetch_add(1, Ordering::SeqCst) + 1 == wish.nth
    {
        die();
    }
}

#[cfg(debug_assertions)]
struct Wish {
    moment: Moment,
    operation: String,
    nth: usize,
}

#[cfg(debug_assertions)]
impl Wish {
    fn read(text: &str) -> Option<Self> {
        let (moment, rest) = text.split_once(':')?;
        let (operation, nth) = rest.rsplit_once(':')?;
        let moment = match moment {
            "sending" => Moment::Sending,
            "answered" => Moment::Answered,
            _ => return None,
        };
        Some(Self {
            moment,
            operation: operation.to_owned(),
            nth: nth.parse().ok()?,
        })
    }
}

/// No destructor, no handler, no buffer survives this; the thread that came here goes no further.
#[cfg(debug_assertions)]
fn die() -> ! {
    let pid = std::process::id().to_string();
    let _ = std::process::Command::new("kill")
        .args(["-KILL", &pid])
        .status();
    // Without `kill` on the PATH: ends as abruptly, by another signal.
    std::process::abort()
}
