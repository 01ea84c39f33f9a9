//! API keys and usage plans: by name in a list of all, by tag, by the id that the lab's had. Values are not read.

use std::collections::BTreeMap;

use aws_sdk_apigateway::{
    operation::{get_api_key::GetApiKeyOutput, get_usage_plan::GetUsagePlanOutput},
    types::{ApiKey, UsagePlan},
};

use super::{Known, Seen, Sweep, Thing, command, pool::unique, tag::Hits, with};
use crate::{
    aws::{Effect, Fault},
    engine::By,
    resource::Kind,
};

impl Sweep<'_> {
    pub(super) async fn api_keys(&self, hits: &Hits) {
        let known: Vec<&Known> = self.known(Kind::ApiKey).collect();
        let mut ids: BTreeMap<String, By> = BTreeMap::new();
        ids.extend(hits.api_keys.iter().map(|id| (id.clone(), By::Tag)));
        if !known.is_empty() {
            let all = self.all_api_keys().await;
            let names: Vec<&str> = known.iter().map(|k| k.name.as_str()).collect();
            let named = |key: &ApiKey| key.name().is_some_and(|name| names.contains(&name));
            let same = all.map(|all| all.into_iter().filter(named).collect());
            let filter = format!("name={}", unique(&names));
            for key in self.list(By::Name, "apigateway:GetApiKeys", &filter, same) {
                ids.extend(key.id.map(|id| (id, By::Name)));
            }
        }
        ids.extend(known.iter().filter_map(|k| Some((k.id.clone()?, By::Id))));
        for (id, by) in ids {
            let filter = format!("apiKey={id}");
            let answer = self.api_key(&id).await.map(Some);
            if let Seen::There(key) = self.one(by, "apigateway:GetApiKey", &filter, answer) {
                let tags = key.tags().into_iter().flatten();
                let shell = &self.target.shell;
                self.there(Thing {
                    kind: Kind::ApiKey,
                    name: key.name().unwrap_or(&id),
                    physical_id: &id,
                    tagged: self.cx.owns(tags.map(|(k, v)| (k.as_str(), v.as_str()))),
                    known: self.known_by_id(Kind::ApiKey, &id),
                    more: String::new(),
                    command: shell.aws("apigateway", "delete-api-key", &[("--api-key", &id)]),
                });
            }
        }
    }

    pub(super) async fn usage_plans(&self, hits: &Hits) {
        let known: Vec<&Known> = self.known(Kind::UsagePlan).collect();
        let mut ids: BTreeMap<String, By> = BTreeMap::new();
        ids.extend(hits.usage_plans.iter().map(|id| (id.clone(), By::Tag)));
        if !known.is_empty() {
            let all = self.all_usage_plans().await;
            let names: Vec<&str> = known.iter().map(|k| k.name.as_str()).collect();
            let named = |plan: &UsagePlan| plan.name().is_some_and(|name| names.contains(&name));
            let same = all.map(|all| all.into_iter().filter(named).collect());
            let filter = format!("name={}", unique(&names));
            for plan in self.list(By::Name, "apigateway:GetUsagePlans", &filter, same) {
                ids.extend(plan.id.map(|id| (id, By::Name)));
            }
        }
        ids.extend(known.iter().filter_map(|k| Some((k.id.clone()?, By::Id))));
        for (id, by) in ids {
            let filter = format!("usagePlanId={id}");
            let answer = self.usage_plan(&id).await.map(Some);
            if let Seen::There(plan) = self.one(by, "apigateway:GetUsagePlan", &filter, answer) {
                self.usage_plan_is_there(&id, &plan);
            }
        }
    }

    fn usage_plan_is_there(&self, id: &str, plan: &GetUsagePlanOutput) {
        let shell = &self.target.shell;
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
        let tags = plan.tags().into_iter().flatten();
        self.there(Thing {
            kind: Kind::UsagePlan,
            name: plan.name().unwrap_or(id),
            physical_id: id,
            tagged: self.cx.owns(tags.map(|(k, v)| (k.as_str(), v.as_str()))),
            known: self.known_by_id(Kind::UsagePlan, id),
            more: with(&[(plan.api_stages().len(), "stage")]),
            command: command::chain(&commands),
        });
    }

    async fn api_key(&self, id: &str) -> Result<GetApiKeyOutput, Fault> {
        self.cx
            .call("apigateway:GetApiKey", Effect::Read, || {
                let get = self.cx.clients().apigateway.get_api_key();
                get.api_key(id).include_value(false).send()
            })
            .await
    }

    async fn all_api_keys(&self) -> Result<Vec<ApiKey>, Fault> {
        let (mut all, mut position) = (Vec::new(), None::<String>);
        loop {
            let page = self
                .cx
                .call("apigateway:GetApiKeys", Effect::Read, || {
                    let list = self.cx.clients().apigateway.get_api_keys().limit(500);
                    list.include_values(false)
                        .set_position(position.clone())
                        .send()
                })
                .await?;
            all.extend(page.items.unwrap_or_default());
            position = page.position;
            if position.is_none() {
                return Ok(all);
            }
        }
    }

    async fn usage_plan(&self, id: &str) -> Result<GetUsagePlanOutput, Fault> {
        self.cx
            .call("apigateway:GetUsagePlan", Effect::Read, || {
                let get = self.cx.clients().apigateway.get_usage_plan();
                get.usage_plan_id(id).send()
            })
            .await
    }

    async fn all_usage_plans(&self) -> Result<Vec<UsagePlan>, Fault> {
        let (mut all, mut position) = (Vec::new(), None::<String>);
        loop {
            let page = self
                .cx
                .call("apigateway:GetUsagePlans", Effect::Read, || {
                    let list = self.cx.clients().apigateway.get_usage_plans().limit(500);
                    list.set_position(position.clone()).send()
                })
                .await?;
            all.extend(page.items.unwrap_or_default());
            position = page.position;
            if position.is_none() {
                return Ok(all);
            }
        }
    }
}
