//! What the role may do: write to the function's own log group, and what lab.yaml attaches.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{inside, role};
use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Found, Given, Health, Ref, Resource},
    resource::{Kind, Role, form, gone, present},
    sweep::Swept,
};

/// A policy of the role: inline, or a managed one attached.
#[derive(Debug, Clone)]
pub enum RolePolicy {
    /// `CreateLogStream` and `PutLogEvents` on one log group. Without `CreateLogGroup`, a late flush
    /// cannot bring a deleted group back.
    Logs {
        /// The log group's name.
        log_group: String,
    },
    /// A managed policy, by ARN.
    Managed {
        /// `arn:aws:iam::aws:policy/…`.
        arn: String,
    },
}

const INLINE_NAME: &str = "write-own-logs";

/// The role's name and the policy's name or ARN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::name")]
    pub role: String,
    #[serde(deserialize_with = "form::name_or_arn")]
    pub policy: String,
}

/// Nothing that the key does not say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {}

impl Key {
    fn is_managed(&self) -> bool {
        self.policy.starts_with("arn:")
    }
}

fn document(cx: &Cx, log_group: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": cx.arn("logs", &format!("log-group:{log_group}:*"))
        }]
    })
}

pub(super) async fn inline(cx: &Cx, key: &Key) -> Result<Option<Value>, Fault> {
    let answer = cx
        .call("iam:GetRolePolicy", Effect::Read, || {
            cx.clients()
                .iam
                .get_role_policy()
                .role_name(&key.role)
                .policy_name(&key.policy)
                .send()
        })
        .await;
    Ok(present(answer)?.map(|a| role::policy_document(&a.policy_document)))
}

pub(super) async fn put(cx: &Cx, key: &Key, document: &Value) -> Result<(), Fault> {
    let document = document.to_string();
    cx.call("iam:PutRolePolicy", Effect::Idempotent, || {
        cx.clients()
            .iam
            .put_role_policy()
            .role_name(&key.role)
            .policy_name(&key.policy)
            .policy_document(&document)
            .send()
    })
    .await
    .map(drop)
}

async fn attached(cx: &Cx, key: &Key) -> Result<bool, Fault> {
    let policies = present(inside::attached(cx, &key.role).await)?;
    Ok(policies.is_some_and(|all| all.contains(&key.policy)))
}

impl Resource for RolePolicy {
    const KIND: Kind = Kind::RolePolicy;
    const SWEPT: Swept = Swept::Within(Kind::Role);
    const ACTIONS: &'static [&'static str] = &[
        "iam:AttachRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:GetRolePolicy",
        "iam:PutRolePolicy",
    ];
    const PUT: bool = true;
    const BY_NAME: bool = true;
    type Needs = Ref<Role>;
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        match self {
            Self::Logs { .. } => INLINE_NAME.to_owned(),
            Self::Managed { arn } => arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        }
    }

    fn key(&self, _cx: &Cx, role: Option<&Given<Self>>) -> Option<Key> {
        let role = role?;
        let policy = match self {
            Self::Logs { .. } => INLINE_NAME,
            Self::Managed { arn } => arn,
        };
        Some(Key {
            role: role.name.clone(),
            policy: policy.to_owned(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _role: &Given<Self>) -> Result<Output, Fault> {
        let iam = &cx.clients().iam;
        match self {
            Self::Logs { log_group } => {
                put(cx, key, &document(cx, log_group)).await?;
            }
            Self::Managed { arn } => {
                cx.call("iam:AttachRolePolicy", Effect::Idempotent, || {
                    iam.attach_role_policy()
                        .role_name(&key.role)
                        .policy_arn(arn)
                        .send()
                })
                .await?;
            }
        }
        Ok(Output {})
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        match self {
            Self::Logs { log_group } => {
                let Some(seen) = inline(cx, key).await? else {
                    return Ok(Health::Missing);
                };
                let mut compare = Compare::default();
                compare.field("PolicyDocument", &document(cx, log_group), &seen);
                Ok(compare.health())
            }
            Self::Managed { .. } => Ok(if attached(cx, key).await? {
                Health::Ok
            } else {
                Health::Missing
            }),
        }
    }

    /// Ours when the role is.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let there = async {
            if key.is_managed() {
                attached(cx, key).await
            } else {
                Ok(inline(cx, key).await?.is_some())
            }
        };
        let (owner, there) = tokio::join!(role::owner(cx, &key.role), there);
        Ok(match (owner?, there?) {
            (Found::Foreign(seen), _) => Found::Foreign(seen),
            (Found::Ours(_), true) => Found::Ours(Output {}),
            _ => Found::Absent,
        })
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        let iam = &cx.clients().iam;
        if key.is_managed() {
            let answer = cx
                .call("iam:DetachRolePolicy", Effect::Idempotent, || {
                    iam.detach_role_policy()
                        .role_name(&key.role)
                        .policy_arn(&key.policy)
                        .send()
                })
                .await;
            return gone(answer);
        }
        let answer = cx
            .call("iam:DeleteRolePolicy", Effect::Idempotent, || {
                iam.delete_role_policy()
                    .role_name(&key.role)
                    .policy_name(&key.policy)
                    .send()
            })
            .await;
        gone(answer)
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(if key.is_managed() {
            key.policy.clone()
        } else {
            format!("{}/{}", key.role, key.policy)
        })
    }
}
