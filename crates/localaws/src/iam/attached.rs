//! Managed policies attached to roles.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    State,
    fault::{Result, absent, exceeded},
    paging::paged,
    policy,
    roles::OfRole,
};
use crate::call::ApiError;

pub(super) const QUOTA: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attachment {
    role_name: String,
    policy_arn: String,
}

/// Recorded: LocalStack's `test_role_attach_policy`.
pub(super) fn check_arn(arn: &str) -> Result<()> {
    if crate::iam::is_arn(arn) {
        return Ok(());
    }
    let message = "Invalid ARN:  Could not be parsed!";
    Err(ApiError::new(400, "ValidationError", message))
}

/// The answer to a policy that is not here: of one that AWS has, the twin says that it does not serve it. `kind` as in
/// the message.
pub(super) fn not_attachable(kind: &str, arn: &str) -> ApiError {
    if policy::is_of_aws(arn) {
        let message = format!("labctl's local AWS does not serve the managed policy {arn}");
        return ApiError::new(501, "NotImplementedException", message);
    }
    absent(format!("{kind} {arn} does not exist or is not attachable."))
}

impl State {
    pub(super) fn attach(&mut self, input: Attachment) -> Result<()> {
        check_arn(&input.policy_arn)?;
        let role = self.existing_mut(&input.role_name)?;
        if policy::managed(&input.policy_arn).is_none() {
            return Err(not_attachable("Policy", &input.policy_arn));
        }
        if role.attached.len() >= QUOTA && !role.attached.contains(&input.policy_arn) {
            return Err(exceeded("PoliciesPerRole", QUOTA));
        }
        role.attached.insert(input.policy_arn);
        Ok(())
    }

    pub(super) fn detach(&mut self, input: Attachment) -> Result<()> {
        check_arn(&input.policy_arn)?;
        let role = self.existing_mut(&input.role_name)?;
        if role.attached.remove(&input.policy_arn) {
            Ok(())
        } else {
            Err(absent(format!(
                "Policy {} was not found.",
                input.policy_arn
            )))
        }
    }

    pub(super) fn list_attached(&self, input: OfRole) -> Result<Value> {
        let arns = self.existing(&input.role_name)?.attached.iter();
        let show = |arn: &String| {
            let name = arn.rsplit('/').next().unwrap_or(arn);
            json!({ "PolicyName": name, "PolicyArn": arn })
        };
        paged(
            "AttachedPolicies",
            arns,
            |arn| (*arn).clone(),
            show,
            input.marker.as_deref(),
            input.max_items,
        )
    }
}
