//! How much memory a handler holds.

use std::time::Duration;

/// How often it is looked at.
pub(super) const PACE: Duration = Duration::from_millis(50);

/// MB that a process and those it started hold (resident). `None`: this system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let own: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(
        own / 1024
            + children(process)
                .into_iter()
                .filter_map(resident)
                .sum::<u64>(),
    )
}

/// Processes that any thread of a process started.
#[cfg(target_os = "linux")]
fn children(process: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    threads
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|id| id.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn resident(_process: u32) -> Option<u64> {
    None
}
