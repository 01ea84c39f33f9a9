//! A full disk, a folder that cannot be written.

use std::fs;

use serde_json::json;

use super::{FILE, FOLDER};
use crate::{
    harness::{Said, Site},
    twin,
};

/// Every resource in AWS is in the state's file: none can be forgotten.
fn all_on_record(site: &Site, endpoint: &str) {
    let steps = if site.has(FILE) {
        site.state()["steps"].clone()
    } else {
        json!({})
    };
    for (list, step) in [
        ("Functions", "function.hello"),
        ("item", "api"),
        ("UserPools", "user_pool"),
        ("logGroups", "log_group.hello"),
        ("role", "role.hello"),
    ] {
        let there = twin::everything(endpoint)
            .iter()
            .any(|t| t.starts_with(list));
        assert!(
            !there || !steps[step].is_null(),
            "{list} is not on record: {steps}"
        );
    }
}

/// A limit on the size of files fails writes as a full disk does, on any machine.
#[test]
fn when_the_disk_is_full_nothing_is_begun_that_cannot_be_recorded() {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    let limited = |blocks: u32, line: &str| {
        let labctl = env!("CARGO_BIN_EXE_labctl");
        // The signal would end the program; the error is what a full disk gives.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {labctl} {line}");
        Said::of(site.program("sh").args(["-c", &script]))
    };
    // Not even the lock.
    limited(0, "up --local")
        .code(1)
        .complains(&["cannot write", "make room"]);
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    // The first steps, and then no more.
    for blocks in [2, 6, 10] {
        let said = limited(blocks, "up --local").code(1);
        assert!(said.out.contains("Not complete"), "{}", said.out);
        let _ = said.complains(&["state.json", "cannot write", "make room", "same command"]);
        all_on_record(&site, &endpoint);
    }
    assert!(
        !twin::everything(&endpoint).is_empty(),
        "it was cut off on its way"
    );
    let before = site.read(FILE);
    let said = limited(0, "down").code(1);
    let _ = said.complains(&["cannot write"]);
    assert_eq!(site.read(FILE), before);
    site.ok("up --local");
    let pools = twin::everything(&endpoint);
    assert_eq!(
        pools.iter().filter(|t| t.starts_with("UserPools")).count(),
        1
    );
    site.ok("verify");
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    assert!(!site.has(FOLDER), "no half-written file is left");
}

/// In a mount namespace of its own, where this machine allows that: `None` otherwise.
fn with_mounts(site: &Site, script: &str) -> Option<Said> {
    let labctl = env!("CARGO_BIN_EXE_labctl");
    let script = format!("set -e; labctl={labctl}; {script}");
    for flags in [vec!["-m"], vec!["-rm"]] {
        let may = site
            .program("unshare")
            .args(&flags)
            .args(["sh", "-c", "mount -t tmpfs tmpfs ."])
            .output();
        if may.is_ok_and(|tried| tried.status.success()) {
            let mut unshare = site.program("unshare");
            return Some(Said::of(unshare.args(&flags).args(["sh", "-c", &script])));
        }
    }
    // Said to whoever runs the tests: the other tests of full disks run everywhere.
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        b"skipped: this machine allows no mounts (neither root nor user namespaces)\n",
    );
    None
}

#[test]
fn a_full_file_system_stops_the_run_and_room_lets_it_go_on() {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    let script = format!(
        "mkdir -p {FOLDER}; mount -t tmpfs -o size=16k,mode=700 tmpfs {FOLDER}
         $labctl up --local && exit 90
         mount -o remount,size=1m {FOLDER}
         $labctl up --local; $labctl status; $labctl down"
    );
    let Some(said) = with_mounts(&site, &script) else {
        return;
    };
    let _ = said.code(0).complains(&["No space left on device"]);
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

#[test]
fn a_folder_that_cannot_be_written_stops_the_run_before_anything_is_made() {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    site.write(FOLDER, "a file where the folder should be");
    for line in ["up --local", "down --local"] {
        site.labctl(line)
            .code(1)
            .complains(&["is not a folder", "`mv "]);
    }
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    fs::remove_file(site.path(FOLDER)).expect("a file");
    site.ok("up --local");
    let script = format!(
        "mount --bind {FOLDER} {FOLDER}; mount -o remount,bind,ro {FOLDER}
         $labctl status
         for line in 'up --local' down; do $labctl $line && exit 90; done
         mount -o remount,bind,rw {FOLDER}
         $labctl down"
    );
    if let Some(said) = with_mounts(&site, &script) {
        let _ = said
            .code(0)
            .complains(&["Read-only file system", "writable"]);
        assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    }
    site.ok("down");
}
