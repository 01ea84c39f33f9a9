//! The API calls that came in lately, in their order: for tests that ask what a program did.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use crate::app::now_s;

/// Of all accounts together; older ones go.
const KEPT: usize = 10_000;

/// The last calls, and how many there were.
#[derive(Default)]
pub(crate) struct Calls(Mutex<Ring>);

#[derive(Default)]
struct Ring {
    /// Ascending by `arrival`.
    entries: VecDeque<Entry>,
    /// How many calls ever arrived.
    arrivals: u64,
    /// The same for each account, since it was last forgotten.
    counts: HashMap<Option<String>, u64>,
}

/// One call, as `/_local/calls.json` shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    #[serde(skip)]
    arrival: u64,
    /// From 1, in its account.
    n: u64,
    account: Option<String>,
    /// `iam:CreateRole`.
    operation: String,
    /// `None` while there is no answer, and for a call that never got one.
    status: Option<u16>,
    /// The fault rule that took effect on it.
    fault: Option<u64>,
    /// Seconds since the epoch.
    at: f64,
}

impl Calls {
    /// Takes down a call; the number is for [`Calls::note`].
    pub(crate) fn arrived(&self, account: Option<&str>, operation: String) -> u64 {
        let mut ring = self.ring();
        ring.arrivals += 1;
        let arrival = ring.arrivals;
        let account = account.map(str::to_owned);
        let count = ring.counts.entry(account.clone()).or_default();
        *count += 1;
        let n = *count;
        ring.entries.push_back(Entry {
            arrival,
            n,
            account,
            operation,
            status: None,
            fault: None,
            at: now_s(),
        });
        if ring.entries.len() > KEPT {
            ring.entries.pop_front();
        }
        arrival
    }

    /// Takes down how a call was answered, and the rule that took effect on it.
    pub(crate) fn note(&self, arrival: u64, status: Option<u16>, fault: Option<u64>) {
        let mut ring = self.ring();
        if let Ok(index) = ring.entries.binary_search_by_key(&arrival, |e| e.arrival)
            && let Some(entry) = ring.entries.get_mut(index)
        {
            entry.status = status.or(entry.status);
            entry.fault = fault.or(entry.fault);
        }
    }

    /// The calls of one account, or all.
    pub(crate) fn list(&self, account: Option<&str>) -> Vec<Entry> {
        let ring = self.ring();
        let wanted = |entry: &&Entry| account.is_none() || entry.account.as_deref() == account;
        ring.entries.iter().filter(wanted).cloned().collect()
    }

    /// Forgets the calls of one account, or all: the next one is the first again.
    pub(crate) fn forget(&self, account: Option<&str>) {
        let mut ring = self.ring();
        let kept = |of: &Option<String>| account.is_some() && of.as_deref() != account;
        ring.entries.retain(|entry| kept(&entry.account));
        ring.counts.retain(|of, _| kept(of));
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_calls_are_kept_and_counted_by_account() {
        let calls = Calls::default();
        let arrive = |account: Option<&str>| calls.arrived(account, "iam:GetRole".to_owned());
        let first = arrive(Some("a"));
        for _ in 0..KEPT {
            arrive(None);
        }
        calls.note(first, Some(200), None);
        let second = arrive(Some("a"));
        calls.note(second, None, Some(7));
        calls.note(second, Some(500), None);
        assert_eq!(calls.list(None).len(), KEPT);
        let told = |account| {
            let told = |e: Entry| (e.n, e.status, e.fault);
            calls
                .list(account)
                .into_iter()
                .map(told)
                .collect::<Vec<_>>()
        };
        assert_eq!(told(Some("a")), [(2, Some(500), Some(7))]);
        calls.forget(Some("a"));
        assert_eq!(told(Some("a")), []);
        assert_eq!(calls.list(None).len(), KEPT - 1);
        arrive(Some("a"));
        assert_eq!(told(Some("a")), [(1, None, None)]);
        calls.forget(None);
        assert_eq!(told(None), []);
    }
}
