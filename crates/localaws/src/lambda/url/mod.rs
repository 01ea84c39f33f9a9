//! Function URLs: a function answers HTTP without an API in front of it.
//!
//! `operations` keep them, `serve` takes a request, `permit` says who may call, `event` and `reply` are what goes to
//! the function and comes back, `cors` what browsers are told.

mod cors;
mod event;
pub(super) mod operations;
mod permit;
mod reply;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::{cors::Cors, permit::Visitor};
use super::{Invoker, invoke, name::Named};
use crate::{
    app::{App, now_ms},
    ids,
    server::{self, Request, Response},
};

/// Bytes of a request's body.
const MOST: usize = 6 << 20;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Url {
    /// The first part of its host name.
    id: String,
    auth_type: AuthType,
    cors: Option<Cors>,
    /// As it was given.
    invoke_mode: Option<String>,
    /// Milliseconds since the epoch.
    created: i64,
    modified: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum AuthType {
    None,
    AwsIam,
}

impl AuthType {
    fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::AwsIam => "AWS_IAM",
        }
    }
}

impl Url {
    fn new(auth_type: AuthType, cors: Option<Cors>, invoke_mode: Option<String>) -> Self {
        let now = now_ms();
        Self {
            id: ids::lower(32),
            auth_type,
            cors,
            invoke_mode,
            created: now,
            modified: now,
        }
    }

    fn host(&self, region: &str) -> String {
        format!("{}.lambda-url.{region}.on.aws", self.id)
    }
}

/// The URL's id in a request, and the path behind it.
fn address(request: &Request) -> Option<(String, String)> {
    let path = request.uri().path();
    if let Some(within) = path.strip_prefix("/_lambda-url/") {
        let (id, rest) = within.split_once('/').unwrap_or((within, ""));
        return Some((id.to_owned(), format!("/{rest}")));
    }
    let host = server::host(request)?;
    let (id, domain) = host.split_once(".lambda-url.")?;
    let ours =
        domain == "localhost" || domain.ends_with(".localhost") || domain.ends_with(".on.aws");
    ours.then(|| (id.to_owned(), path.to_owned()))
}

/// Whether a request is for a function URL.
pub(crate) fn is_url(request: &Request) -> bool {
    address(request).is_some()
}

/// Where a URL leads.
struct Found {
    url: Url,
    /// With the alias as its qualifier, if it has one.
    named: Named,
}

fn find(app: &App, id: &str) -> Option<Found> {
    app.read(|world| {
        world.regions().find_map(|(account, region, state)| {
            state.lambda.functions.iter().find_map(|(name, function)| {
                let urls = &mut function.urls.iter();
                let (qualifier, url) = urls.find(|(_, url)| url.id == id)?;
                let named = Named::new(account, region, name);
                let named = match qualifier.as_str() {
                    super::function::LATEST => named,
                    alias => named.at(alias),
                };
                Some(Found {
                    url: url.clone(),
                    named,
                })
            })
        })
    })
}

/// Serves a function URL: `/_lambda-url/{id}/…`, or by Host. `None`: the request is for none.
pub(crate) async fn serve(app: &Arc<App>, request: &Request) -> Option<Response> {
    let (id, path) = address(request)?;
    let Some(found) = find(app, &id) else {
        return Some(reply::refused(None));
    };
    let cors = found.url.cors.as_ref();
    if let Some(answer) = cors.and_then(|cors| cors.preflight(request)) {
        return Some(answer);
    }
    let mut response = answer(app, request, &found, &path).await;
    if let Some(cors) = cors {
        cors.apply(request, response.headers_mut());
    }
    Some(response)
}

async fn answer(app: &Arc<App>, request: &Request, found: &Found, path: &str) -> Response {
    let visitor = match Visitor::of(app, request, found) {
        Ok(visitor) => visitor,
        Err(why) => return reply::refused(Some(&why)),
    };
    if !visitor.may_call(app, found) {
        return reply::refused(Some(permit::FORBIDDEN));
    }
    if request.body().len() > MOST {
        return reply::plain(413, "Request Entity Too Large");
    }
    let event = event::event(request, found, &visitor, path);
    let (arn, payload) = (found.named.arn(), event.to_string().into_bytes());
    match invoke(app, &arn, Invoker::Caller, payload).await {
        Ok(invoked) => reply::reply(&invoked),
        // An alias that has gone (LocalStack's `test_lambda_url_persists_after_alias_delete`).
        Err(super::InvokeRefusal::Absent | super::InvokeRefusal::NotPermitted) => {
            reply::refused(Some(permit::FORBIDDEN))
        }
        Err(super::InvokeRefusal::NotReady(_)) => reply::failed(),
    }
}
