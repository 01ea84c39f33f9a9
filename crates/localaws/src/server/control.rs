//! `/_local/…` for those who test against the twin: fault rules, request rates, the calls that came in, and
//! the end of accounts.

use std::{sync::Arc, time::Duration};

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Request, Response,
    local::{json_response, not_allowed, problem},
};
use crate::{
    acm,
    app::App,
    cloudfront, cognito,
    faults::{Rule, is_account},
    lambda, route53, wafv2,
    wire::percent,
};

/// The longest wait for a rule to hit, in seconds.
const LONGEST_WAIT: u64 = 600;

/// `None`: not one of these pages.
pub(super) async fn serve(app: &Arc<App>, request: &Request, page: &str) -> Option<Response> {
    let answer = match (request.method(), page.strip_prefix("/accounts/")) {
        (&Method::DELETE, Some(account)) => end_account(app, account),
        (_, Some(_)) => return Some(not_allowed()),
        (method, None) => match (method, page) {
            (&Method::POST, "/faults") => add(app, request),
            (&Method::GET, "/faults") => show(app, request).await,
            (&Method::DELETE, "/faults") => remove(app, request),
            (&Method::GET, "/calls.json") => calls(app, request),
            (&Method::DELETE, "/calls.json") => forget(app, request),
            (&Method::GET, "/rates") => Ok(app.rates.shown()),
            (&Method::POST, "/rates") => rates(app, request),
            (&Method::POST, "/cloudfront") => cloudfront::set(app, request.body()).map_err(bad),
            (&Method::GET, "/runtimes") => Ok(lambda::runtimes(app).await),
            (&Method::GET, "/cloudfront") => Ok(cloudfront::show(app)),
            (&Method::POST, "/wafv2") => wafv2::set(app, request.body()).map_err(bad),
            (&Method::GET, "/wafv2") => Ok(wafv2::show(app)),
            (&Method::POST, "/route53") => route53::set(app, request.body()).map_err(bad),
            (&Method::GET, "/route53") => Ok(route53::show(app)),
            (&Method::POST, "/acm") => acm::set(app, request.body()).map_err(bad),
            (
                _,
                "/faults" | "/calls.json" | "/rates" | "/runtimes" | "/cloudfront" | "/wafv2"
                | "/route53" | "/acm",
            ) => return Some(not_allowed()),
            _ => return None,
        },
    };
    Some(match answer {
        Ok(answer) => json_response(StatusCode::OK, &answer),
        Err(Refusal(status, message)) => problem(status, &message),
    })
}

struct Refusal(StatusCode, String);

type Page = Result<Value, Refusal>;

fn bad(message: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, message.into())
}

#[derive(Default)]
struct Query {
    id: Option<u64>,
    account: Option<String>,
    wait: Option<Duration>,
}

impl Query {
    /// A field that is misspelt must not widen what is asked for: it is refused.
    fn of(request: &Request, allowed: &[&str]) -> Result<Self, Refusal> {
        let pairs = percent::pairs(request.uri().query().unwrap_or_default())
            .ok_or_else(|| bad("the query is not properly encoded"))?;
        let mut query = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                name if !allowed.contains(&name) => {
                    return Err(bad(format!("{name}: not a parameter of this page")));
                }
                "account" if is_account(&value) => query.account = Some(value),
                "account" => return Err(bad("account: must be 12 digits")),
                "id" => {
                    let id = value
                        .parse()
                        .map_err(|_| bad("id: must be a whole number"))?;
                    query.id = Some(id);
                }
                _ => {
                    let wait = value.parse().ok().filter(|wait| *wait <= LONGEST_WAIT);
                    let wait = wait.ok_or_else(|| {
                        bad(format!("wait: must be whole seconds up to {LONGEST_WAIT}"))
                    })?;
                    query.wait = Some(Duration::from_secs(wait));
                }
            }
        }
        Ok(query)
    }
}

fn add(app: &App, request: &Request) -> Page {
    let rule = Rule::parse(request.body()).map_err(bad)?;
    Ok(json!(app.faults.add(rule).map_err(bad)?))
}

/// With an id the rule, at once or as soon as it has hit; without, all.
async fn show(app: &App, request: &Request) -> Page {
    let query = Query::of(request, &["id", "account", "wait"])?;
    let Some(id) = query.id else {
        if query.wait.is_some() {
            return Err(bad("wait: goes with an id"));
        }
        return Ok(json!(app.faults.list(None, query.account.as_deref())));
    };
    if let Some(wait) = query.wait {
        // When the time is up, the answer says that there was no hit.
        let _ = tokio::time::timeout(wait, app.faults.hit_or_gone(id)).await;
    }
    let rules = app.faults.list(Some(id), query.account.as_deref());
    let gone = || Refusal(StatusCode::NOT_FOUND, "no such rule".to_owned());
    Ok(json!(rules.first().ok_or_else(gone)?))
}

fn remove(app: &App, request: &Request) -> Page {
    let query = Query::of(request, &["id", "account"])?;
    let removed = app.faults.remove(query.id, query.account.as_deref());
    Ok(json!({ "removed": removed }))
}

fn calls(app: &App, request: &Request) -> Page {
    let query = Query::of(request, &["account"])?;
    Ok(json!(app.calls.list(query.account.as_deref())))
}

fn forget(app: &App, request: &Request) -> Page {
    let query = Query::of(request, &["account"])?;
    app.calls.forget(query.account.as_deref());
    Ok(json!({}))
}

fn rates(app: &App, request: &Request) -> Page {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Enforced {
        enforce: bool,
    }
    let Enforced { enforce } = serde_json::from_slice(request.body())
        .map_err(|e| bad(format!("not {{\"enforce\": true}} or false: {e}")))?;
    app.rates.enforce(enforce);
    Ok(app.rates.shown())
}

/// Removes an account with all that is in it and all that is known of it.
fn end_account(app: &App, account: &str) -> Page {
    if !is_account(account) {
        return Err(bad("an account is 12 digits"));
    }
    let ended = app.write(|world| {
        cognito::forget_mail(world, account);
        world
            .sessions
            .retain(|_, session| session.account != account);
        world.accounts.remove(account)
    });
    let existed = ended.is_some();
    for (region, state) in ended.into_iter().flat_map(|ended| ended.regions) {
        lambda::forget(app, account, &region, &state.lambda);
        cognito::forget(&state.cognito);
    }
    app.faults.remove(None, Some(account));
    app.calls.forget(Some(account));
    app.rates.forget(account);
    Ok(json!({ "removed": existed }))
}
