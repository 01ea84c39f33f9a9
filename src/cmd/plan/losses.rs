//! What a run would take away from people: found, and agreed to, before the first change.

use crate::{
    aws::Cx,
    cli::Up,
    cmd::link::Link,
    engine::{Action, Intent, KindExt as _, Phase, Record, State, StepId},
    error::{Error, Exit},
    resource::{Distribution, Kind, Recorded, UserPool, users_of_pool},
};

/// What the command line agrees to.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::cmd) struct Agreed {
    /// `--replace`.
    replace: bool,
    /// `--adopt`.
    adopt: bool,
}

impl Agreed {
    pub(in crate::cmd) fn of(args: &Up) -> Self {
        Self {
            replace: args.replace,
            adopt: args.adopt,
        }
    }

    /// As they are typed.
    pub(super) fn words(self) -> impl Iterator<Item = &'static str> {
        let all = [(self.replace, "--replace"), (self.adopt, "--adopt")];
        all.into_iter().filter_map(|(on, word)| on.then_some(word))
    }
}

/// What is lost, one sentence each, with the step it is of.
pub(in crate::cmd) async fn losses(
    intents: &[Intent],
    link: &Link,
    cx: &Cx,
    state: &State,
) -> Vec<(StepId, String)> {
    let mut all = Vec::new();
    for intent in intents {
        // What goes with another is lost with that one.
        let lost = intent.loses() && intent.with.is_none();
        let Some(carries) = intent.kind.carries().filter(|_| lost) else {
            continue;
        };
        let details = details(intent, link, cx, state).await;
        let details = match details.join(", ") {
            none if none.is_empty() => none,
            details => format!(" ({details})"),
        };
        let sentence = format!(
            "{} {} `{}` loses {carries}{details}{}",
            if intent.action == Action::Replace {
                "replacing"
            } else {
                "deleting"
            },
            intent.kind.title(),
            intent.was.as_ref().unwrap_or(&intent.name),
            if intent.phase == Some(Phase::Deleting) {
                ": an earlier run began to delete it, and it still exists"
            } else {
                ""
            }
        );
        all.push((intent.id.clone(), sentence));
    }
    all
}

/// Ids and addresses that people may have written down.
async fn details(intent: &Intent, link: &Link, cx: &Cx, state: &State) -> Vec<String> {
    let Some(record) = state.steps.get(&intent.id) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    if let Some(pool) = record.output::<UserPool>() {
        match users_of_pool(cx, &pool.id).await {
            Some(1) => all.push("1 user".to_owned()),
            Some(n) => all.push(format!("{n} users")),
            None => {}
        }
    }
    all.extend(record.physical_id());
    all.extend(record.output::<Distribution>().map(|d| d.domain_name));
    match intent.kind {
        Kind::UserPool => {
            let clients = state.steps.values().filter(|r| r.kind == Kind::AppClient);
            let clients = clients.filter_map(Record::physical_id);
            all.extend(clients.map(|id| format!("client {id}")));
            let domain = state.first(Kind::UserPoolDomain);
            all.extend(domain.map(|(_, r)| link.login_url(&r.name)));
        }
        Kind::RestApi | Kind::Stage => all.extend(link.direct_url(state)),
        Kind::UserPoolDomain => all.push(link.login_url(&record.name)),
        _ => {}
    }
    all
}

