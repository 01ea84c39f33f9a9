//! STS: who am I, and temporary credentials of roles: for AWS callers (`assume`), and for whom an identity
//! provider vouches for (`web`).

mod assume;
mod caller;
mod session;
#[cfg(test)]
mod tests;
mod web;

use std::sync::Arc;

use serde_json::{Value, json};

pub(crate) use self::{
    caller::Caller,
    session::{COGNITO, Grant, KeyRefusal, Session, WebIdentity},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, Service},
};

#[expect(clippy::unused_async, reason = "every service answers alike")]
pub(crate) async fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(match &call.caller {
            Some(caller) => json!({
                "Account": call.account,
                "Arn": caller.arn(),
                "UserId": caller.user_id(),
            }),
            // Any other key is the account's root.
            None => json!({
                "Account": call.account,
                "Arn": format!("arn:aws:iam::{}:root", call.account),
                "UserId": call.account,
            }),
        }),
        "AssumeRole" => assume::assume_role(app, call),
        "AssumeRoleWithWebIdentity" => web::assume_role(app, call),
        _ => Err(call.not_served()),
    }
}

/// The account that a call without credentials is for: that of the role which it names.
pub(crate) fn account_of(call: &Call) -> Option<String> {
    let role = call.input.get("RoleArn").and_then(Value::as_str)?;
    (call.service == Service::Sts)
        .then(|| assume::account_of(role))
        .flatten()
        .map(str::to_owned)
}

/// What is refused by name, not overlooked.
fn not_served(member: &str, call: &Call) -> ApiError {
    let operation = &call.operation;
    ApiError::new(
        501,
        "NotImplementedException",
        format!("labctl's local AWS does not serve {member} of {operation}"),
    )
}
