//! What every command works with: the lab's file, its state, where it is, and how to talk to the user.

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use labfiles::{Dir, OWN};

use super::{link::Link, trust};
use crate::{
    cli::Global,
    engine::{Interrupt, JournalError, Lock, State, journal},
    error::{Error, Exit},
    event::{Event, EventSink},
    lab::{self, Lab},
    local::Twin,
    prompt,
    report::{self, Reporter, Style},
    screen::Stream,
};

/// Where a lab is: its file's folder, and the state below it.
#[derive(Debug)]
pub(super) struct Site {
    /// Folder of the lab's file.
    base: PathBuf,
    /// What is in `.labctl` is used as it is, this time.
    trust: bool,
}

impl Site {
    pub(super) fn of(global: &Global) -> Self {
        let base = global
            .file
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        Self {
            base: base.to_owned(),
            trust: global.trust,
        }
    }

    /// The twin whose folder is `dir`, or the one beside the lab's file.
    pub(super) fn twin(&self, dir: Option<&Path>) -> Twin {
        let dir = dir.map_or_else(|| self.base.join(OWN).join("local"), Path::to_owned);
        // A daemon works elsewhere than its starter may: an absolute path means the same to both.
        Twin::at(labfiles::real(&dir)).trusting(self.trust)
    }

    /// The twin that a state names: where it was, or, when the lab's folder was moved since, beside the
    /// lab's file.
    pub(super) fn recorded_twin(&self, dir: &Path) -> Twin {
        let beside = self.twin(None);
        if dir.exists() {
            return self.twin(Some(dir));
        }
        beside
    }

    /// Folder of the lab's file.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// Folder of a lab's state.
    pub(super) fn state_folder(&self, lab: &str) -> PathBuf {
        self.base.join(OWN).join(lab)
    }

    /// Takes the right to change a lab's state.
    pub(super) fn lock(&self, lab: &str, command: &str) -> Result<Lock, Error> {
        let lock = Lock::take(&self.state_folder(lab), command)?;
        Ok(trust::sealed(self, lab, lock))
    }

    /// The labs that have a state here.
    fn labs(&self) -> Result<Vec<String>, Error> {
        let own = self.base.join(OWN);
        let names = match Dir::open(&own).and_then(|dir| dir.names()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            names => names.map_err(|e| Error::file(own.display(), &e))?,
        };
        let names = names.into_iter().filter_map(|name| name.into_string().ok());
        Ok(names
            .filter(|lab| own.join(lab).join("state.json").exists())
            .collect())
    }

    /// States of other labs here.
    pub(super) fn others(&self, lab: &str) -> Result<Vec<State>, Error> {
        let mut others = self.labs()?;
        others.retain(|name| name != lab);
        let states = others.iter().map(|name| self.state_folder(name));
        // One that cannot be read is for the commands of its own lab to report.
        Ok(states
            .filter_map(|folder| journal::read(&folder).ok()?)
            .collect())
    }

    /// The only lab that has a state here, when the lab's file is not there to name it.
    pub(super) fn only_lab(&self) -> Result<Option<String>, Error> {
        Ok(only(self.labs()?))
    }

    /// What `--as` was when the labs of this name here were made, if none was made without.
    fn suffixes(&self, lab: &str) -> Result<Vec<String>, Error> {
        let mut suffixes = Vec::new();
        for name in self.labs()? {
            if name == lab {
                return Ok(Vec::new());
            }
            let rest = name
                .strip_prefix(lab)
                .and_then(|rest| rest.strip_prefix('-'));
            let state = rest.and_then(|_| journal::read(&self.state_folder(&name)).ok()?);
            let suffix = state.and_then(|state: State| state.suffix);
            suffixes.extend(suffix.filter(|suffix| rest == Some(suffix)));
        }
        suffixes.sort();
        Ok(suffixes)
    }
}

fn only<T>(all: Vec<T>) -> Option<T> {
    <[T; 1]>::try_from(all).ok().map(|[one]| one)
}

/// Reads the lab's file. Without `--as`, when the only lab of the file that has a state here was made with it, that lab.
pub(super) fn load_lab(global: &Global) -> Result<Lab, Error> {
    let suffix = global.suffix.as_deref().filter(|suffix| !suffix.is_empty());
    let mut lab = lab::load_as(&global.file, suffix)?;
    if global.suffix.is_none() {
        match Site::of(global).suffixes(&lab.name)?.as_slice() {
            [] => {}
            [only] => lab = lab::load_as(&global.file, Some(only))?,
            several => {
                let labs: Vec<String> = several.iter().map(|one| format!("`--as {one}`")).collect();
                return Err(Error::usage(format!(
                    "this folder has several labs of {}, made with {}",
                    lab.name,
                    labs.join(", ")
                ))
                .hint("say which one with the same option, or once for all commands with LABCTL_AS")
                .hint("`--as=` means the lab as it is in the file"));
            }
        }
    }
    if let Some(region) = &global.region {
        lab.region.clone_from(region);
    }
    Ok(lab)
}

