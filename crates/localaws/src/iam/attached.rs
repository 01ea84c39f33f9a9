//! Managed policies attached to roles, users and groups.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    State,
    fault::{Result, absent, exceeded},
    identity::Kind,
    inline::Of,
    paging::paged,
    policy,
};
use crate::call::ApiError;

pub(super) const QUOTA: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attachment {
    #[serde(alias = "RoleName", alias = "UserName", alias = "GroupName")]
    name: String,
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

pub(super) fn not_served(arn: &str) -> ApiError {
    let message = format!("labctl's local AWS does not serve the managed policy {arn}");
    ApiError::new(501, "NotImplementedException", message)
}

/// The answer to a policy that is not here: of one that AWS has, the twin says that it does not serve it. `kind` as in
/// the message.
pub(super) fn not_attachable(kind: &str, arn: &str) -> ApiError {
    if policy::is_of_aws(arn) {
        return not_served(arn);
    }
    absent(format!("{kind} {arn} does not exist or is not attachable."))
}

impl State {
    pub(super) fn check_boundary(&self, arn: Option<&String>) -> Result<()> {
        let Some(arn) = arn else { return Ok(()) };
        check_arn(arn)?;
        if self.is_attachable(arn) {
            Ok(())
        } else {
            Err(not_attachable("Scope ARN:", arn))
        }
    }

    pub(super) fn attach(&mut self, kind: Kind, input: Attachment) -> Result<()> {
        check_arn(&input.policy_arn)?;
        let attachable = self.is_attachable(&input.policy_arn);
        let attached = &mut self.permissions_mut(kind, &input.name)?.attached;
        if !attachable {
            return Err(not_attachable("Policy", &input.policy_arn));
        }
        if attached.len() >= QUOTA && !attached.contains(&input.policy_arn) {
            let what = match kind {
                Kind::Role => "PoliciesPerRole",
                Kind::User => "PoliciesPerUser",
                Kind::Group => "PoliciesPerGroup",
            };
            return Err(exceeded(what, QUOTA));
        }
        attached.insert(input.policy_arn);
        Ok(())
    }

    pub(super) fn detach(&mut self, kind: Kind, input: Attachment) -> Result<()> {
        check_arn(&input.policy_arn)?;
        let attached = &mut self.permissions_mut(kind, &input.name)?.attached;
        if attached.remove(&input.policy_arn) {
            Ok(())
        } else {
            Err(absent(format!(
                "Policy {} was not found.",
                input.policy_arn
            )))
        }
    }

    pub(super) fn list_attached(&self, kind: Kind, input: Of) -> Result<Value> {
        let arns = self.permissions(kind, &input.name)?.attached.iter();
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
