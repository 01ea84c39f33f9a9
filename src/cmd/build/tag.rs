//! Labs that an older labctl made, or that were found again: their resources get the tags that say whose they are.

use tokio::task::JoinSet;

use crate::{
    aws::{Cx, Owner},
    engine::Journal,
    error::Error,
    resource::tag_record,
};

/// Tags everything on record, unless it carries the tags of an owner. What cannot be tagged is told, and tried again by
/// the next `up`.
pub(super) async fn owner(cx: &Cx, journal: &Journal, me: &Owner) -> Result<(), Error> {
    let state = journal.state();
    if state.owner.is_some() {
        return Ok(());
    }
    let mut tasks = JoinSet::new();
    for (id, record) in state.steps {
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
