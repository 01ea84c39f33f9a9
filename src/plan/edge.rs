//! The distribution before the API, and what makes the API answer to it alone.

use crate::{
    chapter::Chapter,
    engine::{Plan, Planning, Ref, State},
    lab::{self, Lab},
    resource::{
        ApiKey, Distribution, EdgeDeployment, RecordSet, Recorded, RestApi, Stage, UsagePlan,
        UsagePlanKey, WebAcl,
    },
};

/// What keys, plans and ACLs are called: lower-case letters, digits and `-` are good for all of them.
fn name(lab: &Lab) -> String {
    format!("labctl-{}", lab.name)
}

/// `number`: which of the lab's API keys the distribution sends.
pub(super) fn add(
    plan: &mut Plan,
    lab: &Lab,
    edge: &lab::Edge,
    api: &Ref<RestApi>,
    stage: Ref<Stage>,
    number: u32,
) {
    let chapter = Chapter::Edge;
    let name = name(lab);
    let key = ApiKey {
        base: name.clone(),
        number,
    };
    let api_key = format!("{name}-{number}");
    let key = plan.add(chapter, format!("api_key.{number}"), key, ());
    let usage_plan = UsagePlan { name: name.clone() };
    let usage_plan = plan.add(chapter, "usage_plan", usage_plan, (api.clone(), stage));
    let link = UsagePlanKey { api_key };
    let id = format!("usage_plan_key.{number}");
    let link = plan.add(chapter, id, link, (usage_plan, key.clone()));
    let web_acl = edge
        .rate_limit
        .map(|limit| plan.add(chapter, "web_acl", WebAcl { name, limit }, ()));
    let distribution = Distribution {
        spec: edge.clone(),
        stage: lab
            .api
            .as_ref()
            .map(|api| api.stage.clone())
            .unwrap_or_default(),
    };
    let rotated = (number > 1).then_some(link);
    let needs = (api.clone(), (key, rotated), web_acl);
    let distribution = plan.add(chapter, "distribution", distribution, needs);
    plan.add(
        chapter,
        "edge_deployment",
        EdgeDeployment,
        distribution.clone(),
    );
    if let Some(domain) = &edge.domain {
        let record = RecordSet(domain.clone());
        plan.add(chapter, "record_set", record, distribution);
    }
}

/// The number of the newest API key that the state knows; a rotation that was cut off goes on with it.
pub fn key_number(state: Option<&State>) -> u32 {
    let records = state.iter().flat_map(|state| state.steps.values());
    let keys = records.filter_map(Recorded::key::<ApiKey>);
    keys.map(|key| key.number).max().unwrap_or(1)
}

/// The number of the key that a rotation makes: above all that are there.
pub fn next_key_number(state: Option<&State>) -> u32 {
    let records = state.iter().flat_map(|state| state.steps.values());
    let there = records.filter_map(Recorded::output::<ApiKey>);
    let there = there.map(|key| key.number).max();
    key_number(state).max(there.unwrap_or_default()) + 1
}
