//! Operations on hosted zones.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    State, changes,
    fault::{fault, invalid_input, no_such_zone, not_served},
    name,
    zone::Zone,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call},
    world::World,
};

/// Hosted zones of an account.
const ZONES: usize = 500;
/// In one page.
const MOST: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    name: String,
    caller_reference: String,
    hosted_zone_config: Option<Config>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    comment: Option<String>,
    private_zone: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ByName {
    #[serde(rename = "DNSName")]
    dns_name: Option<String>,
    hosted_zone_id: Option<String>,
    max_items: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    marker: Option<String>,
    max_items: Option<String>,
}

/// Ids are taken as they are answered, too.
pub(super) fn bare<'a>(id: &'a str, kind: &str) -> &'a str {
    let bare = id.trim_start_matches('/').strip_prefix(kind);
    bare.and_then(|rest| rest.strip_prefix('/')).unwrap_or(id)
}

pub(super) fn of<'w>(world: &'w World, account: &str, id: &str) -> Result<&'w Zone, ApiError> {
    let id = bare(id, "hostedzone");
    let account = world.accounts.get(account);
    let zone = account.and_then(|account| account.route53.zones.get(id));
    zone.ok_or_else(|| no_such_zone(id))
}

pub(super) fn of_mut<'s>(state: &'s mut State, id: &str) -> Result<&'s mut Zone, ApiError> {
    let id = bare(id, "hostedzone");
    state.zones.get_mut(id).ok_or_else(|| no_such_zone(id))
}

/// A page's size: a number, though the model has it as a text. Unsure of the answer to one that is none.
pub(super) fn max_items(text: Option<&str>, most: usize) -> Result<usize, ApiError> {
    match text {
        None | Some("") => Ok(most),
        Some(text) => match text.parse::<usize>() {
            Ok(n) if n > 0 => Ok(n.min(most)),
            _ => Err(invalid_input(format!(
                "The parameter maxitems is not valid: {text}"
            ))),
        },
    }
}

/// Several public zones may have the same name.
pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: Create = call.input()?;
    if !call.input["DelegationSetId"].is_null() {
        return Err(not_served("DelegationSetId of hosted zones"));
    }
    let config = input.hosted_zone_config;
    let private = config.as_ref().and_then(|config| config.private_zone);
    if !call.input["VPC"].is_null() || private == Some(true) {
        return Err(not_served("private hosted zones"));
    }
    let invalid = || {
        let message = format!("The domain name {} is not valid.", input.name);
        fault(400, "InvalidDomainName", message)
    };
    let name = name::normal(&input.name).ok_or_else(invalid)?;
    let comment = config
        .and_then(|config| config.comment)
        .filter(|text| !text.is_empty());
    app.write(|world| {
        let state = &mut world.account(&call.account).route53;
        let reference = &input.caller_reference;
        if state.zones.values().any(|zone| zone.caller_reference == *reference) {
            let message = format!(
                "A hosted zone has already been created with the specified caller reference: {reference}"
            );
            return Err(fault(409, "HostedZoneAlreadyExists", message));
        }
        if state.zones.len() >= ZONES {
            let message = "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones.";
            return Err(fault(400, "TooManyHostedZones", message));
        }
        let zone = Zone::new(name, input.caller_reference, comment);
        let answer = json!({
            "HostedZone": zone.shown(),
            "ChangeInfo": changes::begin(app, state, None),
            "DelegationSet": {"NameServers": zone.name_servers},
            "Location": format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{}", zone.id),
        });
        state.zones.insert(zone.id.clone(), zone);
        Ok(answer)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    app.read(|world| {
        let zone = of(world, &call.account, &input.id)?;
        let servers = &zone.name_servers;
        Ok(json!({"HostedZone": zone.shown(), "DelegationSet": {"NameServers": servers}}))
    })
}

/// What somebody has put into it has to be gone.
pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    app.write(|world| {
        let state = &mut world.account(&call.account).route53;
        let zone = of_mut(state, &input.id)?;
        if zone.records.values().any(|record| !zone.is_own(record)) {
            let message = "The specified hosted zone contains non-required resource record sets and so cannot be \
                           deleted.";
            return Err(fault(400, "HostedZoneNotEmpty", message));
        }
        state.zones.remove(bare(&input.id, "hostedzone"));
        Ok(json!({ "ChangeInfo": changes::begin(app, state, None) }))
    })
}

/// Begins at the name: it does not look for it.
pub(super) fn list_by_name(app: &App, call: &Call) -> Answer {
    let input: ByName = call.input()?;
    let most = max_items(input.max_items.as_deref(), MOST)?;
    let id = input
        .hosted_zone_id
        .as_deref()
        .map(|id| bare(id, "hostedzone"));
    if id.is_some() && input.dns_name.is_none() {
        return Err(invalid_input("A hosted zone ID needs a DNS name."));
    }
    let name = input.dns_name.as_deref().filter(|name| !name.is_empty());
    let name = name.map(|given| {
        let invalid = || {
            let message = format!("The domain name {given} is not valid.");
            fault(400, "InvalidDomainName", message)
        };
        name::normal(given).ok_or_else(invalid)
    });
    let name = name.transpose()?;
    let from = name
        .as_deref()
        .map(|name| (name::reversed(name), id.unwrap_or_default()));
    app.read(|world| {
        let account = world.accounts.get(&call.account);
        let all = account
            .into_iter()
            .flat_map(|account| account.route53.zones.values());
        let mut all: Vec<_> = all.map(|zone| (name::reversed(&zone.name), zone)).collect();
        all.sort_by(|(a, x), (b, y)| (a, &x.id).cmp(&(b, &y.id)));
        let behind = |(reversed, zone): &(String, &Zone)| {
            let from = from.as_ref();
            from.is_none_or(|(name, id)| (reversed, zone.id.as_str()) >= (name, *id))
        };
        let mut rest = all.into_iter().filter(behind).map(|(_, zone)| zone);
        let items: Vec<Value> = rest.by_ref().take(most).map(Zone::shown).collect();
        let next = rest.next();
        let mut answer = json!({
            "HostedZones": items,
            "IsTruncated": next.is_some(),
            "MaxItems": most.to_string(),
        });
        if let Some(given) = &input.dns_name {
            answer["DNSName"] = json!(given);
        }
        if let Some(id) = id {
            answer["HostedZoneId"] = json!(id);
        }
        if let Some(next) = next {
            answer["NextDNSName"] = json!(next.name);
            answer["NextHostedZoneId"] = json!(next.id);
        }
        Ok(answer)
    })
}

/// By id.
pub(super) fn list(app: &App, call: &Call) -> Answer {
    for member in ["DelegationSetId", "HostedZoneType"] {
        if !call.input[member].is_null() {
            return Err(not_served(&format!("{member} of ListHostedZones")));
        }
    }
    let input: List = call.input()?;
    let most = max_items(input.max_items.as_deref(), MOST)?;
    let marker = input.marker.as_deref().unwrap_or_default();
    app.read(|world| {
        let account = world.accounts.get(&call.account);
        let all = account
            .into_iter()
            .flat_map(|account| account.route53.zones.values());
        let mut rest = all.filter(|zone| zone.id.as_str() >= marker);
        let items: Vec<Value> = rest.by_ref().take(most).map(Zone::shown).collect();
        let next = rest.next();
        let mut answer = json!({
            "HostedZones": items,
            "Marker": marker,
            "IsTruncated": next.is_some(),
            "MaxItems": most.to_string(),
        });
        if let Some(next) = next {
            answer["NextMarker"] = json!(next.id);
        }
        Ok(answer)
    })
}
