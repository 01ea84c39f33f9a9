//! Whose a lab is: who made it, and whose runs this user may take for his own.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

/// The longest value of a tag.
const LONGEST: usize = 256;
/// How the roles of IAM Identity Center's permission sets begin. Their session names are the users' names.
const SSO: &str = "AWSReservedSSO_";

/// Who makes the lab's resources, as their tags say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// A hash of the caller without what changes at each sign-in: the tag `labctl:owner`.
    pub id: String,
    /// The caller as a person reads it: the tag `labctl:by`.
    pub by: String,
}

impl Owner {
    /// The owner that the caller's ARN names; or, where many share a role, the one that the user `said`.
    pub fn of(arn: &str, said: Option<&str>) -> Self {
        let account = arn.split(':').nth(4).unwrap_or_default();
        let (stable, by) = match said {
            Some(name) => (format!("{account}:{name}"), name),
            None => (stable(arn), arn.splitn(6, ':').last().unwrap_or(arn)),
        };
        let hash = Sha256::digest(stable.as_bytes());
        let hex = |b: &u8| [b >> 4, b & 15].map(|digit| char::from_digit(digit.into(), 16));
        let id = hash.iter().take(16).flat_map(hex).flatten().collect();
        Self {
            id,
            by: tag_value(by),
        }
    }
}

/// An ARN without what changes at each sign-in: the session's name, unless it is the person.
fn stable(arn: &str) -> String {
    let session = || {
        let (front, session) = arn.rsplit_once('/')?;
        let (_, role) = front.split_once(":assumed-role/")?;
        (!role.starts_with(SSO) && !session.is_empty()).then_some(front)
    };
    session().unwrap_or(arn).to_owned()
}

/// A text as every service takes it for the value of a tag.
fn tag_value(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._:/=+@-".contains(c);
    let fitting = text.chars().map(|c| if fits(c) { c } else { '-' });
    fitting.take(LONGEST).collect()
}

/// Whose things with the lab's name are the lab's.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The runs whose things are ours. `None`: every run's, as of a state that an older labctl wrote.
    pub runs: Option<BTreeSet<String>>,
}

impl Trust {
    /// Whether the things of a run are ours. What carries the lab's name and no run is: no labctl makes that.
    pub(super) fn has(&self, run: Option<&str>) -> bool {
        match (&self.runs, run) {
            (Some(runs), Some(run)) => runs.contains(run),
            _ => true,
        }
    }
}

/// What the tags of a run's things say of who made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maker {
    /// The tag `labctl:owner`.
    pub owner: Option<String>,
    /// The tag `labctl:by`.
    pub by: Option<String>,
}

/// Runs and who made them.
pub type Makers = BTreeMap<String, Maker>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_the_same_after_the_next_sign_in() {
        let of = |arn: &str| Owner::of(arn, None).id;
        for (one, other, same) in [
            (
                "arn:aws:sts::111122223333:assumed-role/Admin/anna",
                "arn:aws:sts::111122223333:assumed-role/Admin/1764",
                true,
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/Admin/anna",
                "arn:aws:sts::111122223333:assumed-role/Other/anna",
                false,
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/Admin/anna",
                "arn:aws:sts::444455556666:assumed-role/Admin/anna",
                false,
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0a1b/anna@school.edu",
                "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0a1b/bert@school.edu",
                false,
            ),
            (
                "arn:aws-cn:sts::111122223333:assumed-role/Admin/anna",
                "arn:aws-cn:sts::111122223333:assumed-role/Admin/b",
                true,
            ),
            (
                "arn:aws:iam::111122223333:user/anna",
                "arn:aws:iam::111122223333:user/bert",
                false,
            ),
            (
                "arn:aws:iam::111122223333:user/team/anna",
                "arn:aws:iam::111122223333:user/team/bert",
                false,
            ),
            (
                "arn:aws:sts::111122223333:federated-user/anna",
                "arn:aws:sts::111122223333:federated-user/bert",
                false,
            ),
            (
                "arn:aws:iam::111122223333:root",
                "arn:aws:iam::444455556666:root",
                false,
            ),
        ] {
            assert_eq!(of(one) == of(other), same, "{one} {other}");
            assert_eq!(of(one), of(one));
            assert!(of(one).len() == 32);
        }
    }

    #[test]
    fn what_the_user_says_stands_for_the_caller() {
        let role = |session: &str, said| {
            Owner::of(
                &format!("arn:aws:sts::111122223333:assumed-role/Ci/{session}"),
                said,
            )
        };
        assert_eq!(role("a", Some("team blue")), role("b", Some("team blue")));
        assert_ne!(
            role("a", Some("team-blue")).id,
            role("a", Some("team-red")).id
        );
        assert_ne!(role("a", Some("team-blue")).id, role("a", None).id);
        assert_eq!(role("a", Some("team blue")).by, "team-blue");
    }

    #[test]
    fn every_service_takes_the_tags() {
        let by = |arn: &str| Owner::of(arn, None).by;
        assert_eq!(
            by("arn:aws:iam::111122223333:user/team/anna"),
            "user/team/anna"
        );
        assert_eq!(by("arn:aws:iam::111122223333:root"), "root");
        let odd = by("arn:aws:sts::111122223333:assumed-role/A,b/Ännä x@y,z");
        assert_eq!(odd, "assumed-role/A-b/-nn--x@y-z");
        assert_eq!(
            by(&format!("arn:aws:iam::1:user/{}", "x".repeat(500))).len(),
            256
        );
        assert_eq!(by(""), "");
    }
}
