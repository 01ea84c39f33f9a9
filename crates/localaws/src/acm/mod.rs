//! ACM, as far as a distribution's own domain names need it: certificates are names and a status.
//!
//! `certificate` is what is kept, `operations` are the operations, `control` makes certificates for tests.

mod certificate;
mod control;
mod fault;
mod names;
mod operations;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use self::certificate::Certificate;
pub(crate) use self::{control::set, names::is_domain};
use crate::{
    app::{App, now_s},
    call::{Answer, Call},
    world::World,
};

/// The certificates of one region of an account.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By ARN.
    certificates: BTreeMap<String, Certificate>,
}

impl State {
    /// ARNs and tags, for the tagging API.
    pub(crate) fn tagged(&self) -> Vec<(String, BTreeMap<String, String>)> {
        let all = self.certificates.values();
        all.map(|it| (it.arn.clone(), it.tags.clone())).collect()
    }
}

pub(crate) fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "RequestCertificate" => operations::request(app, call),
        "DescribeCertificate" => operations::describe(app, call),
        "ListCertificates" => operations::list(app, call),
        "DeleteCertificate" => operations::delete(app, call),
        "AddTagsToCertificate" => operations::add_tags(app, call),
        "RemoveTagsFromCertificate" => operations::remove_tags(app, call),
        "ListTagsForCertificate" => operations::list_tags(app, call),
        _ => Err(call.not_served()),
    }
}

fn of<'w>(world: &'w World, account: &str, region: &str, arn: &str) -> Option<&'w Certificate> {
    let region = world.accounts.get(account)?.regions.get(region)?;
    region.acm.certificates.get(arn)
}

/// What a distribution finds of a certificate.
pub(crate) enum Found {
    /// None of the account's in us-east-1 that is issued.
    Nothing,
    /// It has these names, which do not cover all that it has to.
    Uncovered,
    Covering,
}

/// Whether an account has this certificate where `CloudFront` looks for it, issued for all of these names.
pub(crate) fn for_distribution(world: &World, account: &str, arn: &str, names: &[String]) -> Found {
    match of(world, account, "us-east-1", arn).filter(|it| it.issued.is_some()) {
        None => Found::Nothing,
        Some(it) if names.iter().all(|name| it.covers(name)) => Found::Covering,
        Some(_) => Found::Uncovered,
    }
}

/// Issues the certificates whose records are there by now. Once issued, they stay so.
pub(crate) fn validate(world: &mut World) {
    let pending = |world: &World| {
        let all = world.regions().flat_map(|(account, region, state)| {
            let pending = state
                .acm
                .certificates
                .values()
                .filter(|it| it.issued.is_none());
            pending.map(move |it| (account.to_owned(), region.to_owned(), it))
        });
        let valid = all.filter(|(_, _, it)| it.is_validated(world));
        valid
            .map(|(account, region, it)| (account, region, it.arn.clone()))
            .collect::<Vec<_>>()
    };
    for (account, region, arn) in pending(world) {
        if let Some(it) = world
            .region(&account, &region)
            .acm
            .certificates
            .get_mut(&arn)
        {
            it.issued = Some(now_s());
        }
    }
}
