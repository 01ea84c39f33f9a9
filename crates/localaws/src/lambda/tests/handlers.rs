//! How handlers are named and found: the rules of AWS's runtime clients.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Twin, until, zip};
use crate::{call::Service, logs as cloudwatch};

type Files = Vec<(&'static str, &'static str)>;

/// What comes of a handler in files: its result, or its error's type and the message's beginning.
async fn told(runtime: &str, handler: &str, files: &[(&str, &str)]) -> Value {
    let twin = Twin::new().await;
    let code = json!({"ZipFile": zip(files)});
    twin.function(json!({"Code": code, "Runtime": runtime, "Handler": handler}))
        .await;
    let (answer, payload, _) = twin.invoke(&json!({})).await;
    if answer.get("FunctionError").is_none() {
        return payload;
    }
    let message = payload["errorMessage"].as_str().unwrap_or_default();
    let first = message.lines().next().unwrap_or_default();
    json!([payload["errorType"], first])
}

/// Versions of the interpreters end their messages in several ways.
fn alike(told: &Value, right: &Value) -> bool {
    match (told, right) {
        (Value::String(told), Value::String(right)) => told.starts_with(right.as_str()),
        (Value::Array(told), Value::Array(right)) => {
            told.len() == right.len()
                && told
                    .iter()
                    .zip(right)
                    .all(|(told, right)| alike(told, right))
        }
        _ => told == right,
    }
}

