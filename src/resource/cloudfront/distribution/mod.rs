//! The CloudFront distribution before the API.

mod calls;
mod config;

use std::time::Duration;

use aws_sdk_cloudfront::types::DistributionConfigWithTags;
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault, FaultKind, TAG_FIELD, dns_suffix, stranger},
    engine::{At, Compare, Drift, Found, Given, Health, Needs, Ref, Rekey, Resource, StepId},
    lab,
    resource::{ApiKey, Kind, RestApi, UsagePlanKey, WebAcl, apigateway::api_key, form, gone},
    sweep::Swept,
};

pub(super) use calls::is_deployed;
use calls::{change, disable_and_delete, incomplete, policies, seen_tags, tags};
use config::Wanted;

/// How many caller references are tried for a create.
const TRIES: usize = 5;
/// How long a change of a distribution may be refused as out of date, or its deletion because it still counts as
/// enabled. terraform-provider-aws waits for minutes, too (cloudfront/distribution.go).
const STALE_LIMIT: Duration = Duration::from_mins(5);

/// A distribution that sends the API's key.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// What the lab says of it. Its comment is not unique at AWS.
    pub spec: lab::Edge,
    /// The stage.
    pub stage: String,
}

/// The comment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::text")]
    pub comment: String,
}

/// What AWS made, and the policies that it was made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub id: String,
    #[serde(deserialize_with = "form::arn")]
    pub arn: String,
    /// `d….cloudfront.net`.
    #[serde(deserialize_with = "form::cloudfront_domain")]
    pub domain_name: String,
    #[serde(deserialize_with = "form::id")]
    pub cache_policy_id: String,
    #[serde(deserialize_with = "form::id")]
    pub origin_request_policy_id: String,
}

impl Output {
    /// The ARN that goes with the id: tags must be those of what the id leads to.
    fn arn(&self) -> String {
        let front = self.arn.rsplit_once('/').map_or("", |(front, _)| front);
        format!("{front}/{}", self.id)
    }
}

impl Distribution {
    async fn wanted<'a>(
        &'a self,
        cx: &Cx,
        (cache, request): (&'a str, &'a str),
        (api, (api_key, _), web_acl): &'a Given<Self>,
    ) -> Result<Wanted<'a>, Fault> {
        let secret = api_key::value(cx, &api_key.id).await?;
        let secret = secret.ok_or_else(|| Fault::missing("apigateway:GetApiKey", "value"))?;
        Ok(Wanted {
            comment: &self.spec.comment,
            origin: format!(
                "{}.execute-api.{}.{}",
                api.id,
                cx.region(),
                dns_suffix(cx.region())
            ),
            path: format!("/{}", self.stage),
            secret,
            cache_policy: cache,
            origin_request_policy: request,
            geo: &self.spec.geo,
            web_acl: web_acl.as_ref().map(|acl| acl.arn.as_str()),
            domain: self.spec.domain.as_ref(),
        })
    }
}

