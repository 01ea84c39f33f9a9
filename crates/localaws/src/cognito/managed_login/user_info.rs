//! `/oauth2/userInfo` and `/oauth2/revoke`: what an app does with tokens of a sign-in at the domain.

use hyper::{StatusCode, header};
use serde_json::{Map, Value, json};

use super::{Given, Site, respond, token};
use crate::{
    app::App,
    cognito::{
        refresh::{self, bearer},
        verify::Jwt,
    },
    server::{Request, Response, allow_any_origin},
};

/// The claims of each scope (OpenID Connect Core 1.0, section 5.4), as far as Cognito has such attributes.
const SCOPES: [(&str, &[&str]); 3] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// Documented: with `openid` alone an app reads all attributes, with other scopes beside it those of these scopes.
fn is_readable(scopes: &[&str], attribute: &str) -> bool {
    let mut asked = SCOPES
        .iter()
        .filter(|(scope, _)| scopes.contains(scope))
        .peekable();
    attribute == "sub"
        || asked.peek().is_none()
        || asked.any(|(_, claims)| claims.contains(&attribute))
}

pub(super) fn show(app: &App, site: &Site, request: &Request) -> Response {
    let mut response = match claims(app, site, request) {
        Ok(shown) => super::json(StatusCode::OK, &shown),
        Err(refusal) => *refusal,
    };
    allow_any_origin(&mut response);
    response
}

fn claims(app: &App, site: &Site, request: &Request) -> Result<Value, Box<Response>> {
    let given = request.headers().get(header::AUTHORIZATION);
    let token = given.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token = token.ok_or_else(|| {
        refused(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Bad OAuth2 request at UserInfo Endpoint",
        )
    })?;
    let dead = || {
        let text =
            "Access token is expired, disabled, or deleted, or the user has globally signed out.";
        refused(StatusCode::UNAUTHORIZED, "invalid_token", text)
    };
    let jwt = Jwt::parse(token).ok_or_else(dead)?;
    let claims = jwt.verified(app, &site.place).map_err(|_| dead())?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let scopes: Vec<&str> = text("scope").split(' ').collect();
    // An ID token has no scope.
    if !scopes.contains(&"openid") {
        return Err(dead());
    }
    app.read(|world| {
        let pool = site.place.get(world).map_err(|_| dead())?;
        let user = bearer(pool, &claims).map_err(|_| dead())?;
        let readable = user
            .attributes
            .iter()
            .filter(|(name, _)| is_readable(&scopes, name));
        let mut shown: Map<String, Value> = readable
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        shown.insert("username".to_owned(), json!(user.username));
        Ok(Value::Object(shown))
    })
}

/// Documented: the error is in the body and in `WWW-Authenticate`.
fn refused(status: StatusCode, error: &str, description: &str) -> Box<Response> {
    let body = json!({ "error": error, "error_description": description });
    let mut response = super::json(status, &body);
    let challenge = format!("Bearer error=\"{error}\", error_description=\"{description}\"");
    if let Ok(challenge) = header::HeaderValue::from_str(&challenge) {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    Box::new(response)
}

/// Ends a refresh token, and what came of it. Documented: 200 without a body, also for a token that is not there.
pub(super) fn revoke(app: &App, site: &Site, request: &Request, form: &Given) -> Response {
    let revoked = app.write(|world| {
        let pool = site.place.get_mut(world).map_err(|_| "invalid_client")?;
        let client = token::client(pool, request, form)?;
        let token = form.get("token").ok_or("invalid_request")?;
        refresh::end(pool, &client, token).map_err(|refusal| match refusal.code.as_str() {
            "UnsupportedTokenTypeException" => "unsupported_token_type",
            "UnsupportedOperationException" => "invalid_request",
            _ => "unauthorized_client",
        })
    });
    let mut response = match revoked {
        Ok(()) => respond(StatusCode::OK, "text/html; charset=utf-8", String::new()),
        Err("invalid_client") => super::json(
            StatusCode::UNAUTHORIZED,
            &json!({ "error": "invalid_client" }),
        ),
        Err(error) => super::json(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    };
    allow_any_origin(&mut response);
    response
}

#[cfg(test)]
mod tests {
    use super::is_readable;

    #[test]
    fn scopes_limit_what_is_read() {
        assert!(is_readable(&["openid"], "custom:team"));
        assert!(is_readable(
            &["openid", "aws.cognito.signin.user.admin"],
            "email"
        ));
        assert!(is_readable(&["openid", "email"], "sub"));
        assert!(is_readable(&["openid", "email"], "email_verified"));
        assert!(!is_readable(&["openid", "email"], "name"));
        assert!(!is_readable(&["openid", "profile"], "custom:team"));
    }
}
