//! Everything the twin remembers: accounts → regions → services. Serialised whole to disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    acm, apigateway, cloudfront, cognito, cognito_identity, iam, lambda, logs, route53, sts, wafv2,
};

/// The account of callers whose access key id is not itself a 12-digit account id.
pub(crate) const DEFAULT_ACCOUNT: &str = "000000000000";

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct World {
    pub(crate) accounts: BTreeMap<String, Account>,
    /// Mail "sent", oldest first.
    pub(crate) inbox: Vec<cognito::Mail>,
    /// Of assumed roles, by access key id.
    pub(crate) sessions: BTreeMap<String, sts::Session>,
    /// What identity pools sign with: base64 of PKCS#8.
    pub(crate) open_id_key: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Account {
    pub(crate) iam: iam::State,
    pub(crate) cloudfront: cloudfront::State,
    pub(crate) route53: route53::State,
    /// The quota of web ACLs, if otherwise than in other accounts.
    pub(crate) web_acls: Option<usize>,
    pub(crate) regions: BTreeMap<String, Region>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Region {
    pub(crate) lambda: lambda::State,
    pub(crate) logs: logs::State,
    pub(crate) cognito: cognito::State,
    pub(crate) cognito_identity: cognito_identity::State,
    pub(crate) apigateway: apigateway::State,
    pub(crate) wafv2: wafv2::State,
    pub(crate) acm: acm::State,
}

impl World {
    /// The account, made empty when it is new.
    pub(crate) fn account(&mut self, account: &str) -> &mut Account {
        self.accounts.entry(account.to_owned()).or_default()
    }

    /// One region of an account, made empty when it is new.
    pub(crate) fn region(&mut self, account: &str, region: &str) -> &mut Region {
        self.account(account)
            .regions
            .entry(region.to_owned())
            .or_default()
    }

    /// Every region of every account, as `(account, region, state)`: for what is addressed without
    /// credentials (an app client id, an invoke URL).
    pub(crate) fn regions(&self) -> impl Iterator<Item = (&str, &str, &Region)> {
        self.accounts.iter().flat_map(|(a, account)| {
            account
                .regions
                .iter()
                .map(move |(r, region)| (a.as_str(), r.as_str(), region))
        })
    }
}
