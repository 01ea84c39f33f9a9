//! What the user is asked about a `.labctl`, and told when nobody can answer.

use labfiles::{plain, quoted};

use super::look::{Doubt, Folder, Kept};
use crate::{
    cli::Global,
    cmd::{scene, user::User},
    engine::{Interrupt, journal},
    error::Error,
    report,
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
        Doubt::Changed(labs) => {
            let files: Vec<String> = labs
                .iter()
                .map(|lab| format!("{place}/{}/{}", plain(lab), journal::FILE))
                .collect();
            let was = if files.len() == 1 { "was" } else { "were" };
            format!(
                "{} {was} changed after labctl wrote it (by an editor, or by `git pull`)",
                files.join(", ")
            )
        }
    }
}

/// Says what the states hold, a line each.
pub(super) fn holds(folder: &Folder) -> Vec<String> {
    let line = |Kept { lab, state, .. }: &Kept| {
        let steps = state.steps.len();
        let place = match state.local {
            Some(_) => "on a local twin".to_owned(),
            None => format!(
                "in account {}, {}",
                plain(&state.account),
                plain(&state.region)
            ),
        };
        format!(
            "it has the state of the lab {}: {steps} resources {place}",
            plain(lab)
        )
    };
    folder.kept.iter().map(line).collect()
}

/// Asks at a terminal. `--yes` is no answer: who typed it has not seen this.
pub(super) async fn ask(
    global: &Global,
    folder: &Folder,
    doubt: &Doubt,
    user: &User,
) -> Result<(), Error> {
    let why = why(folder, doubt);
    let place = quoted(folder.own.path());
    let mut refusal = Error::usage(format!(
        "{why}. It says what `labctl down` deletes and where calls go"
    ));
    for line in holds(folder) {
        refusal = refusal.hint(line);
    }
    if !user.can_keep() {
        refusal = refusal.hint(
            "labctl has no place to remember your folders in: set HOME or XDG_STATE_HOME to a folder that it can write to, \
             or add `--trust` to each command",
        );
    }
    let refusal = refusal
        .hint("if that is right: `labctl trust` agrees from now on, `--trust` for one command")
        .hint(format!(
            "if not: `rm -r {place}`, and labctl looks for this lab's resources by their tags and names"
        ));
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
