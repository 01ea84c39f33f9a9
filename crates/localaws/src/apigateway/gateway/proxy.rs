//! Lambda proxy integrations.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    super::integration::function_of, event::event, exchange::Exchange, log::Log, reply::Reply,
    result,
};
use crate::{
    app::App,
    lambda::{self, InvokeRefusal, Invoked, Invoker},
};

const CONFIGURATION: &str = "Execution failed due to configuration error:";

pub(super) async fn call(app: &Arc<App>, exchange: &Exchange, log: &mut Log) -> Reply {
    let function = function(exchange);
    let endpoint = format!(
        "https://lambda.{}.amazonaws.com/2015-03-31/functions/{function}/invocations",
        exchange.region
    );
    let event = event(exchange).to_string();
    log.line(&format!("Endpoint request URI: {endpoint}"));
    log.line(&format!(
        "Endpoint request body after transformations: {event}"
    ));
    if exchange.integration.http_method.as_deref() != Some("POST") {
        // Lambda's Invoke is a POST; anything else reaches no operation of it.
        log.line(&format!(
            "{CONFIGURATION} Unable to determine service/operation name to be authorized \
             (integrationHttpMethod must be POST)"
        ));
        return Reply::internal(500);
    }
    log.line(&format!("Sending request to {endpoint}"));
    let started = Instant::now();
    let invoked = invoke(app, exchange, function.clone(), event.into_bytes()).await;
    let latency = started.elapsed().as_millis();
    match invoked {
        Some(Ok(invoked)) => {
            log.line(&format!(
                "Received response. Status: 200, Integration latency: {latency} ms"
            ));
            answered(exchange, &invoked, log)
        }
        Some(Err(refusal)) => refused(&function, refusal, log),
        None => {
            log.line("Execution failed due to a timeout error");
            Reply::timed_out()
        }
    }
}

/// The function's ARN, with the stage's variables in it.
fn function(exchange: &Exchange) -> String {
    let uri = exchange.integration.uri.as_deref().unwrap_or_default();
    let mut function = function_of(uri).unwrap_or_default().to_owned();
    for (name, value) in &exchange.variables {
        function = function.replace(&format!("${{stageVariables.{name}}}"), value);
    }
    function
}

/// `None`: it took too long. The function goes on nevertheless, as on AWS.
async fn invoke(
    app: &Arc<App>,
    exchange: &Exchange,
    function: String,
    payload: Vec<u8>,
) -> Option<Result<Invoked, InvokeRefusal>> {
    let (app, source_arn) = (Arc::clone(app), exchange.source_arn());
    let running = tokio::spawn(async move {
        let invoker = Invoker::Service {
            principal: "apigateway.amazonaws.com",
            source_arn: &source_arn,
        };
        lambda::invoke(&app, &function, invoker, payload).await
    });
    let limit = Duration::from_millis(exchange.integration.timeout_in_millis);
    let finished = tokio::time::timeout(limit, running).await.ok()?;
    Some(finished.unwrap_or_else(|e| Err(InvokeRefusal::NotReady(e.to_string()))))
}

fn answered(exchange: &Exchange, invoked: &Invoked, log: &mut Log) -> Reply {
    let payload = String::from_utf8_lossy(&invoked.payload);
    log.line(&format!(
        "Endpoint response body before transformations: {payload}"
    ));
    if invoked.error.is_some() {
        let error: Value = serde_json::from_str(&payload).unwrap_or_default();
        log.line(&format!(
            "Lambda execution failed with status 200 due to customer function error: {}. Lambda request id: {}",
            error["errorMessage"].as_str().unwrap_or(&payload),
            exchange.ids.request_id
        ));
        return Reply::internal(502);
    }
    let Some(reply) = result::reply(exchange, &invoked.payload) else {
        log.line(&format!("{CONFIGURATION} Malformed Lambda proxy response"));
        return Reply::internal(502);
    };
    log.line(&format!(
        "Method response body after transformations: {}",
        String::from_utf8_lossy(&reply.body)
    ));
    let headers: Vec<String> = reply
        .headers
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    log.line(&format!(
        "Method response headers: {{{}}}",
        headers.join(", ")
    ));
    log.line("Successfully completed execution");
    reply
}

/// Never an API error: the method answers, and the log says why.
fn refused(function: &str, refusal: InvokeRefusal, log: &mut Log) -> Reply {
    match refusal {
        InvokeRefusal::NotPermitted => {
            log.line(&format!(
                "{CONFIGURATION} Invalid permissions on Lambda function"
            ));
            Reply::internal(500)
        }
        InvokeRefusal::Absent => {
            log.line("Lambda invocation failed with status: 404.");
            log.line(&format!("{CONFIGURATION} Function not found: {function}"));
            Reply::internal(500)
        }
        InvokeRefusal::NotReady(reason) => {
            log.line(&format!("{CONFIGURATION} {reason}"));
            Reply::internal(500).because(&reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apigateway::gateway::exchange::Ids;

    #[test]
    fn what_this_machine_lacks_is_told_in_a_header() {
        let mut log = Log::default();
        let missing = InvokeRefusal::NotReady("no python3\nhere".to_owned());
        let response = refused("f", missing, &mut log).response(&Ids::new());
        assert_eq!(response.status(), 500);
        assert_eq!(
            response.body().as_ref(),
            br#"{"message":"Internal server error"}"#
        );
        assert_eq!(response.headers()["x-localaws-reason"], "no python3 here");
        assert!(
            log.text()
                .contains("Execution failed due to configuration error: no python3")
        );
        let aws_would_too = refused("f", InvokeRefusal::NotPermitted, &mut Log::default());
        assert!(!aws_would_too.has("x-localaws-reason"));
    }
}
