//! The policy that an API itself has: who may invoke it.

use serde_json::Value;

use super::fault;
use crate::{
    app::App,
    call::{ApiError, Call},
    iam::Document,
};

/// Bytes, as the quota says.
const LENGTH: usize = 8192;

/// A policy as it is kept: a JSON text with whole ARNs. `None`: it takes the API's policy away.
pub(super) fn of(
    app: &App,
    call: &Call,
    api: &str,
    given: &str,
) -> Result<Option<String>, ApiError> {
    if given.trim().is_empty() {
        return Ok(None);
    }
    let invalid = || {
        fault::bad_request(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
        )
    };
    // The documentation's own command line has it as a JSON string within the value.
    let mut policy: Value = serde_json::from_str(given).map_err(|_| invalid())?;
    if let Value::String(text) = &policy {
        policy = serde_json::from_str(text).map_err(|_| invalid())?;
    }
    let (region, account) = (&call.region, &call.account);
    expand(
        &mut policy,
        &format!("arn:aws:execute-api:{region}:{account}:{api}/"),
    );
    let text = policy.to_string();
    if text.len() > LENGTH {
        // Unsure of the text.
        let message = format!("Resource policy length exceeds the limit of {LENGTH} bytes");
        return Err(fault::bad_request(message));
    }
    let is_valid = app.read(|world| {
        let exists = |arn: &str| {
            let account = arn.split(':').nth(4).unwrap_or_default();
            let account = world.accounts.get(account);
            account.is_some_and(|it| it.iam.by_arn(arn).is_some() || it.iam.has_user(arn))
        };
        Document::of_resource(&text, "execute-api", exists).is_some()
    });
    if is_valid {
        Ok(Some(text))
    } else {
        Err(invalid())
    }
}

/// As answers have it: the JSON text within a JSON string, without the quotes around it.
pub(super) fn shown(policy: &str) -> String {
    policy
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('/', "\\/")
}

/// Writes `execute-api:/stage/METHOD/path` as an ARN of this API, which `own` begins.
fn expand(policy: &mut Value, own: &str) {
    match policy {
        Value::Array(items) => items.iter_mut().for_each(|item| expand(item, own)),
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "Statement" => expand(value, own),
                    "Resource" | "NotResource" => expand_names(value, own),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn expand_names(names: &mut Value, own: &str) {
    match names {
        Value::Array(items) => items.iter_mut().for_each(|item| expand_names(item, own)),
        Value::String(name) => {
            if let Some(within) = name.strip_prefix("execute-api:/") {
                *name = format!("{own}{within}");
            }
        }
        _ => {}
    }
}
