//! What a handler sees of the machine, where it can be isolated and where it cannot.

use serde_json::{Value, json};

use super::{Twin, zip};

impl Twin {
    async fn handler(
        &self,
        runtime: &str,
        files: &[(&str, &str)],
        changes: Value,
    ) -> (Value, Value, String) {
        let mut function = json!({"Code": {"ZipFile": zip(files)}, "Runtime": runtime});
        let Value::Object(changes) = changes else {
            panic!("changes are an object")
        };
        function.as_object_mut().unwrap().extend(changes);
        self.function(function).await;
        self.invoke(&json!({})).await
    }
}

const WRITES: &str = "import os
def h(event, context):
    told = {}
    for path in ['here', os.environ['LAMBDA_TASK_ROOT'] + '/x', os.path.expanduser('~') + '/labctl-x', '/usr/labctl-x', '/tmp/x']:
        try:
            with open(path, 'w') as file: file.write('x')
            os.remove(path)
            told[path] = 'written'
        except OSError as error:
            told[path] = error.errno
    try: os.mkdir('folder')
    except OSError as error: told['folder'] = error.errno
    return told
";

#[tokio::test]
async fn only_tmp_can_be_written() {
    const READ_ONLY: i64 = 30;
    for isolate in [true, false] {
        let twin = Twin::configured(|config| config.handlers.isolated = isolate).await;
        let (_, told, log) = twin
            .handler("python3.13", &[("m.py", WRITES)], json!({}))
            .await;
        let told = told.as_object().unwrap();
        assert_eq!(told.len(), 6);
        for (path, outcome) in told {
            let right = if path == "/tmp/x" {
                json!("written")
            } else {
                json!(READ_ONLY)
            };
            assert_eq!(*outcome, right, "{path}, isolated: {isolate}\n{log}");
        }
        assert_eq!(
            log.contains("on AWS only /tmp can be written"),
            !isolate,
            "{log}"
        );
    }
}

#[tokio::test]
async fn each_process_has_a_tmp_of_its_own_with_an_end() {
    let twin = Twin::new().await;
    let source = "import os
def h(event, context):
    with open('/tmp/full', 'wb') as file:
        try:
            for _ in range(600): file.write(bytes(1 << 20))
        except OSError as error:
            return [os.getcwd(), os.listdir('/tmp'), error.errno, os.path.getsize('/tmp/full') >> 20]
";
    let changes = json!({"Timeout": 30, "EphemeralStorage": {"Size": 512}});
    let (_, told, log) = twin
        .handler("python3.13", &[("m.py", source)], changes)
        .await;
    assert_eq!(told, json!(["/var/task", ["full"], 28, 512]), "{log}");
    assert!(!std::path::Path::new("/tmp/full").exists());
}

/// A package beside the lab, a package in the folders above, and what the machine's Python has.
#[tokio::test]
async fn only_what_the_zip_has_can_be_imported() {
    for isolate in [true, false] {
        let twin = Twin::configured(|config| config.handlers.isolated = isolate).await;
        let lab = &twin.app.config.dir;
        for place in ["node_modules/leftlib", "lambda/node_modules/leftlib"] {
            std::fs::create_dir_all(lab.join(place)).unwrap();
            std::fs::write(lab.join(place).join("index.js"), "exports.here = true;").unwrap();
            let package = r#"{"name": "leftlib", "main": "index.js"}"#;
            std::fs::write(lab.join(place).join("package.json"), package).unwrap();
        }
        let own = ("node_modules/ownlib/index.js", "exports.own = true;");
        for (name, source) in [
            (
                "m.js",
                "const l = require('leftlib'); exports.h = async () => l;",
            ),
            (
                "m.mjs",
                "import l from 'leftlib'; export const h = async () => l;",
            ),
            (
                "m.mjs",
                "export const h = async () => (await import('leftlib')).default;",
            ),
        ] {
            let (_, told, log) = twin
                .handler("nodejs22.x", &[(name, source), own], json!({}))
                .await;
            let message = told["errorMessage"].as_str().unwrap_or_default();
            assert!(
                message.contains("Cannot find") && message.contains("leftlib"),
                "isolated: {isolate}, {source}: {told}\n{log}"
            );
            twin.ok("DeleteFunction", json!({"FunctionName": "f"}))
                .await;
            let source = source.replace("leftlib", "ownlib");
            let (_, told, log) = twin
                .handler("nodejs22.x", &[(name, &source), own], json!({}))
                .await;
            assert_eq!(
                told,
                json!({"own": true}),
                "isolated: {isolate}, {source}\n{log}"
            );
            twin.ok("DeleteFunction", json!({"FunctionName": "f"}))
                .await;
        }
        let source = "import sys, pip\ndef h(e, c): return sys.path\n";
        let (_, told, _) = twin
            .handler("python3.13", &[("m.py", source)], json!({}))
            .await;
        assert_eq!(
            told["errorMessage"],
            "Unable to import module 'm': No module named 'pip'"
        );
    }
}

