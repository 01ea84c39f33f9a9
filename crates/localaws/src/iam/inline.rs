//! Inline policies of roles.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    State,
    fault::{Result, absent},
    paging::paged,
    policy::{Document, length},
    roles::OfRole,
};
use crate::{call::ApiError, wire::percent};

/// Characters of all inline policies together, without white space.
pub(super) const QUOTA: usize = 10_240;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutPolicy {
    role_name: String,
    policy_name: String,
    policy_document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfPolicy {
    role_name: String,
    policy_name: String,
}

fn no_policy(name: &str) -> ApiError {
    absent(format!("The role policy with name {name} cannot be found."))
}

impl State {
    pub(super) fn put_policy(&mut self, input: PutPolicy) -> Result<()> {
        let role = self.existing_mut(&input.role_name)?;
        Document::identity(&input.policy_document)?;
        let others = role
            .inline
            .iter()
            .filter(|(name, _)| **name != input.policy_name);
        let size: usize = others.map(|(_, document)| length(document)).sum();
        if size + length(&input.policy_document) > QUOTA {
            let message = format!(
                "Maximum policy size of {QUOTA} bytes exceeded for role {}",
                role.name
            );
            return Err(ApiError::new(409, "LimitExceeded", message));
        }
        role.inline.insert(input.policy_name, input.policy_document);
        Ok(())
    }

    pub(super) fn get_policy(&self, input: OfPolicy) -> Result<Value> {
        let role = self.existing(&input.role_name)?;
        let document = role
            .inline
            .get(&input.policy_name)
            .ok_or_else(|| no_policy(&input.policy_name))?;
        Ok(json!({
            "RoleName": role.name,
            "PolicyName": input.policy_name,
            "PolicyDocument": percent::encode(document),
        }))
    }

    pub(super) fn list_policies(&self, input: OfRole) -> Result<Value> {
        let names = self.existing(&input.role_name)?.inline.keys();
        paged(
            "PolicyNames",
            names,
            |name| (*name).clone(),
            |name| name,
            input.marker.as_deref(),
            input.max_items,
        )
    }

    pub(super) fn delete_policy(&mut self, input: OfPolicy) -> Result<()> {
        let role = self.existing_mut(&input.role_name)?;
        role.inline
            .remove(&input.policy_name)
            .map(drop)
            .ok_or_else(|| no_policy(&input.policy_name))
    }
}
