//! Whose `.labctl` it is. What is in it says what `down` deletes and where calls go, so labctl uses only a folder that
//! this user's labctl made at this place, with states as labctl wrote them. Any other is used once the user has agreed.

mod command;
mod look;
mod question;

use std::{io, path::Path};

use labfiles::{Dir, OWN, plain, quoted};

use super::{
    scene::Site,
    user::{User, folders::Known},
};
use crate::{
    cli::{Command, Global, Local},
    engine::{Lock, journal},
    error::Error,
};
pub(super) use command::run;
use look::{Folder, Kept, about};

/// Refuses a command that would use a folder which is not the user's, unless the user agrees.
pub(super) async fn check(global: &Global, command: &Command) -> Result<(), Error> {
    let dir = match command {
        Command::Init { .. }
        | Command::Trust(_)
        | Command::Local(
            Local::List | Local::Runtimes(_) | Local::Serve(_) | Local::Stop { all: true, .. },
        ) => {
            return Ok(());
        }
        Command::Local(
            Local::Start(crate::cli::Serve { dir, .. })
            | Local::Stop { dir, .. }
            | Local::Status(dir)
            | Local::Inbox { dir, .. }
            | Local::Logs { dir, .. },
        ) => dir.dir.as_deref(),
        _ => None,
    };
    let Some(own) = open(&own(&Site::of(global), dir))? else {
        return Ok(());
    };
    // It is used this time, and nothing is remembered.
    if global.trust {
        return Ok(());
    }
    let user = User::here();
    let folder = Folder::look(own, &user)?;
    let Some(doubt) = &folder.doubt else {
        return Ok(());
    };
    question::ask(global, &folder, doubt, &user).await?;
    if let Err(why) = accept(&folder, &user)? {
        tracing::warn!(
            "labctl cannot remember that {} is yours: {why}",
            quoted(folder.own.path())
        );
    }
    Ok(())
}

/// The `.labctl` beside the lab's file, or that of the twin's folder which the user names.
fn own(site: &Site, twin: Option<&Path>) -> std::path::PathBuf {
    let beside = || site.base().join(OWN);
    twin.map_or_else(beside, |dir| dir.parent().unwrap_or(dir).to_owned())
}

fn open(path: &Path) -> Result<Option<Dir>, Error> {
    // A twin's folder may be anywhere else: then the user has named it.
    if path.file_name().is_none_or(|name| name != OWN) {
        return Ok(None);
    }
    match Dir::open(path) {
        Ok(dir) => Ok(Some(dir)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::file(quoted(path), &e)),
    }
}

/// Makes the folder the user's, as it was shown to him. The inner error: it cannot be remembered.
fn accept(folder: &Folder, user: &User) -> Result<Result<(), String>, Error> {
    let seal = match user.make_seal() {
        Ok(seal) => seal,
        Err(why) => return Ok(Err(why)),
    };
    let id = match user.add_folder(&folder.own) {
        Ok(id) => id,
        Err(why) => return Ok(Err(why)),
    };
    for Kept {
        lab, dir, value, ..
    } in &folder.kept
    {
        if seal.fits(&about(&id, lab), value) {
            continue;
        }
        let _lock = Lock::take(dir.path(), "trust")?;
        // Another labctl may have gone on meanwhile: what nobody has seen gets no seal.
        if Kept::read(&folder.own, lab.clone()).is_none_or(|now| now.value != *value) {
            return Err(Error::failed(format!(
                "another labctl has just changed the state of {}",
                plain(lab)
            ))
            .hint("run the same command again"));
        }
        let mut value = value.clone();
        seal.put(&about(&id, lab), &mut value);
        let text = serde_json::to_vec_pretty(&value).unwrap_or_default();
        let written = dir.replace(journal::FILE, ".state", &text);
        written.map_err(|e| Error::file(quoted(&dir.path().join(journal::FILE)), &e))?;
    }
    Ok(Ok(()))
}

/// Notes that a folder which this command makes is the user's, and seals what is written under the lock.
pub(super) fn sealed(site: &Site, lab: &str, lock: Lock) -> Lock {
    let sealed = || -> Result<_, String> {
        let id = claim(&site.base().join(OWN))?;
        Ok((User::here().make_seal()?, about(&id, lab)))
    };
    match sealed() {
        Ok((seal, about)) => lock.sealed(seal, about),
        Err(why) => {
            tracing::debug!("the state gets no seal: {why}");
            lock
        }
    }
}

/// Notes that the folder of a twin that is to start is the user's, when it is in a `.labctl`.
pub(super) fn claim_twin(dir: &Path) {
    let own = dir.parent().filter(|own| own.ends_with(OWN));
    if let Some(Err(why)) = own.map(claim) {
        tracing::debug!("the twin's folder cannot be noted: {why}");
    }
}

/// Notes that a folder is the user's, when nothing in it is somebody else's. It is made when it is missing.
fn claim(own: &Path) -> Result<String, String> {
    let own = Dir::make(own).map_err(|e| e.to_string())?;
    let user = User::here();
    // `check` has looked at what is in a folder of the user's.
    if let Known::Yes(id) = user.knows(&own) {
        return Ok(id);
    }
    let folder = Folder::look(own, &user).map_err(|e| e.message)?;
    match folder.doubt {
        None => user.add_folder(&folder.own),
        Some(_) => Err("it is used with --trust, this time".to_owned()),
    }
}
