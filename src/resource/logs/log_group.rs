//! The function's log group: made before Lambda would make it untagged and never expiring.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault, stranger},
    engine::{At, Compare, Drift, Found, Given, Health, Resource, Stranger},
    resource::{Kind, form, gone, present},
    sweep::Swept,
};

/// A `CloudWatch` Logs group.
#[derive(Debug, Clone)]
pub struct LogGroup {
    /// `/aws/lambda/{function}`.
    pub name: String,
    /// Days until events expire.
    pub retention_days: i32,
}

/// The group's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::text")]
    pub name: String,
}

/// The group's ARN, without the trailing `:*`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::arn")]
    pub arn: String,
}

const PROTECTION: &str = "deletionProtectionEnabled";

fn arn(cx: &Cx, name: &str) -> String {
    cx.arn("logs", &format!("log-group:{name}"))
}

impl LogGroup {
    async fn put_retention(&self, cx: &Cx) -> Result<(), Fault> {
        cx.call("logs:PutRetentionPolicy", Effect::Idempotent, || {
            let logs = &cx.clients().logs;
            logs.put_retention_policy()
                .log_group_name(&self.name)
                .retention_in_days(self.retention_days)
                .send()
        })
        .await
        .map(drop)
    }
}

async fn unprotect(cx: &Cx, name: &str) -> Result<(), Fault> {
    let operation = "logs:PutLogGroupDeletionProtection";
    cx.call(operation, Effect::Idempotent, || {
        let logs = &cx.clients().logs;
        logs.put_log_group_deletion_protection()
            .log_group_identifier(name)
            .deletion_protection_enabled(false)
            .send()
    })
    .await
    .map(drop)
}

/// A log group as AWS shows it.
enum Seen {
    Absent,
    Foreign(Stranger),
    Ours {
        retention_days: Option<i32>,
        protected: bool,
    },
}

/// Whether it is there and whose it is: two reads at once, since neither tells both.
async fn look(cx: &Cx, name: &str) -> Result<Seen, Fault> {
    let logs = &cx.clients().logs;
    let arn = arn(cx, name);
    let described = cx.call("logs:DescribeLogGroups", Effect::Read, || {
        logs.describe_log_groups()
            .log_group_name_prefix(name)
            .send()
    });
    let tags = cx.call("logs:ListTagsForResource", Effect::Read, || {
        logs.list_tags_for_resource().resource_arn(&arn).send()
    });
    let (described, tags) = tokio::join!(described, tags);
    let described = described?;
    let group = described
        .log_groups()
        .iter()
        .find(|g| g.log_group_name() == Some(name));
    let (Some(group), Some(tags)) = (group, present(tags)?) else {
        return Ok(Seen::Absent);
    };
    Ok(if cx.owns(tags.tags()) {
        Seen::Ours {
            retention_days: group.retention_in_days(),
            protected: group.deletion_protection_enabled() == Some(true),
        }
    } else {
        let made = group
            .creation_time()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let made = made
            .map(|at| format!(" (made {at:.0})"))
            .unwrap_or_default();
        Seen::Foreign(stranger(&format!("{arn}{made}"), tags.tags()))
    })
}

impl Resource for LogGroup {
    const KIND: Kind = Kind::LogGroup;
    const SWEPT: Swept = Swept::Asked(&super::sweep::LOG_GROUP);
    const ACTIONS: &'static [&'static str] = &[
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:DescribeLogGroups",
        "logs:ListTagsForResource",
        "logs:PutLogGroupDeletionProtection",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
    ];
    const BY_NAME: bool = true;
    const ADOPTABLE: bool = true;
    const TAGGED: bool = true;
    type Needs = ();
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn key(&self, _cx: &Cx, _given: Option<&Given<Self>>) -> Option<Key> {
        Some(Key {
            name: self.name.clone(),
        })
    }

    /// Two calls, the second idempotent: an adopted group is always checked, and its retention mended.
    fn derived(cx: &Cx, key: &Key) -> Option<Output> {
        Some(Output {
            arn: arn(cx, &key.name),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        cx.call("logs:CreateLogGroup", Effect::Create, || {
            cx.clients()
                .logs
                .create_log_group()
                .log_group_name(&key.name)
                .set_tags(Some(cx.tag_map()))
                .send()
        })
        .await?;
        self.put_retention(cx).await?;
        Ok(Output {
            arn: arn(cx, &key.name),
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        Ok(match look(cx, &key.name).await? {
            Seen::Absent => Health::Missing,
            Seen::Foreign(seen) => Health::Foreign(seen),
            Seen::Ours {
                retention_days,
                protected,
            } => {
                let mut compare = Compare::default();
                compare.field(
                    "retentionInDays",
                    &Some(self.retention_days),
                    &retention_days,
                );
                compare.field(PROTECTION, &false, &protected);
                compare.health()
            }
        })
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At { cx, out, .. } = at;
        if drift.iter().any(|d| d.field == PROTECTION) {
            unprotect(cx, &self.name).await?;
        }
        if drift.iter().any(|d| d.field != PROTECTION) {
            self.put_retention(cx).await?;
        }
        Ok(out.clone())
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        Ok(match look(cx, &key.name).await? {
            Seen::Absent => Found::Absent,
            Seen::Foreign(seen) => Found::Foreign(seen),
            Seen::Ours { .. } => Found::Ours(Output {
                arn: arn(cx, &key.name),
            }),
        })
    }

    async fn tag(cx: &Cx, key: &Key, _out: &Output) -> Result<bool, Fault> {
        Self::claim(cx, key).await.map(|()| true)
    }

    async fn claim(cx: &Cx, key: &Key) -> Result<(), Fault> {
        let arn = arn(cx, &key.name);
        cx.call("logs:TagResource", Effect::Idempotent, || {
            cx.clients()
                .logs
                .tag_resource()
                .resource_arn(&arn)
                .set_tags(Some(cx.tag_map()))
                .send()
        })
        .await
        .map(drop)
    }

    /// Turns deletion protection off when somebody turned it on: only of a group that is ours.
    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        let logs = &cx.clients().logs;
        let delete = || async {
            cx.call("logs:DeleteLogGroup", Effect::Idempotent, || {
                logs.delete_log_group().log_group_name(&key.name).send()
            })
            .await
        };
        let Err(fault) = delete().await else {
            return Ok(());
        };
        if !fault.is_code("ValidationException") {
            return gone::<()>(Err(fault));
        }
        match look(cx, &key.name).await? {
            Seen::Absent => return Ok(()),
            Seen::Ours {
                protected: true, ..
            } => {}
            _ => return Err(fault),
        }
        unprotect(cx, &key.name).await?;
        let message = format!(
            "turned off deletion protection of our log group {}",
            key.name
        );
        cx.warn(message);
        gone(delete().await)
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(key.name.clone())
    }
}
