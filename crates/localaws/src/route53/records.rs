//! Record sets: a batch of changes is done whole, or not at all.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    changes, check,
    fault::{fault, invalid_input},
    name,
    zone::{Zone, key},
    zones::{max_items, of, of_mut},
};
use crate::{
    acm,
    app::App,
    call::{Answer, Call},
};

/// In one page.
const MOST: usize = 300;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    hosted_zone_id: String,
    change_batch: Batch,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch {
    comment: Option<String>,
    changes: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Change {
    pub(super) action: Action,
    pub(super) resource_record_set: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Action {
    Create,
    Delete,
    Upsert,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    hosted_zone_id: String,
    start_record_name: Option<String>,
    start_record_type: Option<String>,
    max_items: Option<String>,
}

pub(super) fn change(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    let batch = input.change_batch;
    check::request(&batch.changes)?;
    app.write(|world| {
        let state = &mut world.account(&call.account).route53;
        let mut zone = of_mut(state, &input.hosted_zone_id)?.clone();
        // One after the other: a DELETE makes place for a CREATE.
        let problems: Vec<String> = batch
            .changes
            .iter()
            .filter_map(|change| apply(&mut zone, change).err())
            .collect();
        if !problems.is_empty() {
            let message = format!("[{}]", problems.join(", "));
            return Err(fault(400, "InvalidChangeBatch", message));
        }
        state.zones.insert(zone.id.clone(), zone);
        let info = changes::begin(app, state, batch.comment);
        acm::validate(world);
        Ok(json!({ "ChangeInfo": info }))
    })
}

/// The problem, in AWS's words.
fn apply(zone: &mut Zone, change: &Change) -> Result<(), String> {
    let record = check::normal(&change.resource_record_set)?;
    let text = |member: &str| record[member].as_str().unwrap_or_default().to_owned();
    let (name, kind) = (text("Name"), text("Type"));
    if name != zone.name && !name.ends_with(&format!(".{}", zone.name)) {
        return Err(format!(
            "RRSet with DNS name {name} is not permitted in zone {}",
            zone.name
        ));
    }
    let place = key(&name, &kind);
    let there = zone.records.get(&place);
    let what = format!("resource record set [name='{name}', type='{kind}']");
    match (change.action, there) {
        (Action::Create, Some(_)) => {
            return Err(format!("Tried to create {what} but it already exists"));
        }
        (Action::Delete, None) => {
            return Err(format!("Tried to delete {what} but it was not found"));
        }
        (Action::Delete, Some(there)) if !check::same(there, &record) => {
            return Err(format!(
                "Tried to delete {what} but the values provided do not match the current values"
            ));
        }
        (Action::Delete, Some(there)) if zone.is_own(there) => {
            return Err(if kind == "SOA" {
                "A HostedZone must contain exactly one SOA record.".to_owned()
            } else {
                "A HostedZone must contain at least one NS record for the zone itself.".to_owned()
            });
        }
        (Action::Delete, Some(_)) => {
            zone.records.remove(&place);
            return Ok(());
        }
        (Action::Create, None) | (Action::Upsert, _) => {}
    }
    check::record(zone, &record)?;
    zone.records.insert(place, record);
    Ok(())
}

/// Begins at the name and the type: it does not look for them.
pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: List = call.input()?;
    let most = max_items(input.max_items.as_deref(), MOST)?;
    let kind = input.start_record_type.as_deref().unwrap_or_default();
    let from = match input.start_record_name.as_deref() {
        None if !kind.is_empty() => {
            return Err(invalid_input("The type needs a name to begin with."));
        }
        None | Some("") => String::new(),
        Some(given) => {
            let invalid = || invalid_input(format!("The domain name {given} is not valid."));
            key(&name::normal(given).ok_or_else(invalid)?, kind)
        }
    };
    app.read(|world| {
        let zone = of(world, &call.account, &input.hosted_zone_id)?;
        let mut rest = zone.records.range(from..).map(|(_, record)| record);
        let items: Vec<&Value> = rest.by_ref().take(most).collect();
        let next = rest.next();
        let mut answer = json!({
            "ResourceRecordSets": items,
            "IsTruncated": next.is_some(),
            "MaxItems": most.to_string(),
        });
        if let Some(next) = next {
            answer["NextRecordName"] = next["Name"].clone();
            answer["NextRecordType"] = next["Type"].clone();
        }
        Ok(answer)
    })
}
