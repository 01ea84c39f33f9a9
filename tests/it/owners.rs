//! Whose a lab is: what labctl says and does for each pair of what is on record and what is there, and for two users
//! with one lab.yaml in one account.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    harness::{Said, Site},
    support::twin,
    twin::{Account, percent},
};

const LAB: &str = "
lab: demo
region: us-east-1
functions:
  hello:
    name: demo-function
    runtime: python3.13
    handler: lambda_function.lambda_handler
    source: artifacts/hello
user_pool:
  name: demo-pool
  app_client:
    name: demo-client
";
const STATE: &str = ".labctl/demo/state.json";

/// A user with a folder and a home of his own.
struct User {
    site: Site,
    account: Account,
    name: &'static str,
}

impl User {
    fn new(account: &Account, name: &'static str) -> Self {
        let site = Site::empty();
        site.write("lab.yaml", LAB);
        let code = "def lambda_handler(event, context):\n    return {'statusCode': 200}\n";
        site.write("artifacts/hello/lambda_function.py", code);
        Self {
            site,
            account: account.clone(),
            name,
        }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.site.command(line.split_whitespace());
        command
            .env("AWS_ENDPOINT_URL", &self.account.endpoint)
            .env("AWS_ACCESS_KEY_ID", &self.account.id)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("LABCTL_OWNER", self.name);
        command
    }

    fn runs(&self, line: &str) -> Said {
        Said::of(&mut self.command(line))
    }

    fn ok(&self, line: &str) -> Said {
        self.runs(line).code(0)
    }

    /// The state is lost; the home is not.
    fn loses_the_state(&self) {
        std::fs::remove_dir_all(self.site.path(".labctl/demo")).expect("a state");
    }

    fn state(&self) -> Value {
        serde_json::from_str(&self.site.read(STATE)).expect("a state")
    }
}

/// One twin for all accounts of a test.
struct World {
    site: Site,
    endpoint: String,
    accounts: u64,
}

impl World {
    fn new() -> Self {
        let site = Site::empty();
        site.ok("local start --port 0");
        let endpoint = site.endpoint();
        Self {
            site,
            endpoint,
            accounts: 0,
        }
    }

    /// An account with nothing in it.
    fn account(&mut self) -> Account {
        assert!(self.site.path("").exists());
        self.accounts += 1;
        Account::new(
            &self.endpoint,
            &format!("{:012}", 111_122_220_000 + self.accounts),
        )
    }
}

impl Account {
    fn function_arn(&self) -> String {
        format!(
            "arn:aws:lambda:us-east-1:{}:function:demo-function",
            self.id
        )
    }

    fn pools(&self) -> Vec<(String, String)> {
        let listed = self
            .cognito("ListUserPools", &json!({ "MaxResults": 60 }))
            .json();
        let pools = listed["UserPools"].as_array().cloned().unwrap_or_default();
        let text = |pool: &Value, name: &str| pool[name].as_str().unwrap_or_default().to_owned();
        pools
            .iter()
            .map(|pool| (text(pool, "Name"), text(pool, "Id")))
            .collect()
    }

    fn pool_arn(&self, id: &str) -> String {
        format!("arn:aws:cognito-idp:us-east-1:{}:userpool/{id}", self.id)
    }

    /// Functions and pools, by name.
    fn things(&self) -> Vec<String> {
        let listed = self
            .rest("lambda", "GET", "/2015-03-31/functions", None)
            .json();
        let functions = listed["Functions"].as_array().cloned().unwrap_or_default();
        let name = |f: &Value| f["FunctionName"].as_str().unwrap_or_default().to_owned();
        let mut all: Vec<String> = functions.iter().map(name).collect();
        all.extend(self.pools().into_iter().map(|(name, _)| name));
        all.sort();
        all
    }

    fn function_tags(&self) -> Value {
        let path = format!("/2015-03-31/functions/{}", self.function_arn());
        self.rest("lambda", "GET", &path, None).json()["Tags"].clone()
    }

    fn make_function(&self, name: &str, tags: &Value) {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let trust = percent(trust);
        let role = self.iam(&format!(
            "Action=CreateRole&RoleName=somebody&AssumeRolePolicyDocument={trust}"
        ));
        assert_eq!(role.status, 200, "{}", role.body);
        let input = json!({
            "FunctionName": name,
            "Role": format!("arn:aws:iam::{}:role/somebody", self.id),
            "Runtime": "python3.13",
            "Handler": "lambda_function.lambda_handler",
            "Code": { "ZipFile": twin::EMPTY_ZIP },
            "Tags": tags,
        });
        let made = self.rest("lambda", "POST", "/2015-03-31/functions", Some(&input));
        assert_eq!(made.status, 201, "{}", made.body);
    }

    fn make_pool(&self, name: &str, tags: &Value) -> String {
        let input = json!({ "PoolName": name, "UserPoolTags": tags });
        let made = self.cognito("CreateUserPool", &input);
        assert_eq!(made.status, 200, "{}", made.body);
        made.json()["UserPool"]["Id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// Replaces the tags of the function and the pool.
    fn tag(&self, tags: &[(&str, &str)]) {
        self.tag_function(tags);
        let (_, id) = self.pools().into_iter().next().expect("a pool");
        let update = json!({ "UserPoolId": id, "UserPoolTags": map(tags) });
        let updated = self.cognito("UpdateUserPool", &update);
        assert_eq!(updated.status, 200, "{}", updated.body);
    }

    fn tag_function(&self, tags: &[(&str, &str)]) {
        let path = format!("/2017-03-31/tags/{}", self.function_arn());
        let ours = ["labctl:lab", "labctl:run", "labctl:owner", "labctl:by"];
        let keys = ours.map(|key| format!("tagKeys={}", percent(key)));
        let untagged = self.rest(
            "lambda",
            "DELETE",
            &format!("{path}?{}", keys.join("&")),
            None,
        );
        assert_eq!(untagged.status, 204, "{}", untagged.body);
        if !tags.is_empty() {
            let tagged = self.rest("lambda", "POST", &path, Some(&json!({ "Tags": map(tags) })));
            assert_eq!(tagged.status, 204, "{}", tagged.body);
        }
    }

    fn delete_things(&self) {
        let path = "/2015-03-31/functions/demo-function";
        assert_eq!(self.rest("lambda", "DELETE", path, None).status, 204);
        for (_, id) in self.pools() {
            self.cognito("DeleteUserPool", &json!({ "UserPoolId": id }));
        }
    }
}

fn map(tags: &[(&str, &str)]) -> Value {
    tags.iter()
        .map(|(k, v)| ((*k).to_owned(), json!(v)))
        .collect()
}

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
            ("down --yes", 2, "made by bert", &[FUNCTION, POOL]),
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
    assert_eq!(account.things(), [FUNCTION, POOL]);
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
    homeless("status").code(0);
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
    assert_eq!(page["runs"].as_array().map(Vec::len), Some(1));
    let run = &page["runs"][0];
    assert_eq!(run["run"], anna.state()["run"]);
    assert_eq!(
        (&run["lab"], &run["account"]),
        (&json!("demo"), &json!(account.id))
    );
    assert_eq!(run["endpoint"], json!(account.endpoint));
    runs("down --yes").code(0);
    assert_eq!(known()["runs"], json!([]));
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