/// labctl's command for a lab that is, or would be, in an account or on its local twin.
pub(super) fn command(name: &str, local: bool) -> String {
    let local = if local { " --local" } else { "" };
    format!("labctl {name}{local}")
}

/// Starts to show events in the way that fits.
pub(super) fn reporter(global: &Global) -> Reporter {
    Reporter::start(if global.json {
        Style::Json
    } else if global.quiet {
        Style::Quiet
    } else if report::can_redraw() {
        Style::Bars
    } else {
        Style::Lines
    })
}

/// For commands that only read, and print what they found at the end: warnings alone are shown meanwhile.
pub(super) fn quiet_reporter() -> Reporter {
    Reporter::start(Style::Quiet)
}

/// The lab's name and its state, for commands that work without the lab's file too.
pub(super) struct Known {
    pub(super) lab: Option<Lab>,
    pub(super) name: String,
    pub(super) folder: PathBuf,
}

/// The lab of the file, or, without a file, the only one that has a state here. A bad file is told, but does
/// not stop a command that can do without.
pub(super) fn known(global: &Global, site: &Site) -> Result<Known, Error> {
    let name = match load_lab(global) {
        Ok(lab) => {
            return Ok(Known {
                folder: site.state_folder(&lab.name),
                name: lab.name.clone(),
                lab: Some(lab),
            });
        }
        Err(error) => site.only_lab()?.ok_or(error)?,
    };
    Ok(Known {
        folder: site.state_folder(&name),
        name,
        lab: None,
    })
}

impl Known {
    /// Reads the state, unlocked.
    pub(super) fn state(&self) -> Result<Option<State>, Error> {
        Ok(journal::read(&self.folder)?)
    }

    /// Takes the right to change the state.
    pub(super) fn lock(&self, site: &Site, command: &str) -> Result<Lock, Error> {
        site.lock(&self.name, command)
    }
}

/// The state under the lock. One that cannot be read is kept aside, so that the run goes on as without
/// one; but not when the lab's file is missing too: nothing would say what to look for then.
pub(super) fn state_or_aside(
    lock: &Lock,
    lab: Option<&Lab>,
    events: &EventSink,
) -> Result<(Option<State>, bool), Error> {
    match lock.read() {
        Err(JournalError::Unreadable { path, reason }) if lab.is_some() => {
            let aside = lock.set_aside()?;
            events.send(Event::warning(format!(
                    "{} is not a labctl state ({reason}): kept as {}; looking for the lab's resources by their \
                     names and tags",
                    report::local_path(&path),
                    report::local_path(&aside)
                )));
            Ok((None, true))
        }
        Err(error @ JournalError::Unreadable { .. }) => Err(Error::from(error)
            .hint("that needs the lab's file: bring lab.yaml back, or give it with `--file`")),
        state => Ok((state?, false)),
    }
}

/// Asks before something real happens. On the twin nothing is.
pub(super) async fn confirm(
    global: &Global,
    link: &Link,
    interrupt: &Interrupt,
    question: &str,
) -> Result<(), Error> {
    if link.local.is_some() {
        return Ok(());
    }
    ask(global, interrupt, question).await
}

/// Asks, on the twin too. Without a terminal nobody can answer: that is an error.
pub(super) async fn ask(
    global: &Global,
    interrupt: &Interrupt,
    question: &str,
) -> Result<(), Error> {
    if global.yes {
        return Ok(());
    }
    if !can_ask(global) {
        return Err(Error::usage(format!("{question} Nobody can answer here."))
            .hint("add `--yes` to go on without being asked"));
    }
    if agrees(interrupt, question).await? {
        return Ok(());
    }
    Err(Error::failed("nothing was changed"))
}

/// Whether somebody can answer a question.
pub(super) fn can_ask(global: &Global) -> bool {
    !global.json && io::stdin().is_terminal() && Stream::Err.is_terminal()
}

/// Asks at the terminal. No answer is a no.
pub(super) async fn agrees(interrupt: &Interrupt, question: &str) -> Result<bool, Error> {
    let question = report::for_stderr(&format!("{question} [y/N]"), 3);
    match interrupt.or(prompt::ask(&question)).await {
        Some(answer) => {
            let answer = answer.unwrap_or_default().trim().to_lowercase();
            Ok(matches!(answer.as_str(), "y" | "yes"))
        }
        None => Err(interrupted()),
    }
}

/// What ends a run that was interrupted before it changed anything.
pub(super) fn interrupted() -> Error {
    Error::new(Exit::Interrupted, "interrupted: nothing was changed")
}
