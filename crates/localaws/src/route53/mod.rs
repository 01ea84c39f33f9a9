//! Route 53: public hosted zones and their record sets. The twin answers no DNS.
//!
//! `zone` is what is kept; `zones`, `records`, `changes` and `tags` are the operations; `check` has AWS's rules for
//! record sets, `name` those for names; `control` sets how long changes take.

mod changes;
mod check;
mod control;
mod fault;
mod name;
mod records;
mod tags;
#[cfg(test)]
mod tests;
mod zone;
mod zones;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

pub(crate) use self::control::{Memory, set, show};
use crate::{
    app::App,
    call::{Answer, Call},
    world::World,
};

/// The hosted zones of an account: they belong to no region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By id (`Z…`).
    zones: BTreeMap<String, zone::Zone>,
    /// By id (`C…`).
    changes: BTreeMap<String, changes::Change>,
    /// How long changes take in this account (ms), if otherwise than in others.
    sync: Option<i64>,
}

impl State {
    /// ARNs and tags of hosted zones, for the tagging API (of us-east-1).
    pub(crate) fn tagged(&self) -> Vec<(String, BTreeMap<String, String>)> {
        self.zones
            .values()
            .map(|zone| (zone.arn(), zone.tags.clone()))
            .collect()
    }
}

pub(crate) fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateHostedZone" => zones::create(app, call),
        "GetHostedZone" => zones::get(app, call),
        "DeleteHostedZone" => zones::delete(app, call),
        "ListHostedZones" => zones::list(app, call),
        "ListHostedZonesByName" => zones::list_by_name(app, call),
        "ListResourceRecordSets" => records::list(app, call),
        "ChangeResourceRecordSets" => records::change(app, call),
        "GetChange" => changes::get(app, call),
        "ListTagsForResource" => tags::list(app, call),
        "ChangeTagsForResource" => tags::change(app, call),
        _ => Err(call.not_served()),
    }
}

/// Whether a zone of any account has this CNAME.
pub(crate) fn has_cname(world: &World, name: &str, value: &str) -> bool {
    let (Some(name), Some(value)) = (name::normal(name), name::normal(value)) else {
        return false;
    };
    let place = zone::key(&name, "CNAME");
    let zones = world
        .accounts
        .values()
        .flat_map(|account| account.route53.zones.values());
    zones
        .filter_map(|zone| zone.records.get(&place))
        .any(|record| {
            let values = record["ResourceRecords"].as_array().into_iter().flatten();
            let mut names = values.filter_map(|record| name::normal(record["Value"].as_str()?));
            names.any(|found| found == value)
        })
}
