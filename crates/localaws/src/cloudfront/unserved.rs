//! What a config may have on AWS and the twin does not act on. It is refused by name: a distribution that looks
//! right and lets everybody in would be worse.

use serde_json::Value;

use super::fault;
use crate::call::ApiError;

const UNSERVED_DISTRIBUTION: [&str; 10] = [
    "OriginGroups",
    "CustomErrorResponses",
    "Logging",
    "ContinuousDeploymentPolicyId",
    "Staging",
    "AnycastIpListId",
    "TenantConfig",
    "ViewerMtlsConfig",
    "ConnectionFunctionAssociation",
    "CacheTagConfig",
];
const UNSERVED_BEHAVIOR: [&str; 10] = [
    "ForwardedValues",
    "TrustedSigners",
    "TrustedKeyGroups",
    "SmoothStreaming",
    "LambdaFunctionAssociations",
    "FunctionAssociations",
    "FieldLevelEncryptionId",
    "RealtimeLogConfigArn",
    "ResponseHeadersPolicyId",
    "GrpcConfig",
];
const UNSERVED_ORIGIN: [&str; 3] = ["S3OriginConfig", "VpcOriginConfig", "OriginAccessControlId"];

pub(super) fn check(config: &Value) -> Result<(), ApiError> {
    refuse("", config, &UNSERVED_DISTRIBUTION)?;
    if config["ConnectionMode"] == "tenant-only" {
        return Err(fault::not_served("distributions with tenants"));
    }
    refuse(
        "DefaultCacheBehavior.",
        &config["DefaultCacheBehavior"],
        &UNSERVED_BEHAVIOR,
    )?;
    for behavior in items(&config["CacheBehaviors"]) {
        refuse("CacheBehavior.", behavior, &UNSERVED_BEHAVIOR)?;
    }
    for origin in items(&config["Origins"]) {
        refuse("Origin.", origin, &UNSERVED_ORIGIN)?;
        let domain = origin["DomainName"].as_str().unwrap_or_default();
        if !is_api(domain) {
            let what = format!("the origin {domain}, only API Gateway's");
            return Err(fault::not_served(&what));
        }
    }
    Ok(())
}

/// Whether a domain is `{api}.execute-api.{region}.amazonaws.com`.
pub(super) fn is_api(domain: &str) -> bool {
    let region = domain
        .split_once(".execute-api.")
        .and_then(|(_, rest)| rest.strip_suffix(".amazonaws.com"));
    region.is_some_and(|region| !region.is_empty() && !region.contains('.'))
}

fn refuse(within: &str, value: &Value, names: &[&str]) -> Result<(), ApiError> {
    match names.iter().find(|name| is_used(&value[**name])) {
        Some(name) => Err(fault::not_served(&format!("{within}{name}"))),
        None => Ok(()),
    }
}

/// Whether a part says more than that there is nothing.
fn is_used(part: &Value) -> bool {
    match part {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::String(text) => !text.is_empty(),
        Value::Object(members) => match (members.get("Enabled"), members.get("Quantity")) {
            (Some(enabled), _) => enabled == true,
            (None, Some(quantity)) => quantity != 0,
            (None, None) => true,
        },
        _ => true,
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list["Items"].as_array().into_iter().flatten()
}
