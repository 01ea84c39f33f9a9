//! `TestInvokeAuthorizer`: asks an authorizer as it is now about a request that nobody sends.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    super::{
        api::{self, Api},
        authorizer::{Authorizer, Kind},
        fault,
        integration::Integration,
    },
    authorize,
    event::claim,
    exchange::{Caller, Exchange, Ids, Incoming, one_slash},
    lambda_authorizer::{self, Failure},
    log::Log,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call},
    wire::percent,
};

/// The stage's name in the ARN that a tested function is given.
const STAGE: &str = "ESTestInvoke-stage";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestInput {
    rest_api_id: String,
    authorizer_id: String,
    path_with_query_string: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    body: Option<String>,
    #[serde(default)]
    stage_variables: BTreeMap<String, String>,
    #[serde(default)]
    additional_context: BTreeMap<String, String>,
}

impl TestInput {
    fn exchange(self, api: &Api, call: &Call) -> Result<Exchange, ApiError> {
        if !self.additional_context.is_empty() {
            return Err(fault::not_served(
                "additionalContext of TestInvokeAuthorizer",
            ));
        }
        let asked = self.path_with_query_string.unwrap_or_default();
        let (path, query) = asked.split_once('?').unwrap_or((&asked, ""));
        let invalid = || fault::bad_request(format!("Invalid path: {asked}"));
        let many = self.multi_value_headers.into_iter();
        let headers = many
            .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)))
            .chain(self.headers)
            .collect();
        let path = one_slash(path);
        Ok(Exchange {
            account: call.account.clone(),
            region: call.region.clone(),
            api_id: api.about.id.clone(),
            stage: STAGE.to_owned(),
            deployment_id: None,
            variables: self.stage_variables,
            binary_media_types: api.about.binary_media_types.clone(),
            edge_optimized: api.about.is_edge_optimized(),
            resource_id: api.about.root_resource_id.clone(),
            resource_path: "/".to_owned(),
            parameters: BTreeMap::new(),
            integration: Integration::none(),
            caller: Caller::Anyone,
            api_key: None,
            incoming: Incoming {
                http_method: "GET".to_owned(),
                sent: path.clone(),
                path,
                query: percent::pairs(query).ok_or_else(invalid)?,
                headers,
                body: Bytes::from(self.body.unwrap_or_default()),
            },
            ids: Ids::new(),
        })
    }
}

pub(in super::super) async fn test_authorizer(app: &Arc<App>, call: &Call) -> Answer {
    let input: TestInput = call.input()?;
    let id = input.rest_api_id.clone();
    let (authorizer, exchange) = api::read(app, call, &id, |api| {
        let authorizer = api.authorizer(&input.authorizer_id)?.clone();
        Ok((authorizer, input.exchange(api, call)?))
    })?;
    let mut log = Log::begin(&exchange.ids);
    log.line(&format!("Starting authorizer: {}", authorizer.id));
    let started = Instant::now();
    let mut answer = match authorizer.kind {
        Kind::CognitoUserPools => test_pool(app, &authorizer, &exchange),
        _ => test_function(app, &authorizer, &exchange, &mut log).await,
    };
    let latency = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = answer.get("clientStatus").and_then(Value::as_u64);
    log.line(&match status {
        Some(0) => "Successfully completed authorizer execution".to_owned(),
        status => format!("Authorizer completed with status: {}", status.unwrap_or(0)),
    });
    answer.insert("latency".to_owned(), json!(latency));
    answer.insert("log".to_owned(), json!(log.text()));
    Ok(Value::Object(answer))
}

fn with_status(status: u16) -> Map<String, Value> {
    Map::from_iter([("clientStatus".to_owned(), json!(status))])
}

/// Only ID tokens can be tested: there is no method that could have scopes.
fn test_pool(app: &App, authorizer: &Authorizer, exchange: &Exchange) -> Map<String, Value> {
    match authorize::claims(app, authorizer, &[], &exchange.incoming) {
        Err(reply) => with_status(reply.status),
        Ok(claims) => {
            let claims: Map<String, Value> = claims
                .iter()
                .map(|(name, value)| (name.clone(), claim(name, value).into()))
                .collect();
            let mut answer = with_status(0);
            answer.insert("claims".to_owned(), Value::Object(claims));
            answer
        }
    }
}

/// What the function says is told, and neither cached nor held against a method.
async fn test_function(
    app: &Arc<App>,
    authorizer: &Authorizer,
    exchange: &Exchange,
    log: &mut Log,
) -> Map<String, Value> {
    let Some(identity) = lambda_authorizer::identity(authorizer, exchange) else {
        log.line("Unauthorized request: an identity source is missing, or fails the validation expression");
        return with_status(401);
    };
    match lambda_authorizer::ask(app, authorizer, exchange, &identity).await {
        Ok(output) => {
            log.line(&format!(
                "Using valid authorizer policy for principal: {}",
                output.principal
            ));
            let mut answer = with_status(0);
            answer.insert("principalId".to_owned(), json!(output.principal));
            answer.insert("policy".to_owned(), json!(output.policy.to_string()));
            answer
        }
        Err(Failure::Unauthorized) => {
            log.line("Unauthorized");
            with_status(401)
        }
        Err(Failure::Configuration(reason) | Failure::Here(reason)) => {
            log.line(&format!(
                "Execution failed due to configuration error: {reason}"
            ));
            log.line("AuthorizerConfigurationException");
            with_status(500)
        }
    }
}
