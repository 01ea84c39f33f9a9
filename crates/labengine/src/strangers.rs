//! Strangers that have the plan's names: shown before any of them is adopted.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::{Driver, Fault, Found, Kind, Plan, StepId, Stranger};

/// A stranger in a step's place.
#[derive(Debug, Clone)]
pub struct Candidate<K> {
    /// The step whose name it has.
    pub id: StepId,
    /// What it is.
    pub kind: K,
    /// The name.
    pub name: String,
    /// What is known of it.
    pub stranger: Stranger,
}

/// Looks for every step that a stranger may be in the place of; reads only. In the plan's order.
pub async fn strangers<D: Driver>(
    plan: &Arc<Plan<D>>,
    driver: &D,
) -> Result<Vec<Candidate<D::Kind>>, Fault> {
    let mut tasks = JoinSet::new();
    for step in plan.steps().iter().filter(|s| s.kind.adoptable()) {
        let Some(key) = step.work.key(driver)? else {
            continue;
        };
        let (id, kind, name) = (step.id.clone(), step.kind, step.name.clone());
        let (order, driver) = (step.order, driver.for_step(&id));
        tasks.spawn(async move {
            Ok(match driver.find(kind, &key).await? {
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
