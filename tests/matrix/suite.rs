//! Shared by all cases: the twin, the labs with their records, and the counters.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use regex::Regex;
use serde_json::json;
use tempfile::TempDir;

use super::{
    case::Case,
    choice, clean,
    lab::{self, Lab, Source, project},
    record::{self, Record},
    support::{said::Said, twin},
};

pub(super) struct Suite {
    /// The tutorial's first.
    pub labs: Vec<Entry>,
    whole: bool,
    twin: Twin,
    /// How many accounts are in use: the next one has this number.
    accounts: AtomicUsize,
}

/// A lab, and how many of its cases ran and failed.
pub(super) struct Entry {
    pub source: Source,
    record: Record,
    tried: AtomicUsize,
    failed: AtomicUsize,
}

impl Suite {
    pub(super) fn new(whole: bool) -> Self {
        let entry = |source: Source| Entry {
            record: Record::read(&source.name),
            source,
            tried: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
        };
        Self {
            labs: lab::all().into_iter().map(entry).collect(),
            whole,
            twin: Twin::default(),
            accounts: AtomicUsize::new(0),
        }
    }

    /// All cases, each with the index of its lab. The gravest come first; labs that wait for request rates run beside
    /// labs that do not.
    pub(super) fn cases(&self) -> Vec<(usize, Case)> {
        let tutorial = &self.labs[0].record;
        let of = |(at, lab): (usize, &Entry)| {
            let cases = choice::cases(&lab.source.name, &lab.record, tutorial, self.whole);
            cases.into_iter().map(move |case| (at, case))
        };
        let mut all: Vec<_> = self.labs.iter().enumerate().flat_map(of).collect();
        let grave = choice::troubles();
        all.sort_by_key(|(_, case)| grave.iter().position(|trouble| *trouble == case.trouble));
        all
    }

    /// A lab in a new account.
    fn lab(&self, at: usize) -> Lab<'_> {
        let number = self.accounts.fetch_add(1, Ordering::SeqCst);
        Lab::new(self.labs[at].source.ready(), self.twin.endpoint(), number)
    }

    pub(super) fn run(&self, at: usize, case: &Case) -> Result<(), String> {
        let entry = &self.labs[at];
        entry.tried.fetch_add(1, Ordering::SeqCst);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            case.run(self.lab(at), &entry.record.built)
        }));
        let outcome = outcome.unwrap_or_else(|_| Err("the test panicked".to_owned()));
        if outcome.is_err() {
            entry.failed.fetch_add(1, Ordering::SeqCst);
        }
        outcome
    }

    pub(super) fn clean(&self, at: usize) -> Result<(), String> {
        let entry = &self.labs[at];
        clean::run(&entry.source.name, &self.lab(at), &entry.record)
    }

    pub(super) fn every_record_has_a_lab(&self) -> Result<(), String> {
        let is_lab = |name: &String| self.labs.iter().any(|entry| entry.source.name == *name);
        match record::labs().into_iter().find(|name| !is_lab(name)) {
            Some(name) => Err(format!(
                "{} has no lab: remove it",
                record::path(&name).display()
            )),
            None => Ok(()),
        }
    }

    /// One kind can have several create calls (a role policy is inline or managed): each must be in a lab.
    pub(super) fn every_permitted_create_is_in_a_lab(&self) -> Result<(), String> {
        let policy = fs::read_to_string(project("docs/policy.json")).map_err(|e| e.to_string())?;
        let action = Regex::new(r#""([a-z0-9-]+:(?:Admin)?(?:Create|Attach|Add)\w+)""#);
        let action = action.map_err(|e| e.to_string())?;
        // `CreateDistribution` permits `CreateDistributionWithTags`.
        let is_made = |action: &String| {
            let names = [action.clone(), format!("{action}WithTags")];
            let records = self.labs.iter().map(|entry| &entry.record.up);
            records
                .into_iter()
                .any(|up| names.iter().any(|name| up.contains_key(name)))
        };
        let permitted = action
            .captures_iter(&policy)
            .map(|found| found[1].to_owned());
        let missing: Vec<_> = permitted.filter(|action| !is_made(action)).collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(format!(
                "no lab makes the calls {missing:?}: add them to edge-options/lab.yaml"
            ))
        }
    }

    /// How many cases ran and failed: a line per lab, then the total. Empty if no case ran.
    pub(super) fn summary(&self, took: Duration) -> Vec<String> {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        let tried = || self.labs.iter().filter(|entry| count(&entry.tried) > 0);
        let mut lines: Vec<String> = tried()
            .map(|entry| {
                let Record { up, down, .. } = &entry.record;
                format!(
                    "{}: {} calls of up + {} of down: {} cases, {} failed",
                    entry.source.name,
                    up.values().sum::<usize>(),
                    down.values().sum::<usize>(),
                    count(&entry.tried),
                    count(&entry.failed),
                )
            })
            .collect();
        if !lines.is_empty() {
            let sum = |which: fn(&Entry) -> &AtomicUsize| {
                tried().map(|entry| count(which(entry))).sum::<usize>()
            };
            lines.push(format!(
                "{} labs, {} cases, {} failed, {:.0} s",
                lines.len(),
                sum(|entry| &entry.tried),
                sum(|entry| &entry.failed),
                took.as_secs_f64()
            ));
        }
        lines
    }
}

/// The twin of all cases. The first case starts it; dropping it stops it.
#[derive(Default)]
struct Twin(OnceLock<(TempDir, String)>);

fn local(folder: &TempDir, line: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_labctl"));
    command
        .arg("local")
        .args(line.split(' '))
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder.path())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null());
    Said::of(&mut command)
}

impl Twin {
    fn endpoint(&self) -> &str {
        let (_, endpoint) = self.0.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            local(&folder, "start --port 0").code(0);
            let status = local(&folder, "status --json").code(0).json();
            let endpoint = status["endpoint"].as_str().expect("an endpoint").to_owned();
            let soon = json!({ "deploy_seconds": 0.2 });
            let set = twin::local(&endpoint, "POST", "/cloudfront", Some(&soon));
            assert!(set.status < 300, "{}", set.body);
            (folder, endpoint)
        });
        endpoint
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        if let Some((folder, _)) = self.0.get() {
            local(folder, "stop");
        }
    }
}
