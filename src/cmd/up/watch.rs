//! `labctl up --watch`: after `up`, applies what is saved, and prints what the functions log.
//!
//! The files are looked at several times a second. Notices of the system would be cheaper in large folders, but they do
//! not come from everywhere: not from network mounts, Windows' folders in WSL, folders of a container's host; and their
//! number is limited. Who edits a lab has few files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::json;

use super::Run;
use crate::{
    aws::Cx,
    cli::Global,
    cmd::{
        link, logs,
        scene::{self, Site},
    },
    engine::journal,
    error::{Error, Exit},
    event::EventSink,
    lab::Lab,
    report::{self, Reporter, Style},
    resource::watched,
};

/// Between two looks at the files, at least.
const PAUSE: Duration = Duration::from_millis(150);
/// Between two looks at the logs.
const LOG_PAUSE: Duration = Duration::from_millis(400);
/// So long nothing may change before what was saved is applied: some programs save in several steps.
const QUIET: Duration = Duration::from_millis(40);

/// What tells a file from what it was: size, inode, and the times (s, ns) of its last changes.
type Mark = (u64, u64, i64, i64, i64, i64);

/// The lab's file and the functions' sources.
pub(super) struct Files {
    file: PathBuf,
    folders: BTreeSet<PathBuf>,
    marks: BTreeMap<PathBuf, Mark>,
    /// How long the last look took.
    took: Duration,
}

impl Files {
    pub(super) fn of(global: &Global, lab: &Lab) -> Self {
        let mut files = Self {
            file: global.file.clone(),
            folders: lab.functions.values().map(|f| f.source.clone()).collect(),
            marks: BTreeMap::new(),
            took: Duration::ZERO,
        };
        files.look();
        files
    }

    /// Those of another version of the lab. What was seen before stays as it was seen: it may have changed since.
    fn turn_to(&mut self, lab: &Lab) {
        self.folders = lab.functions.values().map(|f| f.source.clone()).collect();
        let before = std::mem::take(&mut self.marks);
        self.look();
        for (path, mark) in before {
            self.marks.entry(path).and_modify(|now| *now = mark);
        }
    }

    /// Looks at all files. Returns those that changed, came or went.
    fn look(&mut self) -> BTreeSet<PathBuf> {
        let since = Instant::now();
        let sources = self.folders.iter().flat_map(|folder| watched(folder));
        let all = sources.chain([self.file.clone()]);
        let now: BTreeMap<PathBuf, Mark> = all
            .filter_map(|path| Some((path.clone(), mark(&path)?)))
            .collect();
        let old = self
            .marks
            .iter()
            .filter(|(path, mark)| now.get(*path) != Some(mark));
        let new = now.keys().filter(|path| !self.marks.contains_key(*path));
        let changed = old.map(|(path, _)| path).chain(new).cloned().collect();
        self.marks = now;
        self.took = since.elapsed();
        changed
    }

    /// Waits for changes, and until no more come.
    async fn changed(&mut self) -> BTreeSet<PathBuf> {
        loop {
            // A large folder is looked at for a tenth of the time.
            tokio::time::sleep(PAUSE.max(self.took * 10)).await;
            let mut changed = self.look();
            if changed.is_empty() {
                continue;
            }
            loop {
                tokio::time::sleep(QUIET).await;
                let more = self.look();
                if more.is_empty() {
                    return changed;
                }
                changed.extend(more);
            }
        }
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let data = fs::symlink_metadata(path).ok()?;
    Some((
        data.size(),
        data.ino(),
        data.mtime(),
        data.mtime_nsec(),
        data.ctime(),
        data.ctime_nsec(),
    ))
}

/// The logs of the functions that are up.
struct Logs {
    tail: logs::Tail,
    /// How to ask, and of which functions. `None`: none is up.
    known: Option<(Cx, Vec<logs::Source>)>,
}

impl Logs {
    async fn turn_to(&mut self, run: Run<'_>) {
        self.known = Self::known(run).await.ok();
    }

    async fn known(run: Run<'_>) -> Result<(Cx, Vec<logs::Source>), Error> {
        let folder = run.site.state_folder(&run.lab.name);
        let state = journal::read(&folder)?.ok_or_else(|| Error::failed("the lab is gone"))?;
        let sources = logs::sources(&state, None)?;
        let link = link::link(run.global, run.site, &run.lab.region, Some(&state)).await?;
        let (events, _) = EventSink::new();
        let cx = link.cx(&state, &events, run.interrupt);
        link.identity(&cx, Some(&state)).await?;
        Ok((cx, sources))
    }

