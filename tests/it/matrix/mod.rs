//! The crash matrix: every call of `up` and of `down`, every trouble, both ways on.
//!
//! Each case has an account of its own in one twin, and strangers' things beside the lab's: with its names
//! where names are not unique, with names like its own where they are.

mod case;
mod inventory;

use std::{
    collections::BTreeMap,
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use serde_json::json;

use crate::harness::Site;
use case::{Call, Case, Ending, Lab, Trouble};

/// Cases at once: they mostly wait for processes to start.
const WORKERS: usize = 12;

/// Everything that may happen at any call.
fn troubles() -> Vec<Trouble> {
    let fault = |rule, fatal| Trouble::Fault { rule, fatal };
    vec![
        Trouble::DiesBefore,
        Trouble::DiesUnanswered,
        Trouble::DiesAnswered,
        fault(json!({ "action": "throttle" }), false),
        fault(json!({ "action": "throttle", "retry_after": 1 }), false),
        fault(json!({ "action": "error", "status": 500 }), false),
        fault(json!({ "action": "error", "status": 503 }), false),
        fault(json!({ "action": "delay", "ms": 300 }), false),
        fault(json!({ "action": "reset" }), false),
        fault(json!({ "action": "drop" }), false),
        fault(json!({ "action": "expired_token" }), true),
        fault(json!({ "action": "denied" }), true),
    ]
}

/// Past the test runner, which keeps what a test prints when all is well.
fn tell(size: &str) {
    let _ = writeln!(std::io::stderr(), "{size}");
}

/// How often `up` asks whether the function is active depends on the machine.
const POLLED: &str = "lambda:GetFunctionConfiguration";

fn numbered(command: &'static str, operations: Vec<String>) -> Vec<Call> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    operations
        .into_iter()
        .filter_map(|operation| {
            let nth = counts.entry(operation.clone()).or_default();
            *nth += 1;
            let call = Call {
                command,
                operation,
                nth: *nth,
            };
            (call.operation != POLLED || call.nth == 1).then_some(call)
        })
        .collect()
}

#[test]
fn nothing_is_left_behind_whatever_dies_whenever_it_dies() {
    let started = Instant::now();
    let site = Site::empty();
    site.ok("local start --port 0");
    let endpoint = site.endpoint();

    // A clean run tells which calls there are, and what a complete lab is.
    let clean = Lab::new(&endpoint, 0);
    let bystanders = clean.inventory();
    clean.calls();
    clean.runs("up --yes").expect("a clean run");
    let mut calls = numbered("up", clean.calls());
    let built = clean.inventory();
    clean.calls();
    clean.runs("down --yes").expect("a clean run");
    calls.extend(numbered("down", clean.calls()));
    assert_eq!(clean.inventory(), bystanders);
    let of = |command| calls.iter().filter(|c| c.command == command).count();
    let (ups, downs) = (of("up"), of("down"));
    // What this lab needs at least: fewer would mean that calls were not seen.
    assert!(ups >= 17 && downs >= 8, "{calls:#?}");

    let troubles = troubles();
    let mut cases = Vec::new();
    for call in &calls {
        let late = json!({ "action": "iam_lag", "times": 3 });
        let late = Trouble::Fault {
            rule: late,
            fatal: false,
        };
        let names_a_role = call.operation == "lambda:CreateFunction";
        for trouble in troubles.iter().chain(names_a_role.then_some(&late)) {
            for ending in [Ending::GoesOn, Ending::GoesDown] {
                cases.push(Case {
                    call: call.clone(),
                    trouble: trouble.clone(),
                    ending,
                });
            }
        }
    }

    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let Some(case) = cases.get(number) else {
                        return;
                    };
                    let outcome = catch_unwind(AssertUnwindSafe(|| {
                        case::run(case, number + 1, &endpoint, &built)
                    }));
                    let outcome = outcome.unwrap_or_else(|_| Err("the test panicked".to_owned()));
                    if let Err(why) = outcome {
                        let mut failures = failures.lock().expect("no thread panicked");
                        failures.push(format!("{case:?}\n{why}"));
                    }
                }
            });
        }
    });
    let tried = next.load(Ordering::SeqCst) - WORKERS;
    let failures = failures.into_inner().expect("no thread panicked");
    let size = format!(
        "crash matrix: ({ups} calls of up + {downs} of down) × {} troubles × 2 endings, and late IAM: {tried} cases, \
         {} failed, {:.0} s",
        troubles.len(),
        failures.len(),
        started.elapsed().as_secs_f64()
    );
    // The size is part of the result, also when all is well.
    tell(&size);
    assert!(tried >= (ups + downs) * troubles.len() * 2, "{size}");
    assert!(failures.is_empty(), "{size}\n\n{}", failures.join("\n\n"));
}
