//! Strangers that have the plan's names: shown before any of them is adopted.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{
    graph::Plan,
    needs::StepId,
    resource::{Found, Stranger},
};
use crate::{
    aws::{Cx, Fault},
    resource::Kind,
};

/// A stranger in a step's place.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The step whose name it has.
    pub id: StepId,
    /// What it is.
    pub kind: Kind,
    /// The name.
    pub name: String,
    /// What is known of it.
    pub stranger: Stranger,
}

/// Looks for every step that a stranger may be in the place of; reads only. In the plan's order.
pub async fn strangers(plan: &Arc<Plan>, cx: &Cx) -> Result<Vec<Candidate>, Fault> {
    let mut tasks = JoinSet::new();
    for step in plan.steps().iter().filter(|s| s.kind.adoptable()) {
        let Some(key) = step.work.key(cx)? else {
            continue;
        };
        let (id, kind, name) = (step.id.clone(), step.kind, step.name.clone());
        let (order, cx) = (step.order, cx.for_step(&id));
        tasks.spawn(async move {
            Ok(match kind.find(&cx, &key).await? {
                Found::Foreign(stranger) => Some((
                    order,
                    Candidate {
                        id,
                        kind,
                        name,
                        stranger,
                    },
                )),
                Found::Ours(_) | Found::Absent => None,
            })
        });
    }
    let mut all: Vec<_> = tasks
        .join_all()
        .await
        .into_iter()
        .collect::<Result<Vec<_>, Fault>>()?
        .into_iter()
        .flatten()
        .collect();
    all.sort_by_key(|(order, _)| *order);
    Ok(all.into_iter().map(|(_, candidate)| candidate).collect())
}
