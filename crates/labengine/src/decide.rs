//! What to do next about one step: one pure table, for `status`, `up --dry-run` and a run alike.

use serde::Serialize;
use serde_json::Value;

use crate::{Drift, Found, Health, Kind, Phase, Rekey, Stranger, seen::readable};

/// What the plan wants of a step, compared with the key on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
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

/// The last that was seen of a step's thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Saw {
    /// Nobody asked.
    Nothing,
    /// The intent was recorded in this run, and no call was sent.
    Begun,
    /// A create of this run was answered with "exists".
    Exists,
    /// A create of this run may have been carried out.
    Unsure,
    /// A look by key found it; with its output.
    Ours(Value),
    /// It is not there.
    Absent,
    /// It is there, as wanted.
    Fine,
    /// It is there, and differs.
    Drifted(Vec<Drift>),
    /// It is there, and no update makes it what is wanted: another one has to take its place.
    Unfit(Vec<Drift>),
    /// Somebody else's thing is in its place.
    Theirs(Stranger),
    /// The cloud did not say.
    CannotTell,
}

impl Saw {
    /// What a check of a thing of this kind saw.
    pub(crate) fn of<K: Kind>(kind: K, health: Health) -> Self {
        match health {
            Health::Ok => Self::Fine,
            Health::Missing => Self::Absent,
            Health::Drifted(drift) if kind.retires() && drift.iter().any(|d| kind.fixed(d)) => {
                Self::Unfit(drift)
            }
            Health::Drifted(drift) => Self::Drifted(drift),
            Health::Foreign(stranger) => Self::Theirs(stranger),
        }
    }
}

impl From<Found<Value>> for Saw {
    fn from(found: Found<Value>) -> Self {
        match found {
            Found::Ours(output) => Self::Ours(output),
            Found::Foreign(stranger) => Self::Theirs(stranger),
            Found::Absent => Self::Absent,
        }
    }
}

/// What a kind, and the user, allow.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    /// Look for it before making it: it may be there though nothing is on record.
    pub(crate) look: bool,
    /// The user has seen the stranger in its place, and wants it to become ours.
    pub(crate) adopt: bool,
    /// A second create would make a second one: see [`crate::Kind::repeats`].
    pub(crate) repeats: bool,
}

/// How long to look for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Once.
    Once,
    /// Until a call that was cut off would have shown its result.
    Late,
}

/// The next thing to do about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Record the intent to make it.
    Begin,
    /// Look for it by its key.
    Find(Patience),
    /// Make it.
    Create,
    /// Record that it is there.
    Record,
    /// Compare it with what is wanted.
    Check,
    /// Change it in place.
    Update,
    /// Make the stranger's thing ours.
    Claim,
    /// Delete what is on record; another one is made in its place.
    Replace,
    /// Give what is on record another name and another place in the state, and make another one first. The old one
    /// goes when nothing uses it any more.
    Retire,
    /// Record that it is not there.
    Forget,
    /// Nothing: it is as wanted.
    Keep,
    /// Delete it: the plan does not have it.
    Delete,
    /// Do not touch it: the plan ends before its chapter.
    Leave,
    /// End here: a stranger has its place.
    Refuse,
    /// End here: the cloud does not say what is there.
    GiveUp,
}

