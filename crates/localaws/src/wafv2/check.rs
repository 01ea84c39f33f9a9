//! What WAF refuses in a web ACL, and what the twin does not act on: that is refused by name, for an ACL that
//! looks right and lets everybody in would be worse. Unsure of most reasons' texts; the codes are the model's.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{
    fault::{invalid, limits_exceeded, not_served},
    rule::Rules,
};
use crate::call::ApiError;

/// A web ACL's capacity units.
const CAPACITY: u64 = 5000;
/// Bytes of a search string.
const SEARCH_STRING: usize = 200;
const WINDOWS: [i64; 4] = [60, 120, 300, 600];

/// Of the ACL.
const UNSERVED: [&str; 8] = [
    "CustomResponseBodies",
    "CaptchaConfig",
    "ChallengeConfig",
    "TokenDomains",
    "AssociationConfig",
    "DataProtectionConfig",
    "OnSourceDDoSProtectionConfig",
    "ApplicationConfig",
];
/// Of a rule.
const UNSERVED_IN_RULE: [&str; 3] = ["RuleLabels", "CaptchaConfig", "ChallengeConfig"];
const SERVED: [&str; 6] = [
    "ByteMatchStatement",
    "GeoMatchStatement",
    "RateBasedStatement",
    "AndStatement",
    "OrStatement",
    "NotStatement",
];

/// Checks what a client says of a web ACL.
pub(super) fn check(settings: &Value) -> Result<Rules, ApiError> {
    refuse("", settings, &UNSERVED)?;
    let (action, custom) = one(
        &settings["DefaultAction"],
        "DEFAULT_ACTION",
        "DefaultAction",
    )?;
    plain_action(action, custom)?;
    let (mut names, mut priorities) = (BTreeSet::new(), BTreeSet::new());
    for rule in list(&settings["Rules"]) {
        refuse("Rule.", rule, &UNSERVED_IN_RULE)?;
        let name = rule["Name"].as_str().unwrap_or_default();
        if !names.insert(name) {
            let reason = "A rule with this name already exists in the web ACL.";
            return Err(invalid(reason, "RULE", name));
        }
        if !priorities.insert(rule["Priority"].as_i64()) {
            let reason = "Rule priorities must be unique in the web ACL.";
            return Err(invalid(reason, "RULE", name));
        }
        check_rule(name, rule)?;
    }
    let rules = Rules::of(settings)?;
    if rules.capacity() > CAPACITY {
        return Err(limits_exceeded());
    }
    Ok(rules)
}

fn check_rule(name: &str, rule: &Value) -> Result<(), ApiError> {
    statement(&rule["Statement"], true)?;
    if !rule["OverrideAction"].is_null() {
        let reason = "A rule has an override action only when it uses a rule group.";
        return Err(invalid(reason, "RULE_ACTION", name));
    }
    if rule["Action"].is_null() {
        let reason = "You haven't set a value for a required field.";
        return Err(invalid(reason, "RULE_ACTION", name));
    }
    let (action, custom) = one(&rule["Action"], "RULE_ACTION", "RuleAction")?;
    plain_action(action, custom)
}

fn plain_action(action: &str, custom: &Value) -> Result<(), ApiError> {
    if !["Allow", "Block", "Count"].contains(&action) {
        return Err(not_served(&format!("the action {action} of web ACLs")));
    }
    for member in ["CustomResponse", "CustomRequestHandling"] {
        if !custom[member].is_null() {
            return Err(not_served(&format!("{member} of web ACLs")));
        }
    }
    Ok(())
}

/// A statement with what is inside. Those that count requests are not inside of others.
fn statement(given: &Value, outermost: bool) -> Result<(), ApiError> {
    let (kind, inner) = one(given, "STATEMENT", "Statement")?;
    if !SERVED.contains(&kind) {
        return Err(not_served(&format!("{kind} of web ACLs")));
    }
    match kind {
        "ByteMatchStatement" => byte_match(inner),
        "GeoMatchStatement" => geo_match(inner),
        "RateBasedStatement" if !outermost => {
            let reason = "A rate-based statement can't be nested in another statement.";
            Err(invalid(reason, "STATEMENT", "RateBasedStatement"))
        }
        "RateBasedStatement" => rate_based(inner),
        "NotStatement" => statement(&inner["Statement"], false),
        _ => {
            let inside = &inner["Statements"];
            if list(inside).count() < 2 {
                let field = if kind == "AndStatement" {
                    "AND_STATEMENT"
                } else {
                    "OR_STATEMENT"
                };
                let reason = "A logical statement needs at least two statements.";
                return Err(invalid(reason, field, kind));
            }
            list(inside).try_for_each(|it| statement(it, false))
        }
    }
}

