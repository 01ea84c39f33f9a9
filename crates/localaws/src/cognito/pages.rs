//! The unsigned pages of a pool: its public keys and its discovery document.

use std::sync::{Arc, LazyLock};

use hyper::{Method, StatusCode, body::Bytes, header};
use regex::Regex;
use serde_json::{Value, json};

use super::{keys, place::Place, pool::issuer};
use crate::{
    app::App,
    server::{Request, Response},
};

/// Whether a request is for one of these pages.
pub(crate) fn is_keys(request: &Request) -> bool {
    parts(request).is_some()
}

/// The pool and the page that a request is for.
fn parts(request: &Request) -> Option<(&str, &str)> {
    static PATH: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^/([a-z]{2}(?:-[a-z]+)+-\d_[0-9A-Za-z]+)/\.well-known/(jwks\.json|openid-configuration)$")
            .expect("the expression is constant")
    });
    if request.method() != Method::GET {
        return None;
    }
    let parts = PATH.captures(request.uri().path())?;
    Some((parts.get(1)?.as_str(), parts.get(2)?.as_str()))
}

/// `/{pool}/.well-known/jwks.json` and `openid-configuration`. `None`: not one of them.
pub(crate) async fn well_known(app: &Arc<App>, request: &Request) -> Option<Response> {
    let (id, page) = parts(request)?;
    let Some(place) = app.read(|world| Place::of_pool(world, id)) else {
        let message = format!("User pool {id} does not exist.");
        return Some(response(
            StatusCode::NOT_FOUND,
            &json!({ "message": message }),
        ));
    };
    let page = match page {
        "jwks.json" => match keys::pair(app, &place).await {
            Ok(pair) => json!({ "keys": [pair.jwk()] }),
            Err(error) => {
                let problem = json!({ "message": error.message });
                return Some(response(StatusCode::INTERNAL_SERVER_ERROR, &problem));
            }
        },
        _ => configuration(app, id),
    };
    Some(response(StatusCode::OK, &page))
}

/// As of a pool without a domain. The keys are found here, whatever the issuer's name.
fn configuration(app: &App, id: &str) -> Value {
    json!({
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer(id),
        "jwks_uri": format!("{}/{id}/.well-known/jwks.json", app.endpoint()),
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    })
}

fn response(status: StatusCode, page: &Value) -> Response {
    let mut response = Response::new(Bytes::from(page.to_string()));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    let all = header::HeaderValue::from_static("*");
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, all);
    response
}