/// From what is on record (`phase`; `None`: nothing), what the plan wants, and what was seen, to what to do next.
#[expect(clippy::match_same_arms, reason = "a table: a row for each case")]
pub(crate) fn next(phase: Option<Phase>, wish: Wish, saw: &Saw, rules: Rules) -> Next {
    use Patience::{Late, Once};
    use Phase::{Created, Creating, Deleting};
    use Rekey::{InPlace, Recreate, Supersede};
    use Saw::{
        Absent, Begun, CannotTell, Drifted, Exists, Fine, Nothing, Ours, Theirs, Unfit, Unsure,
    };
    use Wish::{Left, Other, Same, Unknown, Unwanted};
    #[cfg(test)]
    if let Some(wrong) = crate::tests::seeded(phase, saw) {
        return wrong;
    }
    let may_claim = |stranger: &Stranger| rules.adopt && stranger.lab.is_none() && wish == Same;
    match (phase, wish, saw) {
        // The plan does not want it.
        (_, Left, _) => Next::Leave,
        (_, Unwanted, _) => Next::Delete,

        // Nothing is on record: the intent comes before the call.
        (None, ..) => Next::Begin,

        // A create was intended, by this run or by one that was cut off.
        (Some(Creating), _, Begun) if !rules.look => Next::Create,
        (Some(Creating), _, Begun) => Next::Find(Once),
        (Some(Creating), _, Exists) => Next::Find(Late),
        (Some(Creating), _, Nothing | Unsure) if rules.repeats => Next::Find(Late),
        // Another name is wanted by now: the next create would not meet a late one.
        (Some(Creating), Other(_), Nothing | Unsure) => Next::Find(Late),
        // Its name is unique: the next create meets a late one.
        (Some(Creating), _, Nothing | Unsure) => Next::Find(Once),
        (Some(Creating), _, Ours(_) | Fine | Drifted(_) | Unfit(_)) => Next::Record,
        (Some(Creating), Same | Unknown, Absent) => Next::Create,
        (Some(Creating), Other(_), Absent) => Next::Forget,
        (Some(Creating), _, Theirs(stranger)) if may_claim(stranger) => Next::Claim,
        // The one that was begun is wanted no more, and the name is a stranger's.
        (Some(Creating), Other(Recreate | Supersede), Theirs(_)) => Next::Forget,
        (Some(Creating), _, Theirs(_)) => Next::Refuse,

        // It was there the last time.
        (Some(Created), Other(Supersede), _) => Next::Begin,
        (Some(Created), Other(Recreate), Absent) => Next::Forget,
        // It is created, and not replaced, when the old one is gone.
        (Some(Created), Other(Recreate), Nothing | Begun | Exists | Unsure | Ours(_)) => {
            Next::Check
        }
        (Some(Created), Other(Recreate), _) => Next::Replace,
        (Some(Created), _, Nothing | Begun | Exists | Unsure | Ours(_)) => Next::Check,
        (Some(Created), Other(InPlace), Fine) => Next::Record,
        (Some(Created), Unknown, Fine) => Next::Update,
        (Some(Created), Same, Fine) => Next::Keep,
        (Some(Created), _, Drifted(_)) => Next::Update,
        (Some(Created), _, Unfit(_)) => Next::Retire,
        (Some(Created), _, Absent) => Next::Forget,
        (Some(Created), _, Theirs(stranger)) if may_claim(stranger) => Next::Claim,
        (Some(Created), _, Theirs(_)) => Next::Refuse,

        // A delete was intended: what is left goes, then another one is made.
        (Some(Deleting), _, Nothing | Begun | Exists | Unsure | Ours(_)) => Next::Check,
        (Some(Deleting), _, Absent) => Next::Forget,
        (Some(Deleting), _, _) => Next::Replace,

        (Some(Creating | Created), _, CannotTell) => Next::GiveUp,
    }
}

/// What a run does about one step, in one word.
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

/// What a run comes to that begins with this.
#[expect(clippy::match_same_arms, reason = "a table: a row for each case")]
pub(crate) fn action(phase: Option<Phase>, wish: Wish, saw: &Saw) -> Action {
    let recreate = wish == Wish::Other(Rekey::Recreate);
    match next(phase, wish, saw, Rules::default()) {
        Next::Keep => Action::Keep,
        Next::Begin | Next::Create | Next::Forget => Action::Create,
        Next::Update => Action::Update,
        Next::Delete => Action::Delete,
        Next::Leave => Action::Leave,
        // A stranger that has the old name stays.
        Next::Replace if recreate && matches!(saw, Saw::Theirs(_)) => Action::Create,
        Next::Replace if matches!(saw, Saw::Theirs(_)) => Action::Look,
        Next::Replace | Next::Retire => Action::Replace,
        Next::Refuse => Action::Look,
        Next::Find(_) | Next::Record | Next::Check | Next::Claim | Next::GiveUp if recreate => {
            Action::Replace
        }
        Next::Record if wish == Wish::Other(Rekey::Supersede) => Action::Create,
        Next::Record if matches!(saw, Saw::Unfit(_)) => Action::Replace,
        Next::Record if wish == Wish::Unknown || matches!(saw, Saw::Drifted(_)) => Action::Update,
        Next::Record if phase == Some(Phase::Created) => Action::Keep,
        Next::Record | Next::Claim => Action::Adopt,
        Next::Find(_) | Next::Check | Next::GiveUp => Action::Look,
    }
}

