//! Lambda: functions, their resource policies, and real handlers in warm local processes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{app::App, call::{Answer, Call}};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {}

/// Warm handler processes, by function ARN.
#[derive(Default)]
pub(crate) struct Runtime {}

pub(crate) async fn handle(_app: &Arc<App>, call: &Call) -> Answer {
    Err(call.not_served())
}

/// Who invokes: a caller with credentials, or a service that needs a statement in the resource policy.
pub(crate) enum Invoker<'a> {
    Caller,
    Service { principal: &'a str, source_arn: &'a str },
}

/// What an invocation gave.
#[derive(Debug, Clone)]
pub(crate) struct Invoked {
    /// The handler's JSON result, or the error object when `error` is set.
    pub(crate) payload: Vec<u8>,
    /// `Unhandled`/`Handled` when the function failed (raised, timed out, could not be imported).
    pub(crate) error: Option<String>,
    /// The last 4 KB of the log.
    pub(crate) log: String,
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

/// Runs a function's handler once, by its ARN (or a name within `account`/`region`).
pub(crate) async fn invoke(
    _app: &Arc<App>,
    _function_arn: &str,
    _invoker: Invoker<'_>,
    _payload: Vec<u8>,
) -> Result<Invoked, InvokeRefusal> {
    Err(InvokeRefusal::Absent)
}

impl State {
    // stub until merge
    pub(crate) fn tagged(&self, _account: &str, _region: &str) -> Vec<(String, std::collections::BTreeMap<String, String>)> {
        Vec::new()
    }
}
