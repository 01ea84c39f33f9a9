//! Labs that an older labctl made, or that were found again: their resources get the tags that say whose they are.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

use crate::{
    aws::{Cx, Owner},
    engine::{Action, Change, Intent, Journal, State, StepId},
    error::Error,
    resource::tag_record,
};

/// Whether a run of `up` on this state adds tags to the resource.
pub(in crate::cmd) fn will_tag(state: &State, intent: &Intent) -> bool {
    let stays = matches!(
        intent.action,
        Action::Keep | Action::Update | Action::Adopt | Action::Leave
    );
    state.owner.is_none() && intent.kind.tagged() && stays
}

/// Tags everything that was there before the run, unless it carries the tags of an owner. `done`: what the run did. What
/// cannot be tagged is told, and tried again by the next `up`.
pub(super) async fn owner(
    cx: &Cx,
    journal: &Journal,
    me: &Owner,
    done: &BTreeMap<StepId, Change>,
) -> Result<(), Error> {
    let state = journal.state();
    if state.owner.is_some() {
        return Ok(());
    }
    let mut tasks = JoinSet::new();
    let new = |id: &StepId| matches!(done.get(id), Some(Change::Created | Change::Replaced));
    for (id, record) in state.steps.into_iter().filter(|(id, _)| !new(id)) {
        let cx = cx.for_step(&id);
        tasks.spawn(async move { (id, tag_record(&cx, &record).await) });
    }
    let (mut tagged, mut refused) = (0, Vec::new());
    for (id, outcome) in tasks.join_all().await {
        match outcome {
            Ok(carries) => tagged += usize::from(carries),
            Err(fault) => refused.push(format!("{id}: {fault}")),
        }
    }
    cx.warn(format!("added owner tags to {tagged} resources"));
    if let Some(why) = refused.first() {
        let count = refused.len();
        cx.warn(format!(
            "{count} resources have no owner tags, the next `labctl up` tries again: {why}"
        ));
        return Ok(());
    }
    let id = me.id.clone();
    // All carries this run now: what carries another one, even one that was taken over, is not this lab's.
    let change = journal.change(|state| {
        state.owner = Some(id);
        state.runs = Some(Vec::new());
        Ok(())
    });
    Ok(change.await?)
}
