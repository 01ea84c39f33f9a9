//! STS: who am I.

use std::sync::Arc;

use serde_json::json;

use crate::{
    app::App,
    call::{Answer, Call},
};

#[expect(clippy::unused_async, reason = "every service answers alike")]
pub(crate) async fn handle(_app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        // Every caller is the account's root: the twin has no users.
        "GetCallerIdentity" => Ok(json!({
            "Account": call.account,
            "Arn": format!("arn:aws:iam::{}:root", call.account),
            "UserId": call.account,
        })),
        _ => Err(call.not_served()),
    }
}
