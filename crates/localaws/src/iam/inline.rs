//! Inline policies of roles, users and groups.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    State,
    fault::{Result, absent},
    identity::Kind,
    paging::paged,
    policy::{Document, length},
};
use crate::{call::ApiError, wire::percent};

/// Characters of all inline policies of a role together, without white space.
pub(super) const QUOTA: usize = 10_240;

fn quota(kind: Kind) -> usize {
    match kind {
        Kind::Role => QUOTA,
        Kind::User => 2048,
        Kind::Group => 5120,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutPolicy {
    #[serde(alias = "RoleName", alias = "UserName", alias = "GroupName")]
    name: String,
    policy_name: String,
    policy_document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfPolicy {
    #[serde(alias = "RoleName", alias = "UserName", alias = "GroupName")]
    name: String,
    policy_name: String,
}

/// Names a role, user or group, for lists of what it has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Of {
    #[serde(alias = "RoleName", alias = "UserName", alias = "GroupName")]
    pub(super) name: String,
    pub(super) marker: Option<String>,
    pub(super) max_items: Option<usize>,
}

fn no_policy(kind: Kind, name: &str) -> ApiError {
    let word = kind.word();
    absent(format!(
        "The {word} policy with name {name} cannot be found."
    ))
}

impl State {
    pub(super) fn put_policy(&mut self, kind: Kind, input: PutPolicy) -> Result<()> {
        let permissions = self.permissions_mut(kind, &input.name)?;
        Document::identity(&input.policy_document)?;
        let others = permissions
            .inline
            .iter()
            .filter(|(name, _)| **name != input.policy_name);
        let size: usize = others.map(|(_, document)| length(document)).sum();
        let quota = quota(kind);
        if size + length(&input.policy_document) > quota {
            let message = format!(
                "Maximum policy size of {quota} bytes exceeded for {} {}",
                kind.word(),
                input.name
            );
            return Err(ApiError::new(409, "LimitExceeded", message));
        }
        permissions
            .inline
            .insert(input.policy_name, input.policy_document);
        Ok(())
    }

    pub(super) fn get_policy(&self, kind: Kind, input: OfPolicy) -> Result<Value> {
        let permissions = self.permissions(kind, &input.name)?;
        let document = permissions
            .inline
            .get(&input.policy_name)
            .ok_or_else(|| no_policy(kind, &input.policy_name))?;
        Ok(json!({
            kind.member(): input.name,
            "PolicyName": input.policy_name,
            "PolicyDocument": percent::encode(document),
        }))
    }

    pub(super) fn list_policies(&self, kind: Kind, input: Of) -> Result<Value> {
        let names = self.permissions(kind, &input.name)?.inline.keys();
        paged(
            "PolicyNames",
            names,
            |name| (*name).clone(),
            |name| name,
            input.marker.as_deref(),
            input.max_items,
        )
    }

    pub(super) fn delete_policy(&mut self, kind: Kind, input: OfPolicy) -> Result<()> {
        let permissions = self.permissions_mut(kind, &input.name)?;
        permissions
            .inline
            .remove(&input.policy_name)
            .map(drop)
            .ok_or_else(|| no_policy(kind, &input.policy_name))
    }
}
