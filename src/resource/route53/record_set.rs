//! The Route 53 record that leads a domain of the user's own to the distribution.

use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecordSet, RrType,
};
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault, FaultKind},
    engine::{At, Found, Given, Health, Ref, Resource, Stranger},
    lab::Domain,
    resource::{Distribution, Kind, form, present},
    sweep::Swept,
};

/// The hosted zone of all distributions (Route 53's documentation of `AliasTarget`).
const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";

/// An alias record of type A in a zone of the user's.
#[derive(Debug, Clone)]
pub struct RecordSet(pub Domain);

/// The record. It carries no tags: where it leads says whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub zone: String,
    #[serde(deserialize_with = "form::domain_name")]
    pub name: String,
    /// The distribution's domain name.
    #[serde(deserialize_with = "form::cloudfront_domain")]
    pub target: String,
}

/// AWS makes no id for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {}

fn incomplete(error: impl std::fmt::Display) -> Fault {
    Fault::defect("route53:ChangeResourceRecordSets", error)
}

/// Names of Route 53 end with a dot.
fn same(a: &str, b: &str) -> bool {
    let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    bare(a) == bare(b)
}

async fn get(cx: &Cx, key: &Key) -> Result<Option<ResourceRecordSet>, Fault> {
    let answer = cx
        .call("route53:ListResourceRecordSets", Effect::Read, || {
            cx.clients()
                .route53
                .list_resource_record_sets()
                .hosted_zone_id(&key.zone)
                .start_record_name(&key.name)
                .start_record_type(RrType::A)
                .max_items(1)
                .send()
        })
        .await;
    let first = present(answer)?.and_then(|answer| answer.resource_record_sets.into_iter().next());
    Ok(first.filter(|set| set.r#type() == &RrType::A && same(set.name(), &key.name)))
}

fn leads_to(set: &ResourceRecordSet, target: &str) -> bool {
    let alias = set.alias_target();
    alias.is_some_and(|alias| same(alias.dns_name(), target))
}

fn stranger(set: &ResourceRecordSet) -> Stranger {
    let target = match set.alias_target() {
        Some(alias) => alias.dns_name().to_owned(),
        None => "addresses".to_owned(),
    };
    Stranger {
        seen: format!(
            "{} leads to {target}, not to this lab's distribution",
            set.name()
        ),
        lab: None,
    }
}

async fn change(
    cx: &Cx,
    zone: &str,
    action: ChangeAction,
    effect: Effect,
    set: ResourceRecordSet,
) -> Result<(), Fault> {
    let change = Change::builder()
        .action(action)
        .resource_record_set(set)
        .build()
        .map_err(incomplete)?;
    let batch = ChangeBatch::builder()
        .comment("labctl")
        .changes(change)
        .build()
        .map_err(incomplete)?;
    cx.call("route53:ChangeResourceRecordSets", effect, || {
        cx.clients()
            .route53
            .change_resource_record_sets()
            .hosted_zone_id(zone)
            .change_batch(batch.clone())
            .send()
    })
    .await
    .map(drop)
}

/// Route 53 says one thing for all that is wrong with a change.
fn is_there(fault: &Fault) -> bool {
    fault.is_code("InvalidChangeBatch") && fault.message.contains("already exists")
}

fn is_gone(fault: &Fault) -> bool {
    fault.is_code("InvalidChangeBatch") && fault.message.contains("not found")
}

impl Resource for RecordSet {
    const KIND: Kind = Kind::RecordSet;
    const SWEPT: Swept = Swept::Asked(&super::sweep::RECORD_SET);
    const ACTIONS: &'static [&'static str] = &[
        "route53:ChangeResourceRecordSets",
        "route53:ListResourceRecordSets",
    ];
    const BY_NAME: bool = true;
    type Needs = Ref<Distribution>;
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.0.name.clone()
    }

    fn planned_id(&self) -> Option<String> {
        Some(format!("{}/{}", self.0.zone, self.0.name))
    }

    fn key(&self, _cx: &Cx, distribution: Option<&Given<Self>>) -> Option<Key> {
        let distribution = distribution?;
        Some(Key {
            zone: self.0.zone.clone(),
            name: self.0.name.clone(),
            target: distribution.domain_name.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        let alias = AliasTarget::builder()
            .hosted_zone_id(CLOUDFRONT_ZONE)
            .dns_name(&key.target)
            .evaluate_target_health(false)
            .build()
            .map_err(incomplete)?;
        let set = ResourceRecordSet::builder()
            .name(&key.name)
            .r#type(RrType::A)
            .alias_target(alias)
            .build()
            .map_err(incomplete)?;
        let made = change(cx, &key.zone, ChangeAction::Create, Effect::Create, set).await;
        match made {
            Err(fault) if is_there(&fault) => Err(fault.with_kind(FaultKind::Exists)),
            made => made.map(|()| Output {}),
        }
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        Ok(match get(cx, key).await? {
            None => Health::Missing,
            Some(set) if leads_to(&set, &key.target) => Health::Ok,
            Some(set) => Health::Foreign(stranger(&set)),
        })
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        Ok(match get(cx, key).await? {
            None => Found::Absent,
            Some(set) if leads_to(&set, &key.target) => Found::Ours(Output {}),
            Some(set) => Found::Foreign(stranger(&set)),
        })
    }

    /// Exactly what is there, so that what somebody changed meanwhile stays.
    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        let Some(set) = get(cx, key).await?.filter(|set| leads_to(set, &key.target)) else {
            return Ok(());
        };
        match change(cx, &key.zone, ChangeAction::Delete, Effect::Idempotent, set).await {
            Err(fault) if is_gone(&fault) => Ok(()),
            deleted => deleted,
        }
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(format!("{}/{}", key.zone, key.name))
    }
}
