//! Compares a clean run of a lab with its record.

use std::{collections::BTreeSet, env, fs};

use serde_json::Value;

use super::{
    case::{minus, same},
    lab::Lab,
    record::{self, RENEW, Record, count},
};

/// Runs `up`, `verify` and `down`, and compares them with the record; with `UPDATE_MATRIX` it writes the record instead.
pub(super) fn run(name: &str, lab: &Lab<'_>, known: &Record) -> Result<(), String> {
    let seen = observe(lab)?;
    // Each resource takes at least one call: fewer means that the twin did not list all calls.
    let calls = seen.calls();
    let least = seen.kinds.len().max(10);
    if seen.up.values().sum::<usize>() < least || seen.down.values().sum::<usize>() < 8 {
        return Err(format!("too few calls were seen: {calls:#?}"));
    }
    if env::var_os("UPDATE_MATRIX").is_some() {
        return fs::write(record::path(name), seen.text(name)).map_err(|e| e.to_string());
    }
    if seen == *known {
        return Ok(());
    }
    let lines = |record: &Record| {
        record
            .text(name)
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (old, new) = (lines(known), lines(&seen));
    Err(format!(
        "{} is stale: it has {:#?}, the run {:#?}\nRenew it with: {RENEW}",
        record::path(name).display(),
        minus(&old, &new),
        minus(&new, &old),
    ))
}

fn observe(lab: &Lab<'_>) -> Result<Record, String> {
    let users = lab.inventory();
    lab.calls();
    lab.runs("up --yes")?;
    let up = count(lab.calls());
    let kinds = kinds(&lab.runs("status --json")?.json());
    lab.runs("verify")?;
    let built = minus(&lab.inventory(), &users);
    lab.calls();
    lab.runs("down --yes")?;
    let down = count(lab.calls());
    same("after a clean `down`", &users, &lab.inventory())?;
    Ok(Record {
        kinds,
        up,
        down,
        built,
    })
}

/// The kinds that `status --json` shows.
fn kinds(status: &Value) -> Vec<String> {
    let chapters = status["chapters"].as_array().into_iter().flatten();
    let resources = chapters.filter_map(|chapter| chapter["resources"].as_array());
    let kinds = resources.flatten().filter_map(|one| one["kind"].as_str());
    let kinds: BTreeSet<&str> = kinds.collect();
    kinds.into_iter().map(str::to_owned).collect()
}
