//! A web ACL as it is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::rule::Rules;
use crate::{call::ApiError, ids};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Scope {
    CloudFront,
    Regional,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct WebAcl {
    pub(super) scope: Scope,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) lock_token: String,
    /// What the client says of it, by the model's members (see [`SETTINGS`]).
    pub(super) settings: Value,
    pub(super) capacity: u64,
    pub(super) tags: BTreeMap<String, String>,
}

/// Members of `CreateWebACL` and `UpdateWebACL` that are kept and shown.
const SETTINGS: [&str; 4] = ["DefaultAction", "Description", "Rules", "VisibilityConfig"];

/// What is kept of an input that is checked.
pub(super) fn settings(input: &Value) -> Value {
    let given = SETTINGS.iter().filter_map(|name| {
        let value = input.get(name).filter(|value| !value.is_null())?;
        Some(((*name).to_owned(), value.clone()))
    });
    Value::Object(given.collect::<Map<_, _>>())
}

/// As WAF makes them: version 4 UUIDs.
pub(super) fn lock_token() -> String {
    ids::uuid()
}

impl WebAcl {
    pub(super) fn arn(&self, account: &str, region: &str) -> String {
        let place = match self.scope {
            Scope::CloudFront => "global",
            Scope::Regional => "regional",
        };
        let (name, id) = (&self.name, &self.id);
        format!("arn:aws:wafv2:{region}:{account}:{place}/webacl/{name}/{id}")
    }

    pub(super) fn rules(&self) -> Result<Rules, ApiError> {
        Rules::of(&self.settings)
    }

    /// `WebACLSummary` of the model. Unsure of an ACL without a description: AWS was seen to answer an empty one,
    /// which the model does not have.
    pub(super) fn summary(&self, account: &str, region: &str) -> Value {
        let mut summary = json!({
            "Name": self.name,
            "Id": self.id,
            "LockToken": self.lock_token,
            "ARN": self.arn(account, region),
        });
        if let Some(description) = self.settings.get("Description") {
            summary["Description"] = description.clone();
        }
        summary
    }

    /// `WebACL` of the model.
    pub(super) fn shown(&self, account: &str, region: &str) -> Value {
        let mut shown = self.settings.clone();
        if shown["Rules"].is_null() {
            shown["Rules"] = json!([]);
        }
        shown["Name"] = json!(self.name);
        shown["Id"] = json!(self.id);
        shown["ARN"] = json!(self.arn(account, region));
        shown["Capacity"] = json!(self.capacity);
        shown["ManagedByFirewallManager"] = json!(false);
        shown["LabelNamespace"] = json!(format!("awswaf:{account}:webacl:{}:", self.name));
        shown
    }
}
