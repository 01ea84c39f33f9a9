//! Log groups, by name, by tag and by function; those of functions that were just deleted are watched for a while,
//! since Lambda may write a last line late and so bring the group back, without tags.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_cloudwatchlogs::types::LogGroup;

use crate::{
    aws::{Effect, Fault, Scope, Tagged},
    event::By,
    kind::Kind,
    sweep::{Known, Question, Seen, Sweep, Thing, chain},
};

pub(super) const LOG_GROUP: Question = Question {
    scope: Scope::Region,
    named_by_aws: false,
    made_by: Some(Kind::Function),
    id: |arn| {
        let name = arn.after("logs", "log-group:")?;
        let name = name.strip_suffix(":*").unwrap_or(name);
        Some(name.to_owned()).filter(|name| !name.contains(':'))
    },
    actions: &["logs:DescribeLogGroups", "logs:ListTagsForResource"],
    ask: |sweep| Box::pin(log_groups(sweep)),
};

const DESCRIBE: &str = "logs:DescribeLogGroups";

/// The group into which Lambda writes a function's logs.
fn of_function(name: &str) -> String {
    format!("/aws/lambda/{name}")
}

async fn log_groups(sweep: &Sweep<'_>) {
    let mut found = Vec::new();
    let mut gone = BTreeSet::new();
    for (name, by) in names(sweep) {
        let answer = log_group(sweep, &name).await;
        match sweep.one(by, DESCRIBE, &format!("logGroupName={name}"), answer) {
            Seen::There(group) => found.push((name, group)),
            Seen::Absent => drop(gone.insert(name)),
            Seen::Unknown => {}
        }
    }
    let deleted = sweep.known(Kind::Function).filter(|k| k.deleted);
    let watched = deleted
        .map(|k| of_function(&k.name))
        .filter(|name| gone.contains(name))
        .collect();
    let get = async |name: String| log_group(sweep, &name).await;
    let late = sweep.watch("late logs", (DESCRIBE, "logGroupName"), watched, get);
    found.extend(late.await);
    let absent = sweep.absent(Kind::Function);
    let orphans: BTreeSet<String> = absent.iter().map(|f| of_function(f)).collect();
    for (name, group) in found {
        let orphan = orphans.contains(&name);
        log_group_is_there(sweep, &name, &group, orphan).await;
    }
}

/// Names to ask for, each with the best reason. A group that only lab.yaml names is its function's.
fn names(sweep: &Sweep<'_>) -> BTreeMap<String, By> {
    let (made, named): (Vec<_>, Vec<_>) = sweep.known(Kind::LogGroup).partition(|k| k.made);
    let of_functions = sweep.known(Kind::Function).map(|k| of_function(&k.name));
    let mut names = BTreeMap::new();
    names.extend(
        sweep
            .tagged(Kind::LogGroup)
            .map(|name| (name.clone(), By::Tag)),
    );
    names.extend(made.into_iter().map(|k| (k.name.clone(), By::Name)));
    for name in of_functions {
        names.entry(name).or_insert(By::Parent);
    }
    for known in named {
        names.entry(known.name.clone()).or_insert(By::Name);
    }
    names
}

/// `orphan`: its function is not there, so nothing else can have made it.
async fn log_group_is_there(sweep: &Sweep<'_>, name: &str, group: &LogGroup, orphan: bool) {
    let shell = &sweep.target.shell;
    let arn = group.log_group_arn().map(str::to_owned).or_else(|| {
        let arn = group.arn()?;
        Some(arn.strip_suffix(":*").unwrap_or(arn).to_owned())
    });
    let arn = arn.unwrap_or_else(|| name.to_owned());
    let answer = log_group_tags(sweep, &arn).await;
    let filter = format!("resourceArn={arn}");
    let tags = match sweep.one(By::Name, "logs:ListTagsForResource", &filter, answer) {
        Seen::There(tags) => tags,
        // Gone in the meantime, or not to be told.
        Seen::Absent | Seen::Unknown => return,
    };
    let tagged = sweep.cx.owns(&tags);
    let known = sweep.known_as(Kind::LogGroup, name);
    // Lambda makes groups without tags: one with another lab's is that lab's.
    let of_another = !tagged && tags.lab().is_some();
    let left_over = Known {
        made: true,
        failure: known.and_then(|k| k.failure.clone()),
        ..Known::named(Kind::LogGroup, name)
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
    sweep.there(Thing {
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
        command: chain(&commands),
    });
}

/// A list by prefix may show others first.
async fn log_group(sweep: &Sweep<'_>, name: &str) -> Result<Option<LogGroup>, Fault> {
    let groups = sweep.cx.pages(
        DESCRIBE,
        |token| {
            let list = sweep.cx.clients().logs.describe_log_groups();
            list.log_group_name_prefix(name)
                .set_next_token(token)
                .send()
        },
        |page| (page.log_groups.unwrap_or_default(), page.next_token),
    );
    let mut groups = groups.await?.into_iter();
    Ok(groups.find(|g| g.log_group_name() == Some(name)))
}

async fn log_group_tags(
    sweep: &Sweep<'_>,
    arn: &str,
) -> Result<Option<HashMap<String, String>>, Fault> {
    let answer = sweep
        .cx
        .call("logs:ListTagsForResource", Effect::Read, || {
            let logs = &sweep.cx.clients().logs;
            logs.list_tags_for_resource().resource_arn(arn).send()
        })
        .await?;
    Ok(Some(answer.tags.unwrap_or_default()))
}
