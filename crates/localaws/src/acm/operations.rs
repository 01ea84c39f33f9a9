//! Operations on certificates.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    certificate::Certificate,
    fault::{absent, fault, not_served},
    names::is_domain,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, empty},
    wire::page::page,
    world::World,
};

/// Names of one certificate, without a higher quota.
const NAMES: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    domain_name: String,
    #[serde(default)]
    subject_alternative_names: Vec<String>,
    validation_method: Option<String>,
    idempotency_token: Option<String>,
    key_algorithm: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    certificate_arn: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    #[serde(default)]
    certificate_statuses: Vec<String>,
    next_token: Option<String>,
    max_items: Option<usize>,
}

fn of_mut<'w>(
    world: &'w mut World,
    call: &Call,
    arn: &str,
) -> Result<&'w mut Certificate, ApiError> {
    let state = &mut world.region(&call.account, &call.region).acm;
    state.certificates.get_mut(arn).ok_or_else(|| absent(arn))
}

fn with(
    mut tags: BTreeMap<String, String>,
    more: Vec<Tag>,
) -> Result<BTreeMap<String, String>, ApiError> {
    if more
        .iter()
        .any(|tag| tag.key.to_lowercase().starts_with("aws:"))
    {
        let message = "Tag keys that begin with aws: are reserved.";
        return Err(fault("InvalidTagException", message));
    }
    tags.extend(more.into_iter().map(|tag| (tag.key, tag.value)));
    if tags.len() > 50 {
        let message = "A certificate can have at most 50 tags.";
        return Err(fault("TooManyTagsException", message));
    }
    Ok(tags)
}

/// ACM asks for control of the names by DNS; the other ways need mail or a web server.
pub(super) fn request(app: &App, call: &Call) -> Answer {
    for member in [
        "CertificateAuthorityArn",
        "ManagedBy",
        "Options",
        "DomainValidationOptions",
    ] {
        if !call.input[member].is_null() {
            return Err(not_served(&format!("{member} of certificates")));
        }
    }
    let input: Request = call.input()?;
    let method = input.validation_method.as_deref().unwrap_or("EMAIL");
    if method != "DNS" {
        return Err(not_served(&format!(
            "validation of certificates by {method}, only by DNS"
        )));
    }
    if let Some(algorithm) = input.key_algorithm.filter(|it| it != "RSA_2048") {
        return Err(not_served(&format!(
            "{algorithm} of certificates, only RSA_2048"
        )));
    }
    let mut names = vec![input.domain_name];
    names.extend(input.subject_alternative_names);
    if let Some(bad) = names.iter().find(|name| !is_domain(name)) {
        let message = format!("{bad} is not a valid domain name.");
        return Err(fault("InvalidParameterException", message));
    }
    let mut made = Certificate::new(&call.account, &call.region, &names);
    if made.names.len() > NAMES {
        let message = "Error: you have reached your limit of domain names in a certificate.";
        return Err(fault("LimitExceededException", message));
    }
    made.token = input.idempotency_token;
    made.tags = with(BTreeMap::new(), input.tags)?;
    app.write(|world| {
        if made.is_validated(world) {
            made.issued = Some(made.created);
        }
        let state = &mut world.region(&call.account, &call.region).acm;
        // For an hour, as the model says. What else has to be the same is not told: the names have, here.
        let same = |it: &&Certificate| {
            it.token.is_some()
                && it.token == made.token
                && it.names == made.names
                && it.created > made.created - 3600.0
        };
        if let Some(it) = state.certificates.values().find(same) {
            return Ok(json!({ "CertificateArn": it.arn }));
        }
        let answer = json!({ "CertificateArn": made.arn });
        state.certificates.insert(made.arn.clone(), made);
        Ok(answer)
    })
}

/// The distributions that have a certificate.
fn in_use_by(world: &World, call: &Call, arn: &str) -> Vec<String> {
    let account = world.accounts.get(&call.account);
    account.map_or_else(Vec::new, |it| {
        it.cloudfront.with_certificate(&call.account, arn)
    })
}

pub(super) fn describe(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    app.read(|world| {
        let it = super::of(world, &call.account, &call.region, &input.certificate_arn);
        let it = it.ok_or_else(|| absent(&input.certificate_arn))?;
        Ok(json!({ "Certificate": it.shown(&in_use_by(world, call, &it.arn)) }))
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    // Without a filter only RSA keys are shown, and the twin has no others.
    for member in ["Includes", "SortBy", "SortOrder"] {
        if !call.input[member].is_null() {
            return Err(not_served(&format!("{member} of ListCertificates")));
        }
    }
    let input: List = call.input()?;
    app.read(|world| {
        let account = world.accounts.get(&call.account);
        let region = account.and_then(|account| account.regions.get(&call.region));
        let all = region
            .into_iter()
            .flat_map(|region| region.acm.certificates.values());
        let wanted = all.filter(|it| {
            let statuses = &input.certificate_statuses;
            statuses.is_empty() || statuses.iter().any(|status| status == it.status())
        });
        let (token, limit) = (input.next_token.as_deref(), input.max_items.unwrap_or(100));
        let found = page(wanted, |it| it.arn.clone(), token, limit)
            .ok_or_else(|| fault("ValidationException", "The token is not valid."))?;
        let items = found.items.iter();
        let shown = items.map(|it| it.summary(!in_use_by(world, call, &it.arn).is_empty()));
        let mut answer = json!({ "CertificateSummaryList": shown.collect::<Vec<Value>>() });
        if let Some(next) = found.next {
            answer["NextToken"] = json!(next);
        }
        Ok(answer)
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    let arn = &input.certificate_arn;
    app.write(|world| {
        of_mut(world, call, arn)?;
        if !in_use_by(world, call, arn).is_empty() {
            let message = format!("Certificate {arn} in account {} is in use.", call.account);
            return Err(fault("ResourceInUseException", message));
        }
        let state = &mut world.region(&call.account, &call.region).acm;
        state.certificates.remove(arn);
        empty()
    })
}

pub(super) fn add_tags(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    app.write(|world| {
        let it = of_mut(world, call, &input.certificate_arn)?;
        it.tags = with(it.tags.clone(), input.tags)?;
        empty()
    })
}

/// With a value, only when the tag has it.
pub(super) fn remove_tags(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    let meant = |key: &String, value: &String| {
        let mut tags = input.tags.iter();
        tags.any(|tag| tag.key == *key && (tag.value.is_empty() || tag.value == *value))
    };
    app.write(|world| {
        let it = of_mut(world, call, &input.certificate_arn)?;
        it.tags.retain(|key, value| !meant(key, value));
        empty()
    })
}

pub(super) fn list_tags(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    app.read(|world| {
        let it = super::of(world, &call.account, &call.region, &input.certificate_arn);
        let it = it.ok_or_else(|| absent(&input.certificate_arn))?;
        let tags = it
            .tags
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}));
        let tags: Vec<Value> = tags.collect();
        // The model has no empty list.
        Ok(if tags.is_empty() {
            json!({})
        } else {
            json!({ "Tags": tags })
        })
    })
}
