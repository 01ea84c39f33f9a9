//! `labctl up --adopt`: strangers that have the lab's names are shown, and become the lab's own only when
//! the user agrees.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    aws::Cx,
    cli::Global,
    cmd::scene,
    engine::{self, Plan, StepId},
    error::Error,
};

/// The steps in whose place a stranger is that the user wants to be the lab's. Asks on the twin too:
/// what is adopted is changed, and one day deleted. `taken_over`: another owner's lab was, so something is adopted.
pub(super) async fn agree(
    global: &Global,
    plan: &Arc<Plan>,
    cx: &Cx,
    taken_over: bool,
) -> Result<BTreeSet<StepId>, Error> {
    let warn = |message: String| cx.warn(message);
    let found = engine::strangers(plan, cx).await?;
    let (others, free): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|c| c.stranger.lab.is_some());
    for candidate in &others {
        warn(format!(
            "not adopted, another lab's: {} `{}`: {}",
            candidate.kind.title(),
            candidate.name,
            candidate.stranger.seen
        ));
    }
    if free.is_empty() {
        if others.is_empty() && !taken_over {
            warn("nothing to adopt: no stranger has this lab's names".to_owned());
        }
        return Ok(BTreeSet::new());
    }
    for candidate in &free {
        warn(format!(
            "to adopt: {} `{}`: {}",
            candidate.kind.title(),
            candidate.name,
            candidate.stranger.seen
        ));
    }
    // The reporter is another thread: what is asked about is on the screen before the question.
    cx.events().shown().await;
    let (these, them) = match free.len() {
        1 => ("this".to_owned(), "it"),
        n => (format!("these {n}"), "them"),
    };
    let question = format!(
        "Adopt {these}? labctl puts the lab's tags on {them}, changes {them} to what lab.yaml says, and \
         `labctl down` will DELETE {them}."
    );
    scene::ask(global, cx.interrupt(), &question).await?;
    Ok(free.into_iter().map(|candidate| candidate.id).collect())
}
