//! A distribution as it is kept: what is wanted of it, and what the edges still serve.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::invalidations::Invalidation;
use crate::{app::now_ms, ids};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Distribution {
    pub(super) id: String,
    /// `d….cloudfront.net`
    pub(super) domain_name: String,
    /// `DistributionConfig` of the model, with AWS's defaults.
    pub(super) config: Value,
    /// What the edges serve while the config is being deployed; none before the first time.
    before: Option<Value>,
    pub(super) etag: String,
    /// `ETags` that it had.
    former_etags: Vec<String>,
    /// Milliseconds since the epoch: when the config was given, and when it is deployed.
    changed: i64,
    pub(super) deployed: i64,
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) invalidations: BTreeMap<String, Invalidation>,
}

/// Members that a summary has of the config.
const FROM_CONFIG: [&str; 15] = [
    "Aliases",
    "Origins",
    "OriginGroups",
    "DefaultCacheBehavior",
    "CacheBehaviors",
    "CustomErrorResponses",
    "Comment",
    "PriceClass",
    "Enabled",
    "ViewerCertificate",
    "Restrictions",
    "WebACLId",
    "HttpVersion",
    "IsIPV6Enabled",
    "Staging",
];

/// What an `If-Match` is to a distribution.
pub(super) enum Match {
    Current,
    /// It was current once.
    Former,
    Never,
}

impl Distribution {
    pub(super) fn new(config: Value, tags: BTreeMap<String, String>, deploy: i64) -> Self {
        let now = now_ms();
        Self {
            id: format!("E{}", ids::upper(13)),
            domain_name: format!("d{}.cloudfront.net", ids::lower(13)),
            config,
            before: None,
            etag: etag(),
            former_etags: Vec::new(),
            changed: now,
            deployed: now + deploy,
            tags,
            invalidations: BTreeMap::new(),
        }
    }

    /// The edges learn of the change one by one; here they all serve what was before until they serve what is
    /// wanted. A change during a deployment begins another one.
    pub(super) fn update(&mut self, config: Value, deploy: i64) {
        self.before = self.served().cloned();
        self.config = config;
        let former = std::mem::replace(&mut self.etag, etag());
        self.former_etags.push(former);
        self.changed = now_ms();
        self.deployed = self.changed + deploy;
    }

    pub(super) fn is_deployed(&self) -> bool {
        self.deployed <= now_ms()
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.config["Enabled"] == true
    }

    /// What is served now, or will be.
    pub(super) fn configs(&self) -> impl Iterator<Item = &Value> {
        let served = self.served().filter(|_| !self.is_deployed());
        std::iter::once(&self.config).chain(served)
    }

    /// What the edges serve now.
    pub(super) fn served(&self) -> Option<&Value> {
        if self.is_deployed() {
            Some(&self.config)
        } else {
            self.before.as_ref()
        }
    }

    /// A deployment under way takes so long in all (ms).
    pub(super) fn deploy_in(&mut self, deploy: i64) {
        if !self.is_deployed() {
            self.deployed = self.changed + deploy;
        }
    }

    pub(super) fn matches(&self, etag: &str) -> Match {
        // Some clients write ETags in quotes, as HTTP has it.
        let etag = etag.trim_matches('"');
        if etag == self.etag {
            Match::Current
        } else if self.former_etags.iter().any(|former| former == etag) {
            Match::Former
        } else {
            Match::Never
        }
    }

    pub(super) fn arn(&self, account: &str) -> String {
        format!("arn:aws:cloudfront::{account}:distribution/{}", self.id)
    }

    fn status(&self) -> &'static str {
        if self.is_deployed() {
            "Deployed"
        } else {
            "InProgress"
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of this age fit a double exactly"
    )]
    fn last_modified(&self) -> f64 {
        self.changed as f64 / 1000.0
    }

    /// `Distribution` of the model.
    pub(super) fn shown(&self, account: &str) -> Value {
        let running = self.invalidations.values().filter(|i| !i.is_completed());
        json!({
            "Id": self.id,
            "ARN": self.arn(account),
            "Status": self.status(),
            "LastModifiedTime": self.last_modified(),
            "InProgressInvalidationBatches": running.count(),
            "DomainName": self.domain_name,
            "ActiveTrustedSigners": {"Enabled": false, "Quantity": 0},
            "ActiveTrustedKeyGroups": {"Enabled": false, "Quantity": 0},
            "DistributionConfig": self.config,
        })
    }

    /// `DistributionSummary` of the model.
    pub(super) fn summary(&self, account: &str) -> Value {
        let mut summary = json!({
            "Id": self.id,
            "ARN": self.arn(account),
            "ETag": self.etag,
            "Status": self.status(),
            "LastModifiedTime": self.last_modified(),
            "DomainName": self.domain_name,
        });
        for member in FROM_CONFIG {
            summary[member] = self.config[member].clone();
        }
        summary
    }
}

/// The items of a list of the model, if it has some.
pub(super) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list["Items"].as_array().into_iter().flatten()
}

fn etag() -> String {
    format!("E{}", ids::upper(13))
}
