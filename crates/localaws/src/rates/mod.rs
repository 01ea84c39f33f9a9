//! AWS's request rates, if they are to be enforced: a token bucket for each row of the table.

mod table;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::table::{Each, Operations, RATES, Rate};
use crate::{
    call::{ApiError, Call, Service},
    faults::throttled,
};

/// The buckets, while rates are enforced.
pub(crate) struct Rates(Mutex<Option<Buckets>>);

/// When each bucket would be full again.
type Buckets = HashMap<Key, Instant>;

/// Row of the table, account, region, operation and user pool (empty but for rows that are for each).
type Key = (usize, String, String, String);

impl Rate {
    fn interval(&self) -> Duration {
        Duration::from_secs(self.seconds.into()) / self.calls
    }

    fn key(&self, row: usize, account: &str, call: &Call) -> Key {
        let text = |name: &str| call.input.get(name).and_then(Value::as_str);
        let part = match self.each {
            Each::Account => String::new(),
            Each::OperationAndPool => {
                let arn = text("ResourceArn").and_then(|arn| arn.rsplit('/').next());
                let pool = text("UserPoolId").or(arn).unwrap_or_default();
                format!("{} {pool}", call.operation)
            }
        };
        (row, account.to_owned(), call.region.clone(), part)
    }
}

impl Rates {
    pub(crate) fn new(enforce: bool) -> Self {
        Self(Mutex::new(enforce.then(Buckets::new)))
    }

    /// Begins (with full buckets) or ends to enforce rates.
    pub(crate) fn enforce(&self, enforce: bool) {
        *self.buckets() = enforce.then(Buckets::new);
    }

    /// Fills an account's buckets.
    pub(crate) fn forget(&self, account: &str) {
        if let Some(buckets) = self.buckets().as_mut() {
            buckets.retain(|(_, of, ..), _| of != account);
        }
    }

    /// Takes a token from each bucket that a call needs, or, if one is empty, from none: then the error is the
    /// service's own. Calls without an account have no quota.
    pub(crate) fn take(&self, account: Option<&str>, call: &Call) -> Result<(), ApiError> {
        self.take_at(account, call, Instant::now())
    }

    fn take_at(&self, account: Option<&str>, call: &Call, now: Instant) -> Result<(), ApiError> {
        let (Some(buckets), Some(account)) = (&mut *self.buckets(), account) else {
            return Ok(());
        };
        let rows: Vec<_> = RATES
            .iter()
            .enumerate()
            .filter(|(_, rate)| rate.covers(call.service, &call.operation))
            .map(|(row, rate)| {
                let key = rate.key(row, account, call);
                let full = buckets.get(&key).copied().unwrap_or(now).max(now);
                (key, rate, full)
            })
            .collect();
        let wait = rows
            .iter()
            .map(|(_, rate, full)| {
                let spare = rate.interval() * (rate.burst - 1);
                full.saturating_duration_since(now).saturating_sub(spare)
            })
            .max()
            .unwrap_or_default();
        if wait.is_zero() {
            let taken = rows
                .into_iter()
                .map(|(key, rate, full)| (key, full + rate.interval()));
            buckets.extend(taken);
            return Ok(());
        }
        // Whole seconds, so rounded up.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let retry_after = (call.service == Service::ApiGateway).then_some(seconds);
        Err(throttled(call.service, retry_after))
    }

    /// What `/_local/rates` shows: whether they are enforced, and the table.
    pub(crate) fn shown(&self) -> Value {
        let enforced = self.buckets().is_some();
        let rates = RATES.iter().map(|rate| {
            let (only, but) = match rate.operations {
                Operations::All => (None, None),
                Operations::Only(names) => (Some(names), None),
                Operations::AllBut(names) => (None, Some(names)),
            };
            json!({
                "service": rate.service.prefix(),
                "operations": only,
                "all_but": but,
                "burst": rate.burst,
                "calls": rate.calls,
                "seconds": rate.seconds,
                "each": match rate.each {
                    Each::Account => "account",
                    Each::OperationAndPool => "operation and user pool",
                },
            })
        });
        json!({ "enforce": enforced, "rates": rates.collect::<Vec<_>>() })
    }

    fn buckets(&self) -> MutexGuard<'_, Option<Buckets>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::operations;

    fn call(service: Service, operation: &str, input: Value) -> Call {
        Call {
            service,
            operation: operation.to_owned(),
            input,
            account: "111122223333".to_owned(),
            caller: None,
            region: "us-east-1".to_owned(),
            request_id: String::new(),
        }
    }

    /// How many calls at once go through, and what `Retry-After` the next one is told, if it is.
    fn at_once(call: &Call) -> (usize, Option<String>) {
        let (rates, now) = (Rates::new(true), Instant::now());
        for count in 0..1000 {
            if let Err(error) = rates.take_at(Some("111122223333"), call, now) {
                return (count, error.headers.first().map(|(_, value)| value.clone()));
            }
        }
        (1000, None)
    }

