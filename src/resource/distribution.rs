//! The CloudFront distribution before the API.

use aws_sdk_cloudfront::{
    error::BuildError,
    types::{
        CachePolicyType, DistributionConfig, DistributionConfigWithTags, OriginRequestPolicyType,
        Tag, Tags,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    ApiKey, RestApi, UsagePlanKey, WebAcl, api_key, distribution_config::Wanted, gone, present,
};
use crate::{
    aws::{Cx, Effect, Fault, FaultKind, TAG_RUN},
    engine::{Compare, Drift, Found, Given, Health, Needs, Ref, Resource, StepId, TAG_FIELD},
    resource::Kind,
};

/// How often a change that somebody else's came before is tried.
const TRIES: usize = 5;

/// Managed policies: the name that lists show, and the id of AWS's documentation, for who may not list them.
const CACHE_POLICY: [&str; 2] = [
    "Managed-CachingDisabled",
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
];
const ORIGIN_REQUEST_POLICY: [&str; 2] = [
    "Managed-AllViewerExceptHostHeader",
    "b689b0a8-53d0-40ab-baf2-68738e2966ac",
];

/// A distribution that sends the API's key.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// Its comment (not unique at AWS).
    pub comment: String,
    /// The stage.
    pub stage: String,
    /// Countries that are let in; none: all.
    pub geo: Vec<String>,
    /// A domain and the ARN of its certificate.
    pub domain: Option<(String, String)>,
}

/// The comment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    pub comment: String,
}

/// What AWS made, and the policies that it was made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub id: String,
    pub arn: String,
    /// `d….cloudfront.net`.
    pub domain_name: String,
    pub cache_policy_id: String,
    pub origin_request_policy_id: String,
}

fn incomplete(error: BuildError) -> Fault {
    Fault::missing("cloudfront:CreateDistribution", &error.to_string())
}

/// Whether all edges have the last change. `None`: it is not there.
pub(super) async fn is_deployed(cx: &Cx, id: &str) -> Result<Option<bool>, Fault> {
    let answer = cx
        .call("cloudfront:GetDistribution", Effect::Read, || {
            cx.clients().cloudfront.get_distribution().id(id).send()
        })
        .await;
    let seen = present(answer)?.and_then(|answer| answer.distribution);
    Ok(seen.map(|d| d.status() == "Deployed"))
}

/// The config, and the `ETag` that its next change needs.
async fn config(cx: &Cx, id: &str) -> Result<Option<(DistributionConfig, String)>, Fault> {
    let operation = "cloudfront:GetDistributionConfig";
    let answer = cx
        .call(operation, Effect::Read, || {
            let get = cx.clients().cloudfront.get_distribution_config();
            get.id(id).send()
        })
        .await;
    let Some(answer) = present(answer)? else {
        return Ok(None);
    };
    match (answer.distribution_config, answer.e_tag) {
        (Some(config), Some(etag)) => Ok(Some((config, etag))),
        _ => Err(Fault::missing(operation, "DistributionConfig and ETag")),
    }
}

async fn change(cx: &Cx, id: &str, config: &DistributionConfig, etag: &str) -> Result<(), Fault> {
    cx.call("cloudfront:UpdateDistribution", Effect::Idempotent, || {
        cx.clients()
            .cloudfront
            .update_distribution()
            .id(id)
            .if_match(etag)
            .distribution_config(config.clone())
            .send()
    })
    .await
    .map(drop)
}

/// Somebody else's change came between reading and writing.
fn is_late(fault: &Fault) -> bool {
    ["PreconditionFailed", "InvalidIfMatchVersion"]
        .iter()
        .any(|code| fault.is_code(code))
}

async fn seen_tags(cx: &Cx, arn: &str) -> Result<Vec<(String, String)>, Fault> {
    let answer = cx
        .call("cloudfront:ListTagsForResource", Effect::Read, || {
            let list = cx.clients().cloudfront.list_tags_for_resource();
            list.resource(arn).send()
        })
        .await?;
    let tags = answer.tags.and_then(|tags| tags.items).unwrap_or_default();
    let pair = |tag: Tag| (tag.key, tag.value.unwrap_or_default());
    Ok(tags.into_iter().map(pair).collect())
}

fn pairs(tags: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(k, v)| (k.as_str(), v.as_str()))
}

