//! By the ownership tag: the Resource Groups Tagging API, all pages. It goes on showing deleted things for a while,
//! and never shows IAM roles: every hit is a hint, and its own service is asked.

use std::collections::BTreeSet;

use super::Sweep;
use crate::{
    aws::{Scope, TAG_LAB},
    event::By,
};

/// What the tagging API shows.
#[derive(Debug, Default)]
pub(super) struct Hits {
    pub(super) functions: BTreeSet<String>,
    pub(super) log_groups: BTreeSet<String>,
    /// Ids.
    pub(super) pools: BTreeSet<String>,
    /// Ids.
    pub(super) identity_pools: BTreeSet<String>,
    /// Ids.
    pub(super) apis: BTreeSet<String>,
    /// Ids.
    pub(super) api_keys: BTreeSet<String>,
    /// Ids.
    pub(super) usage_plans: BTreeSet<String>,
    /// Ids.
    pub(super) distributions: BTreeSet<String>,
    /// Names, of those for CloudFront.
    pub(super) web_acls: BTreeSet<String>,
    /// API ids and stage names.
    pub(super) stages: BTreeSet<(String, String)>,
}

impl Hits {
    /// Answers whether it is of a kind that labctl makes.
    fn take(&mut self, arn: &str) -> bool {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (Some(service), Some(thing)) = (parts.next(), parts.nth(2)) else {
            return false;
        };
        match service {
            "lambda" => thing
                .strip_prefix("function:")
                .filter(|name| !name.contains(':'))
                .map(|name| self.functions.insert(name.to_owned())),
            "logs" => thing
                .strip_prefix("log-group:")
                .map(|name| name.strip_suffix(":*").unwrap_or(name))
                .filter(|name| !name.contains(':'))
                .map(|name| self.log_groups.insert(name.to_owned())),
            "cognito-idp" => thing
                .strip_prefix("userpool/")
                .map(|id| self.pools.insert(id.to_owned())),
            "cognito-identity" => thing
                .strip_prefix("identitypool/")
                .map(|id| self.identity_pools.insert(id.to_owned())),
            "apigateway" => {
                let path: Vec<&str> = thing.trim_start_matches('/').split('/').collect();
                match path[..] {
                    ["apikeys", id] => Some(self.api_keys.insert(id.to_owned())),
                    ["usageplans", id] => Some(self.usage_plans.insert(id.to_owned())),
                    ["restapis", id] => Some(self.apis.insert(id.to_owned())),
                    ["restapis", id, "stages", stage] => {
                        Some(self.stages.insert((id.to_owned(), stage.to_owned())))
                    }
                    _ => None,
                }
            }
            "cloudfront" => thing
                .strip_prefix("distribution/")
                .map(|id| self.distributions.insert(id.to_owned())),
            "wafv2" => thing
                .strip_prefix("global/webacl/")
                .and_then(|rest| rest.split_once('/'))
                .map(|(name, _)| self.web_acls.insert(name.to_owned())),
            _ => None,
        }
        .is_some()
    }
}

impl Sweep<'_> {
    /// All that the tagging API shows with the lab's tag, in the lab's region and where global resources show.
    pub(super) async fn tagged(&self) -> Hits {
        let mut hits = Hits::default();
        for scope in self.cx.scopes() {
            let mut filter = format!("{TAG_LAB}={}", self.target.lab);
            if *scope == Scope::Global {
                filter.push_str(" in us-east-1");
            }
            let arns = self.cx.tagged(*scope).await;
            for arn in self.list(By::Tag, "tag:GetResources", &filter, arns) {
                if !hits.take(&arn) {
                    let reason = "a kind that labctl does not make: see whether it is there, and whose it is";
                    self.unseen("tag:GetResources", &arn, reason.to_owned());
                }
            }
        }
        hits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_our_kinds_are_understood_and_others_are_not() {
        let mut hits = Hits::default();
        for arn in [
            "arn:aws:lambda:us-east-1:1:function:f",
            "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/f",
            "arn:aws:logs:us-east-1:1:log-group:/g:*",
            "arn:aws-cn:cognito-idp:us-east-1:1:userpool/us-east-1_A",
            "arn:aws:cognito-identity:us-east-1:1:identitypool/us-east-1:uuid",
            "arn:aws:apigateway:us-east-1::/restapis/a",
            "arn:aws:apigateway:us-east-1::/restapis/a/stages/dev",
            "arn:aws:apigateway:us-east-1::/apikeys/k",
            "arn:aws:apigateway:us-east-1::/usageplans/p",
            "arn:aws:cloudfront::1:distribution/E1",
            "arn:aws:wafv2:us-east-1:1:global/webacl/labctl-l/uuid",
        ] {
            assert!(hits.take(arn), "{arn}");
        }
        for arn in [
            "arn:aws:lambda:us-east-1:1:event-source-mapping:f",
            "arn:aws:apigateway:us-east-1::/domainnames/a",
            "arn:aws:wafv2:us-east-1:1:regional/webacl/labctl-l/uuid",
            "arn:aws:s3:::bucket",
            "nonsense",
            "",
        ] {
            assert!(!hits.take(arn), "{arn}");
        }
        assert_eq!(hits.log_groups.len(), 2);
        assert_eq!(hits.stages.len(), 1);
        assert!(hits.identity_pools.contains("us-east-1:uuid"));
        assert_eq!(
            (hits.functions.len(), hits.pools.len(), hits.apis.len()),
            (1, 1, 1)
        );
    }
}
