//! Ending a process with all that it started.

use std::process::Stdio;

use tokio::process::{Child, Command};

/// Kills a process group by its leader, and waits for the leader so that no zombie stays.
pub(super) async fn group(leader: Option<u32>, child: &mut Child) {
    if let Some(leader) = leader {
        // The shell's own `kill`: the system call would be unsafe code.
        let _ = Command::new("/bin/sh")
            .args(["-c", "kill -s KILL -- \"-$0\"", &leader.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await;
    }
    let _ = child.start_kill();
    let _ = child.wait().await;
}
