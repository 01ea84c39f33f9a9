//! A hosted zone as it is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::name;
use crate::ids;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Zone {
    /// `Z…`
    pub(super) id: String,
    /// With the last dot.
    pub(super) name: String,
    pub(super) caller_reference: String,
    pub(super) comment: Option<String>,
    pub(super) name_servers: Vec<String>,
    /// `ResourceRecordSet` of the model, by [`key`].
    pub(super) records: BTreeMap<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
}

/// The place of a record set in a zone's order.
pub(super) fn key(name: &str, kind: &str) -> String {
    format!("{} {kind}", name::reversed(name))
}

impl Zone {
    /// With the records that every zone has.
    pub(super) fn new(name: String, caller_reference: String, comment: Option<String>) -> Self {
        let servers = ["com", "net", "org", "co.uk"].into_iter().enumerate();
        let name_servers: Vec<String> = servers
            .map(|(n, domain)| {
                let number = ids::bytes(1).first().copied().map_or(0, usize::from);
                format!("ns-{}.awsdns-{:02}.{domain}", 512 * n + number, number % 64)
            })
            .collect();
        let mut zone = Self {
            id: format!("Z{}", ids::upper(13)),
            name,
            caller_reference,
            comment,
            records: BTreeMap::new(),
            tags: BTreeMap::new(),
            name_servers,
        };
        let value = |text: String| json!({ "Value": text });
        let servers = zone
            .name_servers
            .iter()
            .map(|server| value(format!("{server}.")));
        let servers: Vec<Value> = servers.collect();
        let first = zone.name_servers.first().cloned().unwrap_or_default();
        let soa = format!("{first}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
        for (kind, ttl, values) in [("NS", 172_800, servers), ("SOA", 900, vec![value(soa)])] {
            let record =
                json!({"Name": zone.name, "Type": kind, "TTL": ttl, "ResourceRecords": values});
            zone.records.insert(key(&zone.name, kind), record);
        }
        zone
    }

    pub(super) fn arn(&self) -> String {
        format!("arn:aws:route53:::hostedzone/{}", self.id)
    }

    /// Whether a record set is one of those that every zone has.
    pub(super) fn is_own(&self, record: &Value) -> bool {
        record["Name"] == self.name.as_str() && (record["Type"] == "NS" || record["Type"] == "SOA")
    }

    /// `HostedZone` of the model.
    pub(super) fn shown(&self) -> Value {
        let mut config = json!({"PrivateZone": false});
        if let Some(comment) = &self.comment {
            config["Comment"] = json!(comment);
        }
        json!({
            "Id": format!("/hostedzone/{}", self.id),
            "Name": self.name,
            "CallerReference": self.caller_reference,
            "Config": config,
            "ResourceRecordSetCount": self.records.len(),
        })
    }
}
