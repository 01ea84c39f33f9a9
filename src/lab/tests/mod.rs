//! The loader on good files, on bad ones, and on anything.

mod agreement;
mod bad;
mod good;
mod handlers;

use std::{fs, path::Path};

/// The folder of this file, as seen by `cargo test`.
const HERE: &str = "src/lab/tests";

/// Compares with what is checked in; `UPDATE_SNAPSHOTS=1` writes it instead.
fn assert_snapshot(path: &Path, now: &str) -> std::io::Result<()> {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        return fs::write(path, now);
    }
    let known = fs::read_to_string(path).unwrap_or_default();
    assert!(
        known == now,
        "{}: run with UPDATE_SNAPSHOTS=1 and look at the difference\n{now}",
        path.display()
    );
    Ok(())
}
