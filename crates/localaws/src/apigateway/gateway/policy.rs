//! What the API's own policy says: the deployed one. Each way to authorize looks at it in its own way, as AWS's page
//! "How API Gateway resource policies affect authorization workflow" has it.

use super::{super::api::Snapshot, exchange::Exchange, reply::Reply};
use crate::iam::{Context, Document, Ruling, Who};

const ACTION: &str = "execute-api:Invoke";

/// What the policy says to a caller with these names; `None`: the API has no policy.
pub(super) fn ruling(
    snapshot: &Snapshot,
    exchange: &Exchange,
    names: &[String],
    context: &Context,
) -> Option<Ruling> {
    let policy = snapshot.policy.as_deref()?;
    let document = Document::parse(policy).ok();
    Some(document.map_or_else(Ruling::default, |document| {
        document.resource_ruling(Who::Aws(names), ACTION, &exchange.method_arn(), context)
    }))
}

/// The same for a caller whom IAM does not know.
pub(super) fn anonymous(snapshot: &Snapshot, exchange: &Exchange) -> Option<Ruling> {
    let context = exchange
        .context()
        .with("aws:PrincipalType", ["Anonymous".to_owned()])
        .with("aws:PrincipalArn", [])
        .with("aws:PrincipalAccount", [])
        .with("aws:userid", [])
        .with("aws:username", []);
    ruling(snapshot, exchange, &[], &context)
}

/// Without authorizer, and behind a user pool's token: the policy has to allow the call.
pub(super) fn allows(snapshot: &Snapshot, exchange: &Exchange) -> Result<(), Reply> {
    match anonymous(snapshot, exchange) {
        Some(ruling) if !ruling.allowed() => Err(denied(exchange, "anonymous", &ruling)),
        _ => Ok(()),
    }
}

/// Before a Lambda authorizer is asked: the policy must not deny the call.
pub(super) fn lets_ask(snapshot: &Snapshot, exchange: &Exchange) -> Result<Option<Ruling>, Reply> {
    match anonymous(snapshot, exchange) {
        Some(ruling) if ruling.denied() => Err(denied(exchange, "anonymous", &ruling)),
        ruling => Ok(ruling),
    }
}

/// The gateway's refusal of a user.
pub(super) fn denied(exchange: &Exchange, user: &str, ruling: &Ruling) -> Reply {
    // AWS shows the last digits of the account only.
    let hidden = format!(
        ":********{}:",
        exchange.account.get(8..).unwrap_or_default()
    );
    let resource = exchange
        .method_arn()
        .replacen(&format!(":{}:", exchange.account), &hidden, 1);
    let deny = if ruling.denied() {
        " with an explicit deny"
    } else {
        ""
    };
    let message = format!(
        "User: {user} is not authorized to perform: {ACTION} on resource: {resource}{deny}"
    );
    Reply::access_denied(&message).not_evaluated(&ruling.unknown)
}
