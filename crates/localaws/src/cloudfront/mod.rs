//! `CloudFront`: distributions in front of the twin's own APIs, and the edge that serves them.
//!
//! `config`, `check`, `claims`, `distribution` and `policy` are what is kept, with AWS's rules; `distributions`,
//! `invalidations`, `policies` and `tags` are the operations; `edge` is the data plane; `control` sets how
//! long deployments take and where viewers are.

mod check;
mod claims;
mod config;
mod control;
mod distribution;
mod distributions;
mod edge;
mod fault;
mod invalidations;
mod paging;
mod policies;
mod policy;
mod tags;
#[cfg(test)]
mod tests;
mod unserved;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use self::distribution::Distribution;
pub(crate) use self::{
    control::{set, show},
    edge::{Edge, data_plane, is_alias, is_edge, pass_through, request_id, via},
};
use crate::{
    app::App,
    call::{Answer, Call},
};

/// The distributions of an account: they belong to no region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By id.
    distributions: BTreeMap<String, Distribution>,
    /// How long deployments take in this account (ms), if otherwise than in others.
    deploy: Option<i64>,
    /// Where viewers are (empty: nobody knows), if elsewhere than other accounts' viewers.
    viewer_country: Option<String>,
}

impl State {
    /// ARNs and tags of distributions, for the tagging API (of us-east-1).
    pub(crate) fn tagged(&self, account: &str) -> Vec<(String, BTreeMap<String, String>)> {
        self.distributions
            .values()
            .map(|it| (it.arn(account), it.tags.clone()))
            .collect()
    }

    /// Whether a distribution has this web ACL, or is served with it until its change is deployed.
    pub(crate) fn uses_web_acl(&self, arn: &str) -> bool {
        let mut configs = self.distributions.values().flat_map(Distribution::configs);
        configs.any(|config| config["WebACLId"] == arn)
    }

    /// ARNs of the distributions that have this certificate, or are served with it.
    pub(crate) fn with_certificate(&self, account: &str, arn: &str) -> Vec<String> {
        let named =
            |config: &serde_json::Value| config["ViewerCertificate"]["ACMCertificateArn"] == arn;
        let all = self.distributions.values();
        let having = all.filter(|it| it.configs().any(named));
        having.map(|it| it.arn(account)).collect()
    }
}

#[expect(clippy::unused_async, reason = "every service answers alike")]
pub(crate) async fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateDistribution" => distributions::create(app, call),
        "CreateDistributionWithTags" => distributions::create_with_tags(app, call),
        "GetDistribution" => distributions::get(app, call),
        "GetDistributionConfig" => distributions::get_config(app, call),
        "UpdateDistribution" => distributions::update(app, call),
        "DeleteDistribution" => distributions::delete(app, call),
        "ListDistributions" => distributions::list(app, call),
        "CreateInvalidation" => invalidations::create(app, call),
        "GetInvalidation" => invalidations::get(app, call),
        "ListCachePolicies" => policies::list_cache_policies(call),
        "ListOriginRequestPolicies" => policies::list_origin_request_policies(call),
        "TagResource" => tags::tag(app, call),
        "UntagResource" => tags::untag(app, call),
        "ListTagsForResource" => tags::list(app, call),
        _ => Err(call.not_served()),
    }
}