/// What no run can do: a stranger has the new name, or AWS does not change that field and labctl does not replace
/// the thing.
pub(in crate::cmd) fn impossible(agreed: Agreed, intents: &[Intent], link: &Link) -> Option<Error> {
    let mut taken = intents.iter().filter(|_| !agreed.adopt);
    if let Some((intent, seen)) = taken.find_map(|i| Some((i, i.taken.as_ref()?))) {
        let (title, name) = (intent.kind.title(), &intent.name);
        return Some(
            Error::failed(format!(
                "nothing was changed: {title} `{name}` cannot be made: {seen}"
            ))
            .hint("choose another name in lab.yaml, or remove it yourself"),
        );
    }
    if let Some((taker, holder)) = passed_on(intents) {
        return Some(
            Error::failed(format!(
                "nothing was changed: {} `{}` would get the name that {} still has",
                taker.kind.title(),
                taker.name,
                holder.id
            ))
            .hint("AWS knows it by its name, so names cannot change places in one run: give one of them a name that none has had, run `labctl up`, then the other"),
        );
    }
    let (intent, field) = intents
        .iter()
        .find_map(|intent| Some((intent, intent.fixed.as_ref()?)))?;
    let local = if link.local.is_some() { " --local" } else { "" };
    let (title, name) = (intent.kind.title(), &intent.name);
    Some(
        Error::failed(format!(
            "nothing was changed: the {field} of {title} `{name}` cannot be changed while it is there"
        ))
        .hint(format!(
            "`labctl down`, then `labctl up{local}` builds the lab anew; or write the old {field} back in lab.yaml"
        )),
    )
}

/// A resource that would get the name of another one that is replaced in the same run: who comes first would decide
/// which of them is left.
fn passed_on(intents: &[Intent]) -> Option<(&Intent, &Intent)> {
    let made = |i: &&Intent| matches!(i.action, Action::Replace | Action::Create);
    let holder = |taker: &Intent| {
        intents.iter().find(|i| {
            i.kind == taker.kind
                && i.id != taker.id
                && i.action == Action::Replace
                && i.was.as_ref() == Some(&taker.name)
        })
    };
    let mut takers = intents.iter().filter(made).filter(|i| i.kind.by_name());
    takers.find_map(|taker| Some((taker, holder(taker)?)))
}

/// Why the run is refused, if it is.
pub(in crate::cmd) fn refusal(
    agreed: Agreed,
    intents: &[Intent],
    losses: &[(StepId, String)],
    link: &Link,
) -> Option<Error> {
    if agreed.replace || losses.is_empty() {
        return None;
    }
    let all: Vec<&str> = losses.iter().map(|(_, loss)| loss.as_str()).collect();
    let local = if link.local.is_some() { " --local" } else { "" };
    let half_deleted = |(id, _): &(StepId, String)| {
        let intent = intents.iter().find(|intent| intent.id == *id);
        intent.is_some_and(|intent| intent.phase == Some(Phase::Deleting))
    };
    let hint = if losses.iter().any(half_deleted) {
        "`labctl down` finishes the deletion"
    } else {
        "write it in lab.yaml as it was, and nothing is lost"
    };
    Some(
        Error::new(
            Exit::Loses,
            format!("nothing was changed: {}", all.join("; ")),
        )
        .hint(hint)
        .hint(format!(
            "`labctl up{local} --replace` agrees to the loss; `labctl plan` shows all that would change"
        )),
    )
}

/// Refuses a run that cannot be done, or that takes away what nobody agreed to lose.
pub(in crate::cmd) fn check(
    agreed: Agreed,
    intents: &[Intent],
    losses: &[(StepId, String)],
    link: &Link,
) -> Result<(), Error> {
    let error = impossible(agreed, intents, link);
    let error = error.or_else(|| refusal(agreed, intents, losses, link));
    error.map_or(Ok(()), Err)
}

/// How many things the run changes or deletes, for the question before it; nothing when it does neither.
pub(in crate::cmd) fn counted(intents: &[Intent]) -> String {
    let count = |action: Action| intents.iter().filter(|i| i.action == action).count();
    let words = [
        (count(Action::Update), "updated"),
        (count(Action::Replace), "replaced by new ones"),
        (count(Action::Delete), "deleted"),
    ];
    let words = words.iter().filter(|(n, _)| *n > 0);
    let words: Vec<String> = words.map(|(n, word)| format!("{n} {word}")).collect();
    match words.join(", ") {
        all if all.is_empty() => all,
        all => format!(" ({all})"),
    }
}
