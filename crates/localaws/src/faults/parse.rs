//! A fault rule, read from what a test sends. Problems name the field.

use std::{collections::BTreeSet, ops::RangeInclusive};

use serde_json::{Map, Value};

use super::rule::{Action, Rule, When};
use crate::{call::Service, iam, wire::operations};

/// The longest delay, in ms: ten minutes.
const LONGEST_DELAY: u64 = 600_000;
/// The operations for which a role that cannot be assumed yet matters.
const ROLE_USERS: [(Service, &str); 3] = [
    (Service::Lambda, "CreateFunction"),
    (Service::Lambda, "UpdateFunctionConfiguration"),
    (Service::Sts, "AssumeRole"),
];

impl Rule {
    /// The error names the field that is wrong.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let fields = serde_json::from_slice(json).map_err(|e| format!("not a JSON object: {e}"))?;
        let mut fields = Fields(fields);
        let action = fields.action()?;
        let operation = fields
            .text("operation")?
            .ok_or("operation: is missing; an example is iam:CreateRole, or * for all")?;
        let operations = meant(&operation, action == Action::IamLag)?;
        let account = fields.text("account")?;
        if account
            .as_deref()
            .is_some_and(|account| !is_account(account))
        {
            return Err("account: must be 12 digits".to_owned());
        }
        let nth = fields.number("nth", 1..=u64::MAX)?.unwrap_or(1);
        let times = fields.number("times", 0..=u64::MAX)?.unwrap_or(1);
        fields.none_left(&action)?;
        Ok(Self {
            account,
            operation,
            operations,
            nth,
            times,
            action,
        })
    }
}

pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The operations served that a pattern names. None is an error: such a rule would never hit.
fn meant(pattern: &str, lags: bool) -> Result<BTreeSet<(Service, &'static str)>, String> {
    let fits = |service: Service, name: &str| {
        pattern == "*" || iam::glob(pattern, &format!("{}:{name}", service.prefix()))
    };
    let named: BTreeSet<_> = operations().filter(|&(s, name)| fits(s, name)).collect();
    if named.is_empty() {
        return Err(format!(
            "operation: labctl's local AWS serves nothing named '{pattern}'; an example is iam:CreateRole, \
             with one of the prefixes iam, sts, lambda, logs, cognito-idp, cognito-identity, apigateway, \
             cloudfront, wafv2, route53, acm and tag"
        ));
    }
    if !lags {
        return Ok(named);
    }
    let users: BTreeSet<_> = ROLE_USERS
        .into_iter()
        .filter(|u| named.contains(u))
        .collect();
    if users.is_empty() {
        return Err(format!(
            "operation: '{pattern}' uses no role; iam_lag is for lambda:CreateFunction, \
             lambda:UpdateFunctionConfiguration and sts:AssumeRole"
        ));
    }
    Ok(users)
}

/// The fields not taken yet.
struct Fields(Map<String, Value>);

impl Fields {
    fn action(&mut self) -> Result<Action, String> {
        const KNOWN: &str =
            "throttle, error, delay, reset, drop, hold, iam_lag, expired_token or denied";
        let name = self.text("action")?;
        Ok(match name.as_deref() {
            Some("throttle") => Action::Throttle {
                retry_after: self.number("retry_after", 0..=86_400)?,
            },
            Some("error") => Action::Error {
                status: match self.number("status", 500..=503)? {
                    Some(500) => 500,
                    Some(503) => 503,
                    _ => return Err("status: must be 500 or 503".to_owned()),
                },
            },
            Some("delay") => Action::Delay {
                ms: self
                    .number("ms", 0..=LONGEST_DELAY)?
                    .ok_or("ms: is missing; how long to delay, in milliseconds")?,
            },
            Some("reset") => Action::Reset,
            Some("drop") => Action::Drop,
            Some("hold") => Action::Hold {
                when: match self.text("when")?.as_deref() {
                    Some("before") => When::Before,
                    Some("after") => When::After,
                    _ => return Err("when: must be 'before' or 'after' (the work)".to_owned()),
                },
            },
            Some("iam_lag") => Action::IamLag,
            Some("expired_token") => Action::ExpiredToken,
            Some("denied") => Action::Denied,
            _ => return Err(format!("action: must be {KNOWN}")),
        })
    }

