//! Lambda authorizers: a function says, with a policy, what its caller may call.

mod output;

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

pub(in super::super) use self::output::Output;

use super::{
    super::{
        authorizer::{Authorizer, Kind, Source},
        integration::function_of,
    },
    authorize::matches_whole,
    event::{authorizer_event, request_context},
    exchange::{Caller, Exchange},
    memory::Asked,
    reply::Reply,
};
use crate::{
    app::App,
    iam::Ruling,
    lambda::{self, InvokeRefusal, Invoked, Invoker},
};

/// Of a function that is asked.
const TIMEOUT: Duration = Duration::from_secs(29);
/// Bytes of a method's ARN.
const ARN: usize = 1600;
const SERVICE: &str = "apigateway.amazonaws.com";

/// Why an authorizer said nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// It threw `Unauthorized`, which is its way to answer 401.
    Unauthorized,
    /// As AWS's execution log says.
    Configuration(String),
    /// This machine is to blame.
    Here(String),
}

impl Failure {
    fn reply(self) -> Reply {
        match self {
            Self::Unauthorized => Reply::unauthorized(),
            Self::Configuration(_) => Reply::authorizer_configuration(),
            Self::Here(reason) => Reply::authorizer_configuration().because(&reason),
        }
    }
}

/// Lets a caller in, or not. The same identity is not asked about again for as long as the authorizer's TTL
/// says; but the policy is looked at for each method anew, so that one for a single route serves no other.
/// What `api` says, the API's own policy, counts as much: either may allow.
pub(super) async fn caller(
    app: &Arc<App>,
    authorizer: &Authorizer,
    exchange: &Exchange,
    api: Option<Ruling>,
) -> Result<Caller, Reply> {
    if exchange.method_arn().len() > ARN {
        return Err(Reply::uri_too_long());
    }
    let identity = identity(authorizer, exchange).ok_or_else(Reply::unauthorized)?;
    let ttl = u64::try_from(authorizer.ttl()).unwrap_or(0);
    let asked = Asked {
        api: exchange.api_id.clone(),
        stage: exchange.stage.clone(),
        authorizer: authorizer.id.clone(),
        identity,
    };
    let known = (ttl > 0).then(|| app.gateway.recall(&asked)).flatten();
    let output = if let Some(output) = known {
        output
    } else {
        let output = ask(app, authorizer, exchange, &asked.identity).await;
        let output = Arc::new(output.map_err(Failure::reply)?);
        if ttl > 0 {
            let ttl = Duration::from_secs(ttl);
            app.gateway.keep(asked, Arc::clone(&output), ttl);
        }
        output
    };
    let ruling = output
        .ruling(exchange)
        .ok_or_else(Reply::authorizer_configuration)?
        .or(api.unwrap_or_default());
    match ruling {
        ruling if ruling.allowed() => Ok(Caller::Custom(output)),
        ruling => {
            let message = if ruling.denied() {
                "User is not authorized to access this resource with an explicit deny"
            } else {
                "User is not authorized to access this resource"
            };
            Err(Reply::access_denied(message).not_evaluated(&ruling.unknown))
        }
    }
}

/// The values of the identity sources. `None`: one is missing or empty, or it is no token that the
/// authorizer wants to see.
pub(super) fn identity(authorizer: &Authorizer, exchange: &Exchange) -> Option<Vec<String>> {
    let values: Vec<String> = authorizer
        .sources()
        .map(|source| value(source, exchange).filter(|value| !value.is_empty()))
        .collect::<Option<_>>()?;
    let expression = authorizer.identity_validation_expression.as_ref();
    let wanted = authorizer.kind == Kind::Request
        || expression
            .is_none_or(|expression| values.iter().all(|token| matches_whole(expression, token)));
    wanted.then_some(values)
}

fn value(source: Source<'_>, exchange: &Exchange) -> Option<String> {
    match source {
        Source::Header(name) => exchange.incoming.header(name).map(str::to_owned),
        Source::Query(name) => {
            let mut query = exchange.incoming.query.iter().rev();
            query
                .find(|(named, _)| named == name)
                .map(|(_, value)| value.clone())
        }
        Source::StageVariable(name) => exchange.variables.get(name).cloned(),
        Source::Context(path) => {
            let context = request_context(exchange);
            match context.pointer(&format!("/{}", path.replace('.', "/")))? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            }
        }
    }
}

/// Runs the authorizer's function.
pub(super) async fn ask(
    app: &Arc<App>,
    authorizer: &Authorizer,
    exchange: &Exchange,
    identity: &[String],
) -> Result<Output, Failure> {
    let event = match authorizer.kind {
        Kind::Token => json!({
            "type": "TOKEN",
            "authorizationToken": identity.first(),
            "methodArn": exchange.method_arn(),
        }),
        _ => authorizer_event(exchange),
    };
    let started = std::time::Instant::now();
    let asking = invoke(app, authorizer, exchange, event.to_string().into_bytes());
    let timed_out =
        |_| Failure::Configuration("Execution failed due to a timeout error".to_owned());
    let invoked = tokio::time::timeout(TIMEOUT, asking)
        .await
        .map_err(timed_out)??;
    if invoked.error.is_some() {
        let error: Value = serde_json::from_slice(&invoked.payload).unwrap_or_default();
        // To the letter: no other message does it.
        return Err(match error["errorMessage"].as_str() {
            Some("Unauthorized") => Failure::Unauthorized,
            other => Failure::Configuration(format!(
                "Lambda execution failed with status 200 due to customer function error: {}",
                other.unwrap_or_default()
            )),
        });
    }
    let latency = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut output = Output::parse(&invoked.payload).map_err(Failure::Configuration)?;
    output.latency = latency;
    output.ruling(exchange).ok_or_else(|| {
        let policy = &output.policy;
        Failure::Configuration(format!("Invalid policy document in response: {policy}"))
    })?;
    Ok(output)
}

async fn invoke(
    app: &Arc<App>,
    authorizer: &Authorizer,
    exchange: &Exchange,
    payload: Vec<u8>,
) -> Result<Invoked, Failure> {
    let uri = authorizer.authorizer_uri.as_deref().unwrap_or_default();
    let mut function = function_of(uri).unwrap_or_default().to_owned();
    for (name, value) in &exchange.variables {
        function = function.replace(&format!("${{stageVariables.{name}}}"), value);
    }
    let source_arn = format!(
        "arn:aws:execute-api:{}:{}:{}/authorizers/{}",
        exchange.region, exchange.account, exchange.api_id, authorizer.id
    );
    let invoker = match &authorizer.authorizer_credentials {
        // API Gateway invokes as the role: what counts is what the role may, and that it trusts API Gateway.
        Some(role) => {
            let may = app.read(|world| {
                let account = world.accounts.get(&exchange.account);
                account.is_some_and(|account| {
                    account.iam.can_assume(role, SERVICE)
                        && account.iam.allows(role, "lambda:InvokeFunction", &function)
                })
            });
            if !may {
                return Err(not_permitted());
            }
            Invoker::Caller
        }
        None => Invoker::Service {
            principal: SERVICE,
            source_arn: &source_arn,
        },
    };
    lambda::invoke(app, &function, invoker, payload)
        .await
        .map_err(|refusal| match refusal {
            InvokeRefusal::NotPermitted => not_permitted(),
            InvokeRefusal::Absent => {
                Failure::Configuration(format!("Function not found: {function}"))
            }
            InvokeRefusal::NotReady(reason) => Failure::Here(reason),
        })
}

fn not_permitted() -> Failure {
    Failure::Configuration("Invalid permissions on Lambda function".to_owned())
}
