//! The state: lost, damaged, written by an older labctl, copied, moved, locked, on a full disk, in a folder that cannot be written.

mod copies;
mod damaged;
mod keep;
pub(crate) mod kept;
mod locked;
mod unwritable;

use std::{fs, path::PathBuf};

use crate::harness::Site;

const FOLDER: &str = ".labctl/cognito-authorizer";
const FILE: &str = ".labctl/cognito-authorizer/state.json";

fn count(all: &[(String, String)], change: &str) -> usize {
    all.iter().filter(|(_, c)| c == change).count()
}

/// States that were kept aside, oldest first.
fn asides(site: &Site) -> Vec<PathBuf> {
    let entries = fs::read_dir(site.path(FOLDER)).expect("a folder").flatten();
    let mut all: Vec<_> = entries
        .map(|e| e.path())
        .filter(|p| p.to_string_lossy().contains("state.json.unreadable-"))
        .collect();
    all.sort();
    all
}
