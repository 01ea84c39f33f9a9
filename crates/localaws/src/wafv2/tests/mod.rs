//! The service as the wire layer drives it, and stages that it protects.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod life;
mod refusals;
mod stages;

use std::{path::PathBuf, sync::Arc};

use serde_json::{Value, json};

use super::{handle, set};
use crate::{
    app::{App, Config},
    call::{Call, Service},
    world::World,
};

const ACCOUNT: &str = "111122223333";

struct Twin {
    app: Arc<App>,
}

impl Twin {
    fn new() -> Self {
        let config = Config::at(PathBuf::new());
        Self {
            app: Arc::new(App::new(config, World::default())),
        }
    }

    fn in_region(&self, region: &str, operation: &str, input: Value) -> Result<Value, String> {
        let call = call(Service::Waf, region, operation, input);
        handle(&self.app, &call).map_err(|e| format!("{} {}: {}", e.status, e.code, e.message))
    }

    fn ok(&self, operation: &str, input: Value) -> Value {
        self.in_region("us-east-1", operation, input).unwrap()
    }

    fn refused(&self, operation: &str, input: Value) -> String {
        self.in_region("us-east-1", operation, input).unwrap_err()
    }

    /// The summary of a new web ACL.
    fn made(&self, name: &str, scope: &str, rules: Value) -> Value {
        self.ok("CreateWebACL", acl(name, scope, rules))["Summary"].clone()
    }
}

fn call(service: Service, region: &str, operation: &str, input: Value) -> Call {
    Call {
        service,
        operation: operation.to_owned(),
        input,
        account: ACCOUNT.to_owned(),
        caller: None,
        region: region.to_owned(),
        request_id: String::new(),
    }
}

/// Input of `CreateWebACL` that lets in by default.
fn acl(name: &str, scope: &str, rules: Value) -> Value {
    json!({
        "Name": name,
        "Scope": scope,
        "DefaultAction": {"Allow": {}},
        "Rules": rules,
        "VisibilityConfig": visibility(),
    })
}

fn visibility() -> Value {
    json!({"SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": "m"})
}

fn rule(name: &str, priority: i64, action: &str, statement: &Value) -> Value {
    json!({
        "Name": name,
        "Priority": priority,
        "Action": {action: {}},
        "Statement": statement,
        "VisibilityConfig": visibility(),
    })
}

/// A header that is exactly `secret` (in base64).
fn secret() -> Value {
    json!({"ByteMatchStatement": {
        "SearchString": "c2VjcmV0",
        "FieldToMatch": {"SingleHeader": {"Name": "x-origin-verify"}},
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        "PositionalConstraint": "EXACTLY",
    }})
}

fn rate(limit: i64) -> Value {
    json!({"RateBasedStatement": {"Limit": limit, "AggregateKeyType": "IP"}})
}

/// Which one is meant, with a token.
fn one(summary: &Value, scope: &str) -> Value {
    json!({"Name": summary["Name"], "Id": summary["Id"], "Scope": scope, "LockToken": summary["LockToken"]})
}

fn with(mut input: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(more);
    input
}
