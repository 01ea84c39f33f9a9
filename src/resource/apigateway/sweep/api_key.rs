//! API keys and usage plans: by name in a list of all, by tag, by the id that the lab's had. Values are not read.

use aws_sdk_apigateway::operation::{
    get_api_key::GetApiKeyOutput, get_usage_plan::GetUsagePlanOutput,
};

use crate::{
    aws::{Effect, Fault, Scope},
    kind::Kind,
    sweep::{Question, Seen, Sweep, Thing, chain, with},
};

pub(crate) const API_KEY: Question = Question {
    scope: Scope::Region,
    named_by_aws: true,
    made_by: None,
    id: |arn| id(arn.after("apigateway", "apikeys/")),
    actions: &["apigateway:GET"],
    ask: |sweep| Box::pin(api_keys(sweep)),
};

pub(crate) const USAGE_PLAN: Question = Question {
    scope: Scope::Region,
    named_by_aws: true,
    made_by: None,
    id: |arn| id(arn.after("apigateway", "usageplans/")),
    actions: &["apigateway:GET"],
    ask: |sweep| Box::pin(usage_plans(sweep)),
};

/// The last part of a path.
fn id(path: Option<&str>) -> Option<String> {
    path.filter(|id| !id.contains('/')).map(str::to_owned)
}

async fn api_keys(sweep: &Sweep<'_>) {
    let list = ("apigateway:GetApiKeys", "name");
    let all = all_api_keys(sweep);
    for (id, by) in sweep.candidates(Kind::ApiKey, list, all).await {
        let filter = format!("apiKey={id}");
        let answer = api_key(sweep, &id).await.map(Some);
        if let Seen::There(key) = sweep.one(by, "apigateway:GetApiKey", &filter, answer) {
            let shell = &sweep.target.shell;
            sweep.there(Thing {
                kind: Kind::ApiKey,
                name: key.name().unwrap_or(&id),
                physical_id: &id,
                tagged: sweep.carries_tag(key.tags()),
                known: sweep.known_by_id(Kind::ApiKey, &id),
                more: String::new(),
                command: shell.aws("apigateway", "delete-api-key", &[("--api-key", &id)]),
            });
        }
    }
}

async fn usage_plans(sweep: &Sweep<'_>) {
    let list = ("apigateway:GetUsagePlans", "name");
    let all = all_usage_plans(sweep);
    for (id, by) in sweep.candidates(Kind::UsagePlan, list, all).await {
        let filter = format!("usagePlanId={id}");
        let answer = usage_plan(sweep, &id).await.map(Some);
        if let Seen::There(plan) = sweep.one(by, "apigateway:GetUsagePlan", &filter, answer) {
            usage_plan_is_there(sweep, &id, &plan);
        }
    }
}

fn usage_plan_is_there(sweep: &Sweep<'_>, id: &str, plan: &GetUsagePlanOutput) {
    let shell = &sweep.target.shell;
    let me = ("--usage-plan-id", id);
    let mut commands = Vec::new();
    // A plan is only deleted without stages.
    for stage in plan.api_stages() {
        let (api, stage) = (stage.api_id(), stage.stage());
        let (Some(api), Some(stage)) = (api, stage) else {
            continue;
        };
        let patch = format!("op=remove,path=/apiStages,value={api}:{stage}");
        let options = [me, ("--patch-operations", patch.as_str())];
        commands.push(shell.aws("apigateway", "update-usage-plan", &options));
    }
    commands.push(shell.aws("apigateway", "delete-usage-plan", &[me]));
    sweep.there(Thing {
        kind: Kind::UsagePlan,
        name: plan.name().unwrap_or(id),
        physical_id: id,
        tagged: sweep.carries_tag(plan.tags()),
        known: sweep.known_by_id(Kind::UsagePlan, id),
        more: with(&[(plan.api_stages().len(), "stage")]),
        command: chain(&commands),
    });
}

async fn api_key(sweep: &Sweep<'_>, id: &str) -> Result<GetApiKeyOutput, Fault> {
    sweep
        .cx
        .call("apigateway:GetApiKey", Effect::Read, || {
            let get = sweep.cx.clients().apigateway.get_api_key();
            get.api_key(id).include_value(false).send()
        })
        .await
}

/// Ids and names.
async fn all_api_keys(sweep: &Sweep<'_>) -> Result<Vec<(String, String)>, Fault> {
    let list = sweep.cx.pages(
        "apigateway:GetApiKeys",
        |position| {
            let list = sweep.cx.clients().apigateway.get_api_keys().limit(500);
            list.include_values(false).set_position(position).send()
        },
        |page| {
            let all = page.items.unwrap_or_default().into_iter();
            let all = all.filter_map(|one| Some((one.id?, one.name?)));
            (all.collect(), page.position)
        },
    );
    list.await
}

async fn usage_plan(sweep: &Sweep<'_>, id: &str) -> Result<GetUsagePlanOutput, Fault> {
    sweep
        .cx
        .call("apigateway:GetUsagePlan", Effect::Read, || {
            let get = sweep.cx.clients().apigateway.get_usage_plan();
            get.usage_plan_id(id).send()
        })
        .await
}

/// Ids and names.
async fn all_usage_plans(sweep: &Sweep<'_>) -> Result<Vec<(String, String)>, Fault> {
    let list = sweep.cx.pages(
        "apigateway:GetUsagePlans",
        |position| {
            let list = sweep.cx.clients().apigateway.get_usage_plans().limit(500);
            list.set_position(position).send()
        },
        |page| {
            let all = page.items.unwrap_or_default().into_iter();
            let all = all.filter_map(|one| Some((one.id?, one.name?)));
            (all.collect(), page.position)
        },
    );
    list.await
}
