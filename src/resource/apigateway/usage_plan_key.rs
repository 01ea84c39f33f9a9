//! The link of an API key to a usage plan.

use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Found, Given, Health, Ref, Resource},
    resource::{ApiKey, Kind, UsagePlan, form, gone, present},
    sweep::Swept,
};

/// The link.
#[derive(Debug, Clone)]
pub struct UsagePlanKey {
    /// The API key's name.
    pub api_key: String,
}

/// What is linked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub usage_plan_id: String,
    #[serde(deserialize_with = "form::id")]
    pub key_id: String,
}

/// AWS makes no id for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {}

async fn is_there(cx: &Cx, key: &Key) -> Result<bool, Fault> {
    let answer = cx
        .call("apigateway:GetUsagePlanKey", Effect::Read, || {
            let get = cx.clients().apigateway.get_usage_plan_key();
            get.usage_plan_id(&key.usage_plan_id)
                .key_id(&key.key_id)
                .send()
        })
        .await;
    Ok(present(answer)?.is_some())
}

impl Resource for UsagePlanKey {
    const KIND: Kind = Kind::UsagePlanKey;
    const SWEPT: Swept = Swept::Within(Kind::UsagePlan);
    const ACTIONS: &'static [&'static str] =
        &["apigateway:GET", "apigateway:POST", "apigateway:DELETE"];
    const LINGERS: bool = true;
    type Needs = (Ref<UsagePlan>, Ref<ApiKey>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.api_key.clone()
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::UsagePlan, &key.usage_plan_id))
    }

    fn key(&self, _cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (plan, api_key) = given?;
        Some(Key {
            usage_plan_id: plan.id.clone(),
            key_id: api_key.id.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        cx.call("apigateway:CreateUsagePlanKey", Effect::Create, || {
            let create = cx.clients().apigateway.create_usage_plan_key();
            create
                .usage_plan_id(&key.usage_plan_id)
                .key_id(&key.key_id)
                .key_type("API_KEY")
                .send()
        })
        .await?;
        Ok(Output {})
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        Ok(if is_there(cx, key).await? {
            Health::Ok
        } else {
            Health::Missing
        })
    }

    /// In our plan, so it is ours.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        Ok(if is_there(cx, key).await? {
            Found::Ours(Output {})
        } else {
            Found::Absent
        })
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        gone(
            cx.call("apigateway:DeleteUsagePlanKey", Effect::Idempotent, || {
                let delete = cx.clients().apigateway.delete_usage_plan_key();
                delete
                    .usage_plan_id(&key.usage_plan_id)
                    .key_id(&key.key_id)
                    .send()
            })
            .await,
        )
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(format!("{}/{}", key.usage_plan_id, key.key_id))
    }
}