    /// `null` is as good as absent.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{name}: must be a text")),
        }
    }

    fn number(&mut self, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, String> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let number = value.as_u64().filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| match *range.end() {
            u64::MAX => format!("{name}: must be a whole number from {}", range.start()),
            end => format!(
                "{name}: must be a whole number from {} to {end}",
                range.start()
            ),
        })
    }

    fn none_left(self, action: &Action) -> Result<(), String> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!(
                "{name}: no field of a rule with this action ({})",
                serde_json::to_value(action)
                    .ok()
                    .and_then(|action| Some(action.get("action")?.as_str()?.to_owned()))
                    .unwrap_or_default()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_with_a_rule_is_named() {
        let problem = |rule: Value| {
            Rule::parse(rule.to_string().as_bytes())
                .err()
                .unwrap_or_default()
        };
        for (rule, wanted) in [
            (json!([]), "not a JSON object"),
            (json!({"operation": "*"}), "action: must be throttle"),
            (json!({"operation": "*", "action": "explode"}), "action: "),
            (
                json!({"operation": "*", "action": 1}),
                "action: must be a text",
            ),
            (json!({"action": "drop"}), "operation: is missing"),
            (
                json!({"action": "drop", "operation": "iam:CreateLoginProfile"}),
                "operation: ",
            ),
            (
                json!({"action": "drop", "operation": "CreateRole"}),
                "operation: ",
            ),
            (
                json!({"action": "drop", "operation": "tagging:*"}),
                "operation: ",
            ),
            (
                json!({"action": "drop", "operation": "*", "account": "1"}),
                "account: must be 12 digits",
            ),
            (
                json!({"action": "drop", "operation": "*", "account": 1}),
                "account: must be a text",
            ),
            (
                json!({"action": "drop", "operation": "*", "nth": 0}),
                "nth: must be a whole number from 1",
            ),
            (
                json!({"action": "drop", "operation": "*", "nth": 1.5}),
                "nth: ",
            ),
            (
                json!({"action": "drop", "operation": "*", "times": -1}),
                "times: ",
            ),
            (
                json!({"action": "drop", "operation": "*", "ms": 5}),
                "ms: no field of a rule with this action (drop)",
            ),
            (
                json!({"action": "drop", "operation": "*", "Nth": 5}),
                "Nth: no field",
            ),
            (
                json!({"action": "error", "operation": "*"}),
                "status: must be 500 or 503",
            ),
            (
                json!({"action": "error", "operation": "*", "status": 502}),
                "status: must be 500 or 503",
            ),
            (
                json!({"action": "error", "operation": "*", "status": 404}),
                "status: ",
            ),
            (
                json!({"action": "delay", "operation": "*"}),
                "ms: is missing",
            ),
            (
                json!({"action": "delay", "operation": "*", "ms": 600_001}),
                "ms: must be a whole number from 0 to 600000",
            ),
            (json!({"action": "hold", "operation": "*"}), "when: must be"),
            (
                json!({"action": "hold", "operation": "*", "when": "during"}),
                "when: must be",
            ),
            (
                json!({"action": "throttle", "operation": "*", "retry_after": "1"}),
                "retry_after: ",
            ),
            (
                json!({"action": "iam_lag", "operation": "iam:CreateRole"}),
                "operation: 'iam:CreateRole' uses no role",
            ),
        ] {
            let told = problem(rule.clone());
            assert!(told.starts_with(wanted), "{rule}: {told}");
        }
    }

    #[test]
    fn operations_are_named_by_pattern() {
        let count = |pattern: &str| meant(pattern, false).map_or(0, |named| named.len());
        assert_eq!(count("*"), operations().count());
        assert_eq!(count("*:*"), operations().count());
        assert_eq!(count("tag:*"), 1);
        assert_eq!(count("*:TagResource"), 7);
        assert_eq!(count("lambda:GetFunction"), 1);
        assert!(count("lambda:GetFunction*") > 1);
        assert_eq!(meant("*", true).map(|named| named.len()), Ok(3));
    }
}
