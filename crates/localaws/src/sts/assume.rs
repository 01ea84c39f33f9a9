//! `AssumeRole`: a role's trust policy lets a caller in, for a time.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    caller::Caller,
    session::{Grant, Session},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call},
    iam::{self, Context, Document, Who},
    world::World,
};

/// Seconds.
const DEFAULT: u32 = 3600;
const CHAINED: u32 = 3600;
/// Characters of session policies.
const POLICY: usize = 2048;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssumeRole {
    role_arn: String,
    role_session_name: String,
    duration_seconds: Option<u32>,
    external_id: Option<String>,
    policy: Option<String>,
    #[serde(default)]
    policy_arns: Vec<PolicyDescriptor>,
    /// What is not served: refused by name, not overlooked.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct PolicyDescriptor {
    arn: Option<String>,
}

/// What narrows a session.
pub(super) struct SessionPolicies {
    /// JSON texts.
    pub(super) documents: Vec<String>,
    /// Of managed policies.
    pub(super) arns: Vec<String>,
}

pub(super) fn assume_role(app: &App, call: &Call) -> Answer {
    let input: AssumeRole = call.input()?;
    if let Some(member) = input.rest.keys().next() {
        return Err(super::not_served(member, call));
    }
    let policies = SessionPolicies::of(input.policy.clone(), &input.policy_arns)?;
    check_arn(&input.role_arn)?;
    app.write(|world| {
        let account = account_of(&input.role_arn).ok_or_else(|| denied(call, &input.role_arn))?;
        policies.check(world, account)?;
        let role = world
            .accounts
            .get(account)
            .and_then(|account| account.iam.by_arn(&input.role_arn))
            .filter(|role| lets_in(world, call, account, role, input.external_id.as_deref()))
            .ok_or_else(|| denied(call, &input.role_arn))?;
        let session = Session::new(Grant {
            account,
            role,
            seconds: seconds(&input, call, role)?,
            name: input.role_session_name.clone(),
            documents: policies.documents.clone(),
            policy_arns: policies.arns.clone(),
            web: None,
        });
        let mut answer = json!({
            "Credentials": session.credentials(),
            "AssumedRoleUser": { "AssumedRoleId": session.user_id(), "Arn": session.arn() },
        });
        policies.packed(&mut answer);
        session.keep(world);
        Ok(answer)
    })
}

/// Recorded: LocalStack's `test_sts_invalid_parameters`.
pub(super) fn check_arn(role_arn: &str) -> Result<(), ApiError> {
    if iam::is_arn(role_arn) {
        return Ok(());
    }
    let message = format!("{role_arn} is invalid");
    Err(ApiError::new(400, "ValidationError", message))
}

pub(super) fn account_of(role_arn: &str) -> Option<&str> {
    role_arn
        .strip_prefix("arn:aws:iam::")
        .and_then(|rest| rest.split_once(":role/"))
        .map(|(account, _)| account)
}

impl SessionPolicies {
    pub(super) fn of(policy: Option<String>, arns: &[PolicyDescriptor]) -> Result<Self, ApiError> {
        if let Some(text) = &policy {
            Document::identity(text)?;
            if text.len() > POLICY {
                let message = "Member must have length less than or equal to 2048";
                return Err(ApiError::new(
                    400,
                    "ValidationError",
                    format!(
                        "1 validation error detected: Value at 'policy' failed to satisfy constraint: {message}"
                    ),
                ));
            }
        }
        let arns: Vec<String> = arns
            .iter()
            .filter_map(|policy| policy.arn.clone())
            .collect();
        Ok(Self {
            documents: policy.into_iter().collect(),
            arns,
        })
    }

    /// Whether the managed ones are there, in the role's account.
    pub(super) fn check(&self, world: &World, account: &str) -> Result<(), ApiError> {
        let nothing = iam::State::default();
        let iam = world
            .accounts
            .get(account)
            .map_or(&nothing, |account| &account.iam);
        let Some(arn) = self.arns.iter().find(|arn| !iam.is_attachable(arn)) else {
            return Ok(());
        };
        if iam::is_of_aws(arn) {
            let message = format!("labctl's local AWS does not serve the managed policy {arn}");
            return Err(ApiError::new(501, "NotImplementedException", message));
        }
        // Unsure of the wording.
        let message = format!("Policy {arn} does not exist or is not attachable.");
        Err(ApiError::new(400, "ValidationError", message))
    }

    /// Tells how much room they take, when there are any.
    pub(super) fn packed(&self, answer: &mut Value) {
        if !self.documents.is_empty() || !self.arns.is_empty() {
            let size: usize = self.documents.iter().map(String::len).sum();
            // In per cent. AWS packs policies in a form of its own, so its number is another.
            answer["PackedPolicySize"] = json!(size * 100 / POLICY);
        }
    }
}

fn seconds(input: &AssumeRole, call: &Call, role: &iam::Role) -> Result<u32, ApiError> {
    let chained = matches!(call.caller, Some(Caller::Session(_)));
    if chained && input.duration_seconds > Some(CHAINED) {
        return Err(ApiError::new(
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    role_seconds(role, input.duration_seconds)
}

/// How long a session of the role lasts.
pub(super) fn role_seconds(role: &iam::Role, asked: Option<u32>) -> Result<u32, ApiError> {
    let asked = asked.unwrap_or(DEFAULT);
    if asked > role.max_session {
        return Err(ApiError::new(
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(asked)
}

/// AWS answers no root at all here ("Roles may not be assumed by root accounts"). Here an account's root stands for an
/// administrator of the account.
///
/// Trust in the caller itself is enough within an account. Trust in the caller's account, and any trust
/// from another account, leaves it to the caller's own policies.
fn lets_in(
    world: &World,
    call: &Call,
    account: &str,
    role: &iam::Role,
    external_id: Option<&str>,
) -> bool {
    let root = format!("arn:aws:iam::{}:root", call.account);
    let context = Context::default().with("sts:ExternalId", external_id.map(str::to_owned));
    let context = match &call.caller {
        Some(caller) => caller.context(context),
        None => context
            .with("aws:PrincipalArn", [root.clone()])
            .with("aws:PrincipalAccount", [call.account.clone()])
            .with("aws:PrincipalType", ["Account".to_owned()])
            .with("aws:userid", [call.account.clone()])
            .with("aws:username", []),
    };
    let delegated = [call.account.clone(), root];
    let Some(caller) = &call.caller else {
        return role.trust_ruling(Who::Aws(&delegated), &context).allowed();
    };
    let own = caller.names();
    let direct = role.trust_ruling(Who::Aws(&own), &context);
    let all = role.trust_ruling(Who::Aws(&[&own[..], &delegated[..]].concat()), &context);
    if !all.allowed() {
        return false;
    }
    let identity = caller.ruling(world, "sts:AssumeRole", &role.arn, &context);
    identity.allowed() || (direct.allowed() && account == call.account && !identity.denied())
}

/// The same whether the role exists or not.
fn denied(call: &Call, role_arn: &str) -> ApiError {
    let caller = match &call.caller {
        Some(caller) => caller.arn(),
        None => format!("arn:aws:iam::{}:root", call.account),
    };
    ApiError::new(
        403,
        "AccessDenied",
        format!(
            "User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        ),
    )
}
