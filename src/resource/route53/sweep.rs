//! Records of a zone of the user's own: by name. They carry no tags, so only one that the lab made counts as its own.

use aws_sdk_route53::types::{ResourceRecordSet, RrType};

use crate::{
    aws::{Effect, Fault, Scope},
    event::By,
    kind::Kind,
    sweep::{Known, Question, Seen, Sweep, Thing},
};

pub(super) const RECORD_SET: Question = Question {
    scope: Scope::Global,
    // The zone is in the id.
    named_by_aws: true,
    made_by: None,
    id: |_| None,
    actions: &["route53:ListResourceRecordSets"],
    ask: |sweep| Box::pin(record_sets(sweep)),
};

async fn record_sets(sweep: &Sweep<'_>) {
    let known: Vec<&Known> = sweep.known(Kind::RecordSet).collect();
    for one in known {
        let zone = one.id.as_deref().and_then(|id| id.split_once('/'));
        let Some((zone, _)) = zone else { continue };
        let filter = format!("HostedZoneId={zone}, Name={}, Type=A", one.name);
        let answer = record_set(sweep, zone, &one.name).await;
        let operation = "route53:ListResourceRecordSets";
        let Seen::There(set) = sweep.one(By::Name, operation, &filter, answer) else {
            continue;
        };
        let Some(alias) = set.alias_target() else {
            continue;
        };
        let batch = serde_json::json!({ "Changes": [{
                "Action": "DELETE",
                "ResourceRecordSet": {
                    "Name": set.name(),
                    "Type": "A",
                    "AliasTarget": {
                        "HostedZoneId": alias.hosted_zone_id(),
                        "DNSName": alias.dns_name(),
                        "EvaluateTargetHealth": alias.evaluate_target_health(),
                    },
                },
            }] });
        let batch = batch.to_string();
        let options = [("--hosted-zone-id", zone), ("--change-batch", &batch)];
        let shell = &sweep.target.shell;
        sweep.there(Thing {
            kind: Kind::RecordSet,
            name: &one.name,
            physical_id: one.id.as_deref().unwrap_or_default(),
            tagged: false,
            known: Some(one),
            more: format!(", leads to {}", alias.dns_name()),
            command: shell.aws("route53", "change-resource-record-sets", &options),
        });
    }
}

async fn record_set(
    sweep: &Sweep<'_>,
    zone: &str,
    name: &str,
) -> Result<Option<ResourceRecordSet>, Fault> {
    let answer = sweep
        .cx
        .call("route53:ListResourceRecordSets", Effect::Read, || {
            let list = sweep.cx.clients().route53.list_resource_record_sets();
            list.hosted_zone_id(zone)
                .start_record_name(name)
                .start_record_type(RrType::A)
                .max_items(1)
                .send()
        })
        .await?;
    let first = answer.resource_record_sets.into_iter().next();
    let same = |set: &ResourceRecordSet| {
        set.r#type() == &RrType::A && set.name().trim_end_matches('.') == name
    };
    Ok(first.filter(same))
}
