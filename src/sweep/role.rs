//! Roles, by name and tag. The tagging API never shows roles, and a list of roles shows no tags: of all roles, those
//! with a trust policy that labctl makes are asked for theirs.

use std::collections::BTreeSet;

use aws_sdk_iam::types::{Role, Tag};
use tokio::task::JoinSet;

use super::{Known, Seen, Sweep, Thing, command, with};
use crate::{
    aws::{Cx, Effect, Fault, FaultKind},
    event::By,
    resource::{Kind, Trust},
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

impl Sweep<'_> {
    pub(super) async fn roles(&self) {
        let named: BTreeSet<&str> = self.known(Kind::Role).map(|k| k.name.as_str()).collect();
        for name in &named {
            let answer = self.role(name).await;
            let filter = format!("RoleName={name}");
            let seen = self.one(By::Name, "iam:GetRole", &filter, answer);
            let inside = Box::pin(self.inside(name)).await;
            if let Seen::There(role) = seen {
                let tagged = self.tagged_role(role.tags());
                self.role_is_there(&role, tagged, inside);
            }
        }
        let all = self.all_roles().await;
        let all = self.list(By::Tag, "iam:ListRoles", "all", all);
        let of_all = all.len();
        let candidates: Vec<Role> = all
            .into_iter()
            .filter(|r| self.may_be_ours(r) && !named.contains(r.role_name()))
            .collect();
        for role in self.ours_of(candidates, of_all).await {
            let inside = Box::pin(self.inside(role.role_name())).await;
            self.role_is_there(&role, true, inside);
        }
    }

    /// Whether labctl may have made it: by its trust policy, or by its description if somebody changed that policy.
    /// Service-linked roles and those of IAM Identity Center are AWS's.
    fn may_be_ours(&self, role: &Role) -> bool {
        let trust = role.assume_role_policy_document().unwrap_or_default();
        let of_aws = ["/aws-service-role/", "/aws-reserved/"];
        !of_aws.iter().any(|path| role.path().starts_with(path))
            && (Trust::may_be_ours(trust, self.cx.account())
                || Trust::describes(role.description().unwrap_or_default()))
    }

    fn tagged_role(&self, tags: &[Tag]) -> bool {
        self.cx.owns(tags)
    }

    /// Those of `roles` that carry the lab's tag.
    async fn ours_of(&self, roles: Vec<Role>, of_all: usize) -> Vec<Role> {
        let (mut tasks, mut ours, mut tagged) = (JoinSet::new(), Vec::new(), 0);
        let mut failed: Vec<Fault> = Vec::new();
        let asked = roles.len();
        let mut roles = roles.into_iter();
        loop {
            while tasks.len() < AT_ONCE
                && let Some(role) = roles.next()
            {
                let cx = self.cx.clone();
                tasks.spawn(async move {
                    let tags = tags_of(&cx, role.role_name()).await;
                    (role, tags)
                });
            }
            match tasks.join_next().await {
                None => break,
                Some(Ok((role, Ok(tags)))) => {
                    if self.tagged_role(&tags) {
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
            self.unseen(operation, &filter, first.to_string());
        } else if asked > 0 {
            self.looked(By::Tag, operation, &filter, tagged);
        }
        ours
    }

    fn role_is_there(&self, role: &Role, tagged: bool, inside: Inside) {
        let shell = &self.target.shell;
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
        let known: Option<&Known> = self.known_as(Kind::Role, name);
        self.there(Thing {
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
            command: command::chain(&commands),
        });
    }

    async fn role(&self, name: &str) -> Result<Option<Role>, Fault> {
        let answer = self
            .cx
            .call("iam:GetRole", Effect::Read, || {
                self.cx.clients().iam.get_role().role_name(name).send()
            })
            .await?;
        Ok(answer.role)
    }

    async fn all_roles(&self) -> Result<Vec<Role>, Fault> {
        let list = self.cx.pages(
            "iam:ListRoles",
            |marker| {
                let list = self.cx.clients().iam.list_roles().max_items(1000);
                list.set_marker(marker).send()
            },
            |page| (page.roles, page.marker),
        );
        list.await
    }

    /// What lives in a role, by its name.
    async fn inside(&self, role: &str) -> Inside {
        let filter = format!("RoleName={role}");
        let (inline, attached, profiles) = tokio::join!(
            self.inline_policies(role),
            self.attached_policies(role),
            self.instance_profiles(role)
        );
        Inside {
            inline: self.list(By::Parent, "iam:ListRolePolicies", &filter, inline),
            attached: self.list(
                By::Parent,
                "iam:ListAttachedRolePolicies",
                &filter,
                attached,
            ),
            profiles: self.list(
                By::Parent,
                "iam:ListInstanceProfilesForRole",
                &filter,
                profiles,
            ),
        }
    }

    async fn inline_policies(&self, role: &str) -> Result<Vec<String>, Fault> {
        let list = self.cx.pages(
            "iam:ListRolePolicies",
            |marker| {
                let list = self.cx.clients().iam.list_role_policies();
                list.role_name(role).set_marker(marker).send()
            },
            |page| (page.policy_names, page.marker),
        );
        list.await
    }

    async fn attached_policies(&self, role: &str) -> Result<Vec<String>, Fault> {
        let list = self.cx.pages(
            "iam:ListAttachedRolePolicies",
            |marker| {
                let list = self.cx.clients().iam.list_attached_role_policies();
                list.role_name(role).set_marker(marker).send()
            },
            |page| {
                let policies = page.attached_policies.unwrap_or_default().into_iter();
                (policies.filter_map(|p| p.policy_arn).collect(), page.marker)
            },
        );
        list.await
    }

    async fn instance_profiles(&self, role: &str) -> Result<Vec<String>, Fault> {
        let list = self.cx.pages(
            "iam:ListInstanceProfilesForRole",
            |marker| {
                let list = self.cx.clients().iam.list_instance_profiles_for_role();
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
