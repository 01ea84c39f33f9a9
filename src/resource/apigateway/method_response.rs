//! Which status and headers a method may answer. A proxy integration needs none; a mock does.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{method, tree};
use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Resource, StepId},
    resource::{Kind, Method, form, gone},
    sweep::Swept,
};

/// A response of a method.
#[derive(Debug, Clone)]
pub struct MethodResponse {
    /// The method's name, for its own.
    pub method: String,
    /// e.g. 204.
    pub status: u16,
    /// Names of the headers.
    pub headers: Vec<String>,
}

/// The method and the status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub api_id: String,
    #[serde(deserialize_with = "form::id")]
    pub resource_id: String,
    #[serde(deserialize_with = "form::id")]
    pub http_method: String,
    #[serde(deserialize_with = "form::id")]
    pub status: String,
}

/// Where the response is, for what fills it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub key: Key,
}

impl Key {
    fn method(&self) -> method::Key {
        method::Key {
            api_id: self.api_id.clone(),
            resource_id: self.resource_id.clone(),
            http_method: self.http_method.clone(),
            path: String::new(),
        }
    }
}

/// As API Gateway names a response's header.
pub(super) fn parameter(header: &str) -> String {
    format!("method.response.header.{header}")
}

/// The headers that AWS has. `None`: there is no such response.
async fn get(cx: &Cx, key: &Key) -> Result<Option<BTreeSet<String>>, Fault> {
    let method = method::get(cx, &key.method()).await?;
    let response = method.and_then(|m| m.method_responses?.remove(&key.status));
    Ok(response.map(|r| {
        r.response_parameters
            .unwrap_or_default()
            .into_keys()
            .collect()
    }))
}

impl MethodResponse {
    fn parameters(&self) -> BTreeSet<String> {
        self.headers
            .iter()
            .map(|header| parameter(header))
            .collect()
    }
}

impl Resource for MethodResponse {
    const KIND: Kind = Kind::MethodResponse;
    const DERIVED: bool = true;
    const SWEPT: Swept = Swept::Within(Kind::Method);
    const ACTIONS: &'static [&'static str] =
        &["apigateway:GET", "apigateway:PUT", "apigateway:DELETE"];
    type Needs = Ref<Method>;
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        format!("{} {}", self.method, self.status)
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
            status: self.status.to_string(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _method: &Given<Self>) -> Result<Output, Fault> {
        let parameters = self.parameters().into_iter().map(|name| (name, false));
        let parameters = parameters.collect::<std::collections::HashMap<_, _>>();
        // terraform-provider-aws sends these one after another, too (apigateway/method_response.go).
        let responses = format!("method responses of {}", key.api_id);
        let _turn = cx.turn(&responses).await;
        let put = cx
            .call("apigateway:PutMethodResponse", Effect::Create, || {
                cx.clients()
                    .apigateway
                    .put_method_response()
                    .rest_api_id(&key.api_id)
                    .resource_id(&key.resource_id)
                    .http_method(&key.http_method)
                    .status_code(&key.status)
                    .set_response_parameters(Some(parameters.clone()))
                    .send()
            })
            .await;
        tree::forget(cx, &key.api_id);
        put?;
        Ok(Output { key: key.clone() })
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

    /// A response that is there cannot be put: it is replaced. What fills it stays.
    async fn update(&self, at: At<'_, Self>, _drift: &[Drift]) -> Result<Output, Fault> {
        let At {
            cx,
            key,
            given: method,
            ..
        } = at;
        Self::delete(cx, key, None).await?;
        self.create(cx, key, method).await
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let seen = get(cx, key).await?;
        Ok(seen.map_or(Found::Absent, |_| Found::Ours(Output { key: key.clone() })))
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        let gone = gone(
            cx.call(
                "apigateway:DeleteMethodResponse",
                Effect::Idempotent,
                || {
                    cx.clients()
                        .apigateway
                        .delete_method_response()
                        .rest_api_id(&key.api_id)
                        .resource_id(&key.resource_id)
                        .http_method(&key.http_method)
                        .status_code(&key.status)
                        .send()
                },
            )
            .await,
        );
        tree::forget(cx, &key.api_id);
        gone
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        let Key {
            api_id,
            resource_id,
            http_method,
            status,
        } = key;
        Some(format!("{api_id}/{resource_id}/{http_method}/{status}"))
    }
}
