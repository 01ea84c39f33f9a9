//! `AddPermission`, `RemovePermission` and `GetPolicy`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    fault,
    function::Guarded,
    functions::named,
    name::Named,
    policy::{Principal, Statement},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, empty},
    world::World,
};

/// Bytes of a whole policy.
const LIMIT: usize = 20_480;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AddInput {
    #[serde(rename = "FunctionName")]
    _function_name: String,
    #[serde(rename = "Qualifier")]
    _qualifier: Option<String>,
    statement_id: String,
    action: String,
    principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
    function_url_auth_type: Option<String>,
    invoked_via_function_url: Option<bool>,
    #[serde(rename = "PrincipalOrgID")]
    organization: Option<String>,
    event_source_token: Option<String>,
    revision_id: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RemoveInput {
    statement_id: String,
    revision_id: Option<String>,
}

fn check_revision(guarded: &Guarded<'_>, revision: Option<&str>) -> Result<(), ApiError> {
    match revision {
        Some(revision) if !guarded.is_at(revision) => Err(fault::stale_revision("GetPolicy")),
        _ => Ok(()),
    }
}

/// What the call names, to change its policy. Recorded, as the other answers about what is not there: LocalStack's
/// `test_permission_exceptions`.
fn guarded<'w>(named: &Named, world: &'w mut World) -> Result<Option<Guarded<'w>>, ApiError> {
    let Ok(function) = named.function_mut(world) else {
        return Ok(None);
    };
    match function.guarded(named.qualifier()) {
        None if named.is_alias() => Err(fault::alias_absent(&named.arn())),
        guarded => Ok(guarded),
    }
}

pub(super) fn add(app: &App, call: &Call) -> Answer {
    let input: AddInput = call.input()?;
    fault::refuse_rest("AddPermission", &input.rest)?;
    let named = named(call)?;
    if named.is_latest() {
        return Err(fault::invalid_parameter(
            "We currently do not support adding policies for $LATEST.",
        ));
    }
    if input.function_url_auth_type.is_some() && input.action != "lambda:InvokeFunctionUrl" {
        return Err(fault::invalid_parameter(
            "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action",
        ));
    }
    app.write(|world| {
        let principal = principal(world, &call.account, &input.principal)?;
        let guarded =
            guarded(&named, world)?.ok_or_else(|| fault::function_absent(&named.arn()))?;
        check_revision(&guarded, input.revision_id.as_deref())?;
        let mut policy = guarded.policy.clone();
        if policy
            .statements
            .iter()
            .any(|s| s.sid == input.statement_id)
        {
            return Err(fault::conflict(format!(
                "The statement id ({}) provided already exists. Please provide a new statement id, \
                 or remove the existing statement.",
                input.statement_id
            )));
        }
        let statement = Statement {
            sid: input.statement_id,
            principal,
            action: input.action,
            resource: named.arn(),
            source_arn: input.source_arn,
            source_account: input.source_account,
            url_auth_type: input.function_url_auth_type,
            via_url: input.invoked_via_function_url,
            organization: input.organization,
            event_token: input.event_source_token,
        };
        let document = statement.document().to_string();
        policy.statements.push(statement);
        let size = policy.document().len();
        if size > LIMIT {
            return Err(fault::fault(
                400,
                "PolicyLengthExceededException",
                format!("The final policy size ({size}) is bigger than the limit ({LIMIT})."),
            ));
        }
        *guarded.policy = policy;
        guarded.changed();
        Ok(json!({ "Statement": document }))
    })
}

/// An account, a role or user, a service, or everyone. Roles and users of the own account must exist.
fn principal(world: &World, account: &str, text: &str) -> Result<Principal, ApiError> {
    let invalid = || {
        fault::invalid_parameter(
            "The provided principal was invalid. Please check the principal and try again.",
        )
    };
    if text == "*" {
        return Ok(Principal::Anyone);
    }
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Principal::Aws(format!("arn:aws:iam::{text}:root")));
    }
    if let Some(entity) = text.strip_prefix("arn:aws:iam::") {
        let own = entity
            .strip_prefix(account)
            .and_then(|rest| rest.strip_prefix(":role/"));
        let name = own.map(|path| path.rsplit('/').next().unwrap_or(path));
        let iam = world.accounts.get(account).map(|account| &account.iam);
        let is_user = entity.starts_with(&format!("{account}:user/"));
        if is_user && !iam.is_some_and(|iam| iam.has_user(text)) {
            return Err(invalid());
        }
        let missing = name.is_some_and(|name| {
            let role = iam.and_then(|iam| iam.role(name));
            role.is_none_or(|role| role.arn != text)
        });
        return if missing {
            Err(invalid())
        } else {
            Ok(Principal::Aws(text.to_owned()))
        };
    }
    if text.ends_with(".amazonaws.com") {
        return Ok(Principal::Service(text.to_owned()));
    }
    Err(invalid())
}

pub(super) fn remove(app: &App, call: &Call) -> Answer {
    let input: RemoveInput = call.input()?;
    let named = named(call)?;
    app.write(|world| {
        let none = || fault::not_found(format!("No policy found for: {}", named.arn()));
        let guarded = guarded(&named, world)?.ok_or_else(none)?;
        if guarded.policy.statements.is_empty() {
            return Err(fault::not_found(
                "No policy is associated with the given resource.",
            ));
        }
        check_revision(&guarded, input.revision_id.as_deref())?;
        let sid = &input.statement_id;
        let statements = &mut guarded.policy.statements;
        let Some(index) = statements.iter().position(|s| s.sid == *sid) else {
            return Err(fault::not_found(format!(
                "Statement {sid} is not found in resource policy."
            )));
        };
        statements.remove(index);
        guarded.changed();
        empty()
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let named = named(call)?;
    app.read(|world| {
        let policy = named
            .function(world)
            .and_then(|f| f.policy(named.qualifier()));
        let policy = policy.filter(|policy| !policy.statements.is_empty());
        let absent = || fault::not_found("The resource you requested does not exist.");
        let policy = policy.ok_or_else(absent)?;
        // Older twins kept none.
        let own = Some(policy.revision.as_str()).filter(|revision| !revision.is_empty());
        let of_version = || Some(named.find(world)?.version.revision_id());
        let revision = own.or_else(of_version);
        Ok(json!({ "Policy": policy.document(), "RevisionId": revision }))
    })
}
