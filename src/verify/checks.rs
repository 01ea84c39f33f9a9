//! The checks: each says what was expected and what was seen.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    sign_in::{self, CodeSource, Tokens},
    want::{Want, example_path, http_method, short},
    why::{Called, why},
};
use crate::{
    aws::{Answer, Cx, Effect, Http, Request},
    error::{Error, Exit},
    event::{CheckResult, Event},
    lab::{Guard, Route},
};

/// Not a token at all.
const GARBAGE: &str = "garbage.garbage.garbage";

/// Makes the checks and tells them.
pub struct Prober<'a> {
    /// For test-invoke and sign-in.
    pub cx: &'a Cx,
    /// The API.
    pub api_id: String,
    /// Where the API answers: `https://…/dev`, or the edge.
    pub base_url: String,
    /// How often in a row an answer must be right (a snapshot that is being replaced may answer once more).
    pub in_a_row: usize,
    /// How long a right answer may take to come.
    pub patience: Duration,
    /// The origin that every answer must let read it.
    pub origin: Option<String>,
    /// The routes, and the log groups of their functions by the functions' keys: to say why one answers 401 or 502.
    pub routes: &'a [Route],
    /// See `routes`.
    pub log_groups: BTreeMap<String, String>,
    at_once: bool,
    pub(super) http: Http,
    failed: usize,
    total: usize,
}

impl<'a> Prober<'a> {
    /// A prober for a deployed API. `at_once`: changes are seen immediately there (the local twin).
    pub fn new(cx: &'a Cx, api_id: String, base_url: String, at_once: bool) -> Self {
        let http = Http::new(&base_url);
        let (in_a_row, patience) = if at_once {
            (1, Duration::from_secs(5))
        } else {
            (3, Duration::from_secs(90))
        };
        Self {
            cx,
            api_id,
            base_url,
            in_a_row,
            patience,
            origin: None,
            routes: &[],
            log_groups: BTreeMap::new(),
            at_once,
            http,
            failed: 0,
            total: 0,
        }
    }

    /// How many checks failed, of how many.
    pub fn score(&self) -> (usize, usize) {
        (self.failed, self.total)
    }

    pub(super) fn tell(
        &mut self,
        name: String,
        ok: bool,
        expected: String,
        seen: String,
        since: Instant,
    ) {
        self.total += 1;
        self.failed += usize::from(!ok);
        let seconds = since.elapsed().as_secs_f64();
        self.cx.events().send(Event::Check(CheckResult {
            name,
            ok,
            expected,
            seen,
            seconds,
        }));
    }

    /// The method and its function, before any authorizer and any deployment.
    pub async fn test_invoke(&mut self, route: &Route, resource_id: &str) -> Result<(), Error> {
        let since = Instant::now();
        let answer = self
            .cx
            .call("apigateway:TestInvokeMethod", Effect::Idempotent, || {
                self.cx
                    .clients()
                    .apigateway
                    .test_invoke_method()
                    .rest_api_id(&self.api_id)
                    .resource_id(resource_id)
                    .http_method(http_method(&route.method))
                    .path_with_query_string(example_path(&route.path))
                    .send()
            })
            .await?;
        let got = Answer {
            status: u16::try_from(answer.status).unwrap_or_default(),
            body: answer.body.clone().unwrap_or_default(),
            ..Answer::default()
        };
        let want = Want::Ok(route.expect.as_deref());
        let mut seen = format!("{} {}", got.status, short(&got.body));
        let ok = want.holds(&got);
        if !ok {
            // AWS says why in the log of the test.
            let log = answer.log().unwrap_or_default();
            let why = log
                .lines()
                .find(|l| l.contains("Execution failed") || l.contains("error"));
            seen.push_str(&why.map(|w| format!(" ({})", short(w))).unwrap_or_default());
        }
        self.tell(
            format!("test-invoke {} {}", route.method, route.path),
            ok,
            want.words(),
            seen,
            since,
        );
        Ok(())
    }

    /// A request for a route: path parameters get a value.
    pub(super) fn request(&self, route: &Route) -> Request {
        let url = format!("{}{}", self.base_url, example_path(&route.path));
        Request::new(http_method(&route.method), &url)
    }

    /// The same with a token, when there is one.
    pub(super) fn with_token(&self, route: &Route, token: Option<&str>) -> Request {
        let request = self.request(route);
        match (&route.guard, token) {
            (Guard::Pool { header, .. }, Some(token)) => request.header(header, token),
            _ => request,
        }
    }

