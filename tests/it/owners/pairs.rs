//! What each command says and does for each pair of what is on record and what is there.

use serde_json::json;

use super::{STATE, User, World};

/// What is there of a lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum There {
    Absent,
    Ours,
    /// The same lab, of another user.
    AnotherRun,
    AnotherLab,
    Untagged,
    /// Without tags, under another name: by a record's id only.
    Renamed,
}

/// Brings a user, an account and what is there together.
fn cell(world: &mut World, record: bool, there: There) -> User {
    let account = world.account();
    let anna = User::new(&account, "anna");
    let another = json!({ "labctl:lab": "other" });
    match (record, there) {
        (false, There::Absent) => {}
        (false, There::Ours) => {
            anna.ok("up --yes -q");
            anna.loses_the_state();
        }
        (false, There::AnotherRun) => drop(User::new(&account, "bert").ok("up --yes -q")),
        (false, There::AnotherLab) => {
            account.make_function("demo-function", &another);
            account.make_pool("demo-pool", &another);
        }
        (false, There::Untagged) => {
            account.make_function("demo-function", &json!({}));
            account.make_pool("demo-pool", &json!({}));
        }
        (false, There::Renamed) => {
            account.make_function("production", &json!({}));
            account.make_pool("production", &json!({}));
        }
        (true, there) => {
            anna.ok("up --yes -q");
            match there {
                There::Ours => {}
                There::Absent => account.delete_things(),
                There::AnotherRun => account.tag(&[
                    ("labctl:lab", "demo"),
                    ("labctl:run", "0b0b0b0b-0000-4000-8000-000000000000"),
                    ("labctl:by", "bert"),
                ]),
                There::AnotherLab => account.tag(&[("labctl:lab", "other")]),
                There::Untagged => account.tag(&[]),
                There::Renamed => {
                    for (_, id) in account.pools() {
                        account.cognito("DeleteUserPool", &json!({ "UserPoolId": id }));
                    }
                    let id = account.make_pool("production", &json!({ "env": "prod" }));
                    let mut state = anna.state();
                    let output = &mut state["steps"]["user_pool"]["output"];
                    output["arn"] = json!(account.pool_arn(&id));
                    output["id"] = json!(id);
                    anna.site.write(STATE, state.to_string());
                }
            }
        }
    }
    anna
}

const FUNCTION: &str = "demo-function";
const POOL: &str = "demo-pool";
const PRODUCTION: &str = "production";

/// A command, how it ends, a word that it says, and what is there afterwards.
type Row = (&'static str, i32, &'static str, &'static [&'static str]);

fn holds(record: bool, there: There, rows: &[Row]) {
    let mut world = World::new();
    for (line, code, word, things) in rows {
        let anna = cell(&mut world, record, there);
        let said = anna.runs(line);
        let all = format!("{}{}", said.out, said.err);
        let now = anna.account.things();
        let at = format!("record {record}, {there:?}: {line}\n{all}");
        assert_eq!(said.code, *code, "{at}");
        assert!(all.contains(word), "no {word:?}: {at}");
        assert_eq!(now, *things, "{at}");
    }
}

#[test]
fn no_record_and_nothing_there() {
    holds(
        false,
        There::Absent,
        &[
            ("status", 4, "nothing there", &[]),
            ("up", 2, "Nobody can answer", &[]),
            ("up --yes", 0, "6 created", &[FUNCTION, POOL]),
            ("up --yes --adopt", 0, "nothing to adopt", &[FUNCTION, POOL]),
            ("down", 0, "nothing there", &[]),
            ("down --yes", 0, "nothing there", &[]),
        ],
    );
}

#[test]
fn no_record_of_what_is_ours() {
    holds(
        false,
        There::Ours,
        &[
            ("status", 3, "`labctl up` adopts it", &[FUNCTION, POOL]),
            ("up", 2, "Nobody can answer", &[FUNCTION, POOL]),
            ("up --yes", 0, "6 adopted", &[FUNCTION, POOL]),
            ("up --yes --adopt", 0, "6 adopted", &[FUNCTION, POOL]),
            ("down", 2, "Nobody can answer", &[FUNCTION, POOL]),
            ("down --yes", 0, "nothing left", &[]),
        ],
    );
}

#[test]
fn no_record_of_another_user_s_lab() {
    holds(
        false,
        There::AnotherRun,
        &[
            ("status", 3, "made by bert", &[FUNCTION, POOL]),
            ("up --dry-run", 2, "up --adopt", &[FUNCTION, POOL]),
            ("up", 2, "made by bert", &[FUNCTION, POOL]),
            ("up --yes", 2, "up --adopt", &[FUNCTION, POOL]),
            ("up --yes --adopt", 0, "6 adopted", &[FUNCTION, POOL]),
            ("down", 2, "down --adopt", &[FUNCTION, POOL]),
            ("down --dry-run", 2, "down --adopt", &[FUNCTION, POOL]),
            ("down --yes", 2, "made by bert", &[FUNCTION, POOL]),
            ("verify", 2, "made by bert", &[FUNCTION, POOL]),
            ("output", 2, "made by bert", &[FUNCTION, POOL]),
            ("output user_pool_id", 2, "up --adopt", &[FUNCTION, POOL]),
            ("token", 2, "made by bert", &[FUNCTION, POOL]),
            ("call GET /demo", 2, "made by bert", &[FUNCTION, POOL]),
            ("logs", 2, "made by bert", &[FUNCTION, POOL]),
            ("down --yes --adopt", 0, "nothing left", &[]),
        ],
    );
}

