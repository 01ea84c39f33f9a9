//! What the gateway remembers between requests, and forgets when the twin stops: what Lambda authorizers
//! said, and how much of usage plans is used.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{lambda_authorizer::Output, usage::Used};

/// As many answers of authorizers are kept, over all APIs.
const KEPT: usize = 10_000;

/// What a cached answer is for. It is not told apart by method: the policy in it is looked at each time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in super::super) struct Asked {
    pub(in super::super) api: String,
    pub(in super::super) stage: String,
    pub(super) authorizer: String,
    /// The values of the identity sources, in their order.
    pub(super) identity: Vec<String>,
}

/// An answer, and until when it holds.
type Kept = (Instant, Arc<Output>);

#[derive(Debug, Default)]
pub(crate) struct Memory {
    answers: Mutex<HashMap<Asked, Kept>>,
    /// By usage plan and key.
    used: Mutex<HashMap<(String, String), Used>>,
}

impl Memory {
    fn answers(&self) -> MutexGuard<'_, HashMap<Asked, Kept>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn recall(&self, asked: &Asked) -> Option<Arc<Output>> {
        let answers = self.answers();
        let (until, output) = answers.get(asked)?;
        (Instant::now() < *until).then(|| Arc::clone(output))
    }

    pub(super) fn keep(&self, asked: Asked, output: Arc<Output>, ttl: Duration) {
        let now = Instant::now();
        let mut answers = self.answers();
        if answers.len() >= KEPT {
            answers.retain(|_, (until, _)| now < *until);
        }
        if answers.len() < KEPT {
            answers.insert(asked, (now + ttl, output));
        }
    }

    /// Forgets what authorizers said for a stage.
    pub(in super::super) fn flush(&self, api: &str, stage: &str) {
        self.answers()
            .retain(|asked, _| asked.api != api || asked.stage != stage);
    }

    /// Looks at, and changes, what a key has used of a plan.
    pub(super) fn used<T>(&self, plan: &str, key: &str, look: impl FnOnce(&mut Used) -> T) -> T {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        look(used.entry((plan.to_owned(), key.to_owned())).or_default())
    }
}