impl Resource for Distribution {
    const KIND: Kind = Kind::Distribution;
    const SWEPT: Swept = Swept::Asked(&super::sweep::DISTRIBUTION);
    const ACTIONS: &'static [&'static str] = &[
        "apigateway:GET",
        "cloudfront:CreateDistribution",
        "cloudfront:DeleteDistribution",
        "cloudfront:GetDistribution",
        "cloudfront:GetDistributionConfig",
        "cloudfront:ListCachePolicies",
        "cloudfront:ListDistributions",
        "cloudfront:ListOriginRequestPolicies",
        "cloudfront:ListTagsForResource",
        "cloudfront:TagResource",
        "cloudfront:UpdateDistribution",
    ];
    const CARRIES: Option<&'static str> = Some("its id and its address");
    /// The link of a key that takes another's place comes first: the edge must not send a key that is good for nothing.
    const TAGGED: bool = true;
    type Needs = (
        Ref<RestApi>,
        (Ref<ApiKey>, Option<Ref<UsagePlanKey>>),
        Option<Ref<WebAcl>>,
    );
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.spec.comment.clone()
    }

    /// It takes minutes to go, and names the API and its key without holding them; a web ACL it holds.
    fn independent_of((api, key, _): &Self::Needs) -> Vec<StepId> {
        [vec![api.id().clone()], key.ids()].concat()
    }

    fn key(&self, _cx: &Cx, _given: Option<&Given<Self>>) -> Option<Key> {
        Some(Key {
            comment: self.spec.comment.clone(),
        })
    }

    /// The comment is changed in place: id and address stay.
    fn rekey(_old: &Key, _new: &Key) -> Rekey {
        Rekey::InPlace
    }

    /// The caller reference makes it once only. One that was used for a distribution that is gone is taken, too.
    async fn create(&self, cx: &Cx, key: &Key, given: &Given<Self>) -> Result<Output, Fault> {
        let operation = "cloudfront:CreateDistributionWithTags";
        let (cache, request) = policies(cx).await?;
        let wanted = self.wanted(cx, (&cache, &request), given).await?;
        let mut tries = 0;
        loop {
            tries += 1;
            let config = wanted.config(&format!("labctl-{}-{tries}", cx.run()));
            let config = DistributionConfigWithTags::builder()
                .distribution_config(config.map_err(incomplete)?)
                .tags(tags(cx, operation)?)
                .build();
            let made = cx
                .call(operation, Effect::Create, || {
                    let create = cx.clients().cloudfront.create_distribution_with_tags();
                    create.distribution_config_with_tags(config.clone()).send()
                })
                .await;
            match made {
                Ok(made) => {
                    let made = made
                        .distribution
                        .ok_or_else(|| Fault::missing(operation, "Distribution"))?;
                    return Ok(Output {
                        id: made.id,
                        arn: made.arn,
                        domain_name: made.domain_name,
                        cache_policy_id: cache.clone(),
                        origin_request_policy_id: request.clone(),
                    });
                }
                Err(fault) if fault.kind == FaultKind::Exists && tries < TRIES => {
                    if !matches!(Self::find(cx, key).await?, Found::Absent) {
                        return Err(fault);
                    }
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, out, given, .. } = at;
        let Some((now, _)) = calls::config(cx, &out.id).await? else {
            return Ok(Health::Missing);
        };
        let policies = (&*out.cache_policy_id, &*out.origin_request_policy_id);
        let wanted = self.wanted(cx, policies, given);
        let arn = out.arn();
        let (wanted, tags) = tokio::try_join!(wanted, seen_tags(cx, &arn))?;
        if cx.is_strange(&tags, Some(now.comment()), &at.key.comment) {
            let what = format!("{arn} `{}`", now.comment());
            return Ok(Health::Foreign(stranger(&what, tags)));
        }
        let mut compare = Compare::default();
        wanted.compare(&now, &mut compare);
        cx.compare_tag(&mut compare, tags);
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At { cx, out, given, .. } = at;
        if drift.iter().any(|d| d.field == TAG_FIELD) {
            Self::tag(cx, at.key, out).await?;
        }
        if drift.iter().all(|d| d.field == TAG_FIELD) {
            return Ok(out.clone());
        }
        let policies = (&*out.cache_policy_id, &*out.origin_request_policy_id);
        let wanted = self.wanted(cx, policies, given).await?;
        let what = format!("another change of distribution {} to end", out.id);
        let update = cx.optimistic(&what, STALE_LIMIT, || async {
            let Some((now, etag)) = calls::config(cx, &out.id).await? else {
                return Err(Fault::missing("cloudfront:UpdateDistribution", &out.id));
            };
            let config = wanted.merge(now).map_err(incomplete)?;
            change(cx, &out.id, &config, &etag).await
        });
        update.await?;
        Ok(out.clone())
    }

    async fn own(cx: &Cx, key: &Key, out: &Output) -> Result<Found<Output>, Fault> {
        let arn = out.arn();
        let (now, tags) = tokio::join!(calls::config(cx, &out.id), seen_tags(cx, &arn));
        let Some((now, _)) = now? else {
            return Ok(Found::Absent);
        };
        let tags = tags?;
        Ok(if cx.is_strange(&tags, Some(now.comment()), &key.comment) {
            Found::Foreign(stranger(&format!("{arn} `{}`", now.comment()), tags))
        } else {
            Found::Ours(out.clone())
        })
    }

    async fn tag(cx: &Cx, _key: &Key, out: &Output) -> Result<bool, Fault> {
        let operation = "cloudfront:TagResource";
        let tags = tags(cx, operation)?;
        cx.call(operation, Effect::Idempotent, || {
            let tag = cx.clients().cloudfront.tag_resource();
            tag.resource(out.arn()).tags(tags.clone()).send()
        })
        .await
        .map(|_| true)
    }

    /// By comment, then by tags: a list shows no tags.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let all = cx.pages(
            "cloudfront:ListDistributions",
            |marker| {
                let list = cx.clients().cloudfront.list_distributions();
                list.set_marker(marker).send()
            },
            |page| {
                let list = page.distribution_list;
                list.map_or_else(Default::default, |list| {
                    (list.items.unwrap_or_default(), list.next_marker)
                })
            },
        );
        for one in all.await?.iter().filter(|d| d.comment() == key.comment) {
            if !cx.owns(seen_tags(cx, one.arn()).await?) {
                continue;
            }
            let (cache_policy_id, origin_request_policy_id) = policies(cx).await?;
            return Ok(Found::Ours(Output {
                id: one.id().to_owned(),
                arn: one.arn().to_owned(),
                domain_name: one.domain_name().to_owned(),
                cache_policy_id,
                origin_request_policy_id,
            }));
        }
        Ok(Found::Absent)
    }

    /// Disabled, deployed so on all edges, deleted: over minutes, and from wherever an earlier run was.
    async fn delete(cx: &Cx, _key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(out) = out else { return Ok(()) };
        let what = format!("CloudFront to let go of distribution {}", out.id);
        let delete = cx.optimistic(&what, STALE_LIMIT, || disable_and_delete(cx, &out.id));
        gone(delete.await)
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.id.clone())
    }
}
