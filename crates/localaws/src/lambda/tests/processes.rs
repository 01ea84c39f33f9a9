use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
    sync::Arc,
};

use serde_json::{Value, json};

use super::{F, Twin, until, zip};
use crate::lambda::{Invoker, invoke};

const PID: &str = "import os, time
def h(event, context):
    time.sleep(event.get('sleep', 0))
    return os.getpid()
";

/// Whether there is such a process; one that nobody waited for counts.
fn exists(pid: &Value) -> bool {
    let status = Command::new("/bin/sh")
        .args(["-c", "kill -s 0 \"$0\"", &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    status.unwrap().success()
}

async fn until_gone(pid: &Value) {
    until("the end of the process", async || !exists(pid)).await;
}

#[tokio::test]
async fn a_process_is_kept_warm() {
    let twin = Twin::python(PID).await;
    let pid = twin.result(&json!({})).await;
    assert!(exists(&pid));
    assert_eq!(twin.result(&json!({})).await, pid);
}

#[tokio::test]
async fn a_changed_or_deleted_function_ends_its_process() {
    let twin = Twin::python(PID).await;
    let first = twin.result(&json!({})).await;
    let input = json!({"FunctionName": "f", "Timeout": 4});
    twin.ok("UpdateFunctionConfiguration", input).await;
    until_gone(&first).await;
    twin.ready();
    let second = twin.result(&json!({})).await;
    let input = json!({"FunctionName": "f", "ZipFile": zip(&[("m.py", PID)])});
    twin.ok("UpdateFunctionCode", input).await;
    until_gone(&second).await;
    twin.ready();
    let third = twin.result(&json!({})).await;
    twin.ok("DeleteFunction", json!({"FunctionName": "f"}))
        .await;
    until_gone(&third).await;
}

#[tokio::test]
async fn a_busy_process_ends_its_invocation_and_then_itself() {
    // The handler and the test meet in a file.
    let twin = Twin::configured(|config| config.handlers.isolated = false).await;
    let source = "import os, time
def h(event, context):
    if event.get('file'):
        open(event['file'], 'x').close()
        while not os.path.exists(event['file'] + '.go'): time.sleep(0.01)
    return os.getpid()
";
    twin.function(json!({"Code": {"ZipFile": zip(&[("m.py", source)])}}))
        .await;
    let file = twin.app.config.dir.join("busy");
    let payload = json!({ "file": file }).to_string().into_bytes();
    let app = Arc::clone(&twin.app);
    let busy = tokio::spawn(async move { invoke(&app, F, Invoker::Caller, payload).await });
    until("the invocation", async || file.exists()).await;
    twin.ok("DeleteFunction", json!({"FunctionName": "f"}))
        .await;
    std::fs::write(file.with_extension("go"), "").unwrap();
    let invoked = busy.await.unwrap().unwrap();
    assert_eq!(invoked.error, None);
    until_gone(&serde_json::from_slice(&invoked.payload).unwrap()).await;
}

#[tokio::test]
async fn as_many_processes_as_there_are_invocations_at_once_but_no_more_than_ten() {
    let twin = Twin::python(PID).await;
    let invocations = (0..14).map(|_| {
        let app = Arc::clone(&twin.app);
        let payload = br#"{"sleep": 0.2}"#.to_vec();
        tokio::spawn(async move { invoke(&app, F, Invoker::Caller, payload).await })
    });
    let invocations: Vec<_> = invocations.collect();
    let mut pids = BTreeSet::new();
    for invocation in invocations {
        let invoked = invocation.await.unwrap().unwrap();
        assert_eq!(invoked.error, None);
        pids.insert(String::from_utf8(invoked.payload).unwrap());
    }
    assert!((2..=10).contains(&pids.len()), "{pids:?}");
}

#[tokio::test]
async fn a_process_that_ended_while_idle_is_replaced_and_leaves_no_zombie() {
    let twin = Twin::python(PID).await;
    let first = twin.result(&json!({})).await;
    let killed = Command::new("/bin/sh")
        .args(["-c", "kill -s KILL \"$0\"", &first.to_string()])
        .status();
    assert!(killed.unwrap().success());
    until_gone(&first).await;
    assert_ne!(twin.result(&json!({})).await, first);
}

/// What a handler left running stands still until the next invocation.
#[tokio::test]
async fn a_process_is_frozen_between_invocations() {
    for (name, runtime, source) in [
        (
            "m.py",
            "python3.13",
            "import os, threading, time
ticks = []
def tick():
    while True:
        ticks.append(time.time())
        time.sleep(0.005)
threading.Thread(target=tick, daemon=True).start()
def h(event, context):
    while event and time.time() < event['from'] + 0.3: time.sleep(0.01)
    return {'pid': os.getpid(), 'now': time.time(), 'ticks': ticks[:]}
",
        ),
        (
            "m.mjs",
            "nodejs22.x",
            "const ticks = [];
setInterval(() => ticks.push(Date.now() / 1000), 5).unref();
const rest = () => new Promise((go) => setTimeout(go, 10));
export const h = async (event) => {
  while (event.from && Date.now() / 1000 < event.from + 0.3) await rest();
  return { pid: process.pid, now: Date.now() / 1000, ticks };
};",
        ),
    ] {
        let twin = Twin::new().await;
        let code = json!({"ZipFile": zip(&[(name, source)])});
        twin.function(json!({"Code": code, "Runtime": runtime}))
            .await;
        let first = twin.result(&json!({})).await;
        until("the process to be stopped", async || {
            state(&first["pid"]).starts_with('T')
        })
        .await;
        let from = &first["now"];
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let thawed = crate::app::now_s();
        let second = twin.result(&json!({ "from": thawed })).await;
        assert_eq!(second["pid"], first["pid"], "{name}");
        let ticks = second["ticks"].as_array().unwrap().iter();
        let ticks: Vec<f64> = ticks.map(|tick| tick.as_f64().unwrap()).collect();
        assert!(
            ticks.iter().any(|tick| *tick > thawed),
            "{name}: it goes on"
        );
        let frozen = from.as_f64().unwrap() + 0.05..thawed;
        let ticked = ticks.iter().filter(|tick| frozen.contains(tick)).count();
        assert!(ticked <= 1, "{name}: {ticked} while it was frozen");
    }
}

#[tokio::test]
async fn what_a_handler_started_ends_with_it() {
    let twin = Twin::new().await;
    let source = "import subprocess, time
def h(event, context):
    print('child', subprocess.Popen(['sleep', '600']).pid, flush=True)
    time.sleep(600)
";
    let code = json!({"ZipFile": zip(&[("m.py", source)])});
    twin.function(json!({"Code": code, "Timeout": 1})).await;
    let (error, log) = twin.error(&json!({})).await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let child = log.split("child ").nth(1).unwrap();
    let child: Value = child.lines().next().unwrap().parse().unwrap();
    // Its parent is gone, so it is waited for by the system's first process, if that does so.
    until("the end of the child", async || !runs(&child)).await;
}

/// A process's state as `ps` tells it: `S`, `T`, `Z`; empty if there is no such process.
fn state(pid: &Value) -> String {
    let told = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output()
        .unwrap();
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

/// Whether a process runs; one that ended but nobody waited for does not.
fn runs(pid: &Value) -> bool {
    !state(pid).is_empty() && !state(pid).starts_with('Z')
}

/// Handlers are on a leash, their pipe of requests: it goes slack when the twin dies, however it dies.
#[test]
fn a_busy_handler_ends_when_the_twin_goes() {
    for (name, runtime, source) in [
        (
            "m.py",
            "python3.13",
            "def h(e, c):\n    open(e, 'w').write(str(__import__('os').getpid()))\n    while True: pass\n",
        ),
        (
            "m.mjs",
            "nodejs22.x",
            "import { writeFileSync } from 'node:fs';\nexport const h = (e) => { writeFileSync(e, `${process.pid}`); for (;;); };",
        ),
    ] {
        let twin = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        let (lab, pid) = twin.block_on(async {
            let lab = Twin::configured(|config| config.handlers.isolated = false).await;
            let code = json!({"ZipFile": zip(&[(name, source)])});
            lab.function(json!({"Code": code, "Runtime": runtime, "Timeout": 900}))
                .await;
            let file = lab.app.config.dir.join("pid");
            let payload = json!(file).to_string().into_bytes();
            let app = Arc::clone(&lab.app);
            tokio::spawn(async move { invoke(&app, F, Invoker::Caller, payload).await });
            let told = || std::fs::read_to_string(&file).unwrap_or_default();
            until("the invocation", async || !told().is_empty()).await;
            (lab, told().parse::<Value>().unwrap())
        });
        assert!(runs(&pid));
        // Nothing of the twin's own code runs any more: its pipes are closed, as when it is killed.
        twin.shutdown_background();
        let watch = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        watch.block_on(until("the end of the handler", async || !runs(&pid)));
        drop(lab);
    }
}
