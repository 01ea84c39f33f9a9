//! A lab that was found by its tags, and no state says whose it is: the user's own is taken up again, somebody else's is
//! shown, and taken over only with `--adopt`.

use super::scene;
use crate::{
    aws::{Cx, Makers, Owner},
    cli::Global,
    engine::{self, Plan, Seen, Standing, State},
    error::Error,
};

/// Looks whose the things are that have the lab's names and tags. What is ours is noted in `state`; what is somebody
/// else's too, once the user has agreed. Returns what was seen of the plan's steps.
pub(super) async fn settle(
    (global, cx, me): (&Global, &Cx, &Owner),
    plan: &Plan,
    state: &mut State,
    (command, adopt): (&str, bool),
) -> Result<Vec<Seen>, Error> {
    if state.runs.is_none() {
        return Ok(Vec::new());
    }
    let has_own = !state.steps.is_empty();
    let seen = engine::discover(plan, cx, &mut state.clone()).await?;
    let (ours, others) = cx.makers();
    let runs = state.runs.get_or_insert_default();
    runs.extend(ours.into_keys().filter(|run| *run != state.run));
    if others.is_empty() {
        return Ok(seen);
    }
    let strangers = seen.iter().filter(|s| s.state == Standing::Foreign);
    for stranger in strangers.filter_map(|s| s.message.as_deref()).take(3) {
        cx.warn(format!("not this user's: {stranger}"));
    }
    let whose = words(cx.lab(), &others, Some(me));
    let found = seen.iter().any(|s| s.state == Standing::Found);
    if !adopt && (found || has_own) {
        cx.warn(format!("left alone: {whose}"));
        return Ok(seen);
    }
    if !adopt {
        ask(global, cx, &whose, command).await?;
    }
    cx.warn(format!("adopted: {whose}"));
    runs.extend(others.into_keys());
    (state.recovered, state.owner) = (true, None);
    Ok(seen)
}

/// Whose runs these are, as far as their tags say.
pub(super) fn words(lab: &str, others: &Makers, me: Option<&Owner>) -> String {
    let each = others.iter().map(|(run, maker)| {
        let by = maker.by.as_deref().unwrap_or("an older labctl");
        let same = me.is_some_and(|me| maker.owner.as_deref() == Some(&*me.id));
        let place = if same {
            ", as the same caller as now, elsewhere"
        } else {
            ""
        };
        let since = since(run).map(|since| format!(" since {since}"));
        format!(
            "made by {by}{place}{} (run {})",
            since.unwrap_or_default(),
            labfiles::plain(run)
        )
    });
    let each: Vec<_> = each.collect();
    format!("a lab `{lab}` {}", each.join("; "))
}

/// When a run began, if its id says so: those of older labctls do not.
fn since(run: &str) -> Option<String> {
    let (seconds, _) = run.parse::<uuid::Uuid>().ok()?.get_timestamp()?.to_unix();
    let at = jiff::Timestamp::from_second(seconds.try_into().ok()?).ok()?;
    Some(at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// Why nothing is done, and the ways on.
pub(super) fn refusal(whose: &str, command: &str) -> Error {
    Error::usage(format!(
        "there is {whose}, and this user's labctl did not make it on this machine"
    ))
    .hint(format!("if it is yours: `{command} --adopt` takes it over"))
    .hint("for a lab of your own beside it: `--as NAME` adds -NAME to all its names")
}

/// Asks at a terminal. `--yes` is no answer: who typed it has not seen whose the lab is.
async fn ask(global: &Global, cx: &Cx, whose: &str, command: &str) -> Result<(), Error> {
    let refusal = refusal(whose, command);
    if !scene::can_ask(global) {
        return Err(refusal);
    }
    cx.events().shown().await;
    let question = format!("There is {whose}. Take it over?");
    if scene::agrees(cx.interrupt(), &question).await? {
        return Ok(());
    }
    Err(refusal)
}

/// Who the caller is: as lab.yaml or `LABCTL_OWNER` says, or as AWS does.
pub(super) fn owner(arn: &str, of_lab: Option<&str>) -> Owner {
    let said = std::env::var("LABCTL_OWNER").ok().filter(|s| !s.is_empty());
    Owner::of(arn, said.as_deref().or(of_lab))
}