/// The members of a key that differ.
pub(crate) fn key_drift(recorded: &Value, wanted: &Value) -> Vec<Drift> {
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

    fn every_sight() -> [Saw; 6] {
        let stranger = Stranger {
            seen: "it".to_owned(),
            lab: None,
        };
        [
            Saw::Fine,
            Saw::Absent,
            Saw::Drifted(vec![]),
            Saw::Theirs(stranger),
            Saw::CannotTell,
            Saw::Unfit(vec![]),
        ]
    }

    #[test]
    fn every_case_has_one_answer() {
        use Phase::{Created, Creating, Deleting};
        use Rekey::{InPlace, Recreate, Supersede};
        use Wish::{Left, Other, Same, Unknown, Unwanted};
        for saw in every_sight() {
            for wish in [Same, Unknown] {
                assert_eq!(action(None, wish, &saw), Action::Create);
            }
            for phase in [Created, Creating, Deleting] {
                assert_eq!(action(Some(phase), Unwanted, &saw), Action::Delete);
                assert_eq!(action(Some(phase), Left, &saw), Action::Leave);
            }
        }
        // Fine, absent, drifted, a stranger's, cannot tell, unfit.
        for (phase, wish, words) in [
            (
                Created,
                Same,
                ["keep", "create", "update", "look", "look", "replace"],
            ),
            (
                Creating,
                Same,
                ["adopt", "create", "update", "look", "look", "replace"],
            ),
            (
                Deleting,
                Same,
                ["replace", "create", "replace", "look", "replace", "replace"],
            ),
            (
                Created,
                Other(InPlace),
                ["keep", "create", "update", "look", "look", "replace"],
            ),
            (
                Creating,
                Other(InPlace),
                ["adopt", "create", "update", "look", "look", "replace"],
            ),
            (
                Created,
                Other(Recreate),
                [
                    "replace", "create", "replace", "create", "replace", "replace",
                ],
            ),
            (
                Creating,
                Other(Recreate),
                [
                    "replace", "create", "replace", "create", "replace", "replace",
                ],
            ),
            (
                Deleting,
                Other(Recreate),
                [
                    "replace", "create", "replace", "create", "replace", "replace",
                ],
            ),
            (Created, Other(Supersede), ["create"; 6]),
            (
                Created,
                Unknown,
                ["update", "create", "update", "look", "look", "replace"],
            ),
        ] {
            for (saw, word) in every_sight().iter().zip(words) {
                let action = action(Some(phase), wish, saw);
                assert_eq!(json!(action), word, "{phase:?} {wish:?} {saw:?}");
            }
        }
    }

    #[test]
    fn a_stranger_is_claimed_only_after_the_user_agreed_and_never_from_another_lab() {
        let stranger = |lab: Option<&str>| {
            Saw::Theirs(Stranger {
                seen: "it".to_owned(),
                lab: lab.map(str::to_owned),
            })
        };
        let agreed = Rules {
            adopt: true,
            ..Rules::default()
        };
        for phase in [Phase::Creating, Phase::Created] {
            let next = |saw: &Saw, rules| next(Some(phase), Wish::Same, saw, rules);
            assert_eq!(next(&stranger(None), agreed), Next::Claim);
            assert_eq!(next(&stranger(None), Rules::default()), Next::Refuse);
            assert_eq!(next(&stranger(Some("other")), agreed), Next::Refuse);
        }
    }

    #[test]
    fn a_create_of_unclear_outcome_is_looked_for_before_it_is_sent_again() {
        for saw in [Saw::Nothing, Saw::Unsure, Saw::Exists] {
            for repeats in [true, false] {
                let rules = Rules {
                    repeats,
                    ..Rules::default()
                };
                let late = repeats || saw == Saw::Exists;
                let patience = if late { Patience::Late } else { Patience::Once };
                let next = next(Some(Phase::Creating), Wish::Same, &saw, rules);
                assert_eq!(next, Next::Find(patience), "{saw:?} {repeats}");
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