fn tags(cx: &Cx) -> Result<Tags, Fault> {
    let tags = cx.tags().into_iter();
    let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tags: Result<Vec<_>, _> = tags.collect();
    let tags = tags.map_err(incomplete)?;
    Ok(Tags::builder().set_items(Some(tags)).build())
}

/// Ids of the managed policies, by their names: the documented ids could not be checked. A wrong one is refused
/// by CloudFront.
async fn policies(cx: &Cx) -> Result<(String, String), Fault> {
    let cloudfront = &cx.clients().cloudfront;
    let cache = cx.call("cloudfront:ListCachePolicies", Effect::Read, || {
        let list = cloudfront.list_cache_policies();
        list.r#type(CachePolicyType::Managed).send()
    });
    let request = cx.call("cloudfront:ListOriginRequestPolicies", Effect::Read, || {
        let list = cloudfront.list_origin_request_policies();
        list.r#type(OriginRequestPolicyType::Managed).send()
    });
    let (cache, request) = tokio::join!(cache, request);
    let items = listed(cache)?.and_then(|answer| answer.cache_policy_list?.items);
    let cache = items.unwrap_or_default().into_iter().find_map(|item| {
        let policy = item.cache_policy?;
        let name = policy.cache_policy_config?.name;
        (name == CACHE_POLICY[0]).then_some(policy.id)
    });
    let items = listed(request)?.and_then(|answer| answer.origin_request_policy_list?.items);
    let request = items.unwrap_or_default().into_iter().find_map(|item| {
        let policy = item.origin_request_policy?;
        let name = policy.origin_request_policy_config?.name;
        (name == ORIGIN_REQUEST_POLICY[0]).then_some(policy.id)
    });
    let documented = |[_, id]: [&str; 2]| id.to_owned();
    Ok((
        cache.unwrap_or_else(|| documented(CACHE_POLICY)),
        request.unwrap_or_else(|| documented(ORIGIN_REQUEST_POLICY)),
    ))
}

/// `None`: there is no such list for this caller.
fn listed<T>(answer: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(fault)
            if matches!(
                fault.kind,
                FaultKind::Denied | FaultKind::Other | FaultKind::Absent
            ) =>
        {
            Ok(None)
        }
        Err(fault) => Err(fault),
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
            comment: &self.comment,
            origin: format!("{}.execute-api.{}.amazonaws.com", api.id, cx.region()),
            path: format!("/{}", self.stage),
            secret,
            cache_policy: cache,
            origin_request_policy: request,
            geo: &self.geo,
            web_acl: web_acl.as_ref().map(|acl| acl.arn.as_str()),
            domain: self.domain.as_ref().map(|(n, c)| (n.as_str(), c.as_str())),
        })
    }
}

