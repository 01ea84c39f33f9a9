//! Two users, and one who lost something: tags, the registry of runs, the question.

use std::io::Write;

use serde_json::{Value, json};

use super::{STATE, User, World};
use crate::harness::{Running, Said};

/// The tags say who made it; what was taken over is the other's no more.
#[test]
fn what_is_adopted_changes_its_owner() {
    let mut world = World::new();
    let account = world.account();
    let (anna, bert) = (User::new(&account, "anna"), User::new(&account, "bert"));
    anna.ok("up --yes");
    let tags = account.function_tags();
    assert_eq!(tags["labctl:by"], "anna");
    assert_eq!(tags["labctl:run"], anna.state()["run"]);
    let owner = tags["labctl:owner"].clone();
    let adopted = bert.ok("up --yes --adopt");
    assert!(
        adopted.out.contains("added owner tags to 4 resources"),
        "{}",
        adopted.out
    );
    let tags = account.function_tags();
    assert_eq!(tags["labctl:by"], "bert");
    assert_eq!(tags["labctl:run"], bert.state()["run"]);
    assert_ne!(tags["labctl:owner"], owner);
    bert.ok("status");
    let again = bert.ok("up --yes");
    assert!(!again.out.contains("owner tags"), "{}", again.out);
    let left = anna.ok("down --yes");
    assert!(left.out.contains("left alone"), "{}", left.out);
    assert_eq!(account.things(), ["demo-function", "demo-pool"]);
    bert.ok("down --yes");
    assert_eq!(account.things(), Vec::<String>::new());
}

/// Somebody without a home builds as well; only a lost state asks then.
#[test]
fn without_a_home_nothing_is_known_and_that_is_said_once() {
    let mut world = World::new();
    let account = world.account();
    let anna = User::new(&account, "anna");
    let homeless = |line: &str| Said::of(anna.command(line).env_remove("HOME"));
    let up = homeless("up --yes").code(0);
    assert_eq!(up.out.matches("cannot note").count(), 1, "{}", up.out);
    homeless("status --trust").code(0);
    anna.loses_the_state();
    let _ =
        homeless("down --yes")
            .code(2)
            .complains(&["made by anna", "elsewhere", "down --adopt"]);
    homeless("down --yes --adopt").code(0);
    assert_eq!(account.things(), Vec::<String>::new());
}

/// The registry has a line for each lab that is up.
#[test]
fn a_run_is_known_until_down() {
    let mut world = World::new();
    let account = world.account();
    let anna = User::new(&account, "anna");
    let state_home = anna.site.path("state");
    let runs = |line: &str| Said::of(anna.command(line).env("XDG_STATE_HOME", &state_home));
    let known = || -> Value {
        let text = std::fs::read_to_string(state_home.join("labctl/runs.json")).expect("a file");
        serde_json::from_str(&text).expect("JSON")
    };
    runs("up --yes").code(0);
    let page = known();
    assert_eq!(page["entries"].as_array().map(Vec::len), Some(1));
    let run = &page["entries"][0];
    assert_eq!(run["run"], anna.state()["run"]);
    assert_eq!(
        (&run["lab"], &run["account"]),
        (&json!("demo"), &json!(account.id))
    );
    assert_eq!(run["endpoint"], json!(account.endpoint));
    runs("down --yes").code(0);
    assert_eq!(known()["entries"], json!([]));
}

/// Labs that an older labctl made carry no owner: theirs come with the next `up`, in one line.
#[test]
fn an_older_lab_gets_its_owner_at_the_next_up() {
    let mut world = World::new();
    let account = world.account();
    let anna = User::new(&account, "anna");
    anna.ok("up --yes");
    let mut state = anna.state();
    let fields = state.as_object_mut().expect("fields");
    assert!(fields.remove("owner").is_some() && fields.remove("runs").is_some());
    let run = state["run"].as_str().expect("a run").to_owned();
    anna.site.write(STATE, state.to_string());
    account.tag_function(&[("labctl:lab", "demo"), ("labctl:run", &run)]);
    let status = anna.ok("status");
    assert!(status.out.contains("Complete"), "no drift: {}", status.out);
    let plan = anna.runs("plan").code(3);
    for words in ["6 unchanged, 4 to tag", "gets the owner's tags"] {
        assert!(plan.out.contains(words), "{words}: {}", plan.out);
    }
    let up = anna.ok("up --yes");
    assert!(
        up.out.contains("added owner tags to 4 resources"),
        "{}",
        up.out
    );
    assert!(up.out.contains("6 unchanged"), "{}", up.out);
    assert_eq!(account.function_tags()["labctl:by"], "anna");
    let again = anna.ok("up --yes");
    assert!(!again.out.contains("owner tags"), "{}", again.out);
    anna.ok("down --yes");
}

