//! What is known of a lab: pure values and the only transitions they allow. Reading and writing the file
//! is the journal's business.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use labfiles::json::Mismatch;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Kind, StepId, form};

/// Version of the state file's format.
pub const VERSION: u32 = 1;

/// The state of one lab. Holds ids and names, never a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct State<K: Kind> {
    /// [`VERSION`].
    pub version: u32,
    /// The lab's name: value of the ownership tag.
    #[serde(deserialize_with = "form::id")]
    pub lab: String,
    /// UUID of the state: value of the run tag.
    #[serde(deserialize_with = "form::id")]
    pub run: String,
    /// 12 digits; another account is refused.
    #[serde(deserialize_with = "form::account")]
    pub account: String,
    /// Another region is refused.
    #[serde(deserialize_with = "form::region")]
    pub region: String,
    /// The endpoint when it is not the cloud's own; another is refused.
    #[serde(default, deserialize_with = "form::endpoint")]
    pub endpoint: Option<String>,
    /// The lab is on the local twin whose folder this is.
    #[serde(default, deserialize_with = "form::twin")]
    pub local: Option<std::path::PathBuf>,
    /// All users, when they are not the file's: with [`Self::added_users`] the file's and these. Without, users of
    /// `up --user` in place of the file's, as earlier versions had it.
    #[serde(default, deserialize_with = "form::users")]
    pub users: Option<Vec<String>>,
    /// Users given with `up --user`, beside the file's.
    #[serde(
        default,
        deserialize_with = "form::more_users",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub added_users: Vec<String>,
    /// What was added to the names in the lab's file, without the hyphen. None: nothing.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "form::suffix"
    )]
    pub suffix: Option<String>,
    /// Chapter given with `up --until`.
    pub until: Option<u8>,
    /// It began without knowing what was there: an earlier state was lost. What is not on record may be there all the
    /// same, as long as this state lives.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
    /// Other runs whose things are this lab's: found after a state was lost, or adopted. `None`, as older versions
    /// wrote it: the things of every run that has the lab's name.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "form::runs"
    )]
    pub runs: Option<Vec<String>>,
    /// The owner in the tags of everything on record. `None`: some carry no such tag.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "form::owner"
    )]
    pub owner: Option<String>,
    /// When the state was made.
    pub created_at: Timestamp,
    /// Everything begun and not yet undone.
    pub steps: BTreeMap<StepId, Record<K>>,
}

/// One step of the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Record<K: Kind> {
    /// What it is.
    pub kind: K,
    /// The name a person knows it by.
    #[serde(deserialize_with = "form::text")]
    pub name: String,
    /// Number of its chapter.
    pub chapter: u8,
    /// Place in the tutorial's order.
    pub order: usize,
    /// The steps that cannot be deleted while it is there.
    pub needs: Vec<StepId>,
    /// The step inside which it lives.
    pub within: Option<StepId>,
    /// Where it stands.
    pub phase: Phase,
    /// What identifies it; durable before the first call.
    pub key: Value,
    /// What the cloud answered; durable before anybody uses it.
    pub output: Option<Value>,
    /// When it last changed.
    pub at: Timestamp,
}

impl<K: Kind> Record<K> {
    /// The cloud's id or name for it, as a person would paste it into the console.
    pub fn physical_id(&self) -> Option<String> {
        self.kind.physical_id(&self.key, self.output.as_ref())
    }

    /// Whether a run was cut off while it worked on this step.
    pub fn is_begun(&self) -> bool {
        self.phase != Phase::Created
    }
}

/// What carries the tags that say whose a record's thing is.
#[derive(Debug)]
pub(crate) enum Root<'a, K: Kind> {
    /// The thing itself.
    Itself,
    /// Another one, which the state has.
    OnRecord(&'a StepId, &'a Record<K>),
    /// Another one, which the state does not have: the file was edited or merged, or that one is gone.
    Elsewhere(String),
}

/// Where a step stands. No record at all: nothing there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A call was, or is about to be, sent; whether it was carried out is to be found out.
    Creating,
    /// There, as far as labctl knows.
    Created,
    /// A delete was, or is about to be, sent.
    Deleting,
}

