//! Token buckets for AWS's documented, fixed request rates (per account): bursts are used, so one lab is
//! never slowed, and many labs at once do not run into throttling.
//!
//! The rates are the account's, not a process's: with a ledger (a small file), all labctl processes of this
//! user on this machine take turns.

mod ledger;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use ledger::Ledger;

/// One documented rate.
#[derive(Debug)]
pub(super) struct Rate {
    /// The operations that share it: `service:Operation`, or all that begin so.
    operations: &'static str,
    /// Calls at once, when none was made for a while.
    burst: f64,
    /// Seconds after which one more call is allowed, and a little more: clocks and networks are not exact, and a
    /// call that comes too early costs more than one that comes a little late.
    seconds: f64,
}

const fn rate(operations: &'static str, burst: f64, seconds: f64) -> Rate {
    Rate {
        operations,
        burst,
        seconds: seconds * 1.02,
    }
}

/// The published quotas of API Gateway (each operation also counts in the service's total) and of Lambda's
/// control plane (where the first that fits rules), WAF's and Route 53's. Docs: "Amazon API Gateway quotas", "Lambda quotas",
/// "AWS WAF quotas", "Quotas" of Route 53's developer guide.
const RATES: &[Rate] = &[
    rate("apigateway:CreateRestApi", 1.0, 3.0),
    rate("apigateway:DeleteRestApi", 1.0, 30.0),
    rate("apigateway:CreateDeployment", 1.0, 5.0),
    rate("apigateway:CreateResource", 5.0, 0.2),
    rate("apigateway:DeleteResource", 5.0, 0.2),
    rate("apigateway:GetResources", 5.0, 0.4),
    rate("apigateway:", 40.0, 0.1),
    rate("lambda:GetFunction", 100.0, 0.01),
    rate("lambda:GetPolicy", 15.0, 1.0 / 15.0),
    rate("lambda:", 15.0, 1.0 / 15.0),
    rate("wafv2:CreateWebACL", 1.0, 1.0),
    rate("wafv2:UpdateWebACL", 1.0, 1.0),
    rate("wafv2:GetWebACL", 5.0, 0.2),
    rate("wafv2:ListWebACLs", 5.0, 0.2),
    rate("wafv2:ListTagsForResource", 5.0, 0.2),
    rate("route53:", 5.0, 0.2),
    // IAM publishes no rate. Chosen: a sweep asks every role of an account that labctl may have made.
    rate("iam:ListRoleTags", 20.0, 0.1),
];

/// The rates that a call counts in, one after another: who waits for the narrow one takes its token of the
/// service's total only then, and holds up nobody.
pub(super) fn rates(operation: &str) -> impl Iterator<Item = &'static Rate> {
    let total = |r: &&Rate| r.operations.ends_with(':');
    let exact = RATES.iter().find(|r| r.operations == operation);
    let whole = RATES
        .iter()
        .filter(total)
        .find(|r| operation.starts_with(r.operations))
        // Lambda's reads have quotas of their own, outside of the total.
        .filter(|r| exact.is_none() || r.operations != "lambda:");
    exact.into_iter().chain(whole)
}

/// For each rate: when its next call would be free if its bucket held one token, in seconds of one clock.
type Next = BTreeMap<String, f64>;

/// One bucket per rate, filled lazily.
#[derive(Debug)]
pub struct Pace {
    /// By a clock that nobody can set.
    own: Mutex<Next>,
    started: Instant,
    /// By the wall clock, the only one that processes share.
    ledger: Option<Ledger>,
}

impl Pace {
    /// The pace of an account. AWS counts all its calls: the file is one for all. Elsewhere (an emulator has its
    /// own rules, or none) each process goes alone, unless `LABCTL_PACE_FILE` names a file to share.
    pub fn of(account: &str, endpoint: Option<&str>) -> Self {
        let named = std::env::var_os("LABCTL_PACE_FILE").map(PathBuf::from);
        match (named, endpoint) {
            (Some(file), _) => Self::new(Some(file)),
            (None, None) if account.is_empty() => Self::new(None),
            (None, None) => {
                let file = format!("labctl/pace/{account}.json");
                Self::new(state_home().map(|home| home.join(file)))
            }
            (None, Some(_)) => Self::new(None),
        }
    }

