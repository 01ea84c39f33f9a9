//! Roles, by name and tag. The tagging API never shows roles, and a list of roles shows no tags: of all roles, those
//! with a trust policy that labctl makes are asked for theirs.

use std::collections::BTreeSet;

use aws_sdk_iam::types::{Role, Tag};
use tokio::task::JoinSet;

use super::Trust;
use crate::{
    aws::{Cx, Effect, Fault, FaultKind, Scope},
    event::By,
    kind::Kind,
    sweep::{Known, Question, Seen, Sweep, Thing, chain, with},
};

pub(super) const ROLE: Question = Question {
    scope: Scope::Global,
    named_by_aws: false,
    made_by: None,
    // The tagging API never shows roles.
    id: |_| None,
    actions: &[
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
        "iam:ListRoleTags",
        "iam:ListRoles",
    ],
    ask: |sweep| Box::pin(roles(sweep)),
};

/// Roles asked for their tags at once: IAM publishes no rate, so few.
const AT_ONCE: usize = 4;

/// What must go before a role can.
#[derive(Default)]
struct Inside {
    inline: Vec<String>,
    attached: Vec<String>,
    profiles: Vec<String>,
}

async fn roles(sweep: &Sweep<'_>) {
    let named: BTreeSet<&str> = sweep.names(Kind::Role);
    for name in &named {
        let answer = role(sweep, name).await;
        let filter = format!("RoleName={name}");
        let seen = sweep.one(By::Name, "iam:GetRole", &filter, answer);
        let inside = Box::pin(inside(sweep, name)).await;
        if let Seen::There(role) = seen {
            let tagged = tagged_role(sweep, role.tags());
            role_is_there(sweep, &role, tagged, inside);
        }
    }
    let all = all_roles(sweep).await;
    let all = sweep.list(By::Tag, "iam:ListRoles", "all", all);
    let of_all = all.len();
    let candidates: Vec<Role> = all
        .into_iter()
        .filter(|r| may_be_ours(sweep, r) && !named.contains(r.role_name()))
        .collect();
    for role in ours_of(sweep, candidates, of_all).await {
        let inside = Box::pin(inside(sweep, role.role_name())).await;
        role_is_there(sweep, &role, true, inside);
    }
}

/// Whether labctl may have made it: by its trust policy, or by its description if somebody changed that policy.
/// Service-linked roles and those of IAM Identity Center are AWS's.
fn may_be_ours(sweep: &Sweep<'_>, role: &Role) -> bool {
    let trust = role.assume_role_policy_document().unwrap_or_default();
    let of_aws = ["/aws-service-role/", "/aws-reserved/"];
    !of_aws.iter().any(|path| role.path().starts_with(path))
        && (Trust::may_be_ours(trust, &sweep.cx.arn("iam", "root"))
            || Trust::describes(role.description().unwrap_or_default()))
}

fn tagged_role(sweep: &Sweep<'_>, tags: &[Tag]) -> bool {
    sweep.cx.owns(tags)
}

/// Those of `roles` that carry the lab's tag.
async fn ours_of(sweep: &Sweep<'_>, roles: Vec<Role>, of_all: usize) -> Vec<Role> {
    let (mut tasks, mut ours, mut tagged) = (JoinSet::new(), Vec::new(), 0);
    let mut failed: Vec<Fault> = Vec::new();
    let asked = roles.len();
    let mut roles = roles.into_iter();
    loop {
        while tasks.len() < AT_ONCE
            && let Some(role) = roles.next()
        {
            let cx = sweep.cx.clone();
            tasks.spawn(async move {
                let tags = tags_of(&cx, role.role_name()).await;
                (role, tags)
            });
        }
        match tasks.join_next().await {
            None => break,
            Some(Ok((role, Ok(tags)))) => {
                if tagged_role(sweep, &tags) {
                    tagged += 1;
                    ours.push(role);
                }
            }
            Some(Ok((_, Err(fault)))) => failed.push(fault),
            Some(Err(died)) => failed.push(Fault::new(
                FaultKind::Other,
                "iam:ListRoleTags",
                died.to_string(),
            )),
        }
    }
    let (operation, filter) = (
        "iam:ListRoleTags",
        format!(
            "{asked} of {of_all} roles: those with a trust policy or description as labctl makes them"
        ),
    );
    // A role that went in the meantime is no survivor.
    failed.retain(|f| f.kind != FaultKind::Absent);
    if let Some(first) = failed.first() {
        let filter = format!("{} of {filter}", failed.len());
        sweep.unseen(operation, &filter, first.to_string());
    } else if asked > 0 {
        sweep.looked(By::Tag, operation, &filter, tagged);
    }
    ours
}