impl Resource for Distribution {
    const KIND: Kind = Kind::Distribution;
    /// The link of a key that takes another's place comes first: the edge must not send a key that is good for nothing.
    type Needs = (
        Ref<RestApi>,
        (Ref<ApiKey>, Option<Ref<UsagePlanKey>>),
        Option<Ref<WebAcl>>,
    );
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.comment.clone()
    }

    /// It takes minutes to go, and names the API and its key without holding them; a web ACL it holds.
    fn independent_of((api, key, _): &Self::Needs) -> Vec<StepId> {
        [vec![api.id().clone()], key.ids()].concat()
    }

    fn key(&self, _cx: &Cx, _given: &Given<Self>) -> Key {
        Key {
            comment: self.comment.clone(),
        }
    }

    fn own_key(&self) -> Option<Key> {
        Some(Key {
            comment: self.comment.clone(),
        })
    }

    /// The caller reference makes it once only. One that was used for a distribution that is gone is taken, too.
    async fn create(&self, cx: &Cx, key: &Key, given: &Given<Self>) -> Result<Output, Fault> {
        let operation = "cloudfront:CreateDistributionWithTags";
        let (cache, request) = policies(cx).await?;
        let wanted = self.wanted(cx, (&cache, &request), given).await?;
        let run = cx.tags().remove(TAG_RUN).unwrap_or_default();
        let mut tries = 0;
        loop {
            tries += 1;
            let config = wanted.config(&format!("labctl-{run}-{tries}"));
            let config = DistributionConfigWithTags::builder()
                .distribution_config(config.map_err(incomplete)?)
                .tags(tags(cx)?)
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

    async fn check(
        &self,
        cx: &Cx,
        _key: &Key,
        out: &Output,
        given: &Given<Self>,
    ) -> Result<Health, Fault> {
        let Some((now, _)) = config(cx, &out.id).await? else {
            return Ok(Health::Missing);
        };
        let policies = (&*out.cache_policy_id, &*out.origin_request_policy_id);
        let wanted = self.wanted(cx, policies, given);
        let (wanted, tags) = tokio::try_join!(wanted, seen_tags(cx, &out.arn))?;
        let mut compare = Compare::default();
        wanted.compare(&now, &mut compare);
        compare.tag(cx, pairs(&tags));
        Ok(compare.health())
    }

    async fn update(
        &self,
        cx: &Cx,
        _key: &Key,
        out: &Output,
        drift: &[Drift],
        given: &Given<Self>,
    ) -> Result<Output, Fault> {
        if drift.iter().any(|d| d.field == TAG_FIELD) {
            let tags = tags(cx)?;
            cx.call("cloudfront:TagResource", Effect::Idempotent, || {
                let tag = cx.clients().cloudfront.tag_resource();
                tag.resource(&out.arn).tags(tags.clone()).send()
            })
            .await?;
        }
        if drift.iter().all(|d| d.field == TAG_FIELD) {
            return Ok(out.clone());
        }
        let policies = (&*out.cache_policy_id, &*out.origin_request_policy_id);
        let wanted = self.wanted(cx, policies, given).await?;
        let mut tries = 0;
        loop {
            tries += 1;
            let Some((now, etag)) = config(cx, &out.id).await? else {
                return Err(Fault::missing("cloudfront:UpdateDistribution", &out.id));
            };
            let config = wanted.merge(now).map_err(incomplete)?;
            match change(cx, &out.id, &config, &etag).await {
                Ok(()) => return Ok(out.clone()),
                Err(fault) if is_late(&fault) && tries < TRIES => {}
                Err(fault) => return Err(fault),
            }
        }
    }

    /// By comment, then by tags: a list shows no tags.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let mut marker = None;
        loop {
            let page = cx
                .call("cloudfront:ListDistributions", Effect::Read, || {
                    let list = cx.clients().cloudfront.list_distributions();
                    list.set_marker(marker.clone()).send()
                })
                .await?;
            let Some(list) = page.distribution_list else {
                return Ok(Found::Absent);
            };
            for one in list.items().iter().filter(|d| d.comment() == key.comment) {
                if !cx.owns(pairs(&seen_tags(cx, one.arn()).await?)) {
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
            marker = list.next_marker;
            if marker.is_none() {
                return Ok(Found::Absent);
            }
        }
    }

    /// Disabled, deployed so on all edges, deleted: over minutes, and from wherever an earlier run was.
    async fn delete(cx: &Cx, _key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(out) = out else { return Ok(()) };
        let mut tries = 0;
        loop {
            tries += 1;
            let deleted = disable_and_delete(cx, &out.id).await;
            match deleted {
                Err(fault) if tries < TRIES && (is_late(&fault) || is_enabled(&fault)) => {}
                deleted => return gone(deleted),
            }
        }
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.id.clone())
    }
}

fn is_enabled(fault: &Fault) -> bool {
    fault.is_code("DistributionNotDisabled")
}

async fn disable_and_delete(cx: &Cx, id: &str) -> Result<(), Fault> {
    let Some((mut now, etag)) = config(cx, id).await? else {
        return Ok(());
    };
    if now.enabled {
        now.enabled = false;
        change(cx, id, &now, &etag).await?;
    }
    let what = format!("CloudFront to disable {id} on all edges (it takes minutes)");
    cx.until(&what, cx.edge_wait(), || async {
        Ok(is_deployed(cx, id).await?.unwrap_or(true))
    })
    .await?;
    // Deployment has made a new one.
    let Some((_, etag)) = config(cx, id).await? else {
        return Ok(());
    };
    cx.call("cloudfront:DeleteDistribution", Effect::Idempotent, || {
        let delete = cx.clients().cloudfront.delete_distribution();
        delete.id(id).if_match(&etag).send()
    })
    .await
    .map(drop)
}
