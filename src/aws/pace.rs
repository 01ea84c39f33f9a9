//! Token buckets for AWS's documented, fixed request rates (per account): bursts are used, so one
//! lab is never slowed, and many labs at once do not run into throttling.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// `(operation or service prefix, calls at once, seconds per call)`; API Gateway's and Lambda's
/// published quotas (docs: "Amazon API Gateway quotas", "Lambda quotas").
const RATES: &[(&str, f64, f64)] = &[
    ("apigateway:CreateRestApi", 1.0, 3.0),
    ("apigateway:DeleteRestApi", 1.0, 30.0),
    ("apigateway:CreateDeployment", 1.0, 5.0),
    ("apigateway:CreateResource", 5.0, 0.2),
    ("apigateway:DeleteResource", 5.0, 0.2),
    ("apigateway:GetResources", 5.0, 0.4),
    ("apigateway:", 40.0, 0.1),
    ("lambda:Get", 100.0, 0.01),
    ("lambda:", 15.0, 1.0 / 15.0),
];

/// One bucket per rate, filled lazily.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// For each rate: when its next call would be free if the bucket held one token.
    next: Mutex<HashMap<&'static str, Instant>>,
}

impl Pace {
    /// Takes a token from every bucket the operation is in; answers how long to wait before sending.
    pub(super) fn reserve(&self, operation: &str, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        RATES
            .iter()
            .filter(|(prefix, ..)| operation.starts_with(prefix))
            .map(|&(prefix, burst, seconds)| {
                let free = next.entry(prefix).or_insert(now);
                // A bucket of `burst` tokens may run ahead of its rate by `burst - 1` calls.
                let ahead = Duration::from_secs_f64((burst - 1.0) * seconds);
                let start = (*free).max(now);
                *free = start + Duration::from_secs_f64(seconds);
                start.saturating_duration_since(now + ahead)
            })
            .max()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_are_free_and_then_the_rate_rules() {
        let pace = Pace::default();
        let now = Instant::now();
        for _ in 0..5 {
            assert_eq!(
                pace.reserve("apigateway:CreateResource", now),
                Duration::ZERO
            );
        }
        let sixth = pace.reserve("apigateway:CreateResource", now);
        assert!(
            sixth > Duration::from_millis(199) && sixth < Duration::from_millis(201),
            "{sixth:?}"
        );
    }

    #[test]
    fn one_rest_api_is_deleted_in_thirty_seconds() {
        let pace = Pace::default();
        let now = Instant::now();
        assert_eq!(
            pace.reserve("apigateway:DeleteRestApi", now),
            Duration::ZERO
        );
        assert_eq!(
            pace.reserve("apigateway:DeleteRestApi", now),
            Duration::from_secs(30)
        );
        assert_eq!(pace.reserve("iam:CreateRole", now), Duration::ZERO);
    }
}
