//! What `--until` leaves as it is.

use std::{collections::BTreeSet, sync::Arc};

use super::{Secrets, Users, planned};
use crate::{
    aws::Cx,
    cli::Scope,
    engine::{self, Action, Intent, Plan, Reads, State},
    error::Error,
    lab::Lab,
};

/// What a run says of later chapters, one sentence each: that they stay, and what of them goes on using something
/// that the run replaces or removes.
pub(in crate::cmd) async fn later(
    lab: &Lab,
    plan: &Plan,
    intents: &[Intent],
    cx: &Cx,
    state: &State,
    secrets: &Secrets,
) -> Result<Vec<String>, Error> {
    let Some(left) = left(plan, state) else {
        return Ok(Vec::new());
    };
    let scope = Scope::default();
    let whole = planned(lab, &scope, &Users::known(state), Some(state), secrets)?;
    let stale = stale(intents, &Arc::new(whole), plan, cx, state).await?;
    Ok([vec![left], stale].concat())
}

/// The chapters that the run leaves alone, in a sentence.
fn left(plan: &Plan, state: &State) -> Option<String> {
    let left = state.steps.values().filter(|record| plan.leaves(record));
    let chapters: BTreeSet<u8> = left.map(|record| record.chapter).collect();
    let mut numbers: Vec<String> = chapters.iter().map(u8::to_string).collect();
    let last = numbers.pop()?;
    let (word, verb) = if numbers.is_empty() {
        ("chapter", "is")
    } else {
        ("chapters", "are")
    };
    let which = if numbers.is_empty() {
        last
    } else {
        format!("{} and {last}", numbers.join(", "))
    };
    let as_it = if verb == "is" { "it is" } else { "they are" };
    Some(format!(
        "{word} {which} {verb} left as {as_it}; `labctl down` removes all"
    ))
}

/// What of later chapters goes on using something that this run replaces or removes, one sentence each.
async fn stale(
    intents: &[Intent],
    whole: &Arc<Plan>,
    plan: &Plan,
    cx: &Cx,
    state: &State,
) -> Result<Vec<String>, Error> {
    if !intents.iter().any(Intent::goes) {
        return Ok(Vec::new());
    }
    let later = |intent: &Intent| {
        let record = state.steps.get(&intent.id)?;
        let touched = matches!(intent.action, Action::Update | Action::Replace);
        (plan.leaves(record) && touched).then(|| (record.kind.title(), record.name.clone()))
    };
    let local = if state.local.is_some() {
        " --local"
    } else {
        ""
    };
    let all = engine::foresee(whole, cx, state, Reads::AtOnce)
        .await?
        .intents;
    let all = all.iter().filter_map(later);
    Ok(all
        .map(|(title, name)| {
            format!(
                "{title} `{name}` is of a later chapter and stays as it is, so it does not use what this run makes: \
                 `labctl up{local}` updates it"
            )
        })
        .collect())
}
