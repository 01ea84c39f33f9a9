//! Paged lists, and changes that are based on what was read.

use std::{
    collections::BTreeSet,
    error::Error as StdError,
    time::{Duration, Instant},
};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Cx, Effect, Fault, FaultKind, call::backoff};

/// Pages of one list. A server that goes on longer is broken: even 60 items a page are 60,000.
const MOST_PAGES: usize = 1_000;

/// How often a deletion in doubt is sent again.
const DELETE_TRIES: usize = 3;

impl Cx {
    /// Reads all items of a paged list. `send` asks for the page that a token names, `split` takes a page apart
    /// into its items and the token of the next one.
    ///
    /// The list ends at an absent, an empty or a repeated token, as it does for the SDKs' own paginators.
    ///
    /// # Errors
    /// What [`Cx::call`] answers; a list of more than 1,000 pages.
    pub async fn pages<P, T, E, Fut>(
        &self,
        operation: &str,
        send: impl Fn(Option<String>) -> Fut,
        split: impl Fn(P) -> (Vec<T>, Option<String>),
    ) -> Result<Vec<T>, Fault>
    where
        Fut: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let mut all = Vec::new();
        let mut seen = BTreeSet::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .call(operation, Effect::Read, || send(token.clone()))
                .await?;
            let (items, next) = split(page);
            all.extend(items);
            match next.filter(|next| !next.is_empty()) {
                Some(next) if seen.insert(next.clone()) => token = Some(next),
                _ => return Ok(all),
            }
        }
        let message = format!("the list does not end after {MOST_PAGES} pages");
        Err(Fault::new(FaultKind::Other, operation, message))
    }

    /// Sends a deletion. When it is in doubt whether that was carried out, `is_there` says whether to send it again: for
    /// calls of which an account may send few.
    ///
    /// # Errors
    /// What [`Cx::call`] and `is_there` answer.
    pub async fn delete<T, E, Fut, Look>(
        &self,
        operation: &str,
        send: impl Fn() -> Fut,
        is_there: impl Fn() -> Look,
    ) -> Result<(), Fault>
    where
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + StdError + 'static,
        Look: Future<Output = Result<bool, Fault>>,
    {
        for _ in 0..DELETE_TRIES {
            // As a create, it is not sent again in doubt.
            match self.call(operation, Effect::Create, &send).await {
                Err(fault) if fault.kind == FaultKind::Unsure => {}
                ended => return ended.map(drop),
            }
            if !is_there().await? {
                return Ok(());
            }
        }
        self.call(operation, Effect::Create, &send).await.map(drop)
    }

    /// Runs `change`, which reads something and then writes it, until nobody else's change comes between:
    /// as long as it fails with [`FaultKind::Stale`], with growing pauses, for at most `limit`.
    ///
    /// `what` completes "waiting for …".
    pub async fn optimistic<T, Fut>(
        &self,
        what: &str,
        limit: Duration,
        change: impl Fn() -> Fut,
    ) -> Result<T, Fault>
    where
        Fut: Future<Output = Result<T, Fault>>,
    {
        let started = Instant::now();
        let mut tries = 0;
        loop {
            let fault = match change().await {
                Err(fault) if fault.kind == FaultKind::Stale => fault,
                ended => return ended,
            };
            tries += 1;
            let waited = started.elapsed();
            if waited > limit {
                return Err(fault);
            }
            self.wait(what, waited, backoff(tries, 200, 15_000)).await?;
        }
    }
}
