//! Who may call a method: a user pool's token, a Lambda authorizer, a signature, or anyone; each as far as the
//! API's own policy lets them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    super::{
        api::Snapshot,
        authorizer::{Authorizer, Kind},
        method::Method,
    },
    exchange::{Caller, Exchange, Incoming},
    iam, lambda_authorizer, policy,
    reply::Reply,
};
use crate::{
    app::App,
    cognito::{TokenRefusal, verify_token},
    server::Request,
};

/// Who calls, or the gateway's refusal.
pub(super) async fn caller(
    app: &Arc<App>,
    snapshot: &Snapshot,
    method: &Method,
    exchange: &Exchange,
    request: &Request,
) -> Result<Caller, Reply> {
    match method.authorization_type.as_str() {
        "NONE" => return policy::allows(snapshot, exchange).map(|()| Caller::Anyone),
        "AWS_IAM" => return iam::caller(app, snapshot, exchange, request).map(Caller::Signed),
        _ => {}
    }
    let id = method.authorizer_id.as_deref().unwrap_or_default();
    let authorizer = snapshot
        .authorizers
        .get(id)
        .ok_or_else(|| Reply::internal(500))?;
    match authorizer.kind {
        Kind::CognitoUserPools => {
            let scopes = &method.authorization_scopes;
            let claims = claims(app, authorizer, scopes, &exchange.incoming)?;
            policy::allows(snapshot, exchange).map(|()| Caller::Claims(claims))
        }
        Kind::Token | Kind::Request => {
            let policy = policy::lets_ask(snapshot, exchange)?;
            lambda_authorizer::caller(app, authorizer, exchange, policy).await
        }
    }
}

/// The claims of the caller's token.
pub(super) fn claims(
    app: &App,
    authorizer: &Authorizer,
    scopes: &[String],
    incoming: &Incoming,
) -> Result<Map<String, Value>, Reply> {
    let header = incoming
        .header(authorizer.header())
        .ok_or_else(Reply::unauthorized)?;
    let token = header.strip_prefix("Bearer ").unwrap_or(header).trim();
    let claims =
        verify_token(app, &authorizer.provider_arns, token).map_err(|why| refusal(&why))?;
    let audience = text(&claims, "aud").or_else(|| text(&claims, "client_id"));
    let right_audience = authorizer
        .identity_validation_expression
        .as_ref()
        .is_none_or(|expression| matches_whole(expression, audience.unwrap_or_default()));
    if right_audience && right_kind(&claims, scopes) {
        Ok(claims)
    } else {
        Err(Reply::unauthorized())
    }
}

fn refusal(why: &TokenRefusal) -> Reply {
    match why {
        TokenRefusal::Expired => Reply::expired(),
        TokenRefusal::Invalid => Reply::unauthorized(),
    }
}

/// Scopes are in access tokens only, and only methods with scopes take access tokens.
fn right_kind(claims: &Map<String, Value>, scopes: &[String]) -> bool {
    let token_use = text(claims, "token_use");
    if scopes.is_empty() {
        return token_use == Some("id");
    }
    let mut granted = text(claims, "scope").unwrap_or_default().split(' ');
    token_use == Some("access") && granted.any(|scope| scopes.iter().any(|wanted| wanted == scope))
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

pub(super) fn matches_whole(expression: &str, text: &str) -> bool {
    regex::Regex::new(&format!("^(?:{expression})$")).is_ok_and(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_token_is_told_from_a_wrong_one() {
        let body = |why| {
            let reply = refusal(&why);
            (
                reply.status,
                String::from_utf8_lossy(&reply.body).into_owned(),
            )
        };
        let expired = r#"{"message":"The incoming token has expired"}"#;
        assert_eq!(body(TokenRefusal::Expired), (401, expired.to_owned()));
        let wrong = r#"{"message":"Unauthorized"}"#;
        assert_eq!(body(TokenRefusal::Invalid), (401, wrong.to_owned()));
    }
}
