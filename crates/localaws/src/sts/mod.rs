//! STS: who am I, and temporary credentials of roles.

mod assume;
mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::json;

pub(crate) use self::session::{Grant, KeyRefusal, Session, WebIdentity, caller};
use crate::{
    app::App,
    call::{Answer, Call},
};

#[expect(clippy::unused_async, reason = "every service answers alike")]
pub(crate) async fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(match &call.session {
            Some(session) => json!({
                "Account": call.account,
                "Arn": session.arn(),
                "UserId": session.user_id(),
            }),
            // The twin has no users: who has no session is the account's root.
            None => json!({
                "Account": call.account,
                "Arn": format!("arn:aws:iam::{}:root", call.account),
                "UserId": call.account,
            }),
        }),
        "AssumeRole" => assume::assume_role(app, call),
        _ => Err(call.not_served()),
    }
}