fn byte_match(given: &Value) -> Result<(), ApiError> {
    let (field, header) = one(&given["FieldToMatch"], "FIELD_TO_MATCH", "FieldToMatch")?;
    if field != "SingleHeader" {
        return Err(not_served(&format!(
            "the field {field} of web ACLs, only SingleHeader"
        )));
    }
    let name = header["Name"].as_str().unwrap_or_default();
    if hyper::header::HeaderName::try_from(name).is_err() {
        return Err(invalid(
            "The parameter contains formatting that is not valid.",
            "SINGLE_HEADER",
            name,
        ));
    }
    let text = given["SearchString"].as_str().unwrap_or_default();
    let length = BASE64_STANDARD.decode(text).map_or(0, |bytes| bytes.len());
    if !(1..=SEARCH_STRING).contains(&length) {
        let reason = "The search string must have from 1 to 200 bytes.";
        return Err(invalid(reason, "BYTE_MATCH_STATEMENT", "SearchString"));
    }
    let mut priorities = BTreeSet::new();
    for transformation in list(&given["TextTransformations"]) {
        let kind = transformation["Type"].as_str().unwrap_or_default();
        if kind != "NONE" && kind != "LOWERCASE" {
            return Err(not_served(&format!(
                "the text transformation {kind} of web ACLs"
            )));
        }
        if !priorities.insert(transformation["Priority"].as_i64()) {
            let reason = "The priorities of text transformations must be unique.";
            return Err(invalid(reason, "TEXT_TRANSFORMATION", kind));
        }
    }
    Ok(())
}

fn geo_match(given: &Value) -> Result<(), ApiError> {
    if !given["ForwardedIPConfig"].is_null() {
        return Err(not_served("ForwardedIPConfig of GeoMatchStatement"));
    }
    if list(&given["CountryCodes"]).next().is_none() {
        let reason = "You haven't set a value for a required field.";
        return Err(invalid(reason, "GEO_MATCH_STATEMENT", "CountryCodes"));
    }
    Ok(())
}

fn rate_based(given: &Value) -> Result<(), ApiError> {
    let wrong = |reason, parameter| Err(invalid(reason, "RATE_BASED_STATEMENT", parameter));
    let window = &given["EvaluationWindowSec"];
    if !window.is_null() && !window.as_i64().is_some_and(|s| WINDOWS.contains(&s)) {
        return wrong(
            "The evaluation window must be 60, 120, 300 or 600 seconds.",
            "EvaluationWindowSec",
        );
    }
    let key = given["AggregateKeyType"].as_str().unwrap_or_default();
    if key == "CUSTOM_KEYS" || !given["CustomKeys"].is_null() {
        return Err(not_served("CustomKeys of RateBasedStatement"));
    }
    let forwarded = !given["ForwardedIPConfig"].is_null();
    if forwarded != (key == "FORWARDED_IP") {
        return wrong(
            "A forwarded IP configuration goes with the key FORWARDED_IP.",
            "ForwardedIPConfig",
        );
    }
    match &given["ScopeDownStatement"] {
        Value::Null if key == "CONSTANT" => wrong(
            "The key CONSTANT needs a scope-down statement.",
            "ScopeDownStatement",
        ),
        Value::Null => Ok(()),
        inner => statement(inner, false),
    }
}

/// The only member of a structure that has to have one.
fn one<'v>(of: &'v Value, field: &str, parameter: &str) -> Result<(&'v str, &'v Value), ApiError> {
    let mut given = of
        .as_object()
        .into_iter()
        .flat_map(Map::iter)
        .filter(|(_, v)| !v.is_null());
    match (given.next(), given.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        (None, _) => {
            let reason =
                "Your statement has no value set for a field that requires exactly one value.";
            Err(invalid(reason, field, parameter))
        }
        _ => {
            let reason = "Your statement has multiple values set for a field that requires exactly one value.";
            Err(invalid(reason, field, parameter))
        }
    }
}

fn refuse(within: &str, given: &Value, names: &[&str]) -> Result<(), ApiError> {
    let used = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    match names.iter().find(|name| used(&given[**name])) {
        Some(name) => Err(not_served(&format!("{within}{name} of web ACLs"))),
        None => Ok(()),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