/// One step's transition.
#[derive(Debug, Clone)]
pub(crate) enum Move<K: Kind> {
    /// Intent to create: the record as it will be, without output. Also replaces a created record
    /// whose thing stays inside its parent (a superseded deployment).
    Begin(Record<K>),
    /// The cloud made it, changed it, or it was found to be there.
    Made {
        /// The key, which a change in place may have altered.
        key: Value,
        /// The cloud's answer.
        output: Value,
    },
    /// The record's place in the plan changed (needs, order, chapter, name); nothing in the cloud did.
    Replan(Record<K>),
    /// Intent to delete.
    Unmake,
    /// It is not there (any more).
    Gone,
}

/// A transition that the phases do not allow: a defect of the engine, never of the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal refuses `{what}` of a step in phase {phase:?}: please report this")]
pub struct Illegal {
    what: &'static str,
    phase: Option<Phase>,
}

/// The only transitions there are: none → creating → created → deleting → none, creating → deleting,
/// and back to none when nothing was there.
pub(crate) fn next<K: Kind>(
    record: Option<Record<K>>,
    step: Move<K>,
    now: Timestamp,
) -> Result<Option<Record<K>>, Illegal> {
    use Phase::{Created, Creating, Deleting};
    let phase = record.as_ref().map(|r| r.phase);
    match (step, record) {
        (Move::Begin(new), None) => Ok(Some(Record {
            phase: Creating,
            output: None,
            at: now,
            ..new
        })),
        (Move::Begin(new), Some(old)) if old.phase == Created => Ok(Some(Record {
            phase: Creating,
            output: None,
            at: now,
            ..new
        })),
        (Move::Made { key, output }, Some(old)) if old.phase != Deleting => Ok(Some(Record {
            phase: Created,
            key,
            output: Some(output),
            at: now,
            ..old
        })),
        (Move::Replan(new), Some(old)) => Ok(Some(Record {
            phase: old.phase,
            key: old.key,
            output: old.output,
            at: old.at,
            ..new
        })),
        (Move::Unmake, Some(old)) => Ok(Some(Record {
            phase: Deleting,
            at: now,
            ..old
        })),
        (Move::Gone, _) => Ok(None),
        (step, _) => Err(Illegal {
            what: step.name(),
            phase,
        }),
    }
}

impl<K: Kind> Move<K> {
    fn name(&self) -> &'static str {
        match self {
            Self::Begin(_) => "begin",
            Self::Made { .. } => "made",
            Self::Replan(_) => "replan",
            Self::Unmake => "unmake",
            Self::Gone => "gone",
        }
    }
}

impl<K: Kind> State<K> {
    /// Why no command could work with this state, if so: values that are not their kind's, or steps
    /// that need each other (or live inside each other) in a circle.
    pub(crate) fn defect(&self) -> Option<Mismatch> {
        let of = |id: &StepId, wrong: Mismatch| Some(wrong.within(&id.to_string()).within("steps"));
        for (id, record) in &self.steps {
            if let Err(wrong) = record.kind.check(&record.key, record.output.as_ref()) {
                return of(id, wrong);
            }
        }
        // What rests on nothing that is left goes, until nothing goes any more.
        let mut left: BTreeSet<&StepId> = self.steps.keys().collect();
        loop {
            let free: Vec<_> = left
                .iter()
                .copied()
                .filter(|id| {
                    let rests_on =
                        |r: &Record<K>| r.needs.iter().chain(&r.within).any(|n| left.contains(n));
                    !self.steps.get(*id).is_some_and(rests_on)
                })
                .collect();
            if free.is_empty() {
                break;
            }
            left.retain(|id| !free.contains(id));
        }
        let wrong = Mismatch {
            field: "needs".to_owned(),
            reason: "it needs itself, by way of others".to_owned(),
        };
        of(left.first()?, wrong)
    }

    /// The records in the tutorial's order.
    pub fn in_order(&self) -> Vec<(&StepId, &Record<K>)> {
        let mut all: Vec<_> = self.steps.iter().collect();
        all.sort_by_key(|(id, r)| (r.order, (*id).clone()));
        all
    }

    /// The created record's output of the first step of `kind`, in the tutorial's order.
    pub fn first(&self, kind: K) -> Option<(&StepId, &Record<K>)> {
        self.in_order()
            .into_iter()
            .find(|(_, r)| r.kind == kind && r.output.is_some())
    }

