//! What answers a browser's preflight: API Gateway itself, without a function.

use aws_sdk_apigateway::types::IntegrationType;
use serde::{Deserialize, Serialize};

use super::{integration, tree};
use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Found, Given, Health, Ref, Resource, StepId},
    resource::{Integration, Kind, Method},
    sweep::Swept,
};

/// A `MOCK` integration that always asks for the same response.
#[derive(Debug, Clone)]
pub struct MockIntegration {
    /// The method's name, for its own.
    pub method: String,
    /// The status of that response.
    pub status: u16,
}

use integration::Key;

/// What AWS was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub template: String,
}

const JSON: &str = "application/json";

impl MockIntegration {
    fn template(&self) -> String {
        format!("{{\"statusCode\": {}}}", self.status)
    }
}

impl Resource for MockIntegration {
    const KIND: Kind = Kind::MockIntegration;
    const DERIVED: bool = true;
    const SWEPT: Swept = Swept::Within(Kind::Method);
    const ACTIONS: &'static [&'static str] = &["apigateway:GET", "apigateway:PUT"];
    const PUT: bool = true;
    type Needs = Ref<Method>;
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        format!("{} → {}", self.method, self.status)
    }

    fn within(method: &Self::Needs) -> Option<StepId> {
        Some(method.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::RestApi, &key.api_id))
    }

    fn key(&self, _cx: &Cx, method: Option<&Given<Self>>) -> Option<Key> {
        let method = method?;
        Some(Key {
            api_id: method.api_id.clone(),
            resource_id: method.resource_id.clone(),
            http_method: method.http_method.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _method: &Given<Self>) -> Result<Output, Fault> {
        let template = self.template();
        let put = cx
            .call("apigateway:PutIntegration", Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .put_integration()
                    .rest_api_id(&key.api_id)
                    .resource_id(&key.resource_id)
                    .http_method(&key.http_method)
                    .r#type(IntegrationType::Mock)
                    .request_templates(JSON, &template)
                    .send()
            })
            .await;
        tree::forget(cx, &key.api_id);
        put?;
        Ok(Output { template })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        let Some(seen) = integration::get(cx, key).await? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        compare.field(
            "type",
            &Some(IntegrationType::Mock.as_str()),
            &seen.r#type().map(IntegrationType::as_str),
        );
        let template = seen.request_templates().and_then(|all| all.get(JSON));
        compare.field("requestTemplates", &Some(&self.template()), &template);
        Ok(compare.health())
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let found = integration::get(cx, key).await?;
        let template = found.and_then(|i| i.request_templates?.remove(JSON));
        Ok(template.map_or(Found::Absent, |template| Found::Ours(Output { template })))
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        Integration::delete(cx, key, None).await
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Integration::physical_id(key, None)
    }
}
