//! What the user is asked about a `.labctl`, and told when nobody can answer.

use labfiles::{plain, quoted};

use super::look::{Doubt, Flaw, Folder, What};
use crate::{
    cli::Global,
    cmd::scene,
    engine::{Interrupt, State},
    error::Error,
    local::Twin,
    report,
    user::User,
};

/// Says why in a sentence.
pub(super) fn why(folder: &Folder, doubt: &Doubt) -> String {
    let place = report::local_path(folder.own.path());
    match doubt {
        Doubt::Unknown => format!(
            "{place} was not made by your labctl on this machine: it came with the folder, or an older labctl made it"
        ),
        Doubt::Moved(from) => format!(
            "{place} was moved or copied here: your labctl made it as {}",
            plain(&from.to_string_lossy())
        ),
        Doubt::Files(files) => {
            let sentence =
                |(name, flaw): &(String, Flaw)| format!("{place}/{} {}", plain(name), flaw.told());
            let sentences: Vec<String> = files.iter().map(sentence).collect();
            sentences.join("; ")
        }
    }
}

impl Flaw {
    fn told(self) -> &'static str {
        match self {
            Self::Unsealed => {
                "has no seal: an older labctl wrote it, or it came from elsewhere (with `git pull`, or a copy)"
            }
            Self::Changed => "was changed after labctl wrote it (by an editor, or by `git pull`)",
            Self::NoKey => {
                "cannot be checked: the key in your state folder, with which labctl seals it, is gone"
            }
            Self::Old => {
                "is older than what labctl wrote last (put back by `git checkout`, or from a backup)"
            }
        }
    }
}

/// Says what is in the folder that labctl would go by or run, a line each.
pub(super) fn holds(folder: &Folder) -> Vec<String> {
    let kept = folder.kept.iter().flat_map(|file| match &file.what {
        What::State(_, state, _) => vec![state_holds(state)],
        What::World(twin, world) => world_holds(twin, world),
    });
    let running = folder.running.iter();
    let running = running.flat_map(|(twin, world)| world_holds(twin, world));
    kept.chain(running).collect()
}

fn state_holds(state: &State) -> String {
    let place = match state.local {
        Some(_) => "on a local twin".to_owned(),
        None => format!(
            "in account {}, {}",
            plain(&state.account),
            plain(&state.region)
        ),
    };
    format!(
        "it has the state of the lab {}: {} resources {place}",
        plain(&state.lab),
        state.steps.len()
    )
}

/// Functions of a twin that are named; more are counted.
const MOST_NAMED: usize = 5;

fn world_holds(twin: &Twin, world: &localaws::Saved) -> Vec<String> {
    let place = report::local_path(twin.dir());
    let handlers = world.handlers();
    if handlers.is_empty() {
        return vec![format!(
            "it has a local AWS twin in {place}, without code that runs"
        )];
    }
    let mut lines = vec![format!(
        "it has a local AWS twin in {place}; the code of its functions runs on this machine, as you:"
    )];
    let named = handlers.iter().take(MOST_NAMED);
    lines
        .extend(named.map(|(name, code)| format!("{}: {}", plain(name), report::local_path(code))));
    let more = handlers.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// What to type when the folder is not wanted, and what that loses.
fn refuse(folder: &Folder) -> Vec<String> {
    let place = quoted(folder.own.path());
    let aside = format!("`mv {place} {place}.other`");
    let mut on_aws = false;
    let mut on_twin = !folder.running.is_empty();
    let first = match folder.running.first() {
        Some((twin, _)) => format!("`labctl local stop --dir {}`, then ", quoted(twin.dir())),
        None => String::new(),
    };
    for file in &folder.kept {
        match &file.what {
            What::State(_, state, _) if state.local.is_none() => on_aws |= !state.steps.is_empty(),
            What::State(..) | What::World(..) => on_twin = true,
        }
    }
    let mut hints = vec![format!(
        "if not: {first}{aside} puts it aside, and nothing is deleted"
    )];
    if on_aws {
        hints.push(
            "without it, labctl looks for what is on AWS by tags and names: `labctl status`, then `labctl up` or `labctl down`"
                .to_owned(),
        );
    }
    if on_twin {
        hints.push(
            "what is on the local twin is in that folder and nowhere else: `labctl up --local` builds it anew".to_owned(),
        );
    }
    hints
}

/// Asks at a terminal. `--yes` is no answer: who typed it has not seen this.
pub(super) async fn ask(
    global: &Global,
    folder: &Folder,
    doubt: &Doubt,
    user: &User,
) -> Result<(), Error> {
    let remembers = user.can_keep();
    let why = match doubt {
        Doubt::Unknown if !remembers => format!(
            "labctl cannot tell whether {} is yours: it has no place to remember your folders in",
            report::local_path(folder.own.path())
        ),
        _ => why(folder, doubt),
    };
    let mut refusal = Error::usage(format!(
        "{why}. It says what `labctl down` deletes, where calls go, and which code runs here"
    ));
    for line in holds(folder) {
        refusal = refusal.hint(line);
    }
    refusal = refusal.hint(if remembers {
        "if that is right: `labctl trust` agrees from now on, `--trust` for one command"
    } else {
        "set HOME or XDG_STATE_HOME to a folder that labctl can write to, or add `--trust` to each command"
    });
    for line in refuse(folder) {
        refusal = refusal.hint(line);
    }
    if !scene::can_ask(global) {
        return Err(refusal);
    }
    let lines = [vec![why], holds(folder)].concat();
    report::print_warnings(&lines);
    if scene::agrees(&Interrupt::listen(), "Use it?").await? {
        return Ok(());
    }
    Err(refusal)
}
