//! A pool's prefix domain. What is behind it is in `managed_login`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{fault, place::Place, pool::Tier};
use crate::{
    app::App,
    call::{Answer, Call, empty},
    world::World,
};

/// `ManagedLoginVersion` of managed login; 1 is the classic pages.
pub(super) const MANAGED_LOGIN: i64 = 2;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Domain {
    pub(super) name: String,
    /// 1: the classic pages; 2: managed login.
    pub(super) managed_login_version: i64,
    /// When it was made, as Cognito writes versions: `20261124083000`.
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    domain: String,
    #[serde(default)]
    user_pool_id: String,
    managed_login_version: Option<i64>,
    custom_domain_config: Option<Value>,
}

/// The pool that has a domain; prefixes are shared by all accounts of a region.
pub(super) fn holder(world: &World, region: &str, name: &str) -> Option<Place> {
    Place::search(world, |pool| {
        let here = pool.id.starts_with(&format!("{region}_"));
        here && pool
            .domain
            .as_ref()
            .is_some_and(|domain| domain.name == name)
    })
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    if input.custom_domain_config.is_some() {
        return Err(fault::not_served("custom domains of user pools"));
    }
    let managed_login_version = input.managed_login_version.unwrap_or(1);
    if !(1..=2).contains(&managed_login_version) {
        return Err(fault::invalid_parameter(
            "ManagedLoginVersion must be 1 or 2.",
        ));
    }
    // Seen by many, not documented.
    if let Some(word) = ["aws", "amazon", "cognito"]
        .iter()
        .find(|w| input.domain.contains(**w))
    {
        return Err(fault::invalid_parameter(format!(
            "Domain cannot contain reserved word: {word}"
        )));
    }
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let taken = holder(world, &call.region, &input.domain).is_some();
        let pool = place.get_mut(world)?;
        if managed_login_version == MANAGED_LOGIN && pool.tier == Tier::Lite {
            return Err(fault::fault(
                "FeatureUnavailableInTierException",
                "Managed login is not available in the LITE tier: it needs ESSENTIALS or PLUS.",
            ));
        }
        if pool.domain.is_some() {
            return Err(fault::invalid_parameter(
                "User pool already has a domain configured.",
            ));
        }
        if taken {
            return Err(fault::invalid_parameter(
                "Domain already associated with another user pool.",
            ));
        }
        pool.domain = Some(Domain {
            name: input.domain,
            managed_login_version,
            version: jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string(),
        });
        Ok(json!({ "ManagedLoginVersion": managed_login_version }))
    })
}

/// What nobody here has is described empty: not documented, but what tools rely on.
pub(super) fn describe(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    app.read(|world| {
        let place = holder(world, &call.region, &input.domain)
            .filter(|place| place.account == call.account);
        let Some(place) = place else {
            return Ok(json!({ "DomainDescription": {} }));
        };
        let domain = place.get(world)?.domain.as_ref();
        Ok(json!({ "DomainDescription": {
            "AWSAccountId": place.account,
            "CustomDomainConfig": null,
            "Domain": input.domain,
            "ManagedLoginVersion": domain.map(|domain| domain.managed_login_version),
            "Status": "ACTIVE",
            "UserPoolId": place.pool,
            "Version": domain.map(|domain| &domain.version),
        }}))
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        if pool
            .domain
            .as_ref()
            .is_none_or(|domain| domain.name != input.domain)
        {
            return Err(fault::invalid_parameter(
                "No such domain or user pool exists.",
            ));
        }
        pool.domain = None;
        empty()
    })
}
