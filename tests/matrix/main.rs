//! The crash matrix: interrupts every call of `up` and `down` in every lab, then resumes or takes the lab down.
//!
//! Each case is a test, such as `cloudfront-edge::up::iam:CreateRole#1::dies_answered::goes_down`. All cases share one
//! twin, and each has its own account there. Other owners' resources stand beside the lab's: with the same names where
//! AWS allows it, with similar names elsewhere. A lab's [`record`] lists the calls of a clean run and the resources it
//! leaves, and one test per lab compares it with a clean run. [`choice`] derives the cases from the records.

mod bystanders;
mod case;
mod choice;
mod clean;
mod inventory;
mod lab;
mod owned;
mod record;
mod suite;
#[path = "../support/mod.rs"]
mod support;

use std::{io::Write, process::ExitCode, sync::Arc, time::Instant};

use libtest_mimic::{Arguments, Failed, Trial};

use suite::Suite;

/// Cases at once, unless `--test-threads` says otherwise: they mostly wait for processes and for request rates.
const WORKERS: usize = 16;

fn main() -> ExitCode {
    let started = Instant::now();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(WORKERS);
    let whole = std::env::var("LABCTL_MATRIX").is_ok_and(|extent| extent == "whole");
    let suite = Arc::new(Suite::new(whole));
    let conclusion = libtest_mimic::run(&arguments, trials(&suite));
    // The numbers are part of the result, even if nothing failed.
    for line in suite.summary(started.elapsed()) {
        let _ = writeln!(std::io::stderr(), "crash matrix: {line}");
    }
    drop(suite);
    conclusion.exit_code()
}

fn trials(suite: &Arc<Suite>) -> Vec<Trial> {
    let records = trial(
        suite,
        "every_record_has_a_lab",
        Suite::every_record_has_a_lab,
    );
    let creates = trial(
        suite,
        "every_permitted_create_is_in_a_lab",
        Suite::every_permitted_create_is_in_a_lab,
    );
    let name = |at: usize, test: &str| format!("{}::{test}", suite.labs[at].source.name);
    let clean = (0..suite.labs.len()).map(|at| {
        let name = name(at, "clean_run_matches_record");
        trial(suite, name, move |suite| suite.clean(at))
    });
    let cases = suite.cases().into_iter().map(|(at, case)| {
        let name = name(at, &case.to_string());
        trial(suite, name, move |suite| suite.run(at, &case))
    });
    let all = [records, creates].into_iter();
    all.chain(clean).chain(cases).collect()
}

fn trial(
    suite: &Arc<Suite>,
    name: impl Into<String>,
    holds: impl FnOnce(&Suite) -> Result<(), String> + Send + 'static,
) -> Trial {
    let suite = suite.clone();
    Trial::test(name, move || holds(&suite).map_err(Failed::from))
}
