//! Decides who may connect. The twin runs code as its owner, so on Linux only its owner may. Root may too, since root
//! can become the owner. `Config::any_user` lets everyone in, and so does a system that cannot name a connection's user.

use std::{
    collections::BTreeMap,
    io,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[cfg(target_os = "linux")]
use super::peers::{Ends, Peers};
#[cfg(not(target_os = "linux"))]
use nobody::{Ends, Peers};

/// How long a refused client has to read the answer.
const READS: Duration = Duration::from_secs(1);
/// Refusals of one user are logged this often at most, so that other users cannot fill the owner's disk.
const LOGGED: Duration = Duration::from_secs(1);

/// Who may connect.
pub enum Door {
    /// Every user of this machine.
    Open,
    /// The owner, and root.
    Guarded(Guard),
}

/// Whom a guarded door lets in, and how it learns who comes.
pub struct Guard {
    owner: u32,
    peers: Peers,
    /// When a refusal was last logged, by user.
    logged: Mutex<BTreeMap<Option<u32>, Instant>>,
}

/// The user whose connection is refused. `None`: the kernel knows no user of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub(super) Option<u32>);

impl Door {
    /// Open if `any_user`, or if this system cannot name a connection's user.
    ///
    /// # Errors
    /// The system should be able to, but fails.
    pub fn new(any_user: bool) -> io::Result<Self> {
        if any_user {
            return Ok(Self::Open);
        }
        Ok(Peers::find()?.map_or(Self::Open, |(peers, owner)| {
            Self::Guarded(Guard::new(owner, peers))
        }))
    }

    /// Checks a new connection. Call it before anything is read from the connection.
    ///
    /// # Errors
    /// It is of another user, or nobody's.
    pub async fn admit(&self, stream: &TcpStream) -> Result<(), Refused> {
        match self {
            Self::Open => Ok(()),
            Self::Guarded(guard) => guard.admit(stream).await,
        }
    }

    /// The log's line for a refusal. `None`: the same user's last line is less than a second old.
    pub(super) fn log_line(&self, Refused(uid): Refused) -> Option<String> {
        let Self::Guarded(guard) = self else {
            return None;
        };
        let mut logged = guard.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if logged.get(&uid).is_some_and(|last| now - *last < LOGGED) {
            return None;
        }
        logged.insert(uid, now);
        Some(match uid {
            Some(uid) => format!(
                "refused a connection of user {uid}: only user {} may connect (`labctl local start --any-user` lets all users in)",
                guard.owner
            ),
            None => "refused a connection without a user: its client closed it at once, or is in another network namespace".to_owned(),
        })
    }
}

impl Guard {
    pub(super) fn new(owner: u32, peers: Peers) -> Self {
        Self {
            owner,
            peers,
            logged: Mutex::default(),
        }
    }

    pub(super) async fn admit(&self, stream: &TcpStream) -> Result<(), Refused> {
        let (Ok(local), Ok(remote)) = (stream.peer_addr(), stream.local_addr()) else {
            return Err(Refused(None));
        };
        let uid = self.peers.owner(Ends { local, remote }).await;
        // An error refuses too.
        match uid.ok().flatten() {
            Some(uid) if uid == self.owner || uid == 0 => Ok(()),
            uid => Err(Refused(uid)),
        }
    }
}

/// Answers a refused client with the reason and closes the connection. Nothing that the client sends is looked at.
pub(super) async fn refuse(stream: TcpStream, refused: Refused) {
    let message = refused.words();
    turn_away(stream, "403 Forbidden", "AccessDeniedException", &message).await;
}

impl Refused {
    /// What happened, what works from elsewhere, and what needs `--any-user`.
    fn words(self) -> String {
        let Self(uid) = self;
        let who = match uid {
            Some(uid) => format!("this connection is of user {uid}"),
            None => "this connection has no user here: it comes from a container or another network namespace, or was closed at once".to_owned(),
        };
        format!(
            "labctl's local AWS serves only the user who started it, and {who}. On a server that many share, each user starts \
             an own one: `labctl local start --port 0`. `ssh -L` and VS Code's forwarded ports connect as the user who signed in. \
             A relay of another user (WSL's for a browser in Windows, a proxy, a container) needs that the owner types \
             `labctl local stop`, then `labctl local start --any-user`: every user of this machine can then read its mail \
             and run code as the owner"
        )
    }
}

/// Answers a client for whom there is no room.
pub(super) async fn busy(stream: TcpStream) {
    let message = "labctl's local AWS has too many requests under way";
    let status = "503 Service Unavailable";
    turn_away(stream, status, "ServiceUnavailableException", message).await;
}

async fn turn_away(mut stream: TcpStream, status: &str, code: &str, message: &str) {
    let body = serde_json::json!({ "message": message }).to_string();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-amzn-errortype: {code}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let told = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // Closing with unread data resets the connection, and the client may lose the answer.
        let mut ignored = [0; 4096];
        while stream.read(&mut ignored).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(READS, told).await;
}

/// For systems where the twin cannot find a connection's user.
#[cfg(not(target_os = "linux"))]
mod nobody {
    use std::{io, net::SocketAddr};

    #[expect(dead_code, reason = "the same fields as on Linux")]
    pub(in crate::server) struct Ends {
        pub(in crate::server) local: SocketAddr,
        pub(in crate::server) remote: SocketAddr,
    }

    #[derive(Clone, Copy)]
    pub(in crate::server) enum Peers {}

    impl Peers {
        #[expect(clippy::unnecessary_wraps, reason = "the same signature as on Linux")]
        pub(in crate::server) fn find() -> io::Result<Option<(Self, u32)>> {
            Ok(None)
        }

        #[expect(clippy::unused_async, reason = "the same signature as on Linux")]
        pub(in crate::server) async fn owner(self, _: Ends) -> io::Result<Option<u32>> {
            match self {}
        }
    }
}
