//! Logs that Lambda writes after its function was deleted.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use serde_json::json;

use super::tools::{FOLDER, listed, logs, names, receipt, remove_survivors};
use crate::{
    harness::{FUNCTION, Site},
    twin,
};

/// Lambda writes a last line after the group was deleted: the group is back, without tags.
#[test]
fn a_log_group_that_comes_back_is_waited_for() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let name = format!("/aws/lambda/{FUNCTION}");
    let input = json!({ "logGroupNamePrefix": name });
    let flush = std::thread::spawn({
        let (endpoint, name) = (endpoint.clone(), name.clone());
        move || {
            let there = || logs(&endpoint, "DescribeLogGroups", &input)["logGroups"] != json!([]);
            assert!(there(), "made by `up`");
            while there() {
                std::thread::yield_now();
            }
            logs(
                &endpoint,
                "CreateLogGroup",
                &json!({ "logGroupName": name }),
            );
        }
    });
    // Ends as soon as the group is back: the grace is only the limit.
    let said = site.labctl("down --prove --grace 600 --json");
    flush.join().expect("the group was deleted");
    let receipt = receipt(&said.code(6));
    assert_eq!(
        listed(&receipt, "survivors"),
        names(&[&format!("log_group {name}")])
    );
    let reason = receipt["survivors"][0]["reason"]
        .as_str()
        .expect("a reason");
    assert!(reason.contains("writes logs late"), "{reason}");
    let all = twin::everything(&endpoint);
    assert_eq!(
        all,
        [format!("logGroups: {name}")],
        "it has no tag: it is not labctl's to delete"
    );
    // The same without the record: nothing else makes such a group.
    let again = self::receipt(&site.labctl("down --local --prove --json").code(6));
    assert_eq!(listed(&again, "survivors"), listed(&receipt, "survivors"));
    remove_survivors(&site, &endpoint, &again);
    site.ok("down --local --prove");
}

/// Ctrl-C while late logs are watched: what was deleted stays deleted, and nothing is said to be proven.
#[test]
fn an_interrupted_sweep_proves_nothing() {
    let site = Site::tutorial();
    site.ok("up --local");
    let mut child = site
        .command("down --prove --grace 600 --json".split(' '))
        .stdout(Stdio::piped())
        .spawn()
        .expect("labctl starts");
    let mut events = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let started = events.find(|e| e.as_ref().is_ok_and(|e| e.contains("sweep_started")));
    assert!(started.is_some(), "a sweep starts");
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("kill runs").success());
    let rest: Vec<String> = events.map_while(Result::ok).collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{rest:?}");
    assert!(!rest.iter().any(|e| e.contains("receipt")), "{rest:?}");
    assert!(!site.has(FOLDER), "no state and no receipt");
    site.ok("down --prove --local");
}
