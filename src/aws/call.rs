//! The one way to call AWS, and the only sleep: pace, retry, wait, and say what is being waited for.

use std::{
    error::Error as StdError,
    time::{Duration, Instant},
};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{
    Cx, Fault, FaultKind,
    crash::{Moment, moment},
    fault::from_sdk,
    pace,
};
use labengine::Progress;

/// What it means to send a call twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Twice is the same as once (`Put…`, `Update…`, `Delete…`).
    Idempotent,
    /// Twice makes two, or fails with "exists": never sent again while the first is in doubt.
    Create,
}

/// How long to wait for something that AWS says is not possible yet.
const NOT_YET_LIMIT: Duration = Duration::from_mins(2);
/// How long to ride out throttling: `DeleteRestApi` allows one call in 30 s.
const THROTTLE_LIMIT: Duration = Duration::from_mins(10);
/// How often a call of unsure outcome is sent again, when that is safe.
const UNSURE_TRIES: u32 = 4;

impl Cx {
    /// Sends one AWS call, in pace with the account's documented rates; waits out throttling and
    /// "not yet", and sends again after a broken connection when that is safe.
    ///
    /// `operation` is `service:Operation`, as in an IAM policy.
    pub async fn call<T, E, F, Fut>(
        &self,
        operation: &str,
        effect: Effect,
        send: F,
    ) -> Result<T, Fault>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let started = Instant::now();
        let mut tries = 0_u32;
        loop {
            self.pace(operation).await?;
            moment(Moment::Sending, operation);
            // The SDK's futures are large: boxed, they do not swell everything that calls.
            let answer = Box::pin(send()).await;
            moment(Moment::Answered, operation);
            let fault = match answer {
                Ok(answer) => {
                    tracing::debug!(operation, "called");
                    return Ok(answer);
                }
                Err(error) => from_sdk(operation, &error),
            };
            tracing::debug!(
                operation,
                code = fault.code,
                "call failed: {}",
                fault.message
            );
            tries += 1;
            let waited = started.elapsed();
            if let FaultKind::Throttled(Some(after)) = fault.kind {
                self.shared.pace.used_up(operation, after);
            }
            let (reason, pause) = match &fault.kind {
                FaultKind::NotYet(what) if waited < NOT_YET_LIMIT => {
                    (what.clone(), backoff(tries, 500, 5_000))
                }
                FaultKind::Throttled(after) if waited < THROTTLE_LIMIT => (
                    format!("the account's rate for {operation}"),
                    // With AWS's word the pacer knows: it keeps the order of those who wait.
                    match after {
                        Some(_) if pace::rates(operation).next().is_some() => Duration::ZERO,
                        Some(after) => *after,
                        None => backoff(tries, 500, 30_000),
                    },
                ),
                FaultKind::Unsure | FaultKind::Unreachable
                    if effect != Effect::Create && tries < UNSURE_TRIES =>
                {
                    (
                        "the connection to AWS".to_owned(),
                        backoff(tries, 200, 2_000),
                    )
                }
                _ => return Err(fault),
            };
            self.wait(&reason, waited, pause).await?;
        }
    }

    /// Asks `ready` until it answers `true`: for things that AWS finishes on its own time.
    ///
    /// `what` completes "waiting for …". Fails with `NotYet` after `limit`.
    pub async fn until<F, Fut>(&self, what: &str, limit: Duration, ready: F) -> Result<(), Fault>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<bool, Fault>>,
    {
        let done = || async { Ok(ready().await?.then_some(())) };
        let ready = self.poll(what, limit, done).await?;
        ready.ok_or_else(|| Fault::too_late(what, limit))
    }

    /// Asks `look` until it gives something. `None`: not within `limit`.
    ///
    /// `what` completes "waiting for …".
    pub async fn poll<T, F, Fut>(
        &self,
        what: &str,
        limit: Duration,
        look: F,
    ) -> Result<Option<T>, Fault>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<Option<T>, Fault>>,
    {
        let started = Instant::now();
        // What takes minutes is asked less often.
        let most = u64::try_from(limit.as_millis() / 150).unwrap_or(u64::MAX);
        let most = most.clamp(2_000, 15_000);
        let mut tries = 0;
        loop {
            if tries > 0 {
                self.forget_all();
            }
            if let Some(found) = look().await? {
                return Ok(Some(found));
            }
            tries += 1;
            let waited = started.elapsed();
            if waited > limit {
                return Ok(None);
            }
            self.wait(what, waited, backoff(tries, 100, most)).await?;
        }
    }

    async fn pace(&self, operation: &str) -> Result<(), Fault> {
        if self.interrupt().is_set() {
            return Err(interrupted(operation));
        }
        for rate in pace::rates(operation) {
            let pause = self.shared.pace.reserve(rate);
            if !pause.is_zero() {
                let reason = format!("the account's rate for {operation}");
                self.wait(&reason, Duration::ZERO, pause).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn wait(
        &self,
        reason: &str,
        waited: Duration,
        pause: Duration,
    ) -> Result<(), Fault> {
        if let Some(step) = &self.step {
            self.events().send(Progress::Waiting {
                id: step.clone(),
                reason: reason.to_owned(),
                seconds: waited.as_secs_f64(),
            });
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.interrupt().wait() => Err(interrupted(reason)),
        }
    }
}

fn interrupted(what: &str) -> Fault {
    Fault::new(FaultKind::Interrupted, what, "interrupted")
}

/// `first` ms, doubled each time up to `most` ms, with up to a half taken off so that parallel callers that have met
/// do not meet again.
pub(super) fn backoff(tries: u32, first: u64, most: u64) -> Duration {
    let full = first
        .saturating_mul(1 << tries.saturating_sub(1).min(16))
        .min(most);
    let mut random = [0_u8];
    // Without randomness the pause is merely not jittered.
    let _ = getrandom::fill(&mut random);
    Duration::from_millis(full - full * u64::from(random[0]) / 512)
}