    /// Shared by all processes that name the same `file`. Without one, or when it cannot be used, each goes alone.
    fn new(file: Option<PathBuf>) -> Self {
        Self {
            own: Mutex::default(),
            started: Instant::now(),
            ledger: file.map(Ledger::at),
        }
    }

    /// Takes a token of `rate`; answers how long to wait before it may be used.
    pub(super) fn reserve(&self, rate: &Rate) -> Duration {
        self.with(|next, now| reserve(next, rate, now))
    }

    /// AWS says that the rate is used up (others share it): nobody sends before `pause` is over.
    pub(super) fn used_up(&self, operation: &str, pause: Duration) {
        let Some(rate) = rates(operation).next() else {
            return;
        };
        self.with(|next, now| {
            let ahead = (rate.burst - 1.0) * rate.seconds;
            let free = next.entry(rate.operations.to_owned()).or_insert(now);
            *free = free.max(now + pause.as_secs_f64() + ahead);
        });
    }

    fn with<T>(&self, change: impl Fn(&mut Next, f64) -> T) -> T {
        let shared = self.ledger.as_ref().and_then(|ledger| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            ledger.change(now.unwrap_or_default().as_secs_f64(), &change)
        });
        shared.unwrap_or_else(|| {
            let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut own, self.started.elapsed().as_secs_f64())
        })
    }
}

/// Where the XDG base directory specification puts what should outlive a session. Relative paths do not count.
pub(crate) fn state_home() -> Option<PathBuf> {
    let set = |name| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))
}

fn reserve(next: &mut Next, rate: &Rate, now: f64) -> Duration {
    let free = next.entry(rate.operations.to_owned()).or_insert(now);
    // A bucket of `burst` tokens may run ahead of its rate by `burst - 1` calls.
    let pause = free.max(now) - now - (rate.burst - 1.0) * rate.seconds;
    *free = free.max(now) + rate.seconds;
    Duration::try_from_secs_f64(pause).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(next: &mut Next, operation: &str, now: f64, times: usize) -> Vec<f64> {
        let rate = rates(operation).next().expect("a rate");
        (0..times)
            .map(|_| reserve(next, rate, now).as_secs_f64())
            .collect()
    }

    /// Whether `pauses` are `wanted`, or a little more where there is one.
    fn close(pauses: &[f64], wanted: &[f64]) -> bool {
        let fits = |(p, w): (&f64, &f64)| *p >= w - 1e-6 && *p <= w * 1.05 + 1e-6;
        pauses.len() == wanted.len() && pauses.iter().zip(wanted).all(fits)
    }

    #[test]
    fn bursts_are_free_and_then_the_rate_rules() {
        let mut next = Next::new();
        let pauses = taken(&mut next, "apigateway:CreateResource", 1e9, 7);
        assert!(
            close(&pauses, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.4]),
            "{pauses:?}"
        );
    }

    #[test]
    fn one_rest_api_is_deleted_in_thirty_seconds() {
        let mut next = Next::new();
        let pauses = taken(&mut next, "apigateway:DeleteRestApi", 1e9, 3);
        assert!(close(&pauses, &[0.0, 30.0, 60.0]), "{pauses:?}");
        let later = taken(&mut next, "apigateway:DeleteRestApi", 1e9 + 100.0, 1);
        assert!(close(&later, &[0.0]), "{later:?}");
    }

    #[test]
    fn reads_of_lambda_have_quotas_of_their_own() {
        let names = |operation| rates(operation).map(|r| r.operations).collect::<Vec<_>>();
        assert_eq!(names("lambda:GetFunction"), ["lambda:GetFunction"]);
        assert_eq!(names("lambda:GetPolicy"), ["lambda:GetPolicy"]);
        assert_eq!(names("lambda:GetFunctionConfiguration"), ["lambda:"]);
        assert_eq!(
            names("apigateway:CreateRestApi"),
            ["apigateway:CreateRestApi", "apigateway:"]
        );
        assert_eq!(names("iam:CreateRole"), [""; 0]);
    }
}
