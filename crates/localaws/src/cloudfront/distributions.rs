//! Operations on distributions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    State, check, claims, config,
    distribution::{Distribution, Match},
    fault::{fault, no_such_distribution},
    paging::Paging,
    tags,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, empty},
    world::World,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    distribution_config: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateWithTags {
    distribution_config_with_tags: WithTags,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WithTags {
    distribution_config: Value,
    tags: tags::Tags,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    id: String,
    if_match: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    distribution_config: Value,
    #[serde(flatten)]
    one: One,
}

pub(super) fn of<'w>(
    world: &'w World,
    account: &str,
    id: &str,
) -> Result<&'w Distribution, ApiError> {
    world
        .accounts
        .get(account)
        .and_then(|account| account.cloudfront.distributions.get(id))
        .ok_or_else(no_such_distribution)
}

pub(super) fn of_mut<'s>(state: &'s mut State, id: &str) -> Result<&'s mut Distribution, ApiError> {
    state
        .distributions
        .get_mut(id)
        .ok_or_else(no_such_distribution)
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: Create = call.input()?;
    make(app, call, input.distribution_config, BTreeMap::new())
}

pub(super) fn create_with_tags(app: &App, call: &Call) -> Answer {
    let input: CreateWithTags = call.input()?;
    let WithTags {
        distribution_config,
        tags,
    } = input.distribution_config_with_tags;
    let tags = tags.checked(BTreeMap::new())?;
    make(app, call, distribution_config, tags)
}

fn make(app: &App, call: &Call, given: Value, tags: BTreeMap<String, String>) -> Answer {
    let config = config::with_defaults(given);
    let typed = check::check(&config)?;
    app.write(|world| {
        let state = &mut world.account(&call.account).cloudfront;
        let reference = &config["CallerReference"];
        let mut all = state.distributions.values();
        // The model's text says so, and it was seen: the same config does not make it another answer. Unsure
        // whether the reference of a distribution that is deleted can be used again.
        if let Some(other) = all.find(|it| it.config["CallerReference"] == *reference) {
            let message = format!(
                "The caller reference that you are using to create a distribution is associated with another \
                 distribution. Already exists: {}",
                other.id
            );
            return Err(fault(409, "DistributionAlreadyExists", message));
        }
        claims::check(world, &call.account, None, &typed)?;
        let state = &mut world.account(&call.account).cloudfront;
        let made = Distribution::new(config, tags, app.edge.deploy(state));
        let id = made.id.clone();
        let answer = json!({
            "Distribution": made.shown(&call.account),
            "ETag": made.etag,
            "Location": format!("https://cloudfront.amazonaws.com/2020-05-31/distribution/{id}"),
        });
        state.distributions.insert(id, made);
        Ok(answer)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    app.read(|world| {
        let it = of(world, &call.account, &input.id)?;
        Ok(json!({"Distribution": it.shown(&call.account), "ETag": it.etag}))
    })
}

pub(super) fn get_config(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    app.read(|world| {
        let it = of(world, &call.account, &input.id)?;
        Ok(json!({"DistributionConfig": it.config, "ETag": it.etag}))
    })
}

pub(super) fn update(app: &App, call: &Call) -> Answer {
    let input: Update = call.input()?;
    let config = config::with_defaults(input.distribution_config);
    app.write(|world| {
        let state = &mut world.account(&call.account).cloudfront;
        let deploy = app.edge.deploy(state);
        let it = of_mut(state, &input.one.id)?;
        if_match(it, input.one.if_match.as_deref())?;
        let typed = check::check(&config)?;
        if config["CallerReference"] != it.config["CallerReference"] {
            // Unsure of the text.
            let message = "The update contains modifications that are not allowed.";
            return Err(fault(400, "IllegalUpdate", message));
        }
        claims::check(world, &call.account, Some(&input.one.id), &typed)?;
        let it = of_mut(&mut world.account(&call.account).cloudfront, &input.one.id)?;
        // Unsure whether an update that changes nothing is deployed too. It is here.
        it.update(config, deploy);
        Ok(json!({"Distribution": it.shown(&call.account), "ETag": it.etag}))
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    app.write(|world| {
        let state = &mut world.account(&call.account).cloudfront;
        let it = of_mut(state, &input.id)?;
        if_match(it, input.if_match.as_deref())?;
        // Seen: while the disabling is being deployed the answer is the same as before it.
        if it.is_enabled() || !it.is_deployed() {
            let message = "The distribution you are trying to delete has not been disabled.";
            return Err(fault(409, "DistributionNotDisabled", message));
        }
        state.distributions.remove(&input.id);
        empty()
    })
}

/// Unsure which `ETags` AWS knows as former ones.
fn if_match(it: &Distribution, etag: Option<&str>) -> Result<(), ApiError> {
    match etag.map(|etag| it.matches(etag)) {
        Some(Match::Current) => Ok(()),
        Some(Match::Former) => {
            let message = "The request failed because it didn't meet the preconditions in one or more request-header \
                           fields.";
            Err(fault(412, "PreconditionFailed", message))
        }
        Some(Match::Never) | None => {
            let message = "The If-Match version is missing or not valid for the resource.";
            Err(fault(400, "InvalidIfMatchVersion", message))
        }
    }
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: Paging = call.input()?;
    app.read(|world| {
        let account = world.accounts.get(&call.account);
        let all = account
            .into_iter()
            .flat_map(|account| account.cloudfront.distributions.values());
        let page = input.page(all, |it| &it.id)?;
        let mut list = json!({
            "Marker": input.marker.as_deref().unwrap_or_default(),
            "MaxItems": page.max_items,
            "IsTruncated": page.next.is_some(),
            "Quantity": page.items.len(),
        });
        if !page.items.is_empty() {
            let items = page.items.iter().map(|it| it.summary(&call.account));
            list["Items"] = items.collect();
        }
        if let Some(next) = page.next {
            list["NextMarker"] = json!(next);
        }
        Ok(json!({ "DistributionList": list }))
    })
}
