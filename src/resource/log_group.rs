//! The function's log group: made before Lambda would make it untagged and never expiring.

use serde::{Deserialize, Serialize};

use super::{gone, present};
use crate::{
    aws::{Cx, Effect, Fault},
    engine::{Compare, Drift, Found, Given, Health, Resource},
    resource::Kind,
};

/// A CloudWatch Logs group.
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
    pub name: String,
}

/// The group's ARN, without the trailing `:*`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub arn: String,
}

fn arn(cx: &Cx, name: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{name}", cx.region(), cx.account())
}

impl LogGroup {
    async fn put_retention(&self, cx: &Cx) -> Result<(), Fault> {
        cx.call("logs:PutRetentionPolicy", Effect::Idempotent, || {
            let logs = &cx.clients().logs;
            logs.put_retention_policy().log_group_name(&self.name).retention_in_days(self.retention_days).send()
        })
        .await
        .map(drop)
    }
}

impl Resource for LogGroup {
    const KIND: Kind = Kind::LogGroup;
    const BY_NAME: bool = true;
    type Needs = ();
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn key(&self, _cx: &Cx, _given: &Given<Self>) -> Key {
        Key { name: self.name.clone() }
    }

    /// Two calls, the second idempotent: an adopted group is always checked, and its retention mended.
    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        cx.call("logs:CreateLogGroup", Effect::Create, || {
            let tags = cx.tags().into_iter().collect();
            cx.clients().logs.create_log_group().log_group_name(&key.name).set_tags(Some(tags)).send()
        })
        .await?;
        self.put_retention(cx).await?;
        Ok(Output { arn: arn(cx, &key.name) })
    }

    async fn check(&self, cx: &Cx, key: &Key, _out: &Output, _given: &Given<Self>) -> Result<Health, Fault> {
        let described = cx.call("logs:DescribeLogGroups", Effect::Read, || {
            cx.clients().logs.describe_log_groups().log_group_name_prefix(&key.name).send()
        });
        let (described, found) = tokio::join!(described, Self::find(cx, key));
        match found? {
            Found::Absent => return Ok(Health::Missing),
            Found::Foreign(seen) => return Ok(Health::Foreign(seen)),
            Found::Ours(_) => {}
        }
        let answer = described?;
        let Some(group) = answer.log_groups().iter().find(|g| g.log_group_name() == Some(&key.name)) else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        compare.field("retentionInDays", &Some(self.retention_days), &group.retention_in_days());
        Ok(compare.health())
    }

    async fn update(
        &self,
        cx: &Cx,
        _key: &Key,
        out: &Output,
        _drift: &[Drift],
        _given: &Given<Self>,
    ) -> Result<Output, Fault> {
        self.put_retention(cx).await?;
        Ok(out.clone())
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let arn = arn(cx, &key.name);
        let answer = cx
            .call("logs:ListTagsForResource", Effect::Read, || {
                cx.clients().logs.list_tags_for_resource().resource_arn(&arn).send()
            })
            .await;
        Ok(match present(answer)? {
            None => Found::Absent,
            Some(tags) if cx.owns(tags.tags().into_iter().flatten().map(|(k, v)| (k.as_str(), v.as_str()))) => {
                Found::Ours(Output { arn })
            }
            Some(_) => Found::Foreign(format!("log group {} exists without this lab's tags", key.name)),
        })
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        gone(
            cx.call("logs:DeleteLogGroup", Effect::Idempotent, || {
                cx.clients().logs.delete_log_group().log_group_name(&key.name).send()
            })
            .await,
        )
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(key.name.clone())
    }
}