    /// Prints what comes; returns when nobody reads it.
    async fn follow(&mut self, global: &Global) {
        loop {
            if let Some((cx, sources)) = &self.known {
                // A twin that was stopped has no logs; the next change starts it.
                if let Ok(false) = self.tail.print(global, cx, sources).await {
                    return;
                }
            }
            tokio::time::sleep(LOG_PAUSE).await;
        }
    }
}

/// Why a round ends.
enum Next {
    Changed(BTreeSet<PathBuf>),
    Ended(&'static str, Exit),
}

/// `first` has just been done.
pub(super) async fn run(first: Run<'_>, mut files: Files) -> Result<Exit, Error> {
    let Run { global, site, .. } = first;
    let state = site.state_folder(&first.lab.name).join("state.json");
    let mut logs = Logs {
        tail: logs::Tail::since(Duration::ZERO),
        known: None,
    };
    logs.turn_to(first).await;
    let mut known = None::<Lab>;
    say(
        global,
        "waiting",
        "Watching lab.yaml and the functions' sources; Ctrl-C ends it",
        &[],
    );
    loop {
        let next = tokio::select! {
            () = first.interrupt.wait() => Next::Ended("Ended: the lab stays up", Exit::Interrupted),
            () = logs.follow(global) => Next::Ended("Ended: nobody reads", Exit::Ok),
            () = gone(&state) => Next::Ended("Ended: the lab is gone", Exit::Ok),
            changed = files.changed() => Next::Changed(changed),
        };
        let changed = match next {
            Next::Changed(changed) => changed,
            Next::Ended(why, exit) => {
                say(global, "ended", why, &[]);
                return Ok(exit);
            }
        };
        let names: Vec<String> = changed.iter().map(|path| name(site, path)).collect();
        say(
            global,
            "changed",
            &format!("{} changed", names.join(", ")),
            &names,
        );
        let lab = match scene::load_lab(global) {
            Ok(lab) => known.insert(lab),
            Err(error) => {
                report::tell(&error, global.json);
                continue;
            }
        };
        files.turn_to(lab);
        let run = Run {
            lab,
            started: Instant::now(),
            ..first
        };
        match apply(run, &state).await {
            Ok(_) => {}
            Err(error) if error.exit == Exit::Interrupted => return Err(error),
            Err(error) => report::tell(&error, global.json),
        }
        logs.turn_to(run).await;
    }
}

/// One more `up`, of which only the changes are shown.
async fn apply(run: Run<'_>, state: &Path) -> Result<Exit, Error> {
    super::plan::check(run.lab, &run.args.scope)?;
    // Another command may have the lab: it is waited for.
    let mut told = false;
    let lock = loop {
        match run.site.lock(&run.lab.name, "up") {
            Ok(lock) => break lock,
            Err(error) if !told => {
                report::tell(&error, run.global.json);
                told = true;
            }
            Err(_) => {}
        }
        let pause = tokio::time::sleep(LOG_PAUSE);
        if run.interrupt.or(Box::pin(pause)).await.is_none() {
            return Err(scene::interrupted());
        }
    };
    // That command was `down`.
    if !state.exists() {
        return Ok(Exit::Nothing);
    }
    let reporter = if run.global.json || run.global.quiet {
        scene::reporter(run.global)
    } else {
        Reporter::start(Style::Changes)
    };
    run.report(lock, reporter).await
}

/// Returns when the lab's state is there no more.
async fn gone(state: &Path) {
    while state.exists() {
        tokio::time::sleep(PAUSE).await;
    }
}

/// A path as the user writes it: from the lab's folder.
fn name(site: &Site, path: &Path) -> String {
    let inside = path.strip_prefix(site.base()).unwrap_or(path);
    inside.display().to_string()
}

fn say(global: &Global, what: &str, text: &str, files: &[String]) {
    if global.json {
        report::print_json(
            &json!({ "event": "watch", "state": what, "message": text, "files": files }),
        );
    } else if !global.quiet {
        report::print_lines(&[format!("  {text}")]);
    }
}
