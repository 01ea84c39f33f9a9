//! Whose `.labctl` it is. What is in it says what `down` deletes and where calls go, so labctl uses only a folder that
//! this user's labctl made at this place, with states as labctl wrote them. Any other is used once the user has agreed.

use std::{io, path::Path};

use labfiles::{Dir, OWN, plain, quoted};
use serde_json::{Value, json};

use super::{
    scene::{self, Site},
    user::{
        User,
        folders::{self, Folder, Known},
    },
};
use crate::{
    cli::{Command, Global, Local, Trust},
    engine::{Interrupt, Lock, State, journal},
    error::{Error, Exit},
    report,
};

const STATE: &str = "state.json";
/// As much as the engine reads of one.
const MOST_BYTES: u64 = 64 << 20;

/// Why a folder is not used without asking.
#[derive(Debug)]
enum Doubt {
    /// This user's labctl did not make it.
    Unknown,
    /// It was made at another place.
    Moved(std::path::PathBuf),
    /// These labs' states are not as labctl wrote them.
    Changed(Vec<String>),
}

/// A lab's state in the folder. One that no command would take is not here.
struct Kept {
    lab: String,
    dir: Dir,
    state: Value,
}

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
    let user = User::here();
    let (kept, doubt) = look(&own, &user)?;
    // With `--trust` it is used this time, and nothing is remembered.
    let Some(doubt) = doubt.filter(|_| !global.trust) else {
        return Ok(());
    };
    ask(global, &own, &kept, &doubt, &user).await?;
    if let Err(why) = accept(&own, &user, &kept)? {
        tracing::warn!(
            "labctl cannot remember that {} is yours: {why}",
            quoted(own.path())
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

/// The seal's words for a lab's state in a folder.
fn about(id: &str, lab: &str) -> String {
    format!("{id}/{lab}")
}

/// The states in a folder, and why it is not simply used.
fn look(own: &Dir, user: &User) -> Result<(Vec<Kept>, Option<Doubt>), Error> {
    let names = own.names();
    let names = names.map_err(|e| Error::file(quoted(own.path()), &e))?;
    let names = names.into_iter().filter_map(|name| name.into_string().ok());
    let mut kept: Vec<Kept> = names.filter_map(|lab| read(own, lab)).collect();
    kept.sort_by(|a, b| a.lab.cmp(&b.lab));
    let doubt = match user.knows(own) {
        Known::Yes(id) => {
            let seal = user.seal();
            let fits = |kept: &Kept| {
                let seal = seal.as_ref();
                seal.is_some_and(|seal| seal.fits(&about(&id, &kept.lab), &kept.state))
            };
            let changed = kept.iter().filter(|kept| !fits(kept));
            let changed: Vec<String> = changed.map(|kept| kept.lab.clone()).collect();
            (!changed.is_empty()).then_some(Doubt::Changed(changed))
        }
        // Nothing in it decides anything yet.
        _ if kept.is_empty() && !has_twin(own) => None,
        Known::Elsewhere(place) => Some(Doubt::Moved(place)),
        Known::No => Some(Doubt::Unknown),
    };
    Ok((kept, doubt))
}

/// Whether a twin has ever run there.
fn has_twin(own: &Dir) -> bool {
    let decides = |dir: Dir| dir.has("world.json") || dir.has("daemon.json") || dir.has("lambda");
    match own.child("local", false) {
        Ok(dir) => decides(dir),
        Err(e) => e.kind() != io::ErrorKind::NotFound,
    }
}

fn read(own: &Dir, lab: String) -> Option<Kept> {
    let dir = own.child(&lab, false).ok()?;
    let _: State = journal::read(dir.path()).ok()??;
    let bytes = dir.read(STATE, MOST_BYTES).ok()?;
    let state = serde_json::from_slice(&bytes).ok()?;
    Some(Kept { lab, dir, state })
}

/// What the doubt is, in a sentence.
fn why(own: &Dir, doubt: &Doubt) -> String {
    let place = report::local_path(own.path());
    match doubt {
        Doubt::Unknown => format!(
            "{place} was not made by your labctl on this machine: it came with the folder, or an older labctl made it"
        ),
        Doubt::Moved(from) => format!(
            "{place} was moved or copied here: your labctl made it as {}",
            plain(&from.to_string_lossy())
        ),
        Doubt::Changed(labs) => {
            let files: Vec<String> = labs
                .iter()
                .map(|lab| format!("{place}/{}/{STATE}", plain(lab)))
                .collect();
            let was = if files.len() == 1 { "was" } else { "were" };
            format!(
                "{} {was} changed after labctl wrote it (by an editor, or by `git pull`)",
                files.join(", ")
            )
        }
    }
}

/// What the states say, a line each.
fn holds(kept: &[Kept]) -> Vec<String> {
    let text = |state: &Value, field: &str| plain(state[field].as_str().unwrap_or("?"));
    let line = |Kept { lab, state, .. }: &Kept| {
        let steps = state["steps"].as_object().map_or(0, serde_json::Map::len);
        let place = match state["local"].as_str() {
            Some(_) => "on a local twin".to_owned(),
            None => format!(
                "in account {}, {}",
                text(state, "account"),
                text(state, "region")
            ),
        };
        format!(
            "it has the state of the lab {}: {steps} resources {place}",
            plain(lab)
        )
    };
    kept.iter().map(line).collect()
}

/// Asks at a terminal. `--yes` is no answer: who typed it has not seen this.
async fn ask(
    global: &Global,
    own: &Dir,
    kept: &[Kept],
    doubt: &Doubt,
    user: &User,
) -> Result<(), Error> {
    let why = why(own, doubt);
    let place = quoted(own.path());
    let mut refusal = Error::usage(format!(
        "{why}. It says what `labctl down` deletes and where calls go"
    ));
    for line in holds(kept) {
        refusal = refusal.hint(line);
    }
    if !user.can_keep() {
        refusal = refusal.hint(
            "labctl has no place to remember your folders in: set HOME or XDG_STATE_HOME to a folder that it can write to, \
             or add `--trust` to each command",
        );
    }
    let refusal = refusal
        .hint("if that is right: `labctl trust` uses it from now on, `--trust` in scripts")
        .hint(format!(
            "if not: `rm -r {place}`, and labctl looks for this lab's resources by their tags and names"
        ));
    if !scene::can_ask(global) {
        return Err(refusal);
    }
    let lines = [vec![why], holds(kept)].concat();
    report::print_warnings(&lines);
    if scene::agrees(&Interrupt::listen(), "Use it?").await? {
        return Ok(());
    }
    Err(refusal)
}

/// Makes the folder the user's, as it was shown to him: `kept`. The inner error: it cannot be remembered.
fn accept(own: &Dir, user: &User, kept: &[Kept]) -> Result<Result<(), String>, Error> {
    let seal = match user.make_seal() {
        Ok(seal) => seal,
        Err(why) => return Ok(Err(why)),
    };
    let id = match user.add_folder(own) {
        Ok(id) => id,
        Err(why) => return Ok(Err(why)),
    };
    for Kept { lab, dir, state } in kept {
        if seal.fits(&about(&id, lab), state) {
            continue;
        }
        let _lock = Lock::take(dir.path(), "trust")?;
        // Another labctl may have gone on meanwhile: what nobody has seen gets no seal.
        if read(own, lab.clone()).is_none_or(|now| now.state != *state) {
            return Err(Error::failed(format!(
                "the state of {} has just been changed by another labctl",
                plain(lab)
            ))
            .hint("run the same command again"));
        }
        let mut state = state.clone();
        seal.put(&about(&id, lab), &mut state);
        let text = serde_json::to_vec_pretty(&state).unwrap_or_default();
        let written = dir.replace(STATE, ".state", &text);
        written.map_err(|e| Error::file(quoted(&dir.path().join(STATE)), &e))?;
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
    let (_, doubt) = look(&own, &user).map_err(|e| e.message)?;
    match (user.knows(&own), doubt) {
        (Known::Yes(id), _) => Ok(id),
        (_, None) => user.add_folder(&own),
        (_, Some(_)) => Err("it is used with --trust, this time".to_owned()),
    }
}

/// `labctl trust`.
pub(super) fn run(global: &Global, args: &Trust) -> Result<Exit, Error> {
    let user = User::here();
    if args.list {
        list(global, &user.list());
        return Ok(Exit::Ok);
    }
    let path = own(&Site::of(global), None);
    if let Some(folder) = &args.remove {
        let path = folder.clone().unwrap_or(path);
        return remove(global, &user, &path);
    }
    let own = open(&path)?;
    let own =
        own.ok_or_else(|| Error::failed(format!("{}: there is no such folder", quoted(&path))))?;
    let (kept, doubt) = look(&own, &user)?;
    let mut lines = vec![match &doubt {
        Some(doubt) => format!("  {}.", why(&own, doubt)),
        None => format!("  {} is yours already.", report::local_path(own.path())),
    }];
    lines.extend(holds(&kept).into_iter().map(|line| format!("    {line}")));
    if doubt.is_some() {
        if let Err(why) = accept(&own, &user, &kept)? {
            return Err(Error::failed(format!("labctl has no place to remember it: {why}"))
                .hint("set HOME or XDG_STATE_HOME to a folder that labctl can write to, or add `--trust` to each command"));
        }
        lines.push("  From now on labctl uses it.".to_owned());
    }
    if global.json {
        report::print_json(&json!({ "folder": folders::place(&own), "changed": doubt.is_some() }));
    } else if !global.quiet {
        report::print_lines(&lines);
    }
    Ok(Exit::Ok)
}

fn list(global: &Global, folders: &[Folder]) {
    if global.json {
        report::print_json(&folders);
        return;
    }
    let line = |folder: &Folder| {
        let gone = if folder.path.exists() {
            ""
        } else {
            "  (not there now)"
        };
        let since = folder.since.strftime("%Y-%m-%d");
        format!("  {since}  {}{gone}", plain(&folder.path.to_string_lossy()))
    };
    let lines: Vec<String> = folders.iter().map(line).collect();
    report::print_lines(&lines);
}

fn remove(global: &Global, user: &User, path: &Path) -> Result<Exit, Error> {
    // The lab's folder is meant as well.
    let path = if path.ends_with(OWN) {
        path.to_owned()
    } else {
        path.join(OWN)
    };
    let place = path
        .canonicalize()
        .unwrap_or_else(|_| std::path::absolute(&path).unwrap_or(path.clone()));
    let removed = user.remove_folder(&place);
    let removed =
        removed.map_err(|why| Error::failed(format!("labctl cannot change its list: {why}")))?;
    if !removed {
        return Err(
            Error::failed(format!("{} is not in the list", quoted(&place)))
                .hint("`labctl trust --list` shows it"),
        );
    }
    if !global.quiet && !global.json {
        report::print_lines(&[format!(
            "  labctl asks before it uses {} again.",
            report::local_path(&place)
        )]);
    }
    Ok(Exit::Ok)
}
