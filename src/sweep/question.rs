//! What a kind tells the sweep about itself.

use std::pin::Pin;

use super::{Known, Sweep};
use crate::{aws::Scope, kind::Kind};

/// How `down --prove` learns whether anything of a kind is left.
#[derive(Debug, Clone, Copy)]
pub enum Swept {
    /// AWS is asked about it.
    Asked(&'static Question),
    /// AWS deletes it together with what it lives in, a resource of this kind. That kind's question covers it.
    Within(Kind),
}

/// What AWS is asked about a kind. It lives beside the kind and only reads. It never uses the kind's `find`, `check`
/// or `delete`, so that a mistake there cannot hide a survivor.
#[derive(Debug)]
pub struct Question {
    /// Where the tagging API shows it.
    pub scope: Scope,
    /// Its name does not identify it (AWS makes the id, or the name says nothing about the place), so the sweep also
    /// asks for the id on record.
    pub named_by_aws: bool,
    /// AWS creates it on behalf of this kind, and may still do so just after that was deleted (log groups of
    /// functions): it is asked for after that kind, and watched for during the grace period.
    pub made_by: Option<Kind>,
    /// Reads its id from an ARN, in any form that [`Question::ask`] understands. `None` for the ARN of another kind.
    pub id: fn(&Arn<'_>) -> Option<String>,
    /// The IAM actions that [`Question::ask`] needs, as in `docs/policy.json`.
    pub actions: &'static [&'static str],
    /// Asks, and reports what is there with the command that removes it.
    pub ask: for<'a> fn(&'a Sweep<'a>) -> Asking<'a>,
}

/// What [`Question::ask`] returns. Findings go into the [`Sweep`].
pub type Asking<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The kinds that are asked for by themselves.
pub type Questions = [(Kind, &'static Question)];

/// Whether to watch for resources that appear late: only what was just deleted can still make them.
pub fn watches(questions: &Questions, known: &[Known]) -> bool {
    let makers = questions
        .iter()
        .filter_map(|(_, question)| question.made_by);
    let mut deleted = known.iter().filter(|known| known.deleted);
    let makers: Vec<Kind> = makers.collect();
    deleted.any(|known| makers.contains(&known.kind))
}

/// The parts of an ARN that tell kinds apart.
#[derive(Debug, Clone, Copy)]
pub struct Arn<'a> {
    /// e.g. `lambda`.
    pub service: &'a str,
    /// What follows the account, e.g. `function:hello`, `restapis/a1b2c3`: without a leading `/`.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
    pub fn parse(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':').skip(2);
        Some(Self {
            service: parts.next()?,
            resource: parts.nth(2)?.trim_start_matches('/'),
        })
    }

    /// What follows `prefix` in an ARN of `service`.
    pub fn after(&self, service: &str, prefix: &str) -> Option<&'a str> {
        let resource = self.resource.strip_prefix(prefix);
        resource.filter(|_| self.service == service)
    }
}
