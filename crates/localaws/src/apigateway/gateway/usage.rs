//! API keys on the data plane: which one, in which usage plan, and whether there is something left of it.

use super::{
    super::usage_plan::{Period, UsagePlan},
    exchange::{Caller, Exchange},
    reply::Reply,
};
use crate::app::{App, now_ms};

const DAY_MS: i64 = 86_400_000;

/// What a key has used of a plan.
#[derive(Debug, Default)]
pub(in super::super) struct Used {
    /// Requests that may still come at once, and when that was so (milliseconds since the epoch).
    burst: Option<(f64, i64)>,
    /// Requests in the period that began then.
    period: Option<(i64, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spent {
    Rate,
    Quota,
}

/// The API key of a request.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) value: String,
}

/// Which key a request is made with; it has to be an enabled one, in a usage plan that has the stage.
pub(super) fn key(app: &App, exchange: &Exchange, source: &str) -> Result<Key, Reply> {
    let value = if source == "AUTHORIZER" {
        match &exchange.caller {
            Caller::Custom(output) => output.usage_key.as_deref(),
            _ => None,
        }
    } else {
        exchange.incoming.header("x-api-key")
    };
    let value = value.ok_or_else(Reply::invalid_api_key)?;
    let found = app.read(|world| {
        let state = &world
            .accounts
            .get(&exchange.account)?
            .regions
            .get(&exchange.region)?
            .apigateway;
        let key = state
            .api_keys
            .values()
            .find(|key| key.enabled && key.value == value)?;
        let plan = state
            .usage_plans
            .values()
            .find(|plan| plan.has_key(&key.id) && plan.serves(&exchange.api_id, &exchange.stage))?;
        Some((key.id.clone(), plan.clone()))
    });
    let (id, plan) = found.ok_or_else(Reply::invalid_api_key)?;
    let taken = app
        .gateway
        .used(&plan.id, &id, |used| used.take(&plan, now_ms()));
    match taken {
        Ok(()) => Ok(Key {
            id,
            value: value.to_owned(),
        }),
        Err(Spent::Rate) => Err(Reply::throttled()),
        Err(Spent::Quota) => Err(Reply::quota_exceeded()),
    }
}

impl Used {
    /// One request more, when the plan has it.
    fn take(&mut self, plan: &UsagePlan, now: i64) -> Result<(), Spent> {
        let burst = plan
            .throttle
            .as_ref()
            .map(|throttle| self.left(throttle.rate_limit, throttle.burst_limit, now));
        if burst.is_some_and(|left| left < 1.0) {
            return Err(Spent::Rate);
        }
        if let Some(quota) = &plan.quota {
            let began = began(quota.period, now);
            let count = match self.period {
                Some((of, count)) if of == began => count,
                Some(_) => 0,
                // The offset is taken off the first period only.
                None => i64::from(quota.offset),
            };
            if count >= i64::from(quota.limit) {
                return Err(Spent::Quota);
            }
            self.period = Some((began, count + 1));
        }
        self.burst = burst.map(|left| (left - 1.0, now));
        Ok(())
    }

    /// A bucket of `burst` tokens, into which `rate` of them run a second.
    fn left(&self, rate: f64, burst: i32, now: i64) -> f64 {
        let full = f64::from(burst);
        let Some((left, at)) = self.burst else {
            return full;
        };
        let passed = i32::try_from(now - at).unwrap_or(i32::MAX);
        (left + rate * f64::from(passed) / 1000.0).min(full)
    }
}

/// When the period of a quota began that is running: at midnight (UTC), on Sunday, on the first.
fn began(period: Period, now: i64) -> i64 {
    let day = now.div_euclid(DAY_MS);
    let back = match period {
        Period::Day => 0,
        // The first of January 1970 was a Thursday.
        Period::Week => (day + 4).rem_euclid(7),
        Period::Month => jiff::Timestamp::from_millisecond(now).map_or(0, |at| {
            i64::from(jiff::tz::Offset::UTC.to_datetime(at).day()) - 1
        }),
    };
    (day - back) * DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_767_268_800_000; // Thursday, 2026-01-01T12:00Z

    fn plan(throttle: serde_json::Value, quota: serde_json::Value) -> UsagePlan {
        let plan = serde_json::json!({
            "id": "p", "name": "p", "keys": [], "throttle": throttle, "quota": quota,
        });
        serde_json::from_value(plan).expect("a plan")
    }

    #[test]
    fn a_bucket_fills_again() {
        let plan = plan(
            serde_json::json!({"rateLimit": 2.0, "burstLimit": 2}),
            serde_json::Value::Null,
        );
        let mut used = Used::default();
        let mut take = |ms: i64| used.take(&plan, NOON + ms);
        assert_eq!(
            [take(0), take(0), take(0), take(499)],
            [Ok(()), Ok(()), Err(Spent::Rate), Err(Spent::Rate)]
        );
        assert_eq!([take(500), take(500)], [Ok(()), Err(Spent::Rate)]);
        assert_eq!(
            [take(9000), take(9000), take(9000)],
            [Ok(()), Ok(()), Err(Spent::Rate)]
        );
    }

    #[test]
    fn a_quota_begins_anew() {
        let quota = |period: &str| serde_json::json!({"limit": 2, "offset": 1, "period": period});
        let hours = |n: i64| NOON + n * 3_600_000;
        for (period, still, anew) in [
            ("DAY", hours(11), hours(12)),
            // Until Saturday night.
            ("WEEK", hours(2 * 24 + 11), hours(2 * 24 + 12)),
            ("MONTH", hours(30 * 24 + 11), hours(30 * 24 + 12)),
        ] {
            let plan = plan(serde_json::Value::Null, quota(period));
            let mut used = Used::default();
            let mut take = |now: i64| used.take(&plan, now);
            assert_eq!([take(NOON), take(NOON)], [Ok(()), Err(Spent::Quota)]);
            assert_eq!(take(still), Err(Spent::Quota), "{period}");
            assert_eq!(
                [take(anew), take(anew), take(anew)],
                [Ok(()), Ok(()), Err(Spent::Quota)],
                "{period}"
            );
        }
    }
}