    /// One call, right or not, and how it is told.
    pub(super) async fn ask(&self, request: &Request, want: &Want<'_>) -> (bool, String) {
        match self.http.send(request).await {
            Ok(answer) => {
                let mut seen = format!("{} {}", answer.status, short(&answer.body));
                let mut right = want.over_http(&request.method).holds(&answer);
                let allowed = answer.header("access-control-allow-origin");
                if let Some(origin) = &self.origin
                    && allowed != Some(origin)
                {
                    right = false;
                    seen.push_str(" without Access-Control-Allow-Origin: ");
                    seen.push_str(origin);
                }
                (right, seen.trim_end().to_owned())
            }
            Err(error) => (false, error.to_string()),
        }
    }

    /// One check of [`Self::patiently`]. `make` is asked for each request anew: a signature has a time.
    pub(super) async fn probe(
        &mut self,
        name: String,
        want: &Want<'_>,
        make: impl Fn() -> Result<Request, String>,
    ) -> bool {
        let since = Instant::now();
        let begun = Timestamp::now().as_millisecond();
        let (ok, mut seen) = self
            .patiently(async || match make() {
                Ok(request) => self.ask(&request, want).await,
                Err(why) => (false, why),
            })
            .await;
        if !ok && let Ok(request) = make() {
            let why = self.why(&seen, &request, begun).await;
            seen.push_str(&why.map(|why| format!("\n{why}")).unwrap_or_default());
        }
        let want = match make() {
            Ok(request) => want.over_http(&request.method),
            Err(_) => *want,
        };
        self.tell(name, ok, want.words(), seen, since);
        ok
    }

    /// Why a call of a route was not answered as it should: `seen` begins with the status.
    async fn why(&self, seen: &str, request: &Request, begun: i64) -> Option<String> {
        let status = seen.split(' ').next()?.parse().ok()?;
        let url = request.url.split('?').next();
        let mut routes = self.routes.iter();
        let route = routes.find(|route| {
            let example = self.request(route);
            example.method == request.method && Some(example.url.as_str()) == url
        })?;
        let called = Called {
            route,
            log_group: self.log_groups.get(&route.function).map(String::as_str),
            request,
            since: begun,
        };
        why(self.cx, called, status, self.at_once).await
    }