#[tokio::test]
async fn the_packages_of_the_runtimes_come_from_a_cache() {
    for isolate in [true, false] {
        let cases = [
            (
                "python3.13",
                "m.py",
                "import boto3\ndef h(e, c): return boto3.told\n",
            ),
            (
                "nodejs22.x",
                "m.mjs",
                "import { told } from '@aws-sdk/client-sts'; export const h = async () => told;",
            ),
            (
                "nodejs22.x",
                "m.js",
                "const { told } = require('@aws-sdk/client-sts'); exports.h = async () => told;",
            ),
            (
                "nodejs24.x",
                "m.cjs",
                "const { told } = require('@aws-sdk/client-sts'); exports.h = async () => told;",
            ),
        ];
        for cached in [true, false] {
            let twin = Twin::configured(|config| {
                config.handlers.isolated = isolate;
                config.handlers.packages = config.dir.with_extension("runtimes");
            })
            .await;
            let cache = twin.app.config.handlers.packages.clone();
            if cached {
                std::fs::create_dir_all(cache.join("python")).unwrap();
                std::fs::write(cache.join("python/boto3.py"), "told = 'cached'\n").unwrap();
                let node = cache.join("nodejs/node_modules/@aws-sdk/client-sts");
                std::fs::create_dir_all(&node).unwrap();
                std::fs::write(node.join("index.js"), "exports.told = 'cached';").unwrap();
                std::fs::write(node.join("package.json"), r#"{"main": "index.js"}"#).unwrap();
            }
            for (runtime, name, source) in cases {
                let (_, told, log) = twin.handler(runtime, &[(name, source)], json!({})).await;
                if cached {
                    assert_eq!(told, "cached", "isolated: {isolate}, {source}\n{log}");
                } else {
                    let message = told["errorMessage"].as_str().unwrap_or_default();
                    assert!(
                        message.contains("labctl local runtimes install"),
                        "{told}\n{log}"
                    );
                }
                twin.ok("DeleteFunction", json!({"FunctionName": "f"}))
                    .await;
            }
            let _ = std::fs::remove_dir_all(cache);
        }
    }
}

#[tokio::test]
async fn a_handler_that_needs_more_memory_than_it_has_is_killed() {
    for (runtime, name, source) in [
        (
            "python3.13",
            "m.py",
            "import time
def h(event, context):
    held = []
    for _ in range(300):
        held.append(bytes(b'x') * (1 << 20))
        time.sleep(0.002)
    time.sleep(2)
    return len(held)
",
        ),
        (
            "nodejs22.x",
            "m.mjs",
            "const rest = () => new Promise((go) => setTimeout(go, 2));
export const h = async () => {
  const held = [];
  for (let i = 0; i < 300; i++) { held.push(Buffer.alloc(1 << 20, 1)); await rest(); }
  await new Promise((go) => setTimeout(go, 2000));
  return held.length;
};",
        ),
    ] {
        let twin = Twin::new().await;
        let (_, told, log) = twin
            .handler(runtime, &[(name, source)], json!({"Timeout": 20}))
            .await;
        assert_eq!(told["errorType"], "Runtime.ExitError", "{told}\n{log}");
        let message = told["errorMessage"].as_str().unwrap();
        assert!(
            message.ends_with("Error: Runtime exited with error: signal: killed"),
            "{message}"
        );
        assert!(log.contains("Max Memory Used: 128 MB"), "{log}");
        twin.ok(
            "UpdateFunctionConfiguration",
            json!({"FunctionName": "f", "MemorySize": 512}),
        )
        .await;
        twin.ready();
        assert_eq!(twin.result(&json!({})).await, 300, "{name}");
    }
}
