//! What is asked of CloudFront about a distribution.

use aws_sdk_cloudfront::{
    error::BuildError,
    types::{CachePolicyType, DistributionConfig, OriginRequestPolicyType, Tag, Tags},
};

use crate::{
    aws::{Cx, Effect, Fault, FaultKind},
    resource::present,
};

/// Managed policies: the name that lists show, and the id of AWS's documentation, for who may not list them.
const CACHE_POLICY: [&str; 2] = [
    "Managed-CachingDisabled",
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
];
const ORIGIN_REQUEST_POLICY: [&str; 2] = [
    "Managed-AllViewerExceptHostHeader",
    "b689b0a8-53d0-40ab-baf2-68738e2966ac",
];

pub(super) fn incomplete(error: BuildError) -> Fault {
    Fault::defect("cloudfront:CreateDistribution", error)
}

/// Whether all edges have the last change. `None`: it is not there.
pub(in crate::resource) async fn is_deployed(cx: &Cx, id: &str) -> Result<Option<bool>, Fault> {
    let answer = cx
        .call("cloudfront:GetDistribution", Effect::Read, || {
            cx.clients().cloudfront.get_distribution().id(id).send()
        })
        .await;
    let seen = present(answer)?.and_then(|answer| answer.distribution);
    Ok(seen.map(|d| d.status() == "Deployed"))
}

/// The config, and the `ETag` that its next change needs.
pub(super) async fn config(
    cx: &Cx,
    id: &str,
) -> Result<Option<(DistributionConfig, String)>, Fault> {
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

pub(super) async fn change(
    cx: &Cx,
    id: &str,
    config: &DistributionConfig,
    etag: &str,
) -> Result<(), Fault> {
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

pub(super) async fn seen_tags(cx: &Cx, arn: &str) -> Result<Vec<Tag>, Fault> {
    let answer = cx
        .call("cloudfront:ListTagsForResource", Effect::Read, || {
            let list = cx.clients().cloudfront.list_tags_for_resource();
            list.resource(arn).send()
        })
        .await?;
    Ok(answer.tags.and_then(|tags| tags.items).unwrap_or_default())
}

pub(super) fn tags(cx: &Cx, operation: &str) -> Result<Tags, Fault> {
    let tags = cx.tag_list(operation)?;
    Ok(Tags::builder().set_items(Some(tags)).build())
}

/// Ids of the managed policies, by their names: the documented ids could not be checked. A wrong one is refused
/// by CloudFront.
pub(super) async fn policies(cx: &Cx) -> Result<(String, String), Fault> {
    let cloudfront = &cx.clients().cloudfront;
    let cache = cx.pages(
        "cloudfront:ListCachePolicies",
        |marker| {
            let list = cloudfront.list_cache_policies();
            list.r#type(CachePolicyType::Managed)
                .set_marker(marker)
                .send()
        },
        |page| {
            let list = page.cache_policy_list;
            list.map_or_else(Default::default, |list| {
                (list.items.unwrap_or_default(), list.next_marker)
            })
        },
    );
    let request = cx.pages(
        "cloudfront:ListOriginRequestPolicies",
        |marker| {
            let list = cloudfront.list_origin_request_policies();
            list.r#type(OriginRequestPolicyType::Managed)
                .set_marker(marker)
                .send()
        },
        |page| {
            let list = page.origin_request_policy_list;
            list.map_or_else(Default::default, |list| {
                (list.items.unwrap_or_default(), list.next_marker)
            })
        },
    );
    let (cache, request) = tokio::join!(cache, request);
    let cache = listed(cache)?.into_iter().find_map(|item| {
        let policy = item.cache_policy?;
        let name = policy.cache_policy_config?.name;
        (name == CACHE_POLICY[0]).then_some(policy.id)
    });
    let request = listed(request)?.into_iter().find_map(|item| {
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

/// What a list shows; nothing where this caller may not see it.
fn listed<T>(answer: Result<Vec<T>, Fault>) -> Result<Vec<T>, Fault> {
    match answer {
        Err(fault)
            if matches!(
                fault.kind,
                FaultKind::Denied | FaultKind::Other | FaultKind::Absent
            ) =>
        {
            Ok(Vec::new())
        }
        answer => answer,
    }
}

/// Disables a distribution, waits until all edges know, deletes it. Fails as [`FaultKind::Stale`] when somebody else
/// changed it in the meantime, or when CloudFront still takes it for enabled.
pub(super) async fn disable_and_delete(cx: &Cx, id: &str) -> Result<(), Fault> {
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