#[test]
fn no_record_of_another_lab_s() {
    holds(
        false,
        There::AnotherLab,
        &[
            ("status", 3, "the lab `other`", &[FUNCTION, POOL]),
            ("up", 2, "Nobody can answer", &[FUNCTION, POOL]),
            ("up --yes", 1, "the lab `other`", &[FUNCTION, POOL, POOL]),
            (
                "up --yes --adopt",
                1,
                "not adopted, another lab's",
                &[FUNCTION, POOL, POOL],
            ),
            ("down", 0, "nothing there", &[FUNCTION, POOL]),
            ("down --yes --adopt", 0, "nothing there", &[FUNCTION, POOL]),
        ],
    );
}

#[test]
fn no_record_of_what_has_no_tags() {
    holds(
        false,
        There::Untagged,
        &[
            ("status", 3, "without this lab's tags", &[FUNCTION, POOL]),
            ("up", 2, "Nobody can answer", &[FUNCTION, POOL]),
            (
                "up --yes",
                1,
                "without this lab's tags",
                &[FUNCTION, POOL, POOL],
            ),
            ("up --yes --adopt", 0, "to adopt", &[FUNCTION, POOL, POOL]),
            ("down", 0, "nothing there", &[FUNCTION, POOL]),
            ("down --yes --adopt", 0, "nothing there", &[FUNCTION, POOL]),
        ],
    );
    holds(
        false,
        There::Renamed,
        &[
            ("status", 4, "nothing there", &[PRODUCTION, PRODUCTION]),
            (
                "up --yes",
                0,
                "6 created",
                &[FUNCTION, POOL, PRODUCTION, PRODUCTION],
            ),
            (
                "up --yes --adopt",
                0,
                "nothing to adopt",
                &[FUNCTION, POOL, PRODUCTION, PRODUCTION],
            ),
            ("down --yes", 0, "nothing there", &[PRODUCTION, PRODUCTION]),
        ],
    );
}

#[test]
fn a_record_of_what_is_ours_or_gone() {
    holds(
        true,
        There::Ours,
        &[
            ("status", 0, "Complete", &[FUNCTION, POOL]),
            ("up", 2, "Nobody can answer", &[FUNCTION, POOL]),
            ("up --yes", 0, "6 unchanged", &[FUNCTION, POOL]),
            ("up --yes --adopt", 0, "nothing to adopt", &[FUNCTION, POOL]),
            ("down", 2, "Nobody can answer", &[FUNCTION, POOL]),
            ("down --yes", 0, "nothing left", &[]),
        ],
    );
    holds(
        true,
        There::Absent,
        &[
            ("status", 3, "missing", &[]),
            ("up --yes", 0, "created", &[FUNCTION, POOL]),
            ("up --yes --adopt", 0, "created", &[FUNCTION, POOL]),
            ("down --yes", 0, "already gone", &[]),
        ],
    );
}

#[test]
fn a_record_of_what_is_another_user_s() {
    holds(
        true,
        There::AnotherRun,
        &[
            ("status", 3, "made by bert", &[FUNCTION, POOL]),
            ("up", 2, "Nobody can answer", &[FUNCTION, POOL]),
            (
                "plan",
                3,
                "and fails on what is not this lab's",
                &[FUNCTION, POOL],
            ),
            ("plan", 3, "made by bert", &[FUNCTION, POOL]),
            ("up --yes", 1, "made by bert", &[FUNCTION, POOL]),
            (
                "up --yes --adopt",
                0,
                "adopted: a lab `demo` made by bert",
                &[FUNCTION, POOL],
            ),
            ("down", 2, "Nobody can answer", &[FUNCTION, POOL]),
            ("down --yes", 0, "left alone", &[FUNCTION, POOL]),
        ],
    );
}

#[test]
fn a_record_of_what_is_another_lab_s() {
    holds(
        true,
        There::AnotherLab,
        &[
            ("status", 3, "the lab `other`", &[FUNCTION, POOL]),
            ("up --yes", 1, "the lab `other`", &[FUNCTION, POOL]),
            ("up --yes --adopt", 1, "the lab `other`", &[FUNCTION, POOL]),
            ("down", 2, "Nobody can answer", &[FUNCTION, POOL]),
            ("down --yes", 0, "left alone", &[FUNCTION, POOL]),
        ],
    );
}

/// A pool's id that AWS made tells whose it is as long as the name fits; a function's name does not.
#[test]
fn a_record_of_what_has_no_tags() {
    holds(
        true,
        There::Untagged,
        &[
            ("status", 3, "without this lab's tags", &[FUNCTION, POOL]),
            ("up --yes", 1, "without this lab's tags", &[FUNCTION, POOL]),
            ("up --yes --adopt", 0, "to adopt", &[FUNCTION, POOL]),
            ("down --yes", 0, "left alone", &[FUNCTION]),
        ],
    );
    holds(
        true,
        There::Renamed,
        &[
            ("status", 3, "`production`", &[FUNCTION, PRODUCTION]),
            ("up --yes", 1, "env=prod", &[FUNCTION, PRODUCTION]),
            ("up --yes --adopt", 1, "env=prod", &[FUNCTION, PRODUCTION]),
            ("down --yes", 0, "left alone", &[PRODUCTION]),
        ],
    );
}

/// What is taken over is not also "under other names", nor nothing.
#[test]
fn a_takeover_is_told_as_one() {
    let mut world = World::new();
    let anna = cell(&mut world, false, There::AnotherRun);
    let said = anna.runs("up --yes --adopt");
    let all = format!("{}{}", said.out, said.err);
    assert!(all.contains("adopted: a lab `demo` made by bert"), "{all}");
    for wrong in ["under names that", "builds new ones", "nothing to adopt"] {
        assert!(!all.contains(wrong), "{wrong:?}: {all}");
    }
}
