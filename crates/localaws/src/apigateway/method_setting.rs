//! Settings of a stage's methods, by patches: they are kept, and change nothing here.

use serde_json::{Map, Value, json};

use super::{
    fault,
    patch::{Op, PatchOperation},
    stage::Stage,
};
use crate::call::ApiError;

/// What can be patched, in AWS's words. Recorded: LocalStack's `test_create_update_stages`.
const PATHS: &str = "[/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, \
    /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, \
    /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, \
    /{resourcePath}/{httpMethod}/logging/loglevel, \
    /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit\
    /{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, \
    /{resourcePath}/{httpMethod}/caching/dataEncrypted, \
    /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, \
    /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, \
    /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit \
    /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, \
    /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, \
    /variables/{variable_name}, /tracingEnabled]";

impl Stage {
    /// `/{path}/{method}/{group}/{name}`, the path's slashes as `~1`; `/*/*` stands for all methods.
    pub(super) fn patch_method_setting(&mut self, patch: &PatchOperation) -> Result<(), ApiError> {
        let invalid = || {
            let path = &patch.path;
            fault::bad_request(format!(
                "Invalid method setting path: {path}. Must be one of: {PATHS}"
            ))
        };
        let parts: Vec<&str> = patch.path.split('/').skip(1).collect();
        match (patch.op, parts.as_slice()) {
            (Some(Op::Remove), [resource, method]) => {
                let setting = format!("{resource}/{method}");
                if self.method_settings.remove(&setting).is_none() {
                    return Err(fault::bad_request(format!(
                        "Cannot remove method setting {setting} because there is no method setting for this method "
                    )));
                }
            }
            (Some(Op::Replace), [resource, method, group, name]) => {
                let setting = format!("{group}/{name}");
                let (member, value) = match setting.as_str() {
                    "logging/loglevel" if patch.text()? == "OFF" => ("loggingLevel", json!("OFF")),
                    "logging/loglevel" => return Err(no_log_role()),
                    "logging/dataTrace" => ("dataTraceEnabled", json!(patch.boolean()?)),
                    "metrics/enabled" => ("metricsEnabled", json!(patch.boolean()?)),
                    "throttling/burstLimit" => {
                        ("throttlingBurstLimit", json!(patch.number::<i32>()?))
                    }
                    "throttling/rateLimit" => {
                        ("throttlingRateLimit", json!(patch.number::<f64>()?))
                    }
                    "caching/enabled" => ("cachingEnabled", json!(patch.boolean()?)),
                    "caching/ttlInSeconds" => ("cacheTtlInSeconds", json!(patch.number::<i32>()?)),
                    "caching/dataEncrypted" => ("cacheDataEncrypted", json!(patch.boolean()?)),
                    _ => return Err(invalid()),
                };
                self.method_settings
                    .entry(format!("{resource}/{method}"))
                    .or_insert_with(default_settings)
                    .insert(member.to_owned(), value);
            }
            _ => return Err(invalid()),
        }
        Ok(())
    }
}

fn default_settings() -> Map<String, Value> {
    let defaults = json!({
        "metricsEnabled": false,
        "dataTraceEnabled": false,
        "throttlingBurstLimit": 5000,
        "throttlingRateLimit": 10000.0,
        "cachingEnabled": false,
        "cacheTtlInSeconds": 300,
        "cacheDataEncrypted": false,
        "requireAuthorizationForCacheControl": true,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    });
    match defaults {
        Value::Object(defaults) => defaults,
        _ => Map::new(),
    }
}

/// Recorded: LocalStack's `test_stage_access_log_settings_validation`.
pub(super) fn no_log_settings(at: &str, patch: &PatchOperation) -> ApiError {
    const CAN: [&str; 2] = [
        "/accessLogSettings/destinationArn",
        "/accessLogSettings/format",
    ];
    if !CAN.contains(&at) {
        return fault::bad_request(format!(
            "Invalid accessLogSettings path. Must be one of : [{}]",
            CAN.join(", ")
        ));
    }
    if patch.optional().is_none() {
        return fault::bad_request("Access Log value must not be empty");
    }
    no_log_role()
}

/// No account of the twin has the role that API Gateway would write its own logs with.
fn no_log_role() -> ApiError {
    fault::bad_request("CloudWatch Logs role ARN must be set in account settings to enable logging")
}
