//! Whose a lab is: what labctl says and does for each pair of what is on record and what is there, and for two users
//! with one lab.yaml in one account.

mod children;
mod forgotten;
mod names;
mod pairs;
mod users;

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
        self.sign(&mut command);
        command
    }

    fn sign(&self, command: &mut Command) {
        command
            .env("AWS_ENDPOINT_URL", &self.account.endpoint)
            .env("AWS_ACCESS_KEY_ID", &self.account.id)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("LABCTL_OWNER", self.name);
    }

    /// The same at a terminal.
    fn terminal(&self, line: &str) -> Command {
        let mut command = self.site.terminal(line);
        self.sign(&mut command);
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
