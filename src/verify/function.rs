//! What a Lambda authorizer promises: who is let in, who is not, and that a result that is kept is kept
//! for the caller, and not for the route that it was first asked about.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{checks::Prober, want::Want, why::last_error};
use crate::{
    aws::{Cx, Effect, Fault, Request},
    lab::{Guard, Route, Source},
};

/// What the function's refusal says, whether the policy denies or is silent.
const DENIED: &str = "not authorized to access this resource";
/// Calls with the same values: fewer runs of the function than that show that its answer is kept.
const CALLS: usize = 5;
/// How long log events may take to be found.
const LOG_LIMIT: Duration = Duration::from_mins(1);
/// The clocks of AWS and of this machine may differ by as much.
const SKEW: Duration = Duration::from_secs(3);

/// A Lambda authorizer with the routes that it guards.
#[derive(Debug, Clone)]
pub struct Judged<'r> {
    /// Its name.
    pub name: String,
    /// Its function's log group.
    pub log_group: String,
    /// Whether its results are kept.
    pub cached: bool,
    /// At least one.
    pub routes: Vec<&'r Route>,
}

impl Prober<'_> {
    /// A request with values for the authorizer's sources.
    pub(super) fn with_values(&self, route: &Route, values: &[String]) -> Request {
        let mut request = self.request(route);
        let Guard::Function { sources, .. } = &route.guard else {
            return request;
        };
        for (source, value) in sources.iter().zip(values) {
            match source {
                Source::Header(name) => request = request.header(name, value),
                Source::Query(name) => {
                    let join = if request.url.contains('?') { '&' } else { '?' };
                    request.url.push(join);
                    request.url.push_str(&query(name, value));
                }
            }
        }
        request
    }

    /// Nothing: 401, without a run of the function. Then who is refused, and who is let in.
    pub(super) async fn of_function(&mut self, route: &Route) {
        let Guard::Function { authorizer, .. } = &route.guard else {
            return;
        };
        let name = |what: &str| format!("{} {what} {authorizer}", route.name());
        let bare = self.request(route);
        self.probe(name("with nothing for"), &Want::Unauthorized, || {
            Ok(bare.clone())
        })
        .await;
        let refused = self.with_values(route, &route.deny);
        self.probe(name("refused by"), &Want::Refused(DENIED), || {
            Ok(refused.clone())
        })
        .await;
        let let_in = self.with_values(route, &route.allow);
        let fine = Want::Ok(route.expect.as_deref());
        self.probe(name("let in by"), &fine, || Ok(let_in.clone()))
            .await;
    }

    /// The function runs once for many calls of one caller (or for each call, when nothing is kept).
    pub async fn is_asked_once(&mut self, stage: &str, judged: &Judged<'_>, at_once: bool) {
        let Some(route) = judged.routes.first() else {
            return;
        };
        let since = Instant::now();
        let start = Timestamp::now().as_millisecond();
        let (name, expected) = if judged.cached {
            (
                format!("{} is asked once a caller", judged.name),
                format!("{CALLS} calls, fewer runs"),
            )
        } else {
            (
                format!("{} is asked each time", judged.name),
                format!("{CALLS} calls, {CALLS} runs"),
            )
        };
        let (ok, seen) = match self.count_runs(stage, judged, route, at_once).await {
            Ok(Ok(runs)) => {
                let fine = if judged.cached {
                    (1..CALLS).contains(&runs)
                } else {
                    runs == CALLS
                };
                let word = if runs == 1 { "run" } else { "runs" };
                (fine, format!("{CALLS} calls, {runs} {word}"))
            }
            Ok(Err(seen)) => {
                // Who calls is not told why a function failed: its log knows.
                let why = last_error(self.cx, &judged.log_group, start, at_once).await;
                let why = why.as_deref().and_then(|why| why.lines().next());
                let why = why.map(|why| format!("; {} says: {why}", judged.log_group));
                (false, seen + &why.unwrap_or_default())
            }
            Err(fault) => (false, fault.to_string()),
        };
        self.tell(name, ok, expected, seen, since);
    }

    /// Runs of the function for [`CALLS`] calls. `Err`: what was seen in place of good answers.
    async fn count_runs(
        &self,
        stage: &str,
        judged: &Judged<'_>,
        route: &Route,
        at_once: bool,
    ) -> Result<Result<usize, String>, Fault> {
        self.flush(stage).await?;
        // What ran before is told apart by time.
        let quiet = if at_once {
            Duration::from_millis(2)
        } else {
            SKEW
        };
        tokio::time::sleep(quiet / 2).await;
        let start = Timestamp::now().as_millisecond();
        tokio::time::sleep(quiet / 2).await;
        let fine = Want::Ok(route.expect.as_deref());
        for _ in 0..CALLS {
            let (right, seen) = self
                .ask(&self.with_values(route, &route.allow), &fine)
                .await;
            if !right {
                return Ok(Err(seen));
            }
        }
        // One more run, of a caller not known yet: when it is in the log, those before it are too.
        let refused = Want::Refused(DENIED);
        let (right, seen) = self
            .ask(&self.with_values(route, &route.deny), &refused)
            .await;
        if !right {
            return Ok(Err(seen));
        }
        let found = || async { Ok(runs(self.cx, &judged.log_group, start).await? >= 2) };
        self.cx
            .until("the authorizer's runs to be in the log", LOG_LIMIT, found)
            .await?;
        Ok(Ok(runs(self.cx, &judged.log_group, start)
            .await?
            .saturating_sub(1)))
    }

    /// A caller who may call one route and not another, asked in both orders with an empty cache: the
    /// answer kept for one route must not serve the other.
    pub async fn does_not_leak(&mut self, stage: &str, judged: &Judged<'_>) -> Result<(), Fault> {
        for good in &judged.routes {
            for bad in &judged.routes {
                let (allow, deny) = (&good.allow, &bad.deny);
                if allow != deny || good.name() == bad.name() {
                    continue;
                }
                let fine = Want::Ok(good.expect.as_deref());
                let refused = Want::Refused(DENIED);
                let (first, second) = (
                    (self.with_values(good, allow), &fine, good.name()),
                    (self.with_values(bad, deny), &refused, bad.name()),
                );
                for (first, second) in [(&first, &second), (&second, &first)] {
                    self.flush(stage).await?;
                    let since = Instant::now();
                    let (one, seen_first) = self.ask(&first.0, first.1).await;
                    let (other, seen_second) = self.ask(&second.0, second.1).await;
                    self.tell(
                        format!("{}, then {}, as the same caller", first.2, second.2),
                        one && other,
                        format!("{}, then {}", first.1.words(), second.1.words()),
                        format!("{seen_first}, then {seen_second}"),
                        since,
                    );
                }
            }
        }
        Ok(())
    }

    async fn flush(&self, stage: &str) -> Result<(), Fault> {
        let operation = "apigateway:FlushStageAuthorizersCache";
        self.cx
            .call(operation, Effect::Idempotent, || {
                self.cx
                    .clients()
                    .apigateway
                    .flush_stage_authorizers_cache()
                    .rest_api_id(&self.api_id)
                    .stage_name(stage)
                    .send()
            })
            .await
            .map(drop)
    }
}

/// How often a function ran since `start` (ms), by what Lambda writes at each start.
async fn runs(cx: &Cx, log_group: &str, start: i64) -> Result<usize, Fault> {
    let events = cx.pages(
        "logs:FilterLogEvents",
        |token| {
            let filter = cx.clients().logs.filter_log_events();
            filter
                .log_group_name(log_group)
                .start_time(start)
                .filter_pattern("\"START RequestId\"")
                .set_next_token(token)
                .send()
        },
        |page| (page.events.unwrap_or_default(), page.next_token),
    );
    Ok(events.await?.len())
}

/// One parameter of a query.
pub(crate) fn query(name: &str, value: &str) -> String {
    let escape = |text: &str| {
        text.bytes()
            .map(|b| match b {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    char::from(b).to_string()
                }
                _ => format!("%{b:02X}"),
            })
            .collect::<String>()
    };
    format!("{}={}", escape(name), escape(value))
}
