//! The lists of policies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    paging::Paging,
    policy::{CACHE, CachePolicy, ORIGIN_REQUEST, OriginRequestPolicy, Picked},
};
use crate::call::{Answer, ApiError, Call};

/// Unsure: when AWS last changed its own policies.
const MODIFIED: f64 = 1_577_836_800.0;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    #[serde(rename = "Type")]
    kind: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

pub(super) fn list_cache_policies(call: &Call) -> Answer {
    let items = CACHE.iter().map(|policy| (policy.id, cache_policy(policy)));
    let list = list(call, items)?;
    Ok(json!({ "CachePolicyList": list }))
}

pub(super) fn list_origin_request_policies(call: &Call) -> Answer {
    let items = ORIGIN_REQUEST
        .iter()
        .map(|policy| (policy.id, origin_request_policy(policy)));
    let list = list(call, items)?;
    Ok(json!({ "OriginRequestPolicyList": list }))
}

fn list(
    call: &Call,
    managed: impl Iterator<Item = (&'static str, Value)>,
) -> Result<Value, ApiError> {
    let input: List = call.input()?;
    let wanted = managed.filter(|_| input.kind.as_deref() != Some("custom"));
    let page = input.paging.page(wanted, |(id, _)| id)?;
    let items: Vec<Value> = page.items.into_iter().map(|(_, item)| item).collect();
    let mut list = json!({"MaxItems": page.max_items, "Quantity": items.len()});
    if !items.is_empty() {
        list["Items"] = json!(items);
    }
    if let Some(next) = page.next {
        list["NextMarker"] = json!(next);
    }
    Ok(list)
}

/// `none`, `all` or `whitelist`, with the names.
fn picked(behavior: &str, names: &str, picked: Picked) -> Value {
    let kind = match picked {
        Picked::None => "none",
        Picked::All => "all",
        Picked::Only(_) => "whitelist",
        Picked::AllExcept(_) => "allExcept",
    };
    with_names(json!({ behavior: kind }), names, picked.names())
}

fn with_names(mut config: Value, member: &str, names: &[&str]) -> Value {
    if !names.is_empty() {
        config[member] = json!({"Quantity": names.len(), "Items": names});
    }
    config
}

fn cache_policy(policy: &CachePolicy) -> Value {
    json!({
        "Type": "managed",
        "CachePolicy": {
            "Id": policy.id,
            "LastModifiedTime": MODIFIED,
            "CachePolicyConfig": {
                "Comment": policy.comment,
                "Name": policy.name,
                "MinTTL": policy.min_ttl,
                "MaxTTL": policy.max_ttl,
                "DefaultTTL": policy.default_ttl,
                "ParametersInCacheKeyAndForwardedToOrigin": {
                    "EnableAcceptEncodingGzip": policy.gzip,
                    "EnableAcceptEncodingBrotli": policy.brotli,
                    "HeadersConfig": picked("HeaderBehavior", "Headers", policy.headers),
                    "CookiesConfig": picked("CookieBehavior", "Cookies", policy.cookies),
                    "QueryStringsConfig": picked("QueryStringBehavior", "QueryStrings", policy.queries),
                },
            },
        },
    })
}

fn origin_request_policy(policy: &OriginRequestPolicy) -> Value {
    let headers = match policy.headers {
        Picked::All if policy.added.is_empty() => json!({"HeaderBehavior": "allViewer"}),
        Picked::All => with_names(
            json!({"HeaderBehavior": "allViewerAndWhitelistCloudFront"}),
            "Headers",
            policy.added,
        ),
        other => picked("HeaderBehavior", "Headers", other),
    };
    json!({
        "Type": "managed",
        "OriginRequestPolicy": {
            "Id": policy.id,
            "LastModifiedTime": MODIFIED,
            "OriginRequestPolicyConfig": {
                "Comment": policy.comment,
                "Name": policy.name,
                "HeadersConfig": headers,
                "CookiesConfig": picked("CookieBehavior", "Cookies", policy.cookies),
                "QueryStringsConfig": picked("QueryStringBehavior", "QueryStrings", policy.queries),
            },
        },
    })
}