    /// Asks until the answer is right often enough in a row, or the patience is over.
    pub(super) async fn patiently(&self, ask: impl AsyncFn() -> (bool, String)) -> (bool, String) {
        let since = Instant::now();
        let (mut right, mut pause) = (0, Duration::from_millis(100));
        let mut seen;
        loop {
            let (good, said) = ask().await;
            seen = said;
            right = if good { right + 1 } else { 0 };
            if right >= self.in_a_row
                || since.elapsed() >= self.patience
                || self.cx.interrupt().is_set()
            {
                break;
            }
            let _ = self.cx.interrupt().or(tokio::time::sleep(pause)).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
        let ok = right >= self.in_a_row;
        if ok && right > 1 {
            seen.push_str(&format!("  ({right} times in a row)"));
        }
        (ok, seen)
    }

    /// What anybody can do: call without anything, and with something that is none.
    pub async fn without_sign_in(&mut self, route: &Route) {
        let name = |what: &str| format!("{} {what}", route.name());
        let bare = self.request(route);
        let bare = || Ok(bare.clone());
        match &route.guard {
            Guard::Open => {
                let want = Want::Ok(route.expect.as_deref());
                self.probe(name("is open to all"), &want, bare).await;
            }
            Guard::Pool { .. } => {
                let want = Want::Unauthorized;
                self.probe(name("without a token"), &want, bare).await;
                let garbage = self.with_token(route, Some(GARBAGE));
                self.probe(name("with a garbage token"), &want, || Ok(garbage.clone()))
                    .await;
            }
            Guard::Function { .. } => self.of_function(route).await,
            Guard::Iam => {
                let want = Want::Refused("Missing Authentication Token");
                self.probe(name("without a signature"), &want, bare).await;
            }
        }
    }

    /// A browser asks before it lets a page of another origin call.
    pub async fn preflight(&mut self, route: &Route) {
        let Some(origin) = self.origin.clone() else {
            return;
        };
        let page = if origin == "*" {
            "https://example.com"
        } else {
            &origin
        };
        let request = Request {
            method: "OPTIONS".to_owned(),
            ..self.request(route)
        };
        let request = request
            .header("Origin", page)
            .header("Access-Control-Request-Method", http_method(&route.method));
        let name = format!("OPTIONS {} as a browser asks", route.path);
        self.probe(name, &Want::Empty, || Ok(request.clone())).await;
    }

    /// The right and the wrong kind of token.
    pub async fn with_tokens(&mut self, route: &Route, tokens: &Tokens) {
        if !matches!(route.guard, Guard::Pool { .. }) {
            return;
        }
        let name = |what: &str| format!("{} with the {what} token", route.name());
        let (access, id) = ((&tokens.access, "access"), (&tokens.id, "ID"));
        let (right, wrong) = if route.wants_access_token() {
            (access, id)
        } else {
            (id, access)
        };
        let request = self.with_token(route, Some(wrong.0));
        self.probe(name(wrong.1), &Want::Unauthorized, || Ok(request.clone()))
            .await;
        let request = self.with_token(route, Some(right.0));
        let fine = Want::Ok(route.expect.as_deref());
        self.probe(name(right.1), &fine, || Ok(request.clone()))
            .await;
    }

    /// Signs in; a failure is a failed check, not the end of the run.
    pub async fn sign_in(
        &mut self,
        pool_id: &str,
        client_id: &str,
        email: &str,
        source: &CodeSource,
    ) -> Result<Option<Tokens>, Error> {
        let since = Instant::now();
        let name = format!("sign-in of {email} by e-mail code");
        let expected = "access, ID and refresh token".to_owned();
        if !sign_in::user_exists(self.cx, pool_id, email).await? {
            self.tell(
                name,
                false,
                expected,
                format!("no user {email} in {pool_id}"),
                since,
            );
            return Ok(None);
        }
        match sign_in::sign_in(self.cx, client_id, email, source).await {
            Ok(tokens) => {
                let ok = tokens.refresh.is_some();
                let seen = if ok {
                    expected.clone()
                } else {
                    "no refresh token".to_owned()
                };
                self.tell(name, ok, expected, seen, since);
                Ok(Some(tokens))
            }
            Err(error) if matches!(error.exit, Exit::Usage | Exit::Interrupted) => Err(error),
            Err(error) => {
                let hints: Vec<String> = error.hints.iter().map(|h| format!("; {h}")).collect();
                self.tell(
                    name,
                    false,
                    expected,
                    format!("{}{}", error.message, hints.concat()),
                    since,
                );
                Ok(None)
            }
        }
    }

    /// Refreshes, and calls with the new token. Answers the tokens that are valid then.
    pub async fn refresh(
        &mut self,
        route: Option<&Route>,
        client_id: &str,
        rotated: bool,
        tokens: Tokens,
    ) -> Tokens {
        let since = Instant::now();
        let expected = if rotated {
            "a new access token and a new refresh token"
        } else {
            "a new access token"
        };
        let Some(token) = &tokens.refresh else {
            return tokens;
        };
        let new = match sign_in::refresh(self.cx, client_id, token, rotated).await {
            Ok(new) => new,
            Err(fault) => {
                let expected = expected.to_owned();
                self.tell(
                    "refresh".to_owned(),
                    false,
                    expected,
                    fault.to_string(),
                    since,
                );
                return tokens;
            }
        };
        let seen = if new.access == tokens.access {
            "the old access token"
        } else if rotated && new.refresh.as_ref().is_none_or(|r| r == token) {
            "no new refresh token"
        } else {
            expected
        };
        let (ok, seen) = (seen == expected, seen.to_owned());
        self.tell("refresh".to_owned(), ok, expected.to_owned(), seen, since);
        if let Some(route) = route
            && matches!(route.guard, Guard::Pool { .. })
        {
            let token = new.of(route);
            let request = self.with_token(route, Some(token));
            let name = format!("{} with the refreshed token", route.name());
            let fine = Want::Ok(route.expect.as_deref());
            self.probe(name, &fine, || Ok(request.clone())).await;
        }
        Tokens {
            refresh: new.refresh.or(tokens.refresh),
            ..new
        }
    }

    /// A refresh token that was rotated out gives nothing, once its grace is over.
    pub async fn rotated_out(&mut self, client_id: &str, old: &str, grace: Duration) {
        let since = Instant::now();
        tokio::select! {
            () = tokio::time::sleep(grace + Duration::from_secs(1)) => {}
            () = self.cx.interrupt().wait() => return,
        }
        let name = format!(
            "the old refresh token, after its grace of {} s",
            grace.as_secs()
        );
        let (ok, seen) = match sign_in::refresh(self.cx, client_id, old, true).await {
            Ok(_) => (false, "new tokens".to_owned()),
            Err(fault) => {
                let code = fault.code.clone().unwrap_or_default();
                let refused = ["RefreshTokenReuseException", "NotAuthorizedException"];
                (refused.contains(&code.as_str()), fault.to_string())
            }
        };
        let expected = "RefreshTokenReuseException".to_owned();
        self.tell(name, ok, expected, seen, since);
    }
}
