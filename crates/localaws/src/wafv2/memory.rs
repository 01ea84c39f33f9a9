//! What WAF knows besides the world; it is not saved: the requests counted, and the quota.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{app::now_ms, world::World};

/// Web ACLs in an account's region (and for `CloudFront`), by AWS's documentation.
const WEB_ACLS: usize = 100;
/// Aggregation keys that are counted at once; those of nobody's interest are forgotten then.
const BUCKETS: usize = 10_000;

pub(crate) struct Memory {
    counts: Mutex<HashMap<Bucket, Counts>>,
    web_acls: AtomicUsize,
}

/// What is counted together. A rule with another window begins anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Bucket {
    /// ARN.
    pub(super) acl: String,
    pub(super) rule: String,
    /// Seconds.
    pub(super) window: i64,
    /// An address, or nothing for all of them.
    pub(super) key: String,
}

/// Seconds since the epoch, and requests in that second.
type Counts = VecDeque<(i64, u64)>;

impl Default for Memory {
    fn default() -> Self {
        Self {
            counts: Mutex::default(),
            web_acls: AtomicUsize::new(WEB_ACLS),
        }
    }
}

impl Memory {
    /// Counts a request: how many there were in the window, with it.
    pub(super) fn count(&self, bucket: Bucket) -> u64 {
        self.count_at(bucket, now_ms() / 1000)
    }

    fn count_at(&self, bucket: Bucket, now: i64) -> u64 {
        let mut all = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= BUCKETS && !all.contains_key(&bucket) {
            all.retain(|of, counts| counts.back().is_some_and(|(at, _)| *at > now - of.window));
            if all.len() >= BUCKETS {
                all.clear();
            }
        }
        let window = bucket.window;
        let counts = all.entry(bucket).or_default();
        while counts.front().is_some_and(|(at, _)| *at <= now - window) {
            counts.pop_front();
        }
        match counts.back_mut() {
            // A clock that was set back adds to the last second.
            Some((at, count)) if *at >= now => *count += 1,
            _ => counts.push_back((now, 1)),
        }
        counts.iter().map(|(_, count)| count).sum()
    }

    /// How many web ACLs an account may have in a region, and as many for `CloudFront`.
    pub(super) fn web_acls(&self, world: &World, account: &str) -> usize {
        let own = world
            .accounts
            .get(account)
            .and_then(|account| account.web_acls);
        own.unwrap_or_else(|| self.web_acls.load(Ordering::Relaxed))
    }

    pub(super) fn set_web_acls(&self, quota: usize) {
        self.web_acls.store(quota, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_slide() {
        let memory = Memory::default();
        let at = |key: &str, now| {
            let bucket = Bucket {
                acl: "a".to_owned(),
                rule: "r".to_owned(),
                window: 60,
                key: key.to_owned(),
            };
            memory.count_at(bucket, now)
        };
        assert_eq!(
            [at("x", 100), at("x", 100), at("x", 130), at("y", 130)],
            [1, 2, 3, 1]
        );
        assert_eq!([at("x", 159), at("x", 160), at("x", 189)], [4, 3, 4]);
        assert_eq!(at("x", 190), 4, "those of 130 are gone");
        assert_eq!(at("x", 180), 5, "a clock set back");
        assert_eq!(at("x", 1000), 1);
    }

    #[test]
    fn keys_without_end_do_not_fill_memory() {
        let memory = Memory::default();
        for n in 0..3 * BUCKETS {
            let bucket = Bucket {
                acl: String::new(),
                rule: String::new(),
                window: 60,
                key: n.to_string(),
            };
            memory.count_at(bucket, 100);
        }
        assert!(memory.counts.lock().expect("whole").len() <= BUCKETS);
    }
}