/// At a terminal labctl shows whose lab it is and since when, and asks. Nothing but a yes takes it over.
#[test]
fn a_terminal_is_asked_before_another_user_s_lab_is_taken_over() {
    let mut world = World::new();
    let account = world.account();
    let (anna, bert) = (User::new(&account, "anna"), User::new(&account, "bert"));
    anna.ok("up --yes -q");
    let today = jiff::Timestamp::now().strftime("%Y-%m-").to_string();
    for (line, typed, code, left) in [
        ("down --yes", "\n", 2, 2),
        ("up --yes", "no\n", 2, 2),
        ("up --yes", "y\n", 0, 2),
        ("down --yes", "", 0, 0),
    ] {
        let mut at = Running::start(&mut bert.terminal(line));
        if !typed.is_empty() {
            at.hears("Take it over? [y/N]");
            let mut keys = at.child.stdin.take().expect("a keyboard");
            keys.write_all(typed.as_bytes()).expect("keys");
        }
        let said = at.end();
        assert_eq!(
            said.code, code,
            "{line} {typed:?}: {}{}",
            said.out, said.err
        );
        assert_eq!(account.things().len(), left, "{line} {typed:?}");
        if !typed.is_empty() {
            assert!(said.out.contains("made by anna"), "{}", said.out);
            assert!(said.out.contains(&format!("since {today}")), "{}", said.out);
        }
    }
}

const USERS: &str = "  users:\n    - email: one@example.com\n    - email: two@example.com\n";

/// What lives in another's pool is his: a stale state does not remove it, neither with an edit nor with `reset`.
#[test]
fn what_lives_in_another_user_s_things_is_left_alone() {
    let mut world = World::new();
    let account = world.account();
    let (anna, bert) = (User::new(&account, "anna"), User::new(&account, "bert"));
    let lab = format!("{}{USERS}", anna.site.read("lab.yaml"));
    anna.site.write("lab.yaml", &lab);
    bert.site.write("lab.yaml", &lab);
    anna.ok("up --yes");
    bert.ok("up --yes --adopt");
    let users = || {
        let (_, pool) = account.pools().remove(0);
        let listed = account.cognito("ListUsers", &json!({ "UserPoolId": pool }));
        listed.json()["Users"].as_array().map(Vec::len)
    };
    assert_eq!(users(), Some(2));
    let edited = lab.replace("    - email: two@example.com\n", "");
    anna.site.write("lab.yaml", edited);
    let plan = anna.runs("plan --json").json();
    let mut steps = plan.as_array().expect("steps").iter();
    let two = steps
        .find(|step| step["id"] == "user.two@example.com")
        .expect("a step");
    assert_eq!(two["action"], "look", "{two}");
    for line in ["up --yes --replace", "reset --to 2 --yes"] {
        let said = anna.runs(line);
        assert!(
            said.out.contains("left alone"),
            "{line}: {}{}",
            said.out,
            said.err
        );
        assert_eq!(users(), Some(2), "{line}");
    }
    bert.ok("status");
    bert.ok("down --yes");
}

/// Without a state, `status` has each resource once: of this user's own lab, and of another's.
#[test]
fn status_without_a_state_lists_each_resource_once() {
    let mut world = World::new();
    let account = world.account();
    let (anna, bert) = (User::new(&account, "anna"), User::new(&account, "bert"));
    anna.ok("up --yes");
    anna.loses_the_state();
    let own = anna.runs("status").code(3).out;
    assert!(!own.contains("Also with"), "{own}");
    let others = bert.runs("status").code(3).out;
    // The function and its log group are shown as resources; a pool's name says not whose it is.
    let also = others
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("arn:") && !line.contains(' '));
    let (_, pool) = account.pools().remove(0);
    assert_eq!(
        also.collect::<Vec<_>>(),
        [account.pool_arn(&pool)],
        "{others}"
    );
    anna.ok("down --yes");
}

/// Taken over and taken back: the one in between has no claim left.
#[test]
fn what_was_adopted_back_is_not_the_other_s() {
    let mut world = World::new();
    let account = world.account();
    let (anna, bert) = (User::new(&account, "anna"), User::new(&account, "bert"));
    anna.ok("up --yes");
    bert.ok("up --yes --adopt");
    anna.ok("up --yes --adopt");
    bert.runs("status").code(3);
    let down = bert.ok("down --yes");
    assert!(down.out.contains("left alone"), "{}", down.out);
    assert_eq!(account.things(), ["demo-function", "demo-pool"]);
    anna.ok("status");
    anna.ok("down --yes");
    assert_eq!(account.things(), [""; 0]);
}

/// A question can stand for long: whose the things are is looked at again after it.
#[test]
fn tags_that_change_during_the_question_of_down_count() {
    let mut world = World::new();
    let account = world.account();
    let anna = User::new(&account, "anna");
    anna.ok("up --yes");
    let mut at = Running::start(&mut anna.terminal("down"));
    at.hears("[y/N]");
    account.tag(&[("labctl:lab", "other")]);
    let mut keys = at.child.stdin.take().expect("a keyboard");
    keys.write_all(b"y\n").expect("keys");
    let said = at.end();
    assert!(said.out.contains("left alone"), "{}", said.out);
    assert_eq!(account.things(), ["demo-function", "demo-pool"]);
}
