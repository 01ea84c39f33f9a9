//! What was made by hand inside of the lab's own resources: it goes with them, and no state has it.

use std::collections::BTreeMap;

use crate::{
    aws::{Cx, Fault},
    engine::{Record, State, StepId, Survey, Verdict},
    resource::{Kind, Recorded, RestApi, UserPool, of_api, of_pool, of_role},
};

/// For each step that `down` deletes, what goes with it, in words. No answer is no word: `down` goes on all the same.
pub(super) async fn by_hand(
    cx: &Cx,
    state: &State,
    survey: &BTreeMap<StepId, Result<Survey, Fault>>,
) -> BTreeMap<StepId, String> {
    let mut all = BTreeMap::new();
    for (id, seen) in survey {
        let goes = matches!(seen, Ok(seen) if *seen.verdict() == Verdict::Delete);
        let record = state.steps.get(id).filter(|_| goes);
        let words = match record {
            Some(record) => inside(cx, state, record).await.unwrap_or_default(),
            None => Vec::new(),
        };
        if !words.is_empty() {
            all.insert(id.clone(), words.join(", "));
        }
    }
    all
}

async fn inside(cx: &Cx, state: &State, record: &Record) -> Result<Vec<String>, Fault> {
    let mut words = Vec::new();
    let (mut held, mut users) = (Vec::new(), 0);
    if let Some(pool) = record.output::<UserPool>() {
        (held, users) = of_pool(cx, &pool.id).await?;
    }
    if let Some(api) = record.output::<RestApi>() {
        held = of_api(cx, &api.id).await?;
    }
    if record.kind == Kind::Role {
        held = of_role(cx, &record.name).await?;
    }
    let of_kind = |kind| state.steps.values().filter(move |r| r.kind == kind);
    for (kind, id) in held {
        let is_known = |r: &Record| r.physical_id().as_deref() == Some(&*id) || r.name == id;
        // What a caller may call is a policy of its role, too.
        let is_call = kind == Kind::RolePolicy && of_kind(Kind::CallPolicy).any(is_known);
        if !is_call && !of_kind(kind).any(is_known) {
            words.push(format!("{} {}", kind.title(), labfiles::plain(&id)));
        }
    }
    let known = of_kind(Kind::User).count();
    match usize::try_from(users)
        .unwrap_or_default()
        .saturating_sub(known)
    {
        0 => {}
        1 => words.push("1 user".to_owned()),
        n => words.push(format!("{n} users")),
    }
    Ok(words)
}
