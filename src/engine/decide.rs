//! What a run does about one step: one pure function, for `status`, `up --dry-run` and `up` alike.

use serde::Serialize;
use serde_json::Value;

use super::{
    resource::{Drift, Health, Rekey, readable},
    state::Phase,
};

/// What a run does about one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is as wanted.
    Keep,
    /// Make it.
    Create,
    /// It is there, and not on record, or not yet: record it.
    Adopt,
    /// Change it in place.
    Update,
    /// Delete what is there, and make another one.
    Replace,
    /// Delete it: lab.yaml no longer has it.
    Delete,
    /// Do not touch it: it is of a chapter after `--until`.
    Leave,
    /// AWS did not say, or a stranger has its name: the run looks again, and may fail.
    Look,
}

/// What the plan wants of a step, compared with the key on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// The same key, or nothing is on record.
    Same,
    /// Another key, and what the kind does about that.
    Other(Rekey),
    /// The key depends on something that is not there yet.
    Unknown,
    /// The plan does not have the step.
    Unwanted,
    /// The plan ends before the step's chapter.
    Left,
}

/// What a run does about a step in `phase` (`None`: no record) with this `health` (`None`: AWS did not say).
pub(super) fn decide(phase: Option<Phase>, wish: Wish, health: Option<&Health>) -> Action {
    use Health::{Drifted, Foreign, Missing, Ok};
    let Some(phase) = phase else {
        return Action::Create;
    };
    match (wish, health) {
        (Wish::Left, _) => Action::Leave,
        (Wish::Unwanted, _) => Action::Delete,
        // A stranger that has the old name stays.
        (_, Some(Missing)) | (Wish::Other(Rekey::Recreate), Some(Foreign(_))) => Action::Create,
        (_, Some(Foreign(_))) => Action::Look,
        (Wish::Other(Rekey::Recreate), _) => Action::Replace,
        _ if phase == Phase::Deleting => Action::Replace,
        (_, None) => Action::Look,
        (Wish::Other(Rekey::Supersede), _) => Action::Create,
        (Wish::Unknown, _) | (_, Some(Drifted(_))) => Action::Update,
        (_, Some(Ok)) if phase == Phase::Creating => Action::Adopt,
        (_, Some(Ok)) => Action::Keep,
    }
}

/// The members of a key that differ.
pub(super) fn key_drift(recorded: &Value, wanted: &Value) -> Vec<Drift> {
    let members = wanted.as_object().into_iter().flatten();
    let differ = members.filter_map(|(field, wanted)| {
        let seen = recorded.get(field).unwrap_or(&Value::Null);
        (seen != wanted).then(|| Drift {
            field: field.clone(),
            wanted: readable(wanted),
            seen: readable(seen),
        })
    });
    differ.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::Stranger;

    #[test]
    fn every_case_has_one_answer() {
        use Phase::{Created, Creating, Deleting};
        use Rekey::{InPlace, Recreate, Supersede};
        use Wish::{Left, Other, Same, Unknown, Unwanted};
        let drifted = Health::Drifted(vec![]);
        let foreign = Health::Foreign(Stranger::new("it", []));
        let (ok, missing, drifted, foreign) = (
            Some(&Health::Ok),
            Some(&Health::Missing),
            Some(&drifted),
            Some(&foreign),
        );
        let any = [ok, missing, drifted, foreign, None];
        for health in any {
            for wish in [Same, Unknown] {
                assert_eq!(decide(None, wish, health), Action::Create);
            }
            for phase in [Created, Creating, Deleting] {
                assert_eq!(decide(Some(phase), Unwanted, health), Action::Delete);
                assert_eq!(decide(Some(phase), Left, health), Action::Leave);
            }
        }
        for (phase, wish, [on_ok, on_missing, on_drifted, on_foreign, on_none]) in [
            (Created, Same, ["keep", "create", "update", "look", "look"]),
            (
                Creating,
                Same,
                ["adopt", "create", "update", "look", "look"],
            ),
            (
                Deleting,
                Same,
                ["replace", "create", "replace", "look", "replace"],
            ),
            (
                Created,
                Other(InPlace),
                ["keep", "create", "update", "look", "look"],
            ),
            (
                Creating,
                Other(InPlace),
                ["adopt", "create", "update", "look", "look"],
            ),
            (
                Created,
                Other(Recreate),
                ["replace", "create", "replace", "create", "replace"],
            ),
            (
                Creating,
                Other(Recreate),
                ["replace", "create", "replace", "create", "replace"],
            ),
            (
                Deleting,
                Other(Recreate),
                ["replace", "create", "replace", "create", "replace"],
            ),
            (
                Created,
                Other(Supersede),
                ["create", "create", "create", "look", "look"],
            ),
            (
                Created,
                Unknown,
                ["update", "create", "update", "look", "look"],
            ),
        ] {
            let words = [on_ok, on_missing, on_drifted, on_foreign, on_none];
            for (health, word) in any.into_iter().zip(words) {
                let action = decide(Some(phase), wish, health);
                assert_eq!(json!(action), word, "{phase:?} {wish:?} {health:?}");
            }
        }
    }

    #[test]
    fn the_drift_of_a_key_names_what_differs() {
        let was = json!({ "name": "old", "pool": "p", "number": 1 });
        let wanted = json!({ "name": "new", "pool": "p", "number": 2, "more": null });
        let drift = key_drift(&was, &wanted);
        let told: Vec<_> = drift
            .iter()
            .map(|d| (d.field.as_str(), d.wanted.as_str(), d.seen.as_str()))
            .collect();
        assert_eq!(told, [("name", "new", "old"), ("number", "2", "1")]);
    }
}
