//! What a method calls: the Lambda function, as a proxy integration.

use aws_sdk_apigateway::types::IntegrationType;
use serde::{Deserialize, Serialize};

use super::{method, tree};
use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Resource, StepId},
    resource::{Kind, Method, form, gone},
    sweep::Swept,
};

/// A Lambda proxy integration.
#[derive(Debug, Clone)]
pub struct Integration {
    /// The function's name. Its ARN is computed, so the function need not exist yet.
    pub function: String,
    /// The method's name, for its own.
    pub method: String,
}

/// The method, and the URI of the function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub api_id: String,
    #[serde(deserialize_with = "form::id")]
    pub resource_id: String,
    #[serde(deserialize_with = "form::id")]
    pub http_method: String,
}

/// What AWS was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::text")]
    pub uri: String,
}

impl Integration {
    fn uri(&self, cx: &Cx) -> String {
        cx.invocation_uri(&self.function)
    }

    /// `PutIntegration` replaces the whole integration: what `now` has beside ours is given again.
    /// Lambda is always called by POST, whatever the method.
    async fn put(
        &self,
        cx: &Cx,
        key: &Key,
        now: Option<&aws_sdk_apigateway::types::Integration>,
    ) -> Result<Output, Fault> {
        let uri = self.uri(cx);
        let proxy = IntegrationType::AwsProxy;
        // What another type had means nothing to this one.
        let now = now.filter(|i| i.r#type() == Some(&proxy)).cloned();
        let put = cx
            .call("apigateway:PutIntegration", Effect::Idempotent, || {
                let put = cx
                    .clients()
                    .apigateway
                    .put_integration()
                    .rest_api_id(&key.api_id)
                    .resource_id(&key.resource_id)
                    .http_method(&key.http_method)
                    .r#type(proxy.clone())
                    .integration_http_method("POST")
                    .uri(&uri);
                let put = match now.clone() {
                    None => put,
                    Some(now) => put
                        .set_credentials(now.credentials)
                        .set_request_parameters(now.request_parameters)
                        .set_request_templates(now.request_templates)
                        .set_passthrough_behavior(now.passthrough_behavior)
                        .set_cache_namespace(now.cache_namespace)
                        .set_cache_key_parameters(now.cache_key_parameters)
                        .set_content_handling(now.content_handling)
                        .set_timeout_in_millis(Some(now.timeout_in_millis).filter(|ms| *ms > 0))
                        .set_tls_config(now.tls_config)
                        .set_response_transfer_mode(now.response_transfer_mode),
                };
                put.send()
            })
            .await;
        tree::forget(cx, &key.api_id);
        put?;
        Ok(Output { uri })
    }
}

pub(super) async fn get(
    cx: &Cx,
    key: &Key,
) -> Result<Option<aws_sdk_apigateway::types::Integration>, Fault> {
    let method = method::Key {
        api_id: key.api_id.clone(),
        resource_id: key.resource_id.clone(),
        http_method: key.http_method.clone(),
        path: String::new(),
    };
    Ok(method::get(cx, &method)
        .await?
        .and_then(|m| m.method_integration))
}

impl Resource for Integration {
    const KIND: Kind = Kind::Integration;
    const DERIVED: bool = true;
    const SWEPT: Swept = Swept::Within(Kind::Method);
    const ACTIONS: &'static [&'static str] =
        &["apigateway:GET", "apigateway:PUT", "apigateway:DELETE"];
    type Needs = Ref<Method>;
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        format!("{} → {}", self.method, self.function)
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
        self.put(cx, key, None).await
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        let Some(seen) = get(cx, key).await? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        compare.field(
            "type",
            &Some(IntegrationType::AwsProxy.as_str()),
            &seen.r#type().map(IntegrationType::as_str),
        );
        compare.field("httpMethod", &Some("POST"), &seen.http_method());
        compare.field("uri", &Some(self.uri(cx).as_str()), &seen.uri());
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, _drift: &[Drift]) -> Result<Output, Fault> {
        let At { cx, key, .. } = at;
        let now = get(cx, key).await?;
        self.put(cx, key, now.as_ref()).await
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let found = get(cx, key).await?;
        Ok(found.map_or(Found::Absent, |i| {
            Found::Ours(Output {
                uri: i.uri.unwrap_or_default(),
            })
        }))
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        let gone = gone(
            cx.call("apigateway:DeleteIntegration", Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .delete_integration()
                    .rest_api_id(&key.api_id)
                    .resource_id(&key.resource_id)
                    .http_method(&key.http_method)
                    .send()
            })
            .await,
        );
        tree::forget(cx, &key.api_id);
        gone
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(format!(
            "{}/{}/{}",
            key.api_id, key.resource_id, key.http_method
        ))
    }
}
