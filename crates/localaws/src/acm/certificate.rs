//! A certificate as it is kept: names and a status. The twin has no TLS, so there is no key and no chain.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{app::now_s, ids, route53, world::World};

/// As long as ACM's are valid: 198 days, in seconds. Unsure: it was 395 days before 2026.
const VALID: f64 = 198.0 * 86_400.0;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Certificate {
    pub(super) arn: String,
    /// All names, the first one first; in small letters.
    pub(super) names: Vec<String>,
    pub(super) token: Option<String>,
    /// Seconds since the epoch.
    pub(super) created: f64,
    /// `None`: its validation is pending.
    pub(super) issued: Option<f64>,
    pub(super) tags: BTreeMap<String, String>,
}

impl Certificate {
    pub(super) fn new(account: &str, region: &str, names: &[String]) -> Self {
        let mut all: Vec<String> = Vec::new();
        for name in names.iter().map(|name| name.to_ascii_lowercase()) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        Self {
            arn: format!("arn:aws:acm:{region}:{account}:certificate/{}", ids::uuid()),
            names: all,
            token: None,
            created: now_s(),
            issued: None,
            tags: BTreeMap::new(),
        }
    }

    fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }

    pub(super) fn status(&self) -> &'static str {
        match self.issued {
            Some(_) => "ISSUED",
            None => "PENDING_VALIDATION",
        }
    }

    /// Whether a name, or a name with a star, is one of its names or covered by one with a star.
    pub(super) fn covers(&self, domain: &str) -> bool {
        let domain = domain.to_ascii_lowercase();
        let parent = domain.split_once('.').map(|(_, parent)| parent);
        self.names.iter().any(|name| {
            *name == domain
                || name
                    .strip_prefix("*.")
                    .is_some_and(|within| parent == Some(within))
        })
    }

    /// It is issued as soon as every name has its record in a hosted zone of the twin, whoever's: DNS is public.
    pub(super) fn is_validated(&self, world: &World) -> bool {
        let valid = |name: &String| {
            let (name, value) = record(self.account(), name);
            route53::has_cname(world, &name, &value)
        };
        self.names.iter().all(valid)
    }

    fn validation(&self, domain: &str) -> Value {
        let (name, value) = record(self.account(), domain);
        json!({
            "DomainName": domain,
            "ValidationDomain": domain,
            "ValidationStatus": if self.issued.is_some() { "SUCCESS" } else { "PENDING_VALIDATION" },
            // On AWS it takes some seconds to appear.
            "ResourceRecord": {"Name": name, "Type": "CNAME", "Value": value},
            "ValidationMethod": "DNS",
        })
    }

    /// `CertificateDetail` of the model.
    pub(super) fn shown(&self, in_use_by: &[String]) -> Value {
        let validations = self.names.iter().map(|name| self.validation(name));
        let mut shown = json!({
            "CertificateArn": self.arn,
            "DomainName": self.names.first(),
            "SubjectAlternativeNames": self.names,
            "DomainValidationOptions": validations.collect::<Vec<_>>(),
            "Subject": format!("CN={}", self.names.first().map_or("", String::as_str)),
            "Issuer": "Amazon",
            "CreatedAt": self.created,
            "Status": self.status(),
            "KeyAlgorithm": "RSA-2048",
            "SignatureAlgorithm": "SHA256WITHRSA",
            "InUseBy": in_use_by,
            "Type": "AMAZON_ISSUED",
            "RenewalEligibility": if in_use_by.is_empty() { "INELIGIBLE" } else { "ELIGIBLE" },
            "Options": {"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"},
        });
        if let Some(issued) = self.issued {
            shown["IssuedAt"] = json!(issued);
            shown["NotBefore"] = json!(issued);
            shown["NotAfter"] = json!(issued + VALID);
        }
        shown
    }

    /// `CertificateSummary` of the model.
    pub(super) fn summary(&self, in_use: bool) -> Value {
        let mut shown = json!({
            "CertificateArn": self.arn,
            "DomainName": self.names.first(),
            "SubjectAlternativeNameSummaries": self.names,
            "HasAdditionalSubjectAlternativeNames": false,
            "Status": self.status(),
            "Type": "AMAZON_ISSUED",
            "KeyAlgorithm": "RSA-2048",
            "InUse": in_use,
            "RenewalEligibility": if in_use { "ELIGIBLE" } else { "INELIGIBLE" },
            "CreatedAt": self.created,
        });
        if let Some(issued) = self.issued {
            shown["IssuedAt"] = json!(issued);
            shown["NotBefore"] = json!(issued);
            shown["NotAfter"] = json!(issued + VALID);
        }
        shown
    }
}

/// The CNAME that proves an account's control of a domain: always the same one, and the same for a name with a star.
fn record(account: &str, domain: &str) -> (String, String) {
    let domain = domain.strip_prefix("*.").unwrap_or(domain);
    let hex = labfiles::hex(&Sha256::digest(format!("{account} {domain}")));
    let (name, value) = hex.split_at(32);
    (
        format!("_{name}.{domain}."),
        format!("_{value}.acm-validations.aws."),
    )
}
