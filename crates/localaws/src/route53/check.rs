//! What Route 53 refuses in record sets, and what the twin does not act on, which is refused by name.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value};

use super::{
    fault::{invalid_input, not_served},
    name,
    records::{Action, Change},
    zone::{Zone, key},
};
use crate::call::ApiError;

/// The hosted zone of `CloudFront`'s names, everywhere.
pub(super) const CLOUDFRONT: &str = "Z2FDTNDATAQYW2";
/// Changes in a batch.
const CHANGES: usize = 1000;

const UNSERVED: [&str; 10] = [
    "SetIdentifier",
    "Weight",
    "Region",
    "GeoLocation",
    "Failover",
    "MultiValueAnswer",
    "HealthCheckId",
    "TrafficPolicyInstanceId",
    "CidrRoutingConfig",
    "GeoProximityLocation",
];

/// What makes the whole request one that is not understood.
pub(super) fn request(changes: &[Change]) -> Result<(), ApiError> {
    if changes.len() > CHANGES {
        // Unsure of the text.
        let message = format!("[Number of records limit of {CHANGES} exceeded.]");
        return Err(super::fault::fault(400, "InvalidChangeBatch", message));
    }
    changes.iter().try_for_each(|change| {
        let set = &change.resource_record_set;
        if let Some(member) = UNSERVED.iter().find(|member| !set[**member].is_null()) {
            return Err(not_served(&format!("{member} of record sets")));
        }
        let given = |member: &str| !set[member].is_null();
        let (alias, plain) = (given("AliasTarget"), given("TTL") && given("ResourceRecords"));
        let half = given("TTL") != given("ResourceRecords");
        if alias == plain || half {
            let found = if alias { "more than one" } else { "none" };
            let action = match change.action {
                Action::Create => "CREATE",
                Action::Delete => "DELETE",
                Action::Upsert => "UPSERT",
            };
            let text = |member: &str| set[member].as_str().unwrap_or_default().to_owned();
            return Err(invalid_input(format!(
                "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or \
                 TrafficPolicyInstanceId], but found {found} in Change with [Action={action}, Name={}, Type={}, \
                 SetIdentifier=null]",
                text("Name"),
                text("Type")
            )));
        }
        Ok(())
    })
}

/// A record set as it is kept. The error is a problem of the batch.
pub(super) fn normal(given: &Value) -> Result<Value, String> {
    let named = |text: &str| {
        let illegal = || {
            format!(
                "Invalid Resource Record: FATAL problem: DomainLabelIllegal (Illegal domain name) encountered with '{text}'"
            )
        };
        name::normal(text).ok_or_else(illegal)
    };
    let text = |value: &Value| named(value.as_str().unwrap_or_default());
    let mut kept: Map<String, Value> = given.as_object().cloned().unwrap_or_default();
    kept.retain(|_, value| !value.is_null());
    kept.insert("Name".to_owned(), Value::from(text(&given["Name"])?));
    if let Some(alias) = kept.get_mut("AliasTarget") {
        alias["DNSName"] = Value::from(text(&alias["DNSName"])?);
    }
    Ok(Value::Object(kept))
}

/// Whether two record sets have the same values, in whatever order.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    let sorted = |set: &Value| {
        let mut set = set.clone();
        if let Some(records) = set["ResourceRecords"].as_array_mut() {
            records.sort_by_key(|record| record["Value"].as_str().unwrap_or_default().to_owned());
        }
        set
    };
    sorted(one) == sorted(other)
}

/// Whether a record set may be in a zone.
pub(super) fn record(zone: &Zone, set: &Value) -> Result<(), String> {
    let text = |member: &str| set[member].as_str().unwrap_or_default();
    let (name, kind) = (text("Name"), text("Type"));
    if kind == "CNAME" && name == zone.name {
        return Err(format!(
            "RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {}",
            zone.name
        ));
    }
    let others = zone
        .records
        .values()
        .filter(|there| there["Name"] == name && there["Type"] != kind);
    for other in others {
        let other = other["Type"].as_str().unwrap_or_default();
        if kind == "CNAME" || other == "CNAME" {
            return Err(format!(
                "RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type \
                 {other} with the same DNS name already exists in zone {}",
                zone.name
            ));
        }
    }
    if set["AliasTarget"].is_object() {
        return alias(zone, kind, &set["AliasTarget"]);
    }
    let values: Vec<&str> = set["ResourceRecords"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|record| record["Value"].as_str())
        .collect();
    if (kind == "CNAME" || kind == "SOA") && values.len() != 1 {
        return Err(format!(
            "Invalid Resource Record: {kind} has more than one value"
        ));
    }
    values.into_iter().try_for_each(|value| data(kind, value))
}

/// The value of one record. Kinds whose values are not looked into are taken as they are.
fn data(kind: &str, value: &str) -> Result<(), String> {
    let illegal = |problem: &str| {
        Err(format!(
            "Invalid Resource Record: FATAL problem: {problem} encountered with '{value}'"
        ))
    };
    match kind {
        "A" if value.parse::<Ipv4Addr>().is_err() => {
            illegal("ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)")
        }
        "AAAA" if value.parse::<Ipv6Addr>().is_err() => {
            illegal("AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)")
        }
        "CNAME" | "NS" | "PTR" if name::normal(value).is_none() => {
            illegal("DomainLabelIllegal (Illegal domain name)")
        }
        "TXT" | "SPF" if value.len() < 2 || !value.starts_with('"') || !value.ends_with('"') => {
            illegal("InvalidCharacterString (Value should be enclosed in quotation marks)")
        }
        _ => Ok(()),
    }
}

fn alias(zone: &Zone, kind: &str, target: &Value) -> Result<(), String> {
    let text = |member: &str| target[member].as_str().unwrap_or_default();
    let (id, name) = (text("HostedZoneId"), text("DNSName"));
    let what = format!("Tried to create an alias that targets {name}, type {kind} in zone {id}");
    if id == CLOUDFRONT {
        if !name.ends_with(".cloudfront.net.") {
            return Err(format!(
                "{what}, but the alias target name does not lie within the target zone"
            ));
        }
        // Unsure of these texts.
        if kind != "A" && kind != "AAAA" && kind != "HTTPS" {
            return Err(format!(
                "{what}, but that target has no records of this type"
            ));
        }
        if target["EvaluateTargetHealth"] == true {
            return Err(format!(
                "{what}, but the health of that target cannot be evaluated"
            ));
        }
        return Ok(());
    }
    if id != zone.id {
        return Err(format!(
            "{what}, but labctl's local AWS serves only aliases of distributions ({CLOUDFRONT}) and of the zone's \
             own records"
        ));
    }
    if zone.records.contains_key(&key(name, kind)) {
        Ok(())
    } else {
        Err(format!("{what}, but that target was not found"))
    }
}
