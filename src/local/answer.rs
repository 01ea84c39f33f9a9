//! Who answers where a twin's record says that it is: nothing is sent to anybody but the lab's own twin.

use super::{
    Daemon, Twin, VERSION, free,
    health::{health, proves},
    record::Record,
};
use crate::error::Error;

/// Who answers at a twin's address, while the process that wrote it runs.
#[derive(Debug)]
pub(super) enum Answer {
    /// The twin: it knows the secret in the folder.
    Proven(Daemon),
    /// A twin of an older labctl, which has no secret.
    Older(Daemon),
    /// It answers, and does not know the secret.
    Stranger(Daemon),
}

impl Answer {
    /// The twin, of this version. The error says what to type.
    pub(super) fn proven(self) -> Result<Daemon, Error> {
        match self {
            Self::Proven(daemon) => same_version(daemon),
            Self::Older(daemon) => {
                let daemon = same_version(daemon)?;
                Err(Error::failed(format!(
                    "the local AWS twin on {} is of an older labctl, and cannot prove that it is this lab's",
                    daemon.endpoint
                ))
                .hint(RESTART))
            }
            Self::Stranger(daemon) => Err(stranger(&daemon)),
        }
    }

    /// A twin that may be told to stop: that says nothing of the lab, so one of an older labctl may be told.
    pub(super) fn stoppable(self) -> Result<Daemon, Error> {
        match self {
            Self::Proven(daemon) | Self::Older(daemon) => Ok(daemon),
            Self::Stranger(daemon) => Err(stranger(&daemon)),
        }
    }
}

const RESTART: &str = "`labctl local stop`, then the same command again: what it holds is kept";

impl Twin {
    /// Asks who answers at its address. `None`: nobody, or its record is of a process that has ended; nothing is sent
    /// then.
    pub(super) async fn answer(&self) -> Option<Answer> {
        let record = Record::read(self.dir())?;
        if !record.is_current() {
            return None;
        }
        let daemon = record.text.daemon.clone();
        let known: fn(Daemon) -> Answer;
        let right = if let Some(secret) = &record.text.secret {
            known = Answer::Proven;
            proves(daemon.endpoint, secret).await?
        } else {
            known = Answer::Older;
            health(&daemon.endpoint.to_string()).await?.pid == daemon.pid
        };
        let answer = if right { known } else { Answer::Stranger };
        // Checked again: the twin may have stopped, and another program on its port may have answered.
        record.is_current().then(|| answer(daemon))
    }

    /// Whether a twin of an older labctl runs there, which has no secret.
    pub fn is_older(&self) -> bool {
        let record = Record::read(self.dir());
        record.is_some_and(|record| record.is_current() && record.text.secret.is_none())
    }

    /// Returns the running twin. `None`: it does not run.
    pub async fn running(&self) -> Option<Daemon> {
        self.answer().await?.stoppable().ok()
    }

    /// Returns the running twin, of this version; an error that says what to type otherwise.
    pub async fn require(&self) -> Result<Daemon, Error> {
        self.check()?;
        if let Some(answer) = self.answer().await {
            return answer.proven();
        }
        let last = self.recorded().map(|last| last.endpoint.port());
        let taken = last.filter(|port| !free(*port));
        let taken = taken.map(|port| format!("; port {port} answers, but is not this lab's twin"));
        Err(Error::failed(format!(
            "the local AWS twin is not running (folder {}){}",
            self.dir().display(),
            taken.unwrap_or_default()
        ))
        .hint("`labctl local start` starts it with all that it held"))
    }
}

fn stranger(daemon: &Daemon) -> Error {
    let port = daemon.endpoint.port();
    Error::failed(format!(
        "port {port} answers, but is not this lab's twin: nothing was sent there"
    ))
    .hint(format!(
        "find out what it is (`lsof -i :{port}`) and end it; then `labctl local start`"
    ))
}

fn same_version(daemon: Daemon) -> Result<Daemon, Error> {
    if daemon.version == VERSION {
        return Ok(daemon);
    }
    Err(Error::failed(format!(
        "the local AWS twin on {} is of version {}, this labctl of {VERSION}",
        daemon.endpoint, daemon.version
    ))
    .hint(RESTART))
}
