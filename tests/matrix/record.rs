//! `records/LAB.txt`: the calls of a clean run of a lab, and the resources it creates. Cases are derived from this file,
//! so a case has a stable name and needs no other run.

use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

use super::{case::Call, lab::project};

/// The command that renews the records.
pub(super) const RENEW: &str = "UPDATE_MATRIX=1 cargo test --test matrix clean_run";

/// Operations that poll. How often depends on the machine, so only the first call counts.
const POLLED: [&str; 2] = [
    "lambda:GetFunctionConfiguration",
    "cloudfront:GetDistribution",
];

/// How often each operation is called.
pub(super) type Counts = BTreeMap<String, usize>;

/// A clean run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// The kinds of its resources, as the state names them.
    pub kinds: Vec<String>,
    pub up: Counts,
    pub down: Counts,
    /// The inventory of the complete lab, without what the user owns.
    pub built: Vec<String>,
}

pub(super) fn count(operations: Vec<String>) -> Counts {
    let mut counts = Counts::new();
    for operation in operations {
        let polled = POLLED.contains(&operation.as_str());
        let calls = counts.entry(operation).or_default();
        *calls = if polled { 1 } else { *calls + 1 };
    }
    counts
}

pub(super) fn path(lab: &str) -> PathBuf {
    project(&format!("tests/matrix/records/{lab}.txt"))
}

/// The labs that have a record.
pub(super) fn labs() -> Vec<String> {
    let files = fs::read_dir(project("tests/matrix/records")).expect("a folder");
    let names = files.map(|file| file.expect("a file").path());
    names
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into())
        .collect()
}

impl Record {
    /// The record of a lab; an empty one when there is none yet.
    pub(super) fn read(lab: &str) -> Self {
        let text = fs::read_to_string(path(lab)).unwrap_or_default();
        let mut record = Self::default();
        let mut section = "";
        for line in text.lines() {
            let Some(entry) = line.strip_prefix("  ") else {
                section = line;
                continue;
            };
            let counted = |counts: &mut Counts| {
                let (times, operation) = entry.split_once(' ').expect("a count and an operation");
                counts.insert(operation.to_owned(), times.parse().expect("a count"));
            };
            match section {
                "kinds" => record.kinds.push(entry.to_owned()),
                "up" => counted(&mut record.up),
                "down" => counted(&mut record.down),
                "built" => record.built.push(entry.to_owned()),
                _ => panic!("{}: {line:?} is in no section", path(lab).display()),
            }
        }
        record
    }

    pub(super) fn text(&self, lab: &str) -> String {
        let mut text = format!("# A clean run of {lab}. Renew it with: {RENEW}\n");
        let mut section = |name: &str, entries: Vec<String>| {
            let _ = writeln!(text, "{name}");
            for entry in entries {
                let _ = writeln!(text, "  {entry}");
            }
        };
        let counted = |counts: &Counts| {
            let lines = counts
                .iter()
                .map(|(operation, times)| format!("{times} {operation}"));
            lines.collect()
        };
        section("kinds", self.kinds.clone());
        section("up", counted(&self.up));
        section("down", counted(&self.down));
        section("built", self.built.clone());
        text
    }

    /// The calls of `up`, then those of `down`.
    pub(super) fn calls(&self) -> Vec<Call> {
        [("up", &self.up), ("down", &self.down)]
            .into_iter()
            .flat_map(|(command, counts)| {
                counts
                    .iter()
                    .map(move |(operation, times)| (command, operation, *times))
            })
            .flat_map(|(command, operation, times)| {
                (1..=times).map(move |nth| Call {
                    command,
                    operation: operation.clone(),
                    nth,
                })
            })
            .collect()
    }
}
