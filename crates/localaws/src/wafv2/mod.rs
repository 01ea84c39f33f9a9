//! WAF: web ACLs for distributions and for stages of API Gateway.
//!
//! `acl` and `rule` are what is kept, `check` has AWS's rules for it; `acls`, `tags` and `associations` are the
//! operations; `verdict` decides on requests, with what `memory` counts; `control` sets the quota.

mod acl;
mod acls;
mod associations;
mod check;
mod control;
mod fault;
mod memory;
mod rule;
mod tags;
#[cfg(test)]
mod tests;
mod verdict;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use self::acl::Scope;
pub(crate) use self::{
    control::{set, show},
    memory::Memory,
    verdict::Seen,
};
use crate::{
    app::App,
    call::{Answer, Call},
    world::World,
};

/// Where what is for `CloudFront` is kept.
const GLOBAL: &str = "us-east-1";

/// The web ACLs of one region of an account.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By id.
    acls: BTreeMap<String, acl::WebAcl>,
}

impl State {
    /// ARNs and tags of web ACLs, for the tagging API.
    pub(crate) fn tagged(
        &self,
        account: &str,
        region: &str,
    ) -> Vec<(String, BTreeMap<String, String>)> {
        let acls = self.acls.values();
        acls.map(|acl| (acl.arn(account, region), acl.tags.clone()))
            .collect()
    }
}

pub(crate) fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateWebACL" => acls::create(app, call),
        "GetWebACL" => acls::get(app, call),
        "UpdateWebACL" => acls::update(app, call),
        "DeleteWebACL" => acls::delete(app, call),
        "ListWebACLs" => acls::list(app, call),
        "AssociateWebACL" => associations::associate(app, call),
        "DisassociateWebACL" => associations::disassociate(app, call),
        "GetWebACLForResource" => associations::get(app, call),
        "TagResource" => tags::tag(app, call),
        "UntagResource" => tags::untag(app, call),
        "ListTagsForResource" => tags::list(app, call),
        _ => Err(call.not_served()),
    }
}

/// Whether an account has this web ACL for distributions.
pub(crate) fn is_for_cloudfront(world: &World, account: &str, arn: &str) -> bool {
    let region = world
        .accounts
        .get(account)
        .and_then(|account| account.regions.get(GLOBAL));
    let mut acls = region
        .into_iter()
        .flat_map(|region| region.wafv2.acls.values());
    acls.any(|acl| acl.scope == Scope::CloudFront && acl.arn(account, GLOBAL) == arn)
}

/// Whether a web ACL, by its ARN, lets a request in. One that is gone lets everybody in.
pub(crate) fn lets_in(app: &App, arn: &str, seen: &Seen) -> bool {
    let mut parts = arn.split(':').skip(3);
    let (Some(region), Some(account)) = (parts.next(), parts.next()) else {
        return true;
    };
    let id = arn.rsplit('/').next().unwrap_or_default();
    let rules = app.read(|world| {
        let region = world.accounts.get(account)?.regions.get(region)?;
        region.wafv2.acls.get(id)?.rules().ok()
    });
    rules.is_none_or(|rules| verdict::lets_in(&rules, arn, seen, &app.waf))
}
