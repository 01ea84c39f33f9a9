//! Log groups, by name, by tag and by function; those of functions that were just deleted are watched for a while,
//! since Lambda may write a last line late and so bring the group back, without tags.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_sdk_cloudwatchlogs::types::LogGroup;

use super::{Known, Seen, Sweep, Thing, command, tag::Hits};
use crate::{
    aws::{Effect, Fault, FaultKind, Tagged},
    event::By,
    resource::Kind,
};

const DESCRIBE: &str = "logs:DescribeLogGroups";

/// The group into which Lambda writes a function's logs.
fn of_function(name: &str) -> String {
    format!("/aws/lambda/{name}")
}

impl Sweep<'_> {
    /// `absent`: functions that are surely not there.
    pub(super) async fn log_groups(&self, hits: &Hits, absent: &BTreeSet<String>) {
        let mut names: BTreeMap<String, By> = BTreeMap::new();
        names.extend(hits.log_groups.iter().map(|n| (n.clone(), By::Tag)));
        names.extend(
            self.known(Kind::LogGroup)
                .map(|k| (k.name.clone(), By::Name)),
        );
        for function in self.known(Kind::Function) {
            names
                .entry(of_function(&function.name))
                .or_insert(By::Parent);
        }
        let mut found = Vec::new();
        let mut gone = BTreeSet::new();
        for (name, by) in &names {
            let answer = self.log_group(name).await;
            match self.one(*by, DESCRIBE, &filter(name), answer) {
                Seen::There(group) => found.push((name.clone(), group)),
                Seen::Absent => drop(gone.insert(name.clone())),
                Seen::Unknown => {}
            }
        }
        let deleted = self.known(Kind::Function).filter(|k| k.deleted);
        let watched: BTreeSet<String> = deleted
            .map(|k| of_function(&k.name))
            .filter(|name| gone.contains(name))
            .collect();
        found.extend(self.watch(watched).await);
        let orphans: BTreeSet<String> = absent.iter().map(|f| of_function(f)).collect();
        for (name, group) in found {
            self.log_group_is_there(&name, &group, orphans.contains(&name))
                .await;
        }
    }

    /// Looks again and again until the grace is over, or all groups came back.
    async fn watch(&self, names: BTreeSet<String>) -> BTreeMap<String, LogGroup> {
        if names.is_empty() {
            return BTreeMap::new();
        }
        let back: Mutex<BTreeMap<String, LogGroup>> = Mutex::default();
        let taken = || back.lock().unwrap_or_else(PoisonError::into_inner);
        let rounds = AtomicUsize::new(0);
        let ended = self
            .cx
            .until("late logs", self.target.grace, || async {
                rounds.fetch_add(1, Ordering::Relaxed);
                for name in &names {
                    if !taken().contains_key(name)
                        && let Some(group) = self.log_group(name).await?
                    {
                        taken().insert(name.clone(), group);
                    }
                }
                Ok(taken().len() == names.len())
            })
            .await;
        let rounds = rounds.into_inner();
        let back = back.into_inner().unwrap_or_else(PoisonError::into_inner);
        let seconds = self.target.grace.as_secs_f64();
        for name in &names {
            let filter = format!("{}, {rounds} times in {seconds:.0} s", filter(name));
            match &ended {
                Err(fault) if !matches!(fault.kind, FaultKind::NotYet(_)) => {
                    self.unseen(DESCRIBE, &filter, fault.to_string());
                }
                _ => {
                    let found = usize::from(back.contains_key(name));
                    self.looked(By::Parent, DESCRIBE, &filter, found);
                }
            }
        }
        back
    }

    /// `orphan`: its function is not there, so nothing else can have made it.
    async fn log_group_is_there(&self, name: &str, group: &LogGroup, orphan: bool) {
        let shell = &self.target.shell;
        let arn = group.log_group_arn().map(str::to_owned).or_else(|| {
            let arn = group.arn()?;
            Some(arn.strip_suffix(":*").unwrap_or(arn).to_owned())
        });
        let arn = arn.unwrap_or_else(|| name.to_owned());
        let answer = self.log_group_tags(&arn).await;
        let filter = format!("resourceArn={arn}");
        let tags = match self.one(By::Name, "logs:ListTagsForResource", &filter, answer) {
            Seen::There(tags) => tags,
            // Gone in the meantime, or not to be told.
            Seen::Absent | Seen::Unknown => return,
        };
        let tagged = self.cx.owns(&tags);
        let known = self.known_as(Kind::LogGroup, name);
        // Lambda makes groups without tags: one with another lab's is that lab's.
        let of_another = !tagged && tags.lab().is_some();
        let left_over = Known {
            kind: Kind::LogGroup,
            name: name.to_owned(),
            id: None,
            made: true,
            deleted: false,
            failure: known.and_then(|k| k.failure.clone()),
        };
        let orphan = orphan && !tagged && !of_another;
        let mut commands = Vec::new();
        if group.deletion_protection_enabled() == Some(true) {
            commands.push(shell.aws(
                "logs",
                "put-log-group-deletion-protection",
                &[
                    ("--log-group-identifier", name),
                    ("--no-deletion-protection-enabled", ""),
                ],
            ));
        }
        commands.push(shell.aws("logs", "delete-log-group", &[("--log-group-name", name)]));
        self.there(Thing {
            kind: Kind::LogGroup,
            name,
            physical_id: &arn,
            tagged,
            known: if orphan { Some(&left_over) } else { known },
            more: if orphan {
                "; its function is gone, and Lambda makes such groups when it writes logs late"
                    .to_owned()
            } else {
                String::new()
            },
            command: command::chain(&commands),
        });
    }

    /// A list by prefix may show others first.
    async fn log_group(&self, name: &str) -> Result<Option<LogGroup>, Fault> {
        let groups = self.cx.pages(
            DESCRIBE,
            |token| {
                let list = self.cx.clients().logs.describe_log_groups();
                list.log_group_name_prefix(name)
                    .set_next_token(token)
                    .send()
            },
            |page| (page.log_groups.unwrap_or_default(), page.next_token),
        );
        let mut groups = groups.await?.into_iter();
        Ok(groups.find(|g| g.log_group_name() == Some(name)))
    }

    async fn log_group_tags(&self, arn: &str) -> Result<Option<HashMap<String, String>>, Fault> {
        let answer = self
            .cx
            .call("logs:ListTagsForResource", Effect::Read, || {
                let logs = &self.cx.clients().logs;
                logs.list_tags_for_resource().resource_arn(arn).send()
            })
            .await?;
        Ok(Some(answer.tags.unwrap_or_default()))
    }
}

fn filter(name: &str) -> String {
    format!("logGroupName={name}")
}
