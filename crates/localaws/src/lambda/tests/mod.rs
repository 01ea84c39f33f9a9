//! The service driven through `handle`, as the wire layer drives it, and `invoke`. Handlers really run:
//! python3 and node must be on PATH.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod functions;
mod handlers;
mod isolation;
mod logs;
mod node;
mod permissions;
mod processes;
mod python;
mod recorded;
mod settings;
mod updates;
mod urls;
mod versions;
mod zips;

use std::{
    io::{Cursor, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{handle, name::Named};
use crate::{
    app::{App, Config},
    call::{Answer, Call, Service},
    iam, ids, logs as cloudwatch,
    world::World,
};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
const ROLE: &str = "arn:aws:iam::111122223333:role/exec";
const F: &str = "arn:aws:lambda:us-east-1:111122223333:function:f";

/// A twin with a role `exec` that Lambda may assume and that may write logs; it goes with its folder.
struct Twin {
    app: Arc<App>,
}

impl Drop for Twin {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.app.config.dir);
    }
}

impl Twin {
    async fn new() -> Self {
        Self::configured(|_| {}).await
    }

    async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::at(std::env::temp_dir().join(format!("localaws-{}", ids::uuid())));
        change(&mut config);
        let twin = Self {
            app: Arc::new(App::new(config, World::default())),
        };
        twin.app
            .endpoint
            .set("http://127.0.0.1:1".to_owned())
            .unwrap();
        twin.role("exec", "lambda.amazonaws.com").await;
        let basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        let attached = json!({"RoleName": "exec", "PolicyArn": basic});
        twin.iam("AttachRolePolicy", attached).await;
        twin
    }

    /// A twin with a function `f`, ready.
    async fn with(name: &str, source: &str) -> Self {
        let twin = Self::new().await;
        twin.function(json!({"Code": {"ZipFile": zip(&[(name, source)])}}))
            .await;
        twin
    }

    /// A twin with a function `f` in Python, whose handler is `m.h`.
    async fn python(source: &str) -> Self {
        Self::with("m.py", source).await
    }

    /// Makes `f`, ready, with changes to a plain one.
    async fn function(&self, changes: Value) -> Value {
        let created = self.ok("CreateFunction", plain(changes)).await;
        self.ready();
        created
    }

    fn set_ready_from(&self, active: i64, updated: i64) {
        let f = Named::of_arn(F).unwrap();
        self.app
            .write(|world| {
                f.get_mut(world)
                    .map(|f| f.latest.ready_from(active, updated))
            })
            .unwrap();
    }

    fn ready(&self) {
        self.set_ready_from(0, 0);
    }

    fn call(service: Service, operation: &str, input: Value) -> Call {
        Call {
            service,
            operation: operation.to_owned(),
            input,
            account: ACCOUNT.to_owned(),
            caller: None,
            region: REGION.to_owned(),
            request_id: ids::uuid(),
        }
    }

    async fn answer(&self, operation: &str, input: Value) -> Answer {
        handle(&self.app, &Self::call(Service::Lambda, operation, input)).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.answer(operation, input)
            .await
            .unwrap_or_else(|e| panic!("{operation}: {e:?}"))
    }

    /// The error's code and message.
    async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let error = self.answer(operation, input).await.expect_err(operation);
        (error.code, error.message)
    }

    async fn iam(&self, operation: &str, input: Value) -> Value {
        iam::handle(&self.app, &Self::call(Service::Iam, operation, input))
            .await
            .unwrap_or_else(|e| panic!("{operation}: {e:?}"))
    }

    async fn role(&self, name: &str, service: &str) {
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole",
        }]});
        let input = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
        self.iam("CreateRole", input).await;
    }

    /// Invokes `f`: the answer of `Invoke`, its payload and its log.
    async fn invoke(&self, event: &Value) -> (Value, Value, String) {
        let payload = BASE64_STANDARD.encode(event.to_string());
        let input = json!({"FunctionName": "f", "Payload": payload, "LogType": "Tail"});
        let answer = self.ok("Invoke", input).await;
        let payload = serde_json::from_str(&decoded(&answer["Payload"])).unwrap();
        let log = decoded(&answer["LogResult"]);
        (answer, payload, log)
    }

    /// What the handler of `f` returns.
    async fn result(&self, event: &Value) -> Value {
        let (answer, payload, log) = self.invoke(event).await;
        assert!(answer.get("FunctionError").is_none(), "{payload}\n{log}");
        payload
    }

    /// The error of `f`, and its log.
    async fn error(&self, event: &Value) -> (Value, String) {
        let (answer, payload, log) = self.invoke(event).await;
        assert_eq!(answer["FunctionError"], "Unhandled", "{payload}\n{log}");
        assert_eq!(answer["StatusCode"], 200);
        (payload, log)
    }

    /// The messages in a log group; `None`: there is no such group.
    async fn messages(&self, group: &str) -> Option<Vec<String>> {
        let input = json!({"logGroupName": group});
        let call = Self::call(Service::Logs, "FilterLogEvents", input);
        let found = cloudwatch::handle(&self.app, &call).await.ok()?;
        let events = found["events"].as_array().unwrap().iter();
        Some(events.map(|event| text(&event["message"])).collect())
    }
}

/// The input of `CreateFunction` for a function `f` that returns its event.
fn plain(changes: Value) -> Value {
    let mut input = json!({
        "FunctionName": "f", "Role": ROLE, "Runtime": "python3.13", "Handler": "m.h",
    });
    if changes.get("Code").is_none() {
        let echo = zip(&[("m.py", "def h(event, context):\n    return event\n")]);
        input["Code"] = json!({ "ZipFile": echo });
    }
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    input.as_object_mut().unwrap().extend(changes);
    input
}

/// A zip in base64.
fn zip(files: &[(&str, &str)]) -> String {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    BASE64_STANDARD.encode(zip.finish().unwrap().into_inner())
}

fn decoded(base64: &Value) -> String {
    let text = base64.as_str().unwrap_or_default();
    String::from_utf8(BASE64_STANDARD.decode(text).unwrap()).unwrap()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a string: {value}"))
        .to_owned()
}

/// Waits for something that no event tells; the test fails when it does not happen.
async fn until(what: &str, happened: impl AsyncFn() -> bool) {
    for _ in 0..1000 {
        if happened().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not happen");
}

fn folder(twin: &Twin) -> PathBuf {
    twin.app.config.dir.join("lambda")
}
