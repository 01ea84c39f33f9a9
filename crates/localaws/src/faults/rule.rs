//! A fault rule: which calls it hits, and what becomes of them.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::call::{Call, Service};

/// Which calls are hit, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Rule {
    /// `None`: calls of every account, and those that belong to none.
    pub(crate) account: Option<String>,
    /// As it was given, e.g. `lambda:*`.
    pub(super) operation: String,
    /// The operations that this means.
    #[serde(skip)]
    pub(super) operations: BTreeSet<(Service, &'static str)>,
    /// The first call hit, from 1.
    pub(super) nth: u64,
    /// How many calls from there on; 0: all.
    pub(super) times: u64,
    #[serde(flatten)]
    pub(super) action: Action,
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum Action {
    Throttle {
        /// Seconds, in the header `Retry-After`.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    Error {
        /// 500 or 503.
        status: u16,
    },
    Delay {
        ms: u64,
    },
    /// No work, no answer.
    Reset,
    /// The work, no answer.
    Drop,
    /// No answer for as long as the rule is there.
    Hold {
        when: When,
    },
    IamLag,
    ExpiredToken,
    Denied,
}

/// On which side of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    Before,
    After,
}

impl Rule {
    pub(super) fn matches(&self, account: Option<&str>, call: &Call) -> bool {
        let named = self
            .operations
            .contains(&(call.service, call.operation.as_str()));
        // An update of a function's configuration may leave the role as it is.
        let lags = self.action != Action::IamLag
            || call.input.get("Role").is_some()
            || call.service == Service::Sts;
        named && lags && (self.account.is_none() || self.account.as_deref() == account)
    }

    /// Whether a call is hit, by its number among those that match (from 1).
    pub(super) fn hits(&self, number: u64) -> bool {
        number >= self.nth && (self.times == 0 || number - self.nth < self.times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_hits_from_the_nth_call_on() {
        let hit = |more: &str| {
            let rule = format!("{{\"action\": \"drop\", \"operation\": \"*\"{more}}}");
            let rule = Rule::parse(rule.as_bytes()).expect("a rule");
            (1..=6).filter(|n| rule.hits(*n)).collect::<Vec<_>>()
        };
        assert_eq!(hit(""), [1]);
        assert_eq!(hit(", \"nth\": 3"), [3]);
        assert_eq!(hit(", \"nth\": 3, \"times\": 2"), [3, 4]);
        assert_eq!(hit(", \"nth\": 4, \"times\": 0"), [4, 5, 6]);
    }
}
