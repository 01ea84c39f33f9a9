//! The checks: each says what was expected and what was seen.

use std::time::{Duration, Instant};

use super::{
    sign_in::{self, CodeSource, Tokens},
    want::{Want, example_path, http_method, short},
};
use crate::{
    aws::{Answer, Cx, Effect, Http},
    engine::{CheckResult, Event},
    error::{Error, Exit},
};

/// Not a token at all.
const GARBAGE: &str = "garbage.garbage.garbage";

/// One route of the lab, as deployed.
#[derive(Debug, Clone)]
pub struct Route {
    /// e.g. `GET`.
    pub method: String,
    /// e.g. `/items/{id}`.
    pub path: String,
    /// Header of the token; `None`: open to all.
    pub token_header: Option<String>,
    /// It wants an access token with a scope; otherwise an ID token.
    pub scoped: bool,
    /// The body that the file promises.
    pub expect: Option<String>,
    /// API Gateway's id of the path.
    pub resource_id: String,
}

/// Makes the checks and tells them.
pub struct Prober<'a> {
    /// For test-invoke and sign-in.
    pub cx: &'a Cx,
    /// The API.
    pub api_id: String,
    /// `https://…/dev`.
    pub stage_url: String,
    /// How often in a row an answer must be right (a snapshot that is being replaced may answer once more).
    pub in_a_row: usize,
    /// How long a right answer may take to come.
    pub patience: Duration,
    http: Http,
    failed: usize,
    total: usize,
}

impl<'a> Prober<'a> {
    /// A prober for a deployed stage. `at_once`: changes are seen immediately there (the local twin).
    pub fn new(cx: &'a Cx, api_id: String, stage_url: String, at_once: bool) -> Self {
        let http = Http::new(&stage_url);
        let (in_a_row, patience) = if at_once {
            (1, Duration::from_secs(5))
        } else {
            (3, Duration::from_secs(90))
        };
        Self {
            cx,
            api_id,
            stage_url,
            in_a_row,
            patience,
            http,
            failed: 0,
            total: 0,
        }
    }

    /// How many checks failed, of how many.
    pub fn score(&self) -> (usize, usize) {
        (self.failed, self.total)
    }

    fn tell(&mut self, name: String, ok: bool, expected: String, seen: String, since: Instant) {
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
    pub async fn test_invoke(&mut self, route: &Route) -> Result<(), Error> {
        let since = Instant::now();
        let answer = self
            .cx
            .call("apigateway:TestInvokeMethod", Effect::Idempotent, || {
                self.cx
                    .clients()
                    .apigateway
                    .test_invoke_method()
                    .rest_api_id(&self.api_id)
                    .resource_id(&route.resource_id)
                    .http_method(if route.method == "ANY" {
                        "GET"
                    } else {
                        &route.method
                    })
                    .path_with_query_string(example_path(&route.path))
                    .send()
            })
            .await?;
        let got = Answer {
            status: u16::try_from(answer.status).unwrap_or_default(),
            body: answer.body.clone().unwrap_or_default(),
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

    /// Asks until the answer is right often enough in a row, or the patience is over.
    async fn probe(&mut self, route: &Route, name: String, token: Option<&str>, want: &Want<'_>) {
        let since = Instant::now();
        let url = format!("{}{}", self.stage_url, example_path(&route.path));
        let header = route.token_header.as_deref().zip(token);
        let (mut right, mut pause) = (0, Duration::from_millis(100));
        let mut seen;
        loop {
            match self
                .http
                .send(http_method(&route.method), &url, header)
                .await
            {
                Ok(answer) => {
                    seen = format!("{} {}", answer.status, short(&answer.body));
                    right = if want.holds(&answer) { right + 1 } else { 0 };
                }
                Err(error) => {
                    seen = error.to_string();
                    right = 0;
                }
            }
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
        self.tell(name, ok, want.words(), seen, since);
    }

    /// What anybody can do: call without a token, and with something that is none.
    pub async fn without_sign_in(&mut self, route: &Route) {
        let name = |what: &str| format!("{} {} {what}", route.method, route.path);
        if route.token_header.is_none() {
            let want = Want::Ok(route.expect.as_deref());
            self.probe(route, name("is open to all"), None, &want).await;
            return;
        }
        self.probe(route, name("without a token"), None, &Want::Unauthorized)
            .await;
        self.probe(
            route,
            name("with a garbage token"),
            Some(GARBAGE),
            &Want::Unauthorized,
        )
        .await;
    }

    /// The right and the wrong kind of token.
    pub async fn with_tokens(&mut self, route: &Route, tokens: &Tokens) {
        let name = |what: &str| format!("{} {} {what}", route.method, route.path);
        let fine = Want::Ok(route.expect.as_deref());
        let (right, right_word, wrong, wrong_word) = if route.scoped {
            (
                &tokens.access,
                "with the access token",
                &tokens.id,
                "with the ID token",
            )
        } else {
            (
                &tokens.id,
                "with the ID token",
                &tokens.access,
                "with the access token",
            )
        };
        self.probe(route, name(wrong_word), Some(wrong), &Want::Unauthorized)
            .await;
        self.probe(route, name(right_word), Some(right), &fine)
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

    /// Refreshes, and calls with the new token.
    pub async fn refresh(&mut self, route: &Route, client_id: &str, tokens: &Tokens) {
        let since = Instant::now();
        let name = "refresh".to_owned();
        let expected = "a new access token".to_owned();
        let Some(token) = &tokens.refresh else { return };
        match sign_in::refresh(self.cx, client_id, token).await {
            Ok(new) => {
                let ok = new.access != tokens.access;
                let seen = if ok {
                    expected.clone()
                } else {
                    "the old access token".to_owned()
                };
                self.tell(name, ok, expected, seen, since);
                let token = if route.scoped { &new.access } else { &new.id };
                let name = format!("{} {} with the refreshed token", route.method, route.path);
                self.probe(route, name, Some(token), &Want::Ok(route.expect.as_deref()))
                    .await;
            }
            Err(fault) => self.tell(name, false, expected, fault.to_string(), since),
        }
    }
}
