//! Policy documents.

mod check;
mod condition;
mod decide;
mod managed;
mod ruling;

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::call::ApiError;
pub(crate) use condition::Context;
pub(crate) use decide::{Who, allows, authorizer_ruling, glob, ruling};
pub(crate) use managed::{is_of_aws, managed};
pub(crate) use ruling::Ruling;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Document {
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<Statement>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    sid: Option<String>,
    effect: Effect,
    principal: Option<Principal>,
    not_principal: Option<Principal>,
    action: Option<OneOrMany<String>>,
    not_action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
    not_resource: Option<OneOrMany<String>>,
    condition: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Principal {
    Anyone(String),
    Some(Principals),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Principals {
    #[serde(rename = "AWS")]
    aws: OneOrMany<String>,
    #[serde(rename = "Service")]
    service: OneOrMany<String>,
    #[serde(rename = "Federated")]
    federated: OneOrMany<String>,
    #[serde(rename = "CanonicalUser")]
    canonical_user: OneOrMany<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> OneOrMany<T> {
    fn iter(&self) -> impl Iterator<Item = &T> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::Many(many) => many.iter(),
        }
    }
}

/// How long a document is for its quota: white space does not count.
pub(crate) fn length(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "MalformedPolicyDocument", message)
}

impl Statement {
    /// Each thing is said in one way: what it is about, or what it is not about.
    fn is_unambiguous(&self) -> bool {
        !(self.principal.is_some() && self.not_principal.is_some()
            || self.action.is_some() && self.not_action.is_some()
            || self.resource.is_some() && self.not_resource.is_some())
    }
}

impl Document {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let value: Value = serde_json::from_str(text)
            .map_err(|_| malformed("This policy contains invalid Json"))?;
        let document: Self =
            serde_json::from_value(value).map_err(|_| malformed("Syntax errors in policy."))?;
        match document.version.as_deref() {
            None | Some("2012-10-17" | "2008-10-17") => {}
            Some(_) => {
                return Err(malformed(
                    "The policy version is not valid; it must be 2012-10-17 or 2008-10-17",
                ));
            }
        }
        let statements: Vec<&Statement> = document.statement.iter().collect();
        if statements.is_empty() || !statements.iter().all(|s| s.is_unambiguous()) {
            return Err(malformed("Syntax errors in policy."));
        }
        let mut sids = BTreeSet::new();
        let named = statements.iter().filter_map(|s| s.sid.as_deref());
        if !named
            .filter(|sid| !sid.is_empty())
            .all(|sid| sids.insert(sid))
        {
            return Err(malformed(
                "Statement IDs (SID) in a single policy must be unique.",
            ));
        }
        Ok(document)
    }
}

#[cfg(test)]
const LAMBDA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
        "Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
