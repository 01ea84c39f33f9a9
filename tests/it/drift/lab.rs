//! A lab that is up, in somebody's hands.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    harness::{FUNCTION, Site},
    twin::{self, Account},
};

/// A lab that is up, and the hands of somebody with the account's credentials.
pub(super) struct Lab {
    pub(super) site: Site,
    pub(super) aws: Account,
    pub(super) pool: String,
    pub(super) client: String,
    pub(super) api: String,
    pub(super) authorizer: String,
    /// `/restapis/…/resources/…/methods/GET`.
    pub(super) method: String,
    pub(super) role: String,
}

pub(super) const USER: &str = "student@example.com";

impl Lab {
    pub(super) fn up() -> Self {
        let site = Site::tutorial();
        site.ok("up --local");
        let (status, state) = (site.status(), site.state());
        let id = |name: &str| status["outputs"][name].as_str().expect("an id").to_owned();
        let api = id("api_id");
        let path = state["steps"]["path./demo"]["output"]["resource_id"].clone();
        let role = &state["steps"]["role.hello"]["output"]["name"];
        Self {
            aws: Account::new(&site.endpoint(), "000000000000"),
            pool: id("user_pool_id"),
            client: id("client_id"),
            authorizer: id("authorizer_id"),
            method: format!(
                "/restapis/{api}/resources/{}/methods/GET",
                path.as_str().expect("an id")
            ),
            role: role.as_str().expect("a name").to_owned(),
            api,
            site,
        }
    }

    pub(super) fn ok(answer: twin::Answer) -> Value {
        assert!(answer.status < 300, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    pub(super) fn cognito(&self, operation: &str, mut input: Value) -> Value {
        input["UserPoolId"] = json!(self.pool);
        Self::ok(self.aws.cognito(operation, &input))
    }

    pub(super) fn lambda(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let path = format!("/2015-03-31/functions/{FUNCTION}{path}");
        Self::ok(self.aws.rest("lambda", method, &path, body))
    }

    /// Changes the function's `/code` or `/configuration`, and returns when Lambda is done with that: until then it
    /// refuses another change, which labctl would send again.
    pub(super) fn change_function(&self, path: &str, change: &Value) {
        self.lambda("PUT", path, Some(change));
        while self.lambda("GET", "/configuration", None)["LastUpdateStatus"] == "InProgress" {
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn gateway(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        Self::ok(self.aws.rest("apigateway", method, path, body))
    }

    pub(super) fn patch(&self, path: &str, operations: &[(&str, &str, &str)]) {
        let operations: Vec<_> = operations
            .iter()
            .map(|(op, path, value)| json!({ "op": op, "path": path, "value": value }))
            .collect();
        let body = json!({ "patchOperations": operations });
        self.gateway("PATCH", path, Some(&body));
    }

    pub(super) fn iam(&self, form: &str) {
        Self::ok(self.aws.iam(&form.replace("{role}", &self.role)));
    }

    pub(super) fn pool(&self) -> Value {
        self.cognito("DescribeUserPool", json!({}))["UserPool"].clone()
    }

    pub(super) fn client(&self) -> Value {
        let input = json!({ "ClientId": self.client });
        self.cognito("DescribeUserPoolClient", input)["UserPoolClient"].clone()
    }

    /// Changes members of the pool as the console does: all that can be updated is sent again.
    pub(super) fn change_pool(&self, change: impl FnOnce(&mut Value)) {
        let mut pool = self.pool();
        for fixed in [
            "Id",
            "Arn",
            "Name",
            "CreationDate",
            "LastModifiedDate",
            "EstimatedNumberOfUsers",
            "SchemaAttributes",
            "UsernameAttributes",
            "UsernameConfiguration",
        ] {
            pool.as_object_mut().expect("an object").remove(fixed);
        }
        let admin = pool["AdminCreateUserConfig"].as_object_mut();
        admin
            .expect("an object")
            .remove("UnusedAccountValidityDays");
        change(&mut pool);
        self.cognito("UpdateUserPool", pool);
    }

    pub(super) fn change_client(&self, change: impl FnOnce(&mut Value)) {
        let mut client = self.client();
        for fixed in ["CreationDate", "LastModifiedDate"] {
            client.as_object_mut().expect("an object").remove(fixed);
        }
        change(&mut client);
        self.cognito("UpdateUserPoolClient", client);
    }

    /// `(step, state, fields)` of what is not as it should be, by `status --json`.
    pub(super) fn wrong(&self) -> Vec<(String, String, Vec<[String; 3]>)> {
        let status = self.site.status();
        let text = |v: &Value, member: &str| v[member].as_str().unwrap_or_default().to_owned();
        let field = |d: &Value| [text(d, "field"), text(d, "wanted"), text(d, "seen")];
        let chapters = status["chapters"].as_array().cloned().unwrap_or_default();
        chapters
            .iter()
            .flat_map(|c| c["resources"].as_array().cloned().unwrap_or_default())
            .filter(|r| r["state"] != "present")
            .map(|r| {
                let drift = r["drift"].as_array().cloned().unwrap_or_default();
                (
                    text(&r, "id"),
                    text(&r, "state"),
                    drift.iter().map(field).collect(),
                )
            })
            .collect()
    }

    /// `up`: which calls changed something.
    pub(super) fn mend(&self) -> Vec<String> {
        twin::forget_calls(&self.aws.endpoint);
        self.site.ok("up --local");
        let reads = ["Get", "List", "Describe", "AdminGet"];
        twin::calls(&self.aws.endpoint)
            .into_iter()
            .filter(|call| {
                let (_, operation) = call.split_once(':').expect("service:Operation");
                !reads.iter().any(|read| operation.starts_with(read))
            })
            .collect()
    }
}
