//! How callers get AWS keys: by a role that they assume, or as a signed-in user of the identity pool.

use std::time::Duration;

use crate::{
    aws::{Cx, Effect, Fault, FaultKind, Keys},
    lab::STUDENT,
    resource::provider_name,
};

/// The shortest that STS gives, seconds.
const LIFE: i32 = 900;
/// How long IAM may take to let a new role be assumed.
const LIMIT: Duration = Duration::from_mins(1);

/// Temporary keys of a role. `session_policy`: what the role may do at most in this session.
pub async fn assume(
    cx: &Cx,
    role_arn: &str,
    session: &str,
    session_policy: Option<&str>,
) -> Result<Keys, Fault> {
    let operation = "sts:AssumeRole";
    let once = || async {
        cx.call(operation, Effect::Idempotent, || {
            cx.clients()
                .sts
                .assume_role()
                .role_arn(role_arn)
                .role_session_name(session)
                .duration_seconds(LIFE)
                .set_policy(session_policy.map(str::to_owned))
                .send()
        })
        .await
    };
    // A new role is refused for some seconds, in the same words as a role that is not ours to assume.
    let allowed = || async {
        match once().await {
            Ok(_) => Ok(true),
            Err(fault) if fault.kind == FaultKind::Denied => Ok(false),
            Err(fault) => Err(fault),
        }
    };
    let answer = match once().await {
        Err(fault) if fault.kind == FaultKind::Denied => {
            let what = "IAM to let the caller's role be assumed";
            match cx.until(what, LIMIT, allowed).await {
                Ok(()) => once().await?,
                Err(late) if matches!(late.kind, FaultKind::NotYet(_)) => return Err(fault),
                Err(other) => return Err(other),
            }
        }
        answer => answer?,
    };
    let keys = answer
        .credentials
        .ok_or_else(|| Fault::missing(operation, "Credentials"))?;
    Ok(Keys {
        id: keys.access_key_id,
        secret: keys.secret_access_key,
        session: Some(keys.session_token),
    })
}

/// Temporary keys of a signed-in user, for the user pool's ID token. No AWS credentials are needed.
pub async fn of_user(
    cx: &Cx,
    identity_pool_id: &str,
    user_pool_id: &str,
    id_token: &str,
) -> Result<Keys, Fault> {
    let login = provider_name(cx.region(), user_pool_id);
    let client = &cx.clients().cognito_identity;
    let operation = "cognito-identity:GetId";
    let answer = cx
        .call(operation, Effect::Idempotent, || {
            client
                .get_id()
                .identity_pool_id(identity_pool_id)
                .logins(&login, id_token)
                .send()
        })
        .await?;
    let identity = answer
        .identity_id
        .ok_or_else(|| Fault::missing(operation, "IdentityId"))?;
    let operation = "cognito-identity:GetCredentialsForIdentity";
    let answer = cx
        .call(operation, Effect::Idempotent, || {
            client
                .get_credentials_for_identity()
                .identity_id(&identity)
                .logins(&login, id_token)
                .send()
        })
        .await?;
    let keys = answer
        .credentials
        .ok_or_else(|| Fault::missing(operation, "Credentials"))?;
    match (keys.access_key_id, keys.secret_key) {
        (Some(id), Some(secret)) => Ok(Keys {
            id,
            secret,
            session: keys.session_token,
        }),
        _ => Err(Fault::missing(operation, "AccessKeyId")),
    }
}

/// What a person calls a caller.
pub fn described(name: &str) -> String {
    if name == STUDENT {
        "the signed-in user".to_owned()
    } else {
        format!("caller {name}")
    }
}
