//! The headers of what a mock integration answers.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{
    MethodResponse, MockIntegration, integration,
    method_response::{self, parameter},
    tree,
};
use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Found, Given, Health, Ref, Resource, StepId},
    resource::{Kind, gone},
    sweep::Swept,
};

/// A response of a mock integration: constant headers, no body.
#[derive(Debug, Clone)]
pub struct IntegrationResponse {
    /// The method's name, for its own.
    pub method: String,
    /// e.g. 204.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
}

use method_response::Key;

/// What AWS was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub parameters: BTreeMap<String, String>,
}

async fn get(cx: &Cx, key: &Key) -> Result<Option<BTreeMap<String, String>>, Fault> {
    let of = integration::Key {
        api_id: key.api_id.clone(),
        resource_id: key.resource_id.clone(),
        http_method: key.http_method.clone(),
    };
    let integration = integration::get(cx, &of).await?;
    let response = integration.and_then(|i| i.integration_responses?.remove(&key.status));
    Ok(response.map(|r| {
        r.response_parameters
            .unwrap_or_default()
            .into_iter()
            .collect()
    }))
}

impl IntegrationResponse {
    /// A constant is written in quotes.
    fn parameters(&self) -> BTreeMap<String, String> {
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| (parameter(name), format!("'{value}'")))
            .collect()
    }
}

impl Resource for IntegrationResponse {
    const KIND: Kind = Kind::IntegrationResponse;
    const DERIVED: bool = true;
    const SWEPT: Swept = Swept::Within(Kind::MockIntegration);
    const ACTIONS: &'static [&'static str] =
        &["apigateway:GET", "apigateway:PUT", "apigateway:DELETE"];
    const PUT: bool = true;
    /// The integration, and the method's response with the same headers.
    type Needs = (Ref<MockIntegration>, Ref<MethodResponse>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        format!("{} {}", self.method, self.status)
    }

    fn within((integration, _): &Self::Needs) -> Option<StepId> {
        Some(integration.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::RestApi, &key.api_id))
    }

    fn key(&self, _cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (_, response) = given?;
        Some(response.key.clone())
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        let parameters = self.parameters();
        let all: HashMap<_, _> = parameters.clone().into_iter().collect();
        let operation = "apigateway:PutIntegrationResponse";
        let put = cx
            .call(operation, Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .put_integration_response()
                    .rest_api_id(&key.api_id)
                    .resource_id(&key.resource_id)
                    .http_method(&key.http_method)
                    .status_code(&key.status)
                    .set_response_parameters(Some(all.clone()))
                    .send()
            })
            .await;
        tree::forget(cx, &key.api_id);
        put?;
        Ok(Output { parameters })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        let Some(seen) = get(cx, key).await? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        compare.field("responseParameters", &self.parameters(), &seen);
        Ok(compare.health())
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let seen = get(cx, key).await?;
        Ok(seen.map_or(Found::Absent, |parameters| {
            Found::Ours(Output { parameters })
        }))
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        tree::forget(cx, &key.api_id);
        let operation = "apigateway:DeleteIntegrationResponse";
        gone(
            cx.call(operation, Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .delete_integration_response()
                    .rest_api_id(&key.api_id)
                    .resource_id(&key.resource_id)
                    .http_method(&key.http_method)
                    .status_code(&key.status)
                    .send()
            })
            .await,
        )
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        MethodResponse::physical_id(key, None)
    }
}
