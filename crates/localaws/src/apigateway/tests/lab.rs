//! A real function with an API in front of it.

use std::{io::Write, path::PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{ACCOUNT, Api, Seen, Twin, call, merged, text};
use crate::{
    app::{App, Config},
    call::Service,
    iam, ids, lambda,
    world::World,
};

const CODE: &str = r#"
import base64, json, time

def lambda_handler(event, context):
    what = (event["queryStringParameters"] or {}).get("do")
    if what == "raise":
        raise ValueError("no good")
    if what == "slow":
        time.sleep(60)
    if what in ANSWERS:
        return ANSWERS[what]
    return {"statusCode": 200, "body": json.dumps(event)}

ANSWERS = {
    "hello": {"statusCode": 200, "body": "Hello from Lambda!"},
    "empty": {},
    "none": None,
    "unknown key": {"statusCode": 200, "location": "/"},
    "body object": {"statusCode": 200, "body": {}},
    "status text": {"statusCode": "ok"},
    "header number": {"headers": {"a": 1}},
    "made": {
        "statusCode": 201,
        "headers": {"X-One": "1", "Content-Length": "999", "Set-Cookie": "also=1", "Content-Type": "text/plain"},
        "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]},
        "body": "made",
    },
    "image": {"body": base64.b64encode(b"\x89PNG").decode(), "isBase64Encoded": True},
}
"#;

/// A twin with a folder, a function and an API in front of it.
pub(super) struct Lab {
    pub(super) twin: Twin,
    dir: PathBuf,
    pub(super) api: Api,
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub(super) fn arn() -> String {
    format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:hello")
}

fn zip(code: &str) -> String {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("lambda_function.py", SimpleFileOptions::default())
        .unwrap();
    zip.write_all(code.as_bytes()).unwrap();
    BASE64_STANDARD.encode(zip.finish().unwrap().into_inner())
}

impl Lab {
    /// `GET /demo` and `ANY /demo/{id}` in front of the function; nobody may call it yet.
    pub(super) async fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("localaws-{}", ids::uuid()));
        std::fs::create_dir_all(&dir).unwrap();
        let config = Config::at(dir.clone());
        let twin = Twin {
            app: App::new(config, World::default()).into(),
        };
        let api = twin.api().await;
        let lab = Self { twin, dir, api };
        lab.role("r", json!({"Service": "lambda.amazonaws.com"}))
            .await;
        lab.function("hello", CODE).await;
        let item = lab.twin.resource(&lab.api.id, &lab.api.demo, "{id}").await;
        lab.integrate(&lab.api.demo, "GET", json!({})).await;
        lab.integrate(&item, "ANY", json!({})).await;
        lab
    }

    /// The ARN of a new role that trusts a principal.
    pub(super) async fn role(&self, name: &str, principal: Value) -> String {
        let trust = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal,
        }});
        let role = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
        text(&self.iam("CreateRole", role).await["Role"]["Arn"])
    }

    /// Gives a role an inline policy that allows an action on a resource.
    pub(super) async fn allow(&self, role: &str, action: &str, resource: &str) {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        self.policy(role, json!([statement])).await;
    }

    pub(super) async fn policy(&self, role: &str, statements: Value) {
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let policy = json!({"RoleName": role, "PolicyName": "p", "PolicyDocument": document});
        self.iam("PutRolePolicy", policy).await;
    }

    pub(super) async fn iam(&self, operation: &str, input: Value) -> Value {
        iam::handle(&self.twin.app, &call(Service::Iam, operation, input))
            .await
            .unwrap_or_else(|e| panic!("{operation}: {e:?}"))
    }

    /// A function with the role `r`, ready to run.
    pub(super) async fn function(&self, name: &str, code: &str) {
        let function = json!({
            "FunctionName": name, "Runtime": "python3.13", "Timeout": 30,
            "Role": format!("arn:aws:iam::{ACCOUNT}:role/r"),
            "Handler": "lambda_function.lambda_handler", "Code": {"ZipFile": zip(code)},
        });
        self.lambda("CreateFunction", function).await;
        while self
            .lambda("GetFunction", json!({"FunctionName": name}))
            .await["Configuration"]["State"]
            == "Pending"
        {
            tokio::task::yield_now().await;
        }
    }

    /// The same, open to the API.
    pub(super) async fn open() -> Self {
        let lab = Self::new().await;
        lab.let_in("*/GET/demo").await;
        lab.let_in("*/*/demo/*").await;
        lab.twin.deploy(&lab.api).await;
        lab
    }

    pub(super) async fn lambda(&self, operation: &str, input: Value) -> Value {
        let call = call(Service::Lambda, operation, input);
        lambda::handle(&self.twin.app, &call)
            .await
            .unwrap_or_else(|e| panic!("{operation}: {e:?}"))
    }

    pub(super) async fn let_in(&self, routes: &str) {
        self.let_into("hello", routes).await;
    }

    pub(super) async fn let_into(&self, function: &str, routes: &str) {
        let source = format!(
            "arn:aws:execute-api:us-east-1:{ACCOUNT}:{}/{routes}",
            self.api.id
        );
        let permission = json!({
            "FunctionName": function, "StatementId": ids::lower(8), "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com", "SourceArn": source,
        });
        self.lambda("AddPermission", permission).await;
    }

    /// What protects a method, by patches.
    pub(super) async fn protect(&self, resource: &str, http_method: &str, patches: Value) {
        let place = self.place(resource, http_method);
        let patches = json!({ "patchOperations": patches });
        self.twin.ok("UpdateMethod", merged(&place, patches)).await;
    }

    pub(super) fn place(&self, resource: &str, http_method: &str) -> Value {
        json!({"restApiId": self.api.id, "resourceId": resource, "httpMethod": http_method})
    }

    pub(super) async fn integrate(&self, resource: &str, http_method: &str, changes: Value) {
        let place = self.place(resource, http_method);
        if self.twin.answer("GetMethod", place.clone()).await.is_err() {
            self.twin
                .ok(
                    "PutMethod",
                    merged(&place, json!({"authorizationType": "NONE"})),
                )
                .await;
        }
        let uri = format!(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations",
            arn()
        );
        let proxy = json!({"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri});
        self.twin
            .ok("PutIntegration", merged(&place, merged(&proxy, changes)))
            .await;
    }

    pub(super) async fn test(&self, path: &str) -> Value {
        let input = merged(
            &self.place(&self.api.demo, "GET"),
            json!({"pathWithQueryString": path}),
        );
        self.twin.ok("TestInvokeMethod", input).await
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Seen {
        let uri = format!("/_api/{}/dev{path}", self.api.id);
        self.twin.send(method, &uri, headers, body).await.unwrap()
    }

    pub(super) async fn event(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Value {
        let seen = self.send(method, path, headers, body).await;
        serde_json::from_str(&seen.body).unwrap_or_else(|_| panic!("{seen:?}"))
    }
}
