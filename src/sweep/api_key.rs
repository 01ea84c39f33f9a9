//! API keys and usage plans: by name in a list of all, by tag, by the id that the lab's had. Values are not read.

use aws_sdk_apigateway::{
    operation::{get_api_key::GetApiKeyOutput, get_usage_plan::GetUsagePlanOutput},
    types::{ApiKey, UsagePlan},
};

use super::{Seen, Sweep, Thing, command, pool::unique, tag::Hits, with};
use crate::{
    aws::{Effect, Fault},
    event::By,
    resource::Kind,
};

impl Sweep<'_> {
    pub(super) async fn api_keys(&self, hits: &Hits) {
        let names = self.names(Kind::ApiKey);
        let mut named = Vec::new();
        if !names.is_empty() {
            let all = self.all_api_keys().await;
            let same = |one: &ApiKey| one.name().is_some_and(|name| names.contains(&name));
            let same = all.map(|all| all.into_iter().filter(same).collect());
            let filter = format!("name={}", unique(&names));
            let same = self.list(By::Name, "apigateway:GetApiKeys", &filter, same);
            named = same.into_iter().filter_map(|one| one.id).collect();
        }
        for (id, by) in self.ids(Kind::ApiKey, &hits.api_keys, named) {
            let filter = format!("apiKey={id}");
            let answer = self.api_key(&id).await.map(Some);
            if let Seen::There(key) = self.one(by, "apigateway:GetApiKey", &filter, answer) {
                let shell = &self.target.shell;
                self.there(Thing {
                    kind: Kind::ApiKey,
                    name: key.name().unwrap_or(&id),
                    physical_id: &id,
                    tagged: self.carries_tag(key.tags()),
                    known: self.known_by_id(Kind::ApiKey, &id),
                    more: String::new(),
                    command: shell.aws("apigateway", "delete-api-key", &[("--api-key", &id)]),
                });
            }
        }
    }

    pub(super) async fn usage_plans(&self, hits: &Hits) {
        let names = self.names(Kind::UsagePlan);
        let mut named = Vec::new();
        if !names.is_empty() {
            let all = self.all_usage_plans().await;
            let same = |one: &UsagePlan| one.name().is_some_and(|name| names.contains(&name));
            let same = all.map(|all| all.into_iter().filter(same).collect());
            let filter = format!("name={}", unique(&names));
            let same = self.list(By::Name, "apigateway:GetUsagePlans", &filter, same);
            named = same.into_iter().filter_map(|one| one.id).collect();
        }
        for (id, by) in self.ids(Kind::UsagePlan, &hits.usage_plans, named) {
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
        self.there(Thing {
            kind: Kind::UsagePlan,
            name: plan.name().unwrap_or(id),
            physical_id: id,
            tagged: self.carries_tag(plan.tags()),
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
        let list = self.cx.pages(
            "apigateway:GetApiKeys",
            |position| {
                let list = self.cx.clients().apigateway.get_api_keys().limit(500);
                list.include_values(false).set_position(position).send()
            },
            |page| (page.items.unwrap_or_default(), page.position),
        );
        list.await
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
        let list = self.cx.pages(
            "apigateway:GetUsagePlans",
            |position| {
                let list = self.cx.clients().apigateway.get_usage_plans().limit(500);
                list.set_position(position).send()
            },
            |page| (page.items.unwrap_or_default(), page.position),
        );
        list.await
    }
}