    #[test]
    fn bursts_are_those_of_the_table() {
        let of = |service, operation: &str| at_once(&call(service, operation, json!({})));
        let after = |seconds: &str| Some(seconds.to_owned());
        assert_eq!(of(Service::ApiGateway, "CreateRestApi"), (1, after("3")));
        assert_eq!(of(Service::ApiGateway, "DeleteRestApi"), (1, after("30")));
        assert_eq!(of(Service::ApiGateway, "CreateDeployment"), (1, after("5")));
        assert_eq!(of(Service::ApiGateway, "CreateResource"), (5, after("1")));
        assert_eq!(of(Service::ApiGateway, "GetResources"), (5, after("1")));
        assert_eq!(of(Service::ApiGateway, "PutMethod"), (40, after("1")));
        assert_eq!(of(Service::Lambda, "GetFunction"), (100, None));
        assert_eq!(of(Service::Lambda, "GetPolicy"), (15, None));
        assert_eq!(of(Service::Lambda, "CreateFunction"), (15, None));
        assert_eq!(of(Service::Lambda, "Invoke"), (1000, None));
        assert_eq!(of(Service::Cognito, "CreateUserPool"), (15, None));
        assert_eq!(of(Service::Cognito, "CreateUserPoolClient"), (5, None));
        assert_eq!(of(Service::Iam, "CreateRole"), (1000, None));
        assert_eq!(of(Service::Waf, "CreateWebACL"), (1, None));
        assert_eq!(of(Service::Waf, "GetWebACL"), (5, None));
        assert_eq!(of(Service::Route53, "GetChange"), (10, None));
        assert_eq!(of(Service::Acm, "ListCertificates"), (8, None));
    }

    #[test]
    fn a_bucket_fills_with_time() {
        let rates = Rates::new(true);
        let start = Instant::now();
        let create = call(Service::ApiGateway, "CreateRestApi", json!({}));
        let take = |ms: u64| {
            let at = start + Duration::from_millis(ms);
            rates.take_at(Some("111122223333"), &create, at)
        };
        let refused = |ms: u64| {
            let error = take(ms).expect_err("too soon");
            (error.status, error.code, error.headers[0].1.clone())
        };
        let told = |seconds: &str| {
            (
                429,
                "TooManyRequestsException".to_owned(),
                seconds.to_owned(),
            )
        };
        assert!(take(0).is_ok());
        assert_eq!(refused(100), told("3"));
        assert_eq!(refused(2999), told("1"));
        assert!(take(3000).is_ok());
        // A long pause saves up no more than the burst.
        assert!(take(60_000).is_ok());
        assert_eq!(refused(60_000), told("3"));
    }

    #[test]
    fn a_refused_call_takes_no_token_of_the_total() {
        let (rates, now) = (Rates::new(true), Instant::now());
        let take = |operation: &str| {
            let call = call(Service::ApiGateway, operation, json!({}));
            rates.take_at(Some("111122223333"), &call, now).is_ok()
        };
        assert!(take("DeleteRestApi"));
        assert!((0..100).all(|_| !take("DeleteRestApi")));
        assert_eq!((0..100).filter(|_| take("PutMethod")).count(), 39);
    }

    #[test]
    fn accounts_regions_and_pools_have_buckets_of_their_own() {
        let (rates, now) = (Rates::new(true), Instant::now());
        let mut create = call(Service::ApiGateway, "CreateRestApi", json!({}));
        let take = |account: &str, call: &Call| rates.take_at(Some(account), call, now).is_ok();
        assert!(take("1", &create) && take("2", &create) && !take("1", &create));
        rates.forget("1");
        assert!(take("1", &create) && !take("2", &create));
        create.region = "eu-west-1".to_owned();
        assert!(take("1", &create));
        let client = |pool: &str| {
            call(
                Service::Cognito,
                "CreateUserPoolClient",
                json!({"UserPoolId": pool}),
            )
        };
        let fit = |pool: &str| (0..9).filter(|_| take("1", &client(pool))).count();
        // Five a pool, fifteen an account.
        assert_eq!(["a", "b", "c", "d"].map(fit), [5, 5, 5, 0]);
        rates.enforce(false);
        assert!(take("1", &create));
    }

    #[test]
    fn the_table_names_operations_that_are_served() {
        let mut named = 0;
        for rate in RATES {
            let (Operations::Only(names) | Operations::AllBut(names)) = rate.operations else {
                continue;
            };
            for name in names {
                named += 1;
                assert!(operations().any(|o| o == (rate.service, *name)), "{name}");
            }
        }
        assert!(named > 40, "{named}");
        let unlimited: Vec<_> = operations()
            .filter(|(service, _)| {
                matches!(
                    service,
                    Service::ApiGateway | Service::Lambda | Service::Cognito
                )
            })
            .filter(|(service, name)| !RATES.iter().any(|rate| rate.covers(*service, name)))
            .collect();
        assert_eq!(unlimited, [(Service::Lambda, "Invoke")]);
    }
}
