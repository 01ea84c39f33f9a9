//! What API Gateway itself answers when it refuses: with the header that lets a browser's page read it.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::types::GatewayResponseType;
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Found, Given, Health, Ref, Resource, StepId},
    resource::{Kind, RestApi, form, gone, present},
    sweep::Swept,
};

/// A customised gateway response: constant headers, AWS's own status and body.
#[derive(Debug, Clone)]
pub struct GatewayResponse {
    /// e.g. `DEFAULT_4XX`.
    pub response_type: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
}

/// The API and the type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub api_id: String,
    #[serde(deserialize_with = "form::id")]
    pub response_type: String,
}

/// What AWS was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub parameters: BTreeMap<String, String>,
}

/// What AWS has. `None`: nothing customised.
async fn get(cx: &Cx, key: &Key) -> Result<Option<BTreeMap<String, String>>, Fault> {
    let answer = cx
        .call("apigateway:GetGatewayResponse", Effect::Read, || {
            cx.clients()
                .apigateway
                .get_gateway_response()
                .rest_api_id(&key.api_id)
                .response_type(GatewayResponseType::from(key.response_type.as_str()))
                .send()
        })
        .await;
    let customised = present(answer)?.filter(|response| !response.default_response);
    Ok(customised.map(|r| {
        r.response_parameters
            .unwrap_or_default()
            .into_iter()
            .collect()
    }))
}

impl GatewayResponse {
    /// A constant is written in quotes.
    fn parameters(&self) -> BTreeMap<String, String> {
        let parameter = |name: &String| format!("gatewayresponse.header.{name}");
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| (parameter(name), format!("'{value}'")))
            .collect()
    }
}

impl Resource for GatewayResponse {
    const KIND: Kind = Kind::GatewayResponse;
    const DERIVED: bool = true;
    const SWEPT: Swept = Swept::Within(Kind::RestApi);
    const ACTIONS: &'static [&'static str] =
        &["apigateway:GET", "apigateway:PUT", "apigateway:DELETE"];
    const PUT: bool = true;
    type Needs = Ref<RestApi>;
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.response_type.clone()
    }

    fn within(api: &Self::Needs) -> Option<StepId> {
        Some(api.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::RestApi, &key.api_id))
    }

    fn key(&self, _cx: &Cx, api: Option<&Given<Self>>) -> Option<Key> {
        let api = api?;
        Some(Key {
            api_id: api.id.clone(),
            response_type: self.response_type.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _api: &Given<Self>) -> Result<Output, Fault> {
        let parameters = self.parameters();
        let all: HashMap<_, _> = parameters.clone().into_iter().collect();
        cx.call("apigateway:PutGatewayResponse", Effect::Idempotent, || {
            cx.clients()
                .apigateway
                .put_gateway_response()
                .rest_api_id(&key.api_id)
                .response_type(GatewayResponseType::from(key.response_type.as_str()))
                .set_response_parameters(Some(all.clone()))
                .send()
        })
        .await?;
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

    /// In our API, so it is ours.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let seen = get(cx, key).await?;
        Ok(seen.map_or(Found::Absent, |parameters| {
            Found::Ours(Output { parameters })
        }))
    }

    /// Then AWS's own answer is there again.
    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        let operation = "apigateway:DeleteGatewayResponse";
        gone(
            cx.call(operation, Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .delete_gateway_response()
                    .rest_api_id(&key.api_id)
                    .response_type(GatewayResponseType::from(key.response_type.as_str()))
                    .send()
            })
            .await,
        )
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(format!("{}/{}", key.api_id, key.response_type))
    }
}
