//! The policies of a role: they go with it, whoever gave it them.

use crate::{
    aws::{Cx, Effect, Fault},
    resource::{Kind, gone, present},
};

/// The role's policies: inline ones by name, managed ones by the last part of their ARN. None, if there is no role.
pub async fn of_role(cx: &Cx, role: &str) -> Result<Vec<(Kind, String)>, Fault> {
    let (attached, inline) = tokio::join!(attached(cx, role), inline(cx, role));
    let attached = present(attached)?.unwrap_or_default().into_iter();
    let attached = attached.map(|arn| arn.rsplit('/').next().unwrap_or(&arn).to_owned());
    let inline = present(inline)?.unwrap_or_default();
    let all = attached.chain(inline);
    Ok(all.map(|name| (Kind::RolePolicy, name)).collect())
}

/// ARNs of the managed policies that are attached to a role.
pub(super) async fn attached(cx: &Cx, role: &str) -> Result<Vec<String>, Fault> {
    let policies = cx.pages(
        "iam:ListAttachedRolePolicies",
        |marker| {
            let list = cx.clients().iam.list_attached_role_policies();
            list.role_name(role).set_marker(marker).send()
        },
        |page| (page.attached_policies.unwrap_or_default(), page.marker),
    );
    let policies = policies.await?.into_iter();
    Ok(policies.filter_map(|p| p.policy_arn).collect())
}

/// Names of its inline policies.
async fn inline(cx: &Cx, role: &str) -> Result<Vec<String>, Fault> {
    let names = cx.pages(
        "iam:ListRolePolicies",
        |marker| {
            let list = cx.clients().iam.list_role_policies();
            list.role_name(role).set_marker(marker).send()
        },
        |page| (page.policy_names, page.marker),
    );
    names.await
}

/// Takes all policies off a role, so that it can be deleted.
pub(super) async fn strip(cx: &Cx, role: &str) -> Result<(), Fault> {
    let iam = &cx.clients().iam;
    for arn in attached(cx, role).await? {
        gone(
            cx.call("iam:DetachRolePolicy", Effect::Idempotent, || {
                iam.detach_role_policy()
                    .role_name(role)
                    .policy_arn(&arn)
                    .send()
            })
            .await,
        )?;
    }
    for name in inline(cx, role).await? {
        gone(
            cx.call("iam:DeleteRolePolicy", Effect::Idempotent, || {
                iam.delete_role_policy()
                    .role_name(role)
                    .policy_name(&name)
                    .send()
            })
            .await,
        )?;
    }
    Ok(())
}
