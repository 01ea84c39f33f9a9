//! What the user is told when something goes wrong, and the documented exit codes.

use std::{fmt, io};

use labfiles::Refused;

use crate::{
    aws::{ConnectError, Fault, FaultKind, HttpError, usual_cause},
    engine::{Failure, JournalError},
    lab::LabError,
    resource::ZipError,
};

/// How a command ended. The numbers are documented and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Something failed.
    Failed = 1,
    /// Bad usage or a bad lab.yaml; nothing was called.
    Usage = 2,
    /// `status`: drift, something missing, or something found without a state. `plan`: `up` would change something.
    Differs = 3,
    /// `status`: nothing there.
    Nothing = 4,
    /// `verify`: a check failed.
    Unproven = 5,
    /// `down`: something is left, or with `--prove` could not be looked at.
    Survivors = 6,
    /// `up`: it would delete what carries users, ids or addresses, and was not told to: nothing was changed.
    Loses = 7,
    /// Ctrl-C or SIGTERM.
    Interrupted = 130,
}

/// An error for a person: what, why, and what to type next.
#[derive(Debug)]
pub struct Error {
    /// The exit code.
    pub exit: Exit,
    /// What could not be done, and why.
    pub message: String,
    /// What to do about it, one command or sentence each.
    pub hints: Vec<String>,
    /// What is wrong with lab.yaml, when that is the reason.
    pub lab: Option<Box<LabError>>,
}

impl Error {
    /// An error with exit code `exit`.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hints: Vec::new(),
            lab: None,
        }
    }

    /// Something failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// Bad usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A file could not be used: `what` names it, unless the error does so itself.
    pub fn file(what: impl fmt::Display, error: &io::Error) -> Self {
        match Refused::of(error) {
            Some(refused) => refused.into(),
            None => Self::failed(format!("{what}: {error}")),
        }
    }

    /// The same error with one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let exit = if fault.kind == FaultKind::Interrupted {
            Exit::Interrupted
        } else {
            Exit::Failed
        };
        let error = Self::new(exit, fault.to_string());
        match usual_cause(&fault) {
            Some(cause) => error.hint(cause),
            None => error,
        }
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        let told = Self::usage(error.to_string());
        let hints = match error {
            ConnectError::Profile(error) => error.hints(),
            ConnectError::Elsewhere(error) => vec![error.hint()],
        };
        hints.into_iter().fold(told, Self::hint)
    }
}

impl From<&Refused> for Error {
    fn from(refused: &Refused) -> Self {
        Self::failed(refused.to_string()).hint(refused.hint())
    }
}

impl From<JournalError> for Error {
    fn from(error: JournalError) -> Self {
        let hint = match &error {
            JournalError::Refused(refused) => return refused.into(),
            JournalError::Wrong { path, .. } => {
                let path = labfiles::quoted(path);
                return Self::failed(error.to_string()).hint(format!(
                    "nothing was touched: it was edited, merged, or made by somebody else. If it is not yours, or no \
                     good copy is left: `mv {path} {path}.bad`, then `labctl up` or `labctl down` finds this lab's \
                     resources by their names and tags"
                ));
            }
            JournalError::Locked { .. } => {
                "wait for it to end, or stop it, then run the same command again"
            }
            JournalError::Newer { .. } => {
                "nothing was touched: use the labctl that wrote it, or a newer one"
            }
            JournalError::OtherLab { .. } => {
                "nothing was touched: move the file back to where it came from (.labctl/LAB/state.json)"
            }
            JournalError::Unreadable { .. } => {
                "`labctl up` and `labctl down` keep it aside, and find this lab's resources by their names and tags"
            }
            JournalError::Io { .. } => {
                "nothing that cannot be recorded is begun: make room there, or the folder writable, then the same \
                 command again: it finds what there is and goes on"
            }
            JournalError::Illegal(_) => "the state file was not changed",
        };
        Self::failed(error.to_string()).hint(hint)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Aws(fault) => fault.into(),
            Failure::Journal(error) => error.into(),
            Failure::Unannounced(_) => Self::new(Exit::Loses, failure.to_string())
                .hint("AWS changed since labctl asked: `labctl plan` shows what would be lost now"),
            Failure::Defect(_) => Self::failed(failure.to_string()),
        }
    }
}

impl From<LabError> for Error {
    fn from(error: LabError) -> Self {
        let told = Self::usage(error.to_string());
        Self {
            hints: error.hint().map(str::to_owned).into_iter().collect(),
            lab: Some(Box::new(error)),
            ..told
        }
    }
}

impl From<ZipError> for Error {
    fn from(error: ZipError) -> Self {
        Self::new(Exit::Usage, error.to_string()).hint("check `source` of the function in lab.yaml")
    }
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        Self::failed(error.to_string())
    }
}
