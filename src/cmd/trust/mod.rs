//! Whose `.labctl` it is. What is in it says what `down` deletes and where calls go, so labctl uses only a folder that
//! this user's labctl made at this place, with files as labctl and its twin wrote them last. Any other is used once the
//! user has agreed.

mod command;
mod look;
mod question;

use std::{
    io,
    path::{Path, PathBuf},
};

use labfiles::{COUNT, Dir, OWN, Seal, Sealed, quoted};

use super::scene::Site;
use crate::{
    cli::{Command, Global, Local, Serve},
    engine::{Lock, Sealing, journal},
    error::Error,
    report,
    user::{
        User,
        folders::{self, Known},
    },
};
pub(super) use command::run;
use look::{Folder, Kept, What};

/// Refuses a command that would use a folder which is not the user's, unless the user agrees.
pub(super) async fn check(global: &Global, command: &Command) -> Result<(), Error> {
    let dir = match command {
        Command::Init { .. }
        | Command::Trust(_)
        // Who holds the lock on a twin's record may be told to stop: that says nothing of the lab.
        | Command::Local(Local::List | Local::Runtimes(_) | Local::Stop { .. }) => {
            return Ok(());
        }
        Command::Local(
            Local::Start(Serve { dir, .. })
            | Local::Serve(Serve { dir, .. })
            | Local::Status(dir)
            | Local::Inbox { dir, .. }
            | Local::Logs { dir, .. },
        ) => dir.dir.as_deref(),
        _ => None,
    };
    let Some(own) = open(&own(&Site::of(global), dir)?)? else {
        return Ok(());
    };
    // It is used this time, and nothing is remembered.
    if global.trust {
        return Ok(());
    }
    let user = User::here();
    let once = "`--trust` uses it as it is for one command";
    let folder = Folder::look(own, &user).map_err(|e| e.hint(once))?;
    let Some(doubt) = folder.doubt()? else {
        return Ok(());
    };
    question::ask(global, &folder, doubt, &user).await?;
    if let Err(why) = accept(&folder, &user)? {
        report::print_warnings(&[format!(
            "labctl cannot remember that {} is yours: {why}",
            quoted(folder.own.path())
        )]);
    }
    Ok(())
}

/// The `.labctl` beside the lab's file, or that of the twin's folder which the user names, in whatever spelling.
///
/// # Errors
/// The twin's folder is a `.labctl`, or deeper in one than labctl makes it: what is there is nobody's that is asked about.
fn own(site: &Site, twin: Option<&Path>) -> Result<PathBuf, Error> {
    if twin.is_none() {
        return Ok(site.base().join(OWN));
    }
    let twin = site.twin(twin);
    let dir = twin.dir();
    let above = dir.parent().unwrap_or(dir);
    let is_own = |path: &&Path| path.file_name().is_some_and(|name| name == OWN);
    match dir.ancestors().filter(is_own).last() {
        Some(outermost) if outermost != above => Err(Error::usage(format!(
            "{} is no place for a twin: in {}, its folder is directly below",
            quoted(dir),
            quoted(outermost)
        ))
        .hint(format!("`--dir {}`", quoted(&outermost.join("local"))))),
        _ if dir.to_str().is_none() => Err(Error::usage(format!(
            "{} is no place for a twin: its name is not UTF-8",
            quoted(dir)
        ))),
        _ => Ok(above.to_owned()),
    }
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
    let prepared = || -> Result<_, String> { Ok((user.make_key()?, user.id(&folder.own)?)) };
    let (key, id) = match prepared() {
        Ok(prepared) => prepared,
        Err(why) => return Ok(Err(why)),
    };
    let mut counts = Vec::new();
    for file in &folder.kept {
        let seal = folders::seal(&id, &key, &file.name);
        let known = folder.known.as_ref();
        let least = known.map_or(0, |known| known.count(&file.name));
        let count = match file.sealed(&seal) {
            Sealed::Yes(count) if count >= least => count,
            // What was put back is the newest from now on.
            _ => {
                reseal(&folder.own, file, &seal, least + 1)?;
                least + 1
            }
        };
        counts.push((file.name.as_str(), count));
    }
    // Last: until then, a crash changes nothing about what is asked.
    let noted = user.add_folder(&folder.own);
    let noted = noted.and_then(|known| user.count(&known, &counts));
    for file in &folder.kept {
        if let What::World(twin, _) = &file.what {
            twin.seal_record();
        }
    }
    Ok(noted)
}

/// Seals a file as it was shown to the user: what nobody has seen gets no seal.
fn reseal(own: &Dir, file: &Kept, seal: &Seal, count: u64) -> Result<(), Error> {
    let path = own.path().join(&file.path);
    let changed = || {
        Error::failed(format!("another labctl has just changed {}", quoted(&path)))
            .hint("run the same command again")
    };
    let written = match &file.what {
        What::State(dir, state, value) => {
            let _lock = Lock::take(dir.path(), "trust")?;
            let now = Kept::state(dir, &state.lab).map(|now| now.what);
            match now {
                Some(What::State(_, _, now)) if now == *value => {}
                _ => return Err(changed()),
            }
            let mut value = value.clone();
            value[COUNT] = count.into();
            seal.put(&mut value);
            let text = serde_json::to_vec_pretty(&value).unwrap_or_default();
            dir.replace(journal::FILE, ".state", &text)
        }
        What::World(_, world) => world.seal(seal, count),
    };
    written.map_err(|e| match e.kind() {
        io::ErrorKind::ResourceBusy => changed(),
        _ => Error::file(quoted(&path), &e),
    })
}

/// Notes that a folder which this command makes is the user's, and seals what is written under the lock.
pub(super) fn sealed(site: &Site, lab: &str, lock: Lock) -> Lock {
    let user = User::here();
    let name = lab.to_owned();
    let sealing = || -> Result<_, String> {
        let folder = claim(&site.base().join(OWN), &user)?;
        let seal = folder.seal(&user.make_key()?, &name);
        let before = folder.count(&name);
        Ok(Sealing::new(seal, before, move |count| {
            if let Err(why) = User::here().count(&folder, &[(&name, count)]) {
                tracing::debug!("{why}");
            }
        }))
    };
    match sealing() {
        Ok(sealing) => lock.sealed(sealing),
        Err(why) => {
            tracing::debug!("the state gets no seal: {why}");
            lock
        }
    }
}

/// Notes that the folder of a twin that is to start is the user's, when it is in a `.labctl`.
pub(super) fn claim_twin(dir: &Path) {
    let own = dir.parent().filter(|own| own.ends_with(OWN));
    let claimed = own.map(|own| {
        let user = User::here();
        claim(own, &user).and_then(|_| user.make_key())
    });
    if let Some(Err(why)) = claimed {
        tracing::debug!("the twin's folder cannot be noted: {why}");
    }
}

/// Notes that a folder is the user's, when nothing in it is somebody else's. It is made when it is missing.
fn claim(own: &Path, user: &User) -> Result<folders::Folder, String> {
    let own = Dir::make(own).map_err(|e| e.to_string())?;
    // `check` has looked at what is in a folder of the user's.
    if let Known::Yes(known) = user.knows(&own).map_err(|e| e.message)? {
        return Ok(known);
    }
    let folder = Folder::look(own, user).map_err(|e| e.message)?;
    match folder.doubt() {
        Ok(None) => user.add_folder(&folder.own),
        _ => Err("it is used with --trust, this time".to_owned()),
    }
}