fn role_is_there(sweep: &Sweep<'_>, role: &Role, tagged: bool, inside: Inside) {
    let shell = &sweep.target.shell;
    let name = role.role_name();
    let me = ("--role-name", name);
    let mut commands = Vec::new();
    for policy in &inside.inline {
        let options = [me, ("--policy-name", policy)];
        commands.push(shell.aws("iam", "delete-role-policy", &options));
    }
    for arn in &inside.attached {
        let options = [me, ("--policy-arn", arn)];
        commands.push(shell.aws("iam", "detach-role-policy", &options));
    }
    for profile in &inside.profiles {
        let options = [("--instance-profile-name", profile.as_str()), me];
        commands.push(shell.aws("iam", "remove-role-from-instance-profile", &options));
    }
    commands.push(shell.aws("iam", "delete-role", &[me]));
    let known: Option<&Known> = sweep.known_as(Kind::Role, name);
    sweep.there(Thing {
        kind: Kind::Role,
        name,
        physical_id: role.arn(),
        tagged,
        known,
        more: with(&[
            (inside.inline.len(), "inline policy"),
            (inside.attached.len(), "attached policy"),
            (inside.profiles.len(), "instance profile"),
        ]),
        command: chain(&commands),
    });
}

async fn role(sweep: &Sweep<'_>, name: &str) -> Result<Option<Role>, Fault> {
    let answer = sweep
        .cx
        .call("iam:GetRole", Effect::Read, || {
            sweep.cx.clients().iam.get_role().role_name(name).send()
        })
        .await?;
    Ok(answer.role)
}

async fn all_roles(sweep: &Sweep<'_>) -> Result<Vec<Role>, Fault> {
    let list = sweep.cx.pages(
        "iam:ListRoles",
        |marker| {
            let list = sweep.cx.clients().iam.list_roles().max_items(1000);
            list.set_marker(marker).send()
        },
        |page| (page.roles, page.marker),
    );
    list.await
}

/// What lives in a role, by its name.
async fn inside(sweep: &Sweep<'_>, role: &str) -> Inside {
    let filter = format!("RoleName={role}");
    let (inline, attached, profiles) = tokio::join!(
        inline_policies(sweep, role),
        attached_policies(sweep, role),
        instance_profiles(sweep, role)
    );
    Inside {
        inline: sweep.list(By::Parent, "iam:ListRolePolicies", &filter, inline),
        attached: sweep.list(
            By::Parent,
            "iam:ListAttachedRolePolicies",
            &filter,
            attached,
        ),
        profiles: sweep.list(
            By::Parent,
            "iam:ListInstanceProfilesForRole",
            &filter,
            profiles,
        ),
    }
}

async fn inline_policies(sweep: &Sweep<'_>, role: &str) -> Result<Vec<String>, Fault> {
    let list = sweep.cx.pages(
        "iam:ListRolePolicies",
        |marker| {
            let list = sweep.cx.clients().iam.list_role_policies();
            list.role_name(role).set_marker(marker).send()
        },
        |page| (page.policy_names, page.marker),
    );
    list.await
}

async fn attached_policies(sweep: &Sweep<'_>, role: &str) -> Result<Vec<String>, Fault> {
    let list = sweep.cx.pages(
        "iam:ListAttachedRolePolicies",
        |marker| {
            let list = sweep.cx.clients().iam.list_attached_role_policies();
            list.role_name(role).set_marker(marker).send()
        },
        |page| {
            let policies = page.attached_policies.unwrap_or_default().into_iter();
            (policies.filter_map(|p| p.policy_arn).collect(), page.marker)
        },
    );
    list.await
}

async fn instance_profiles(sweep: &Sweep<'_>, role: &str) -> Result<Vec<String>, Fault> {
    let list = sweep.cx.pages(
        "iam:ListInstanceProfilesForRole",
        |marker| {
            let list = sweep.cx.clients().iam.list_instance_profiles_for_role();
            list.role_name(role).set_marker(marker).send()
        },
        |page| {
            let profiles = page.instance_profiles.into_iter();
            (
                profiles.map(|p| p.instance_profile_name).collect(),
                page.marker,
            )
        },
    );
    list.await
}

async fn tags_of(cx: &Cx, role: &str) -> Result<Vec<Tag>, Fault> {
    let list = cx.pages(
        "iam:ListRoleTags",
        |marker| {
            let list = cx.clients().iam.list_role_tags();
            list.role_name(role).set_marker(marker).send()
        },
        |page| (page.tags, page.marker),
    );
    list.await
}
