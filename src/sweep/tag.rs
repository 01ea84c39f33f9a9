//! By the ownership tag: the Resource Groups Tagging API, all pages. It goes on showing deleted resources for a while
//! and never shows IAM roles, so every hit is only a hint and its own service is asked.

use std::collections::{BTreeMap, BTreeSet};

use super::{Arn, Questions, Sweep};
use crate::{
    aws::{Scope, TAG_LAB},
    event::By,
    kind::Kind,
};

/// Ids of what carries the lab's tag, as each kind's question reads them from ARNs.
pub(super) type Hits = BTreeMap<Kind, BTreeSet<String>>;

/// Which kind an ARN belongs to, and its id.
fn read(questions: &Questions, arn: &str) -> Option<(Kind, String)> {
    let arn = Arn::parse(arn)?;
    let mut read = questions
        .iter()
        .filter_map(|(kind, question)| Some((*kind, (question.id)(&arn)?)));
    read.next()
}

impl Sweep<'_> {
    /// All that the tagging API shows with the lab's tag, in the lab's region and where global resources show.
    pub(super) async fn all_tagged(&self, questions: &Questions) -> Hits {
        let mut hits = Hits::default();
        let is_needed = |scope: Scope| questions.iter().any(|(_, q)| q.scope == scope);
        let scopes = self.cx.scopes().iter().copied();
        for scope in scopes.filter(|scope| *scope == Scope::Region || is_needed(*scope)) {
            let mut filter = format!("{TAG_LAB}={}", self.target.lab);
            if scope == Scope::Global {
                filter.push_str(" in us-east-1");
            }
            let arns = self.cx.tagged(scope).await;
            for arn in self.list(By::Tag, "tag:GetResources", &filter, arns) {
                if let Some((kind, id)) = read(questions, &arn) {
                    hits.entry(kind).or_default().insert(id);
                } else {
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
    use crate::resource;

    #[test]
    fn each_arn_belongs_to_one_kind() {
        let questions = resource::questions();
        for (arn, kind, id) in [
            ("arn:aws:lambda:us-east-1:1:function:f", Kind::Function, "f"),
            (
                "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/f",
                Kind::LogGroup,
                "/aws/lambda/f",
            ),
            (
                "arn:aws:logs:us-east-1:1:log-group:/g:*",
                Kind::LogGroup,
                "/g",
            ),
            (
                "arn:aws-cn:cognito-idp:us-east-1:1:userpool/us-east-1_A",
                Kind::UserPool,
                "us-east-1_A",
            ),
            (
                "arn:aws:cognito-identity:us-east-1:1:identitypool/us-east-1:uuid",
                Kind::IdentityPool,
                "us-east-1:uuid",
            ),
            (
                "arn:aws:apigateway:us-east-1::/restapis/a",
                Kind::RestApi,
                "a",
            ),
            (
                "arn:aws:apigateway:us-east-1::/restapis/a/stages/dev",
                Kind::RestApi,
                "a/dev",
            ),
            (
                "arn:aws:apigateway:us-east-1::/apikeys/k",
                Kind::ApiKey,
                "k",
            ),
            (
                "arn:aws:apigateway:us-east-1::/usageplans/p",
                Kind::UsagePlan,
                "p",
            ),
            (
                "arn:aws:cloudfront::1:distribution/E1",
                Kind::Distribution,
                "E1",
            ),
            (
                "arn:aws:wafv2:us-east-1:1:global/webacl/labctl-l/uuid",
                Kind::WebAcl,
                "labctl-l",
            ),
        ] {
            assert_eq!(read(&questions, arn), Some((kind, id.to_owned())), "{arn}");
            let parsed = Arn::parse(arn).expect("an ARN");
            let claims = questions.iter().filter(|(_, q)| (q.id)(&parsed).is_some());
            assert_eq!(claims.count(), 1, "{arn}");
        }
        for arn in [
            "arn:aws:lambda:us-east-1:1:event-source-mapping:f",
            "arn:aws:lambda:us-east-1:1:function:f:alias",
            "arn:aws:logs:us-east-1:1:log-group:/g:log-stream:s",
            "arn:aws:apigateway:us-east-1::/domainnames/a",
            "arn:aws:apigateway:us-east-1::/restapis/a/resources/b",
            "arn:aws:wafv2:us-east-1:1:regional/webacl/labctl-l/uuid",
            "arn:aws:iam::1:role/userpool/a",
            "arn:aws:s3:::bucket",
            "nonsense",
            "",
        ] {
            assert_eq!(read(&questions, arn), None, "{arn}");
        }
    }
}