    /// Whether this step is deleted together with another step of the state.
    pub fn goes_with_parent(&self, record: &Record<K>) -> bool {
        record
            .within
            .as_ref()
            .is_some_and(|parent| self.steps.contains_key(parent))
    }

    /// What the record lives in, at the top, as its own key says: the tags of that one go for all that is in it.
    pub(crate) fn root(&self, record: &Record<K>) -> Root<'_, K> {
        let Some((kind, id)) = record.kind.inside(&record.key) else {
            return Root::Itself;
        };
        let is_it = |seen: &str| seen == id || seen.ends_with(&format!(":{id}"));
        let root = self.steps.iter().find(|(_, root)| {
            root.kind == kind && root.physical_id().as_deref().is_some_and(is_it)
        });
        match root {
            Some((id, record)) => Root::OnRecord(id, record),
            None => Root::Elsewhere(format!("{} {id}", kind.title())),
        }
    }

    /// `id` and everything that lives inside it, directly or not.
    pub fn with_inhabitants(&self, id: &StepId) -> Vec<StepId> {
        let mut all = vec![id.clone()];
        let mut next = 0;
        while let Some(parent) = all.get(next).cloned() {
            // Each once: a file may say that two live inside each other.
            let inside: Vec<StepId> = self
                .steps
                .iter()
                .filter(|(id, r)| r.within.as_ref() == Some(&parent) && !all.contains(id))
                .map(|(id, _)| id.clone())
                .collect();
            all.extend(inside);
            next += 1;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Kind;

    fn record(phase: Phase) -> Record<Kind> {
        Record {
            kind: Kind::Named,
            name: "r".into(),
            chapter: 1,
            order: 0,
            needs: vec![],
            within: None,
            phase,
            key: Value::Null,
            output: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_state_that_no_command_could_work_with_has_a_defect() {
        let role = |needs: &[&str], within: Option<&str>| Record {
            key: serde_json::json!({ "name": "r" }),
            needs: needs.iter().map(StepId::new).collect(),
            within: within.map(StepId::new),
            ..record(Phase::Creating)
        };
        let defect = |steps: Vec<(&str, Record<Kind>)>| {
            let state = State {
                version: VERSION,
                lab: "l".into(),
                run: "r".into(),
                account: "0".into(),
                region: "us-east-1".into(),
                endpoint: None,
                local: None,
                users: None,
                added_users: vec![],
                suffix: None,
                until: None,
                recovered: false,
                runs: None,
                owner: None,
                created_at: Timestamp::UNIX_EPOCH,
                steps: steps
                    .into_iter()
                    .map(|(id, r)| (StepId::new(id), r))
                    .collect(),
            };
            state.defect().is_some()
        };
        assert!(!defect(vec![]));
        assert!(!defect(vec![
            ("a", role(&["b", "gone"], None)),
            ("b", role(&[], Some("gone")))
        ]));
        assert!(defect(vec![
            ("a", role(&["b"], None)),
            ("b", role(&[], Some("a")))
        ]));
        assert!(defect(vec![("a", role(&["a"], None))]));
        assert!(
            defect(vec![("a", record(Phase::Creating))]),
            "a role has a name"
        );
    }

    #[test]
    fn only_the_documented_transitions_exist() {
        use Phase::{Created, Creating, Deleting};
        let made = || Move::Made {
            key: Value::Null,
            output: Value::Null,
        };
        let begin = || Move::Begin(record(Creating));
        for (from, step, to) in [
            (None, begin(), Ok(Some(Creating))),
            (Some(Creating), begin(), Err(())),
            (Some(Created), begin(), Ok(Some(Creating))),
            (Some(Deleting), begin(), Err(())),
            (None, made(), Err(())),
            (Some(Creating), made(), Ok(Some(Created))),
            (Some(Created), made(), Ok(Some(Created))),
            (Some(Deleting), made(), Err(())),
            (None, Move::Unmake, Err(())),
            (Some(Creating), Move::Unmake, Ok(Some(Deleting))),
            (Some(Created), Move::Unmake, Ok(Some(Deleting))),
            (Some(Deleting), Move::Gone, Ok(None)),
        ] {
            let name = step.name();
            let got = next(from.map(record), step, Timestamp::UNIX_EPOCH);
            let got = got.map(|r| r.map(|r| r.phase)).map_err(|_| ());
            assert_eq!(got, to, "{from:?} {name}");
        }
    }
}
