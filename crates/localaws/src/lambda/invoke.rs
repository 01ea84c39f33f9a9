//! Running a function once: the `Invoke` operation, and services such as API Gateway.

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use super::{
    fault,
    functions::named,
    logging,
    name::Named,
    runtime::{End, Event, Launch},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call},
    ids,
};

/// Bytes that an invocation takes.
const MOST: usize = 6 << 20;
/// Bytes that it gives. Recorded: LocalStack's `test_lambda_too_large_response`.
const MOST_ANSWERED: usize = MOST + 100;
const MOST_OF_EVENT: usize = 1 << 20;

/// Who invokes: a caller with credentials, or a service that needs a statement in the resource policy.
pub(crate) enum Invoker<'a> {
    Caller,
    Service {
        principal: &'a str,
        source_arn: &'a str,
    },
}

/// What an invocation gave.
#[derive(Debug, Clone)]
pub(crate) struct Invoked {
    /// The handler's JSON result, or the error object when `error` is set.
    pub(crate) payload: Vec<u8>,
    /// `Unhandled` when the function failed (raised, timed out, could not be imported).
    pub(crate) error: Option<String>,
    /// The last 4 KB of the log.
    pub(crate) log: String,
    pub(crate) request_id: String,
}

/// Why a function could not be invoked at all.
#[derive(Debug, Clone)]
pub(crate) enum InvokeRefusal {
    /// No such function.
    Absent,
    /// The resource policy has no statement for this principal and source ARN.
    NotPermitted,
    /// The function is not Active, or its process could not be started (with the reason).
    NotReady(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InvokeInput {
    #[serde(rename = "FunctionName")]
    _function_name: String,
    #[serde(rename = "Qualifier")]
    _qualifier: Option<String>,
    #[serde(default)]
    invocation_type: InvocationType,
    #[serde(default)]
    log_type: LogType,
    client_context: Option<String>,
    #[serde(default)]
    payload: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum InvocationType {
    #[default]
    RequestResponse,
    Event,
    DryRun,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum LogType {
    #[default]
    None,
    Tail,
}

/// Runs a function's handler once, by its ARN.
pub(crate) async fn invoke(
    app: &Arc<App>,
    function_arn: &str,
    invoker: Invoker<'_>,
    payload: Vec<u8>,
) -> Result<Invoked, InvokeRefusal> {
    let named = Named::of_arn(function_arn).ok_or(InvokeRefusal::Absent)?;
    let launch = app.read(|world| {
        let found = named.chosen(world).ok_or(InvokeRefusal::Absent)?;
        if let Invoker::Service {
            principal,
            source_arn,
        } = invoker
            && !found
                .function
                .policy(named.qualifier())
                .is_some_and(|policy| policy.lets_in(principal, source_arn))
        {
            return Err(InvokeRefusal::NotPermitted);
        }
        if let Err(pending) = found.version.refuse_pending() {
            return Err(InvokeRefusal::NotReady(pending.message));
        }
        Ok(Launch::of(app, &named, &found))
    })?;
    let event = Event {
        request_id: ids::uuid(),
        function_arn: named.arn(),
        client_context: None,
        trace: trace(),
        payload,
    };
    begin(app, named, launch, event)
        .await
        .map_err(|e| InvokeRefusal::NotReady(e.to_string()))?
        .map_err(InvokeRefusal::NotReady)
}

/// Runs the handler, and delivers its log: also when nobody waits for the answer (any more).
fn begin(
    app: &Arc<App>,
    named: Named,
    launch: Launch,
    event: Event,
) -> JoinHandle<Result<Invoked, String>> {
    let app = Arc::clone(app);
    tokio::spawn(async move { run(&app, &named, &launch, event).await })
}

/// Runs the handler when nobody waits for it: a failure is tried again, unless the function has gone.
fn begin_event(app: &Arc<App>, named: Named, event: Event) {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        for pause in [Duration::ZERO]
            .into_iter()
            .chain(app.config.handlers.retries)
        {
            tokio::time::sleep(pause).await;
            let launch = app.read(|world| Some(Launch::of(&app, &named, &named.chosen(world)?)));
            let Some(launch) = launch else { return };
            let invoked = run(&app, &named, &launch, event.clone()).await;
            if invoked.is_ok_and(|invoked| invoked.error.is_none()) {
                return;
            }
        }
    });
}

async fn run(
    app: &App,
    named: &Named,
    launch: &Launch,
    mut event: Event,
) -> Result<Invoked, String> {
    if event.payload.is_empty() {
        event.payload = b"{}".to_vec();
    }
    let request_id = event.request_id.clone();
    let outcome = app.runtime.run(app, launch, event).await?;
    let current = app.read(|world| {
        let found = named
            .function(world)
            .and_then(|f| f.version(&launch.version));
        found.is_some_and(|version| version.revision() == launch.revision)
    });
    if !current {
        // It was changed or deleted while a process was being started.
        app.runtime.retire(launch);
    }
    let lines = logging::lines(launch, &request_id, &outcome);
    logging::deliver(app, launch, &outcome.stream, &lines);
    let log = logging::tail(&lines);
    let unhandled = || Some("Unhandled".to_owned());
    let size = outcome.payload.len();
    if size > MOST_ANSWERED {
        let message = format!(
            "Response payload size exceeded maximum allowed payload size ({MOST_ANSWERED} bytes)."
        );
        let error =
            json!({ "errorType": "Function.ResponseSizeTooLarge", "errorMessage": message });
        return Ok(Invoked {
            payload: error.to_string().into_bytes(),
            error: unhandled(),
            log,
            request_id,
        });
    }
    Ok(Invoked {
        payload: outcome.payload,
        error: (outcome.end != End::Returned).then(unhandled).flatten(),
        log,
        request_id,
    })
}

/// A trace id as of a function that is not traced: time in seconds, then random digits.
fn trace() -> String {
    let (root, parent) = (ids::hex(24), ids::hex(16));
    let seconds = jiff::Timestamp::now().as_second();
    format!("Root=1-{seconds:08x}-{root};Parent={parent};Sampled=0")
}

fn check_payload(kind: InvocationType, payload: &[u8]) -> Result<(), ApiError> {
    let (name, limit) = match kind {
        InvocationType::Event => ("Event", MOST_OF_EVENT),
        InvocationType::RequestResponse | InvocationType::DryRun => ("RequestResponse", MOST),
    };
    if payload.len() > limit {
        return Err(fault::fault(
            413,
            "RequestTooLargeException",
            format!(
                "{} byte payload is too large for the {name} invocation type (limit {limit} bytes)",
                payload.len()
            ),
        ));
    }
    if !payload.is_empty()
        && let Err(problem) = serde_json::from_slice::<IgnoredAny>(payload)
    {
        return Err(fault::fault(
            400,
            "InvalidRequestContentException",
            format!(
                "Could not parse request body into json: Could not parse payload into json: {problem}"
            ),
        ));
    }
    Ok(())
}

pub(super) async fn operation(app: &Arc<App>, call: &Call) -> Answer {
    let input: InvokeInput = call.input()?;
    fault::refuse_rest("Invoke", &input.rest)?;
    let named = named(call)?;
    // Without a qualifier the function is named without one, but not when there is none.
    let asked = named.clone().or_latest();
    let payload = BASE64_STANDARD
        .decode(&input.payload)
        .map_err(|e| ApiError::internal(e.to_string()))?;
    check_payload(input.invocation_type, &payload)?;
    let launch = app.read(|world| {
        let found = asked.chosen(world);
        let found = found.ok_or_else(|| fault::function_absent(&asked.arn()))?;
        found.version.refuse_pending()?;
        Ok(Launch::of(app, &named, &found))
    })?;
    let event = Event {
        request_id: call.request_id.clone(),
        function_arn: named.arn(),
        client_context: input.client_context,
        trace: trace(),
        payload,
    };
    match input.invocation_type {
        InvocationType::DryRun => Ok(json!({ "StatusCode": 204 })),
        InvocationType::Event => {
            begin_event(app, named, event);
            Ok(json!({ "StatusCode": 202 }))
        }
        InvocationType::RequestResponse => {
            let executed = launch.version.clone();
            let invoked = begin(app, named, launch, event)
                .await
                .map_err(|e| ApiError::internal(e.to_string()))?
                .map_err(|why| fault::fault(502, "InvalidRuntimeException", why))?;
            let mut output = json!({
                "StatusCode": 200,
                "ExecutedVersion": executed,
                "Payload": BASE64_STANDARD.encode(&invoked.payload),
            });
            if let Some(error) = invoked.error {
                output["FunctionError"] = Value::from(error);
            }
            if input.log_type == LogType::Tail {
                output["LogResult"] = Value::from(BASE64_STANDARD.encode(&invoked.log));
            }
            Ok(output)
        }
    }
}