const CJS: &str = "exports.h = async () => 'cjs';";
const ESM: &str = "export const h = async () => 'esm';";
const MODULE: (&str, &str) = ("package.json", r#"{"type": "module"}"#);

#[tokio::test]
async fn node_handlers_are_found_as_lambda_finds_them() {
    let syntax = |word: &str| json!(["Runtime.UserCodeSyntaxError", word]);
    let cases: Vec<(&str, &str, Files, Value)> = vec![
        ("nodejs22.x", "m.h", vec![("m.js", CJS)], json!("cjs")),
        ("nodejs22.x", "m.h", vec![("m.cjs", CJS)], json!("cjs")),
        ("nodejs22.x", "m.h", vec![("m.mjs", ESM)], json!("esm")),
        (
            "nodejs22.x",
            "m.h",
            vec![("m.js", ESM), MODULE],
            json!("esm"),
        ),
        (
            "nodejs22.x",
            "a/b/m.h",
            vec![("a/b/m.js", CJS)],
            json!("cjs"),
        ),
        (
            "nodejs22.x",
            "a/m.h",
            vec![("a/m.js", ESM), MODULE],
            json!("esm"),
        ),
        // `.js` first, and what has no ending before it.
        (
            "nodejs22.x",
            "m.h",
            vec![("m.mjs", ESM), ("m.js", CJS)],
            json!("cjs"),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![("m", CJS), ("m.mjs", ESM)],
            json!("cjs"),
        ),
        // A folder with an index, and a package in node_modules.
        (
            "nodejs22.x",
            "lib.h",
            vec![("lib/index.js", CJS)],
            json!("cjs"),
        ),
        (
            "nodejs22.x",
            "p.h",
            vec![("node_modules/p/index.js", CJS)],
            json!("cjs"),
        ),
        // Split at the first dot of the last part: the rest is looked up.
        (
            "nodejs22.x",
            "m.a.b.h",
            vec![("m.js", "exports.a = { b: { h: async () => 'deep' } };")],
            json!("deep"),
        ),
        (
            "nodejs22.x",
            "hello.prod.h",
            vec![("hello.prod.js", CJS)],
            json!([
                "Runtime.ImportModuleError",
                "Error: Cannot find module 'hello'"
            ]),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![("m.js", ESM)],
            syntax("SyntaxError: Unexpected token 'export'"),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![("m.js", "import fs from 'node:fs'; exports.h = 1;")],
            syntax("SyntaxError: Cannot use import statement outside a module"),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![("m.mjs", "export const = 1;")],
            syntax("SyntaxError: Unexpected token '='"),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![
                (
                    "m.js",
                    "const l = require('./l.mjs'); exports.h = async () => l;",
                ),
                ("l.mjs", ESM),
            ],
            json!(["Error", "require() of ES Module /var/task/l.mjs"]),
        ),
        (
            "nodejs24.x",
            "m.h",
            vec![
                ("m.js", "const l = require('./l.mjs'); exports.h = l.h;"),
                ("l.mjs", ESM),
            ],
            json!("esm"),
        ),
        ("nodejs24.x", "m.h", vec![("m.js", ESM)], json!("esm")),
        (
            "nodejs24.x",
            "m.h",
            vec![("m.mjs", "export default { h: async () => 'default' };")],
            json!("default"),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![("m.mjs", "export default { h: async () => 'default' };")],
            json!([
                "Runtime.HandlerNotFound",
                "m.h is undefined or not exported"
            ]),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![("m.js", "exports.h = 'text';")],
            json!(["Runtime.HandlerNotFound", "m.h is not a function"]),
        ),
        (
            "nodejs22.x",
            "m",
            vec![("m.js", CJS)],
            json!(["Runtime.MalformedHandlerName", "Bad handler"]),
        ),
        (
            "nodejs22.x",
            "../m.h",
            vec![("m.js", CJS)],
            json!([
                "Runtime.MalformedHandlerName",
                "'../m.h' is not a valid handler name. Use absolute paths when specifying root directories in handler names."
            ]),
        ),
        // By the number of parameters, whatever the handler does.
        (
            "nodejs22.x",
            "m.h",
            vec![("m.js", "exports.h = (e, c, done) => done(null, 'called');")],
            json!("called"),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![("m.js", "exports.h = (e, c) => c.succeed('succeeded');")],
            json!("succeeded"),
        ),
        (
            "nodejs24.x",
            "m.h",
            vec![("m.js", "exports.h = async (e, c) => typeof c.succeed;")],
            json!("undefined"),
        ),
        (
            "nodejs24.x",
            "m.h",
            vec![("m.js", "exports.h = (e, c) => 'plain';")],
            json!("plain"),
        ),
        // A bare name is found beside the handler too: NODE_PATH has the task root.
        (
            "nodejs22.x",
            "m.h",
            vec![
                ("m.js", "exports.h = require('other').h;"),
                ("other.js", CJS),
            ],
            json!("cjs"),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![(
                "m.mjs",
                "export const h = async () => new Promise(() => {});",
            )],
            json!([
                "Runtime.NodeJsExit",
                "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes"
            ]),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![("m.js", "exports.h = () => {};")],
            json!(null),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![(
                "m.mjs",
                "export const h = async () => { Promise.reject(new Error('lost')); await new Promise((go) => setTimeout(go, 1000)); };",
            )],
            json!(["Runtime.UnhandledPromiseRejection", "Error: lost"]),
        ),
        (
            "nodejs22.x",
            "m.h",
            vec![("m.mjs", "export const h = async () => { throw 'text'; };")],
            json!(["string", "text"]),
        ),
    ];
    for (runtime, handler, files, right) in cases {
        let told = told(runtime, handler, &files).await;
        assert!(
            alike(&told, &right),
            "{runtime} {handler} {files:?}: {told}"
        );
    }
    for parameters in ["e, c, done", "e, c, done, more"] {
        let source = format!("exports.h = async ({parameters}) => 'async';");
        let told = told("nodejs24.x", "m.h", &[("m.js", &source)]).await;
        assert_eq!(told[0], "Runtime.CallbackHandlerDeprecated", "{told}");
    }
}

#[tokio::test]
async fn python_handlers_are_found_as_lambda_finds_them() {
    const H: &str = "def h(e, c): return __name__\n";
    let cases: Vec<(&str, Files, Value)> = vec![
        ("m.h", vec![("m.py", H)], json!("m")),
        ("a.b.m.h", vec![("a/b/m.py", H)], json!("a.b.m")),
        ("a/b/m.h", vec![("a/b/m.py", H)], json!("a.b.m")),
        ("pk.h", vec![("pk/__init__.py", H)], json!("pk")),
        (
            "m.h",
            vec![("m.py", "from other import *\n"), ("other.py", H)],
            json!("other"),
        ),
        (
            "hello.prod.h",
            vec![("hello.prod.py", H)],
            json!([
                "Runtime.ImportModuleError",
                "Unable to import module 'hello.prod': No module named 'hello'"
            ]),
        ),
        (
            "time.h",
            vec![("time.py", H)],
            json!([
                "Runtime.BuiltInModuleConflict",
                "Cannot use built-in module time as a handler module"
            ]),
        ),
        (
            "m.h",
            vec![(
                "m.py",
                "exit\nh = lambda e, c: [type(q).__name__ for q in (exit, quit, help)]\n",
            )],
            json!(["Quitter", "Quitter", "_Helper"]),
        ),
        (
            "m.h",
            vec![("m.py", "h = 1\n")],
            json!(["TypeError", "'int' object is not callable"]),
        ),
    ];
    for (handler, files, right) in cases {
        let told = told("python3.13", handler, &files).await;
        assert!(alike(&told, &right), "{handler} {files:?}: {told}");
    }
}

/// Loading is tried in a phase of its own, and once more within the invocation.
#[tokio::test]
async fn a_handler_that_cannot_be_loaded_is_loaded_twice() {
    let twin = Twin::new().await;
    let code = json!({"ZipFile": zip(&[("m.py", "print('loading')\nraise KeyError('x')\n")])});
    twin.function(json!({ "Code": code })).await;
    let (error, log) = twin.error(&json!({})).await;
    assert_eq!(error["errorType"], "KeyError");
    assert_eq!(log.matches("loading\n").count(), 2, "{log}");
    assert!(
        log.contains("\tPhase: init\tStatus: error\tError Type: KeyError\n"),
        "{log}"
    );
    let start = log.find("START RequestId").unwrap();
    let invoke = log
        .find("\tPhase: invoke\tStatus: error\tError Type: KeyError\n")
        .unwrap();
    assert!(start < invoke, "{log}");
}

/// Three times in all, under one request id.
#[tokio::test]
async fn an_event_that_fails_is_tried_again() {
    let twin =
        Twin::configured(|config| config.handlers.retries = [Duration::from_millis(20); 2]).await;
    for (source, tries) in [
        (
            "def h(e, c):\n    print('try', c.aws_request_id)\n    raise ValueError('no')\n",
            3,
        ),
        ("def h(e, c):\n    print('try', c.aws_request_id)\n", 1),
    ] {
        twin.function(json!({"Code": {"ZipFile": zip(&[("m.py", source)])}}))
            .await;
        let event = json!({"FunctionName": "f", "InvocationType": "Event"});
        assert_eq!(twin.ok("Invoke", event).await["StatusCode"], 202);
        let tried = async || {
            let messages = twin.messages("/aws/lambda/f").await.unwrap_or_default();
            let tried = messages
                .into_iter()
                .filter(|message| message.starts_with("try "));
            tried.collect::<Vec<_>>()
        };
        until("the last try", async || tried().await.len() == tries).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let tried = tried().await;
        assert_eq!(tried.len(), tries);
        assert!(tried.iter().all(|id| *id == tried[0]), "{tried:?}");
        twin.ok("DeleteFunction", json!({"FunctionName": "f"}))
            .await;
        let gone = json!({"logGroupName": "/aws/lambda/f"});
        cloudwatch::handle(
            &twin.app,
            &Twin::call(Service::Logs, "DeleteLogGroup", gone),
        )
        .await
        .unwrap();
    }
}
