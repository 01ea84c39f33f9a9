//! Credentials that expire in the middle of a run.

use std::{
    process::Command,
    sync::mpsc::{Receiver, Sender},
};

use serde_json::json;

use super::{Account, hold};
use crate::{
    harness::{Running, Said, Site, changes},
    twin,
};

/// From the first request that contains `what` on, AWS no longer takes the credentials.
fn expire_at(
    account: &Account,
    command: &mut Command,
    held: (Receiver<()>, Sender<()>),
) -> (Said, twin::Rule) {
    let (reached, word) = held;
    let run = Running::start(command);
    reached.recv().expect("the call comes");
    let rule = json!({ "operation": "*", "action": "expired_token", "times": 0 });
    let expired = twin::Rule::set(&account.twin, &rule);
    word.send(()).expect("the proxy waits");
    (run.end(), expired)
}

#[test]
fn credentials_that_expire_pause_the_run() {
    for parallel in ["1", "8"] {
        let (reached, word, whim) = hold("POST /restapis ");
        let account = Account::new(whim);
        let mut up = account.command(&format!("up --yes --json --parallel {parallel}"));
        let (said, expired) = expire_at(&account, &mut up, (reached, word));
        let events = said.code(1).events();
        let failed = changes(&events)
            .iter()
            .filter(|(_, c)| c == "failed")
            .count();
        assert_eq!(failed, 0, "not a cascade of failures: {events:?}");
        let paused = events.iter().filter(|e| {
            e["event"] == "warning" && e["message"].as_str().is_some_and(|m| m.contains("paused:"))
        });
        assert_eq!(paused.count(), 1, "{events:?}");
        let finished = &events[events.len() - 2];
        let summary = finished["summary"].as_str().unwrap_or_default();
        assert!(
            summary.starts_with("Paused after") && summary.contains(" 0 failed"),
            "{summary}"
        );
        let error = events.last().expect("an error").to_string();
        for words in ["paused: ", "ExpiredToken", "sign in again", "goes on"] {
            assert!(error.contains(words), "{words} in {error}");
        }
        if parallel == "1" {
            let last = account.seen.lock().expect("a log").last().cloned();
            assert_eq!(last.as_deref().map(str::trim), Some("POST /restapis"));
        }
        // Signed in again.
        drop(expired);
        account.goes_on();
    }
}

#[test]
fn credentials_that_expire_during_down_leave_the_rest_for_the_next() {
    let (reached, word, whim) = hold("DELETE /restapis/");
    let account = Account::new(whim);
    account.run("up --yes").code(0);
    let mut down = account.command("down --yes --json");
    let (said, expired) = expire_at(&account, &mut down, (reached, word));
    let events = said.code(6).events();
    let failed = changes(&events)
        .iter()
        .filter(|(_, c)| c == "failed")
        .count();
    assert_eq!(failed, 1, "said once: {events:?}");
    let error = events.last().expect("an error").to_string();
    assert!(
        error.contains("ExpiredToken") && error.contains("sign in again"),
        "{error}"
    );
    drop(expired);
    account.run("down --yes").code(0);
    assert_eq!(twin::everything(&account.twin), Vec::<String>::new());
}

/// The twin's own answers, in each service's own words.
#[test]
fn every_service_s_word_for_expired_pauses() {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    for operation in [
        "iam:CreateRole",
        "logs:CreateLogGroup",
        "cognito-idp:CreateUserPool",
        "apigateway:CreateRestApi",
        "lambda:CreateFunction",
    ] {
        let rule = json!({ "operation": operation, "action": "expired_token", "times": 0 });
        let expired = twin::Rule::set(&endpoint, &rule);
        let said = site.labctl("up --local").code(1);
        assert!(
            said.out.contains("Paused after"),
            "{operation}: {}",
            said.out
        );
        drop(expired);
        site.ok("up --local");
        site.ok("down");
        assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    }
}
