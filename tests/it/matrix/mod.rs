//! The crash matrix: every call of `up` and of `down` of every lab, cut off in every way, with both ways on.
//!
//! Each case has an account of its own in one twin, and strangers' things beside the lab's: with its names
//! where names are not unique, with names like its own where they are. Labs are those of the folder `labs/`, and the
//! tutorial's. Which cases are tried is said in [`choice`].

mod bystanders;
mod case;
mod choice;
mod inventory;
mod lab;

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

use crate::{
    harness::{Site, standings},
    twin,
};
use case::{Call, Case};
use choice::Dealer;
use lab::{Lab, Ready};

/// Cases at once: they mostly wait for processes to start, and for the rates that labctl keeps to.
const WORKERS: usize = 16;

/// How often `up` and `down` ask these depends on the machine.
const POLLED: [&str; 2] = [
    "lambda:GetFunctionConfiguration",
    "cloudfront:GetDistribution",
];

/// Past the test runner, which keeps what a test prints when all is well.
fn tell(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

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
            (!POLLED.contains(&call.operation.as_str()) || call.nth == 1).then_some(call)
        })
        .collect()
}

/// What a clean run tells of a lab.
struct Known {
    ready: Ready,
    /// All there is when it is complete and alone.
    built: Vec<String>,
    calls: Vec<Call>,
}

impl Known {
    /// A clean run.
    fn learn(ready: Ready, endpoint: &str, number: usize) -> Self {
        let lab = Lab::new(&ready, endpoint, number);
        let clean = |line| {
            lab.runs(line)
                .unwrap_or_else(|e| panic!("{}: {e}", ready.name))
        };
        clean("up --yes");
        let mut calls = numbered("up", lab.calls());
        let resources = standings(&clean("status --json").json()).len();
        // Each resource takes a call at least: fewer would mean that calls were not seen.
        assert!(
            calls.len() >= resources.max(10),
            "{}: {calls:#?}",
            ready.name
        );
        clean("verify");
        let built = lab.inventory();
        lab.calls();
        clean("down --yes");
        let down = numbered("down", lab.calls());
        assert!(down.len() >= 8, "{}: {down:#?}", ready.name);
        calls.extend(down);
        assert_eq!(lab.inventory(), Vec::<String>::new(), "{}", ready.name);
        drop(lab);
        Self {
            ready,
            built,
            calls,
        }
    }

    fn count(&self, command: &str) -> usize {
        self.calls.iter().filter(|c| c.command == command).count()
    }
}

/// What became of a lab's cases.
#[derive(Default)]
struct Tally {
    tried: AtomicUsize,
    failed: AtomicUsize,
}

#[test]
fn nothing_is_left_behind_whatever_dies_whenever_it_dies() {
    let started = Instant::now();
    let site = Site::empty();
    site.ok("local start --port 0");
    let endpoint = site.endpoint();
    let soon = json!({ "deploy_seconds": 0.2 });
    let set = twin::local(&endpoint, "POST", "/cloudfront", Some(&soon));
    assert!(set.status < 300, "{}", set.body);

    let labs: Vec<Known> = lab::all()
        .into_iter()
        .enumerate()
        .map(|(number, ready)| Known::learn(ready, &endpoint, number))
        .collect();
    let whole = std::env::var("LABCTL_MATRIX").is_ok_and(|extent| extent == "whole");
    let mut dealer = Dealer::new(whole, &labs[0].calls);
    let mut cases: Vec<(usize, Case)> = Vec::new();
    for (at, lab) in labs.iter().enumerate() {
        let dealt = dealer.deal(&lab.calls, at == 0);
        cases.extend(dealt.into_iter().map(|case| (at, case)));
    }
    // The gravest first, and labs that wait for rates beside those that do not.
    let grave = choice::troubles();
    cases.sort_by_key(|(_, case)| grave.iter().position(|t| *t == case.trouble));

    let tallies: Vec<Tally> = labs.iter().map(|_| Tally::default()).collect();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let turn = next.fetch_add(1, Ordering::SeqCst);
                    let Some((at, case)) = cases.get(turn) else {
                        return;
                    };
                    let (lab, tally) = (&labs[*at], &tallies[*at]);
                    let number = labs.len() + turn;
                    let outcome = catch_unwind(AssertUnwindSafe(|| {
                        case.run(&lab.ready, number, &endpoint, &lab.built)
                    }));
                    tally.tried.fetch_add(1, Ordering::SeqCst);
                    let outcome = outcome.unwrap_or_else(|_| Err("the test panicked".to_owned()));
                    if let Err(why) = outcome {
                        tally.failed.fetch_add(1, Ordering::SeqCst);
                        let words = format!("{} {case:?}\n{why}", lab.ready.name);
                        tell(&format!("crash matrix, failed: {words}"));
                        failures.lock().expect("no thread panicked").push(words);
                    }
                }
            });
        }
    });
    // The size is part of the result, also when all is well.
    for ((at, lab), tally) in labs.iter().enumerate().zip(&tallies) {
        let (ups, downs) = (lab.count("up"), lab.count("down"));
        let tried = tally.tried.load(Ordering::SeqCst);
        let size = format!(
            "crash matrix: {}: {ups} calls of up + {downs} of down: {tried} cases, {} failed",
            lab.ready.name,
            tally.failed.load(Ordering::SeqCst),
        );
        tell(&size);
        assert!(tried >= dealer.least(&lab.calls, at == 0), "{size}");
    }
    let failures = failures.into_inner().expect("no thread panicked");
    tell(&format!(
        "crash matrix: {} labs, {} cases, {} failed, {:.0} s",
        labs.len(),
        cases.len(),
        failures.len(),
        started.elapsed().as_secs_f64()
    ));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
