//! What may appear after the lab was deleted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::Sweep;
use crate::{
    aws::{Fault, FaultKind},
    event::By,
};

/// How long to watch for log groups that come back after their function was deleted. Lambda hands logs over on its
/// own time: log groups were seen to appear about ten seconds after the event (apache/airflow#25626), and the
/// documentation names no limit. A minute is several times that.
pub const GRACE: Duration = Duration::from_mins(1);
/// The same on the twin, which writes logs before it answers.
pub const TWIN_GRACE: Duration = Duration::from_secs(1);

impl Sweep<'_> {
    /// Asks for `names` again and again until the grace period is over, or all have appeared. Returns those that
    /// have. `what` completes "waiting for …"; `operation` and `field` describe the question.
    pub async fn watch<T, Fut>(
        &self,
        what: &str,
        (operation, field): (&str, &str),
        names: BTreeSet<String>,
        get: impl Fn(String) -> Fut,
    ) -> BTreeMap<String, T>
    where
        Fut: Future<Output = Result<Option<T>, Fault>>,
    {
        if names.is_empty() {
            return BTreeMap::new();
        }
        let back: Mutex<BTreeMap<String, T>> = Mutex::new(BTreeMap::new());
        let taken = || back.lock().unwrap_or_else(PoisonError::into_inner);
        let rounds = AtomicUsize::new(0);
        let ended = self
            .cx
            .until(what, self.target.grace, || async {
                rounds.fetch_add(1, Ordering::Relaxed);
                for name in &names {
                    if !taken().contains_key(name)
                        && let Some(thing) = get(name.clone()).await?
                    {
                        taken().insert(name.clone(), thing);
                    }
                }
                Ok(taken().len() == names.len())
            })
            .await;
        let rounds = rounds.into_inner();
        let back = back.into_inner().unwrap_or_else(PoisonError::into_inner);
        let seconds = self.target.grace.as_secs_f64();
        for name in &names {
            let filter = format!("{field}={name}, {rounds} times in {seconds:.0} s");
            match &ended {
                Err(fault) if !matches!(fault.kind, FaultKind::NotYet(_)) => {
                    self.unseen(operation, &filter, fault.to_string());
                }
                _ => {
                    let found = usize::from(back.contains_key(name));
                    self.looked(By::Parent, operation, &filter, found);
                }
            }
        }
        back
    }
}
