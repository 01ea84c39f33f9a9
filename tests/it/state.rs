//! The state: lost, damaged, copied, moved, locked, on a full disk, in a folder that cannot be written.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    harness::{Running, Said, Site, changes},
    twin,
};

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

/// What a torn write, a bad disk or a helpful editor may leave.
fn damaged(good: &str) -> Vec<(&'static str, Vec<u8>)> {
    let state: Value = serde_json::from_str(good).expect("a state");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut state = state.clone();
        change(&mut state);
        state.to_string().into_bytes()
    };
    vec![
        ("truncated", good.as_bytes()[..good.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("zeros", vec![0; 4096]),
        ("not UTF-8", b"{\"version\": 1, \"lab\": \"\xff\"}".to_vec()),
        ("not an object", b"[]".to_vec()),
        ("no version", with(&|s| s["version"] = Value::Null)),
        (
            "no account",
            with(&|s| drop(s.as_object_mut().expect("an object").remove("account"))),
        ),
        (
            "a kind of nowhere",
            with(&|s| s["steps"]["api"]["kind"] = json!("castle")),
        ),
        (
            "a key of another kind",
            with(&|s| s["steps"]["api"]["key"] = json!({ "id": 7 })),
        ),
        (
            "an output of another kind",
            with(&|s| s["steps"]["api"]["output"] = json!("none")),
        ),
        (
            "needs in a circle",
            with(&|s| s["steps"]["role.hello"]["needs"] = json!(["function.hello"])),
        ),
        (
            "it lives in itself",
            with(&|s| s["steps"]["api"]["within"] = json!("api")),
        ),
    ]
}

#[test]
fn a_state_that_cannot_be_read_is_kept_aside_and_the_lab_found_again() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let before = twin::everything(&endpoint);
    let all = damaged(&site.read(FILE));
    for (n, (what, bad)) in all.iter().enumerate() {
        site.write(FILE, bad);
        // What only reads changes nothing, and says what would.
        let status = site.labctl("status").code(1);
        let _ = status.complains(&[
            "state.json",
            "not a labctl state",
            "labctl up",
            "labctl down",
        ]);
        assert_eq!(fs::read(site.path(FILE)).expect("a file"), *bad, "{what}");

        let events = site.ok("up --local --json").events();
        let told = events.iter().any(|e| {
            let message = e["message"].as_str().unwrap_or_default();
            e["event"] == "warning"
                && message.contains("kept as")
                && message.contains("unreadable-")
        });
        assert!(told, "{what}: {events:?}");
        assert_eq!(
            count(&changes(&events), "adopted"),
            15,
            "{what}: {events:?}"
        );
        assert_eq!(asides(&site).len(), n + 1, "{what}");
        assert_eq!(twin::everything(&endpoint), before, "{what}: no duplicate");
        site.ok("status");
    }
    let mut kept: Vec<_> = asides(&site)
        .iter()
        .map(|p| fs::read(p).expect("kept"))
        .collect();
    let mut put: Vec<_> = all.into_iter().map(|(_, bad)| bad).collect();
    kept.sort();
    put.sort();
    assert_eq!(kept, put, "nothing is lost");

    site.write(FILE, &put[3]);
    site.labctl("verify")
        .code(1)
        .complains(&["not a labctl state"]);
}

#[test]
fn down_without_a_readable_state_leaves_nothing() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    for (what, bad) in damaged(&site.read(FILE)) {
        site.write(FILE, &bad);
        // Where it was cannot be read either: without credentials it is the twin.
        let said = site.ok("down");
        assert!(said.out.contains("kept as"), "{what}: {}", said.out);
        assert_eq!(twin::everything(&endpoint), Vec::<String>::new(), "{what}");
        assert!(!site.has(FILE), "{what}");
        let aside = asides(&site).pop().expect("kept aside");
        assert_eq!(fs::read(&aside).expect("kept"), bad, "{what}");
        site.labctl("status").code(4);
        fs::remove_dir_all(site.path(FOLDER)).expect("a folder");
        site.ok("up --local");
    }
    site.ok("down");
}

/// Nothing would say what to look for.
#[test]
fn without_the_lab_s_file_an_unreadable_state_stays() {
    let site = Site::tutorial();
    site.ok("up --local");
    let (good, lab) = (site.read(FILE), site.read("lab.yaml"));
    site.write(FILE, "{");
    fs::remove_file(site.path("lab.yaml")).expect("a file");
    site.labctl("down")
        .code(1)
        .complains(&["not a labctl state", "lab.yaml"]);
    assert_eq!(site.read(FILE), "{");
    site.write("lab.yaml", lab);
    site.write(FILE, good);
    site.ok("down");
}

#[test]
fn a_state_of_a_newer_labctl_or_another_lab_is_never_touched() {
    let site = Site::tutorial();
    site.ok("up --local");
    let good = site.read(FILE);
    let before = twin::everything(&site.endpoint());
    let other = good.replace(r#""lab": "cognito-authorizer""#, r#""lab": "another""#);
    assert_ne!(other, good);
    for (bad, word) in [
        (
            r#"{"version":99,"steps":"of a kind to come"}"#,
            "newer labctl",
        ),
        (other.as_str(), "`another`"),
    ] {
        site.write(FILE, bad);
        for line in ["up --local", "status", "verify", "down"] {
            site.labctl(line)
                .code(1)
                .complains(&["state.json", word, "nothing was touched"]);
            assert_eq!(site.read(FILE), bad, "{line}");
        }
    }
    assert_eq!(twin::everything(&site.endpoint()), before);
    assert_eq!(asides(&site), Vec::<PathBuf>::new());
    site.write(FILE, good);
    site.ok("down");
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(done.expect("cp runs").success());
}

/// `labctl …` in a copy of the site's folder.
fn there(site: &Site, folder: &str, line: &str) -> Said {
    let mut command = site.command(line.split(' '));
    Said::of(command.current_dir(site.path("").join(folder)))
}

#[test]
fn two_copies_of_a_lab_and_its_state_get_along() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let before = twin::everything(&endpoint);
    let folders = ["../copy", "."];
    copy(&site.path(""), &site.path("../copy"));
    let in_copy = |line: &str| there(&site, folders[0], line);

    // Both know the same resources.
    let unchanged = changes(&in_copy("up --local --json").code(0).events());
    assert_eq!(count(&unchanged, "unchanged"), 15, "{unchanged:?}");
    assert_eq!(twin::everything(&endpoint), before);

    // What one removed, the other finds gone.
    in_copy("down").code(0);
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    site.labctl("status").code(4);
    site.ok("down");
    in_copy("down").code(0);

    // What one removed and built anew, the other finds, and makes nothing twice.
    site.ok("up --local");
    fs::remove_dir_all(site.path("../copy")).expect("a folder");
    copy(&site.path(""), &site.path("../copy"));
    site.ok("down");
    site.ok("up --local");
    let anew = twin::everything(&endpoint);
    let ended = changes(&in_copy("up --local --json").code(0).events());
    assert_eq!(count(&ended, "created"), 0, "{ended:?}");
    assert_eq!(twin::everything(&endpoint), anew, "no duplicate");
    let ids = |state: Value| -> Vec<Value> {
        let steps = [
            "api",
            "user_pool",
            "app_client",
            "path./demo",
            "user.student@example.com",
        ];
        steps
            .iter()
            .map(|id| state["steps"][*id]["output"].clone())
            .collect()
    };
    let copied = fs::read_to_string(site.path("../copy").join(FILE)).expect("a state");
    let copied: Value = serde_json::from_str(&copied).expect("JSON");
    assert_eq!(ids(copied), ids(site.state()), "both know the same again");
    in_copy("status").code(0);
    site.ok("status");
    site.ok("verify");

    in_copy("down").code(0);
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    fs::remove_dir_all(site.path("../copy")).expect("a folder");
}

#[test]
fn a_lab_whose_folder_was_moved_finds_its_twin() {
    let site = Site::tutorial();
    site.ok("up --local");
    site.ok("local stop");
    let moved = site.path("../moved");
    fs::rename(site.path(""), &moved).expect("a folder");
    fs::create_dir(site.path("")).expect("a folder");
    let in_moved = |line: &str| there(&site, "../moved", line);
    in_moved("local start").code(0);
    in_moved("status").code(0);
    let unchanged = changes(&in_moved("up --local --json").code(0).events());
    assert_eq!(count(&unchanged, "unchanged"), 15, "{unchanged:?}");
    in_moved("verify").code(0);
    in_moved("down").code(0);
    in_moved("local stop").code(0);
    assert!(!site.has(".labctl"), "nothing was made where it was");
}

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
        "mkdir -p {FOLDER}; mount -t tmpfs -o size=16k tmpfs {FOLDER}
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
            .complains(&["cannot make the folder", "writable"]);
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

#[test]
fn a_second_run_is_told_who_works_here_and_since_when() {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    let rule =
        json!({ "operation": "apigateway:CreateRestApi", "action": "hold", "when": "after" });
    let held = twin::Rule::set(&endpoint, &rule);
    let up = Running::start(&mut site.command(["up", "--local"]));
    held.hit();
    let process = format!("process {}", up.child.id());
    for line in ["up --local", "down"] {
        site.labctl(line).code(1).complains(&[
            "in use by",
            "`labctl up`",
            &process,
            "since 2",
            "wait for it",
        ]);
    }
    drop(held);
    up.end().code(0);
    site.ok("status");

    // A lock dies with its process, whatever its file says.
    let rule =
        json!({ "operation": "apigateway:DeleteRestApi", "action": "hold", "when": "after" });
    let held = twin::Rule::set(&endpoint, &rule);
    let mut down = Running::start(&mut site.command(["down"]));
    held.hit();
    down.child.kill().expect("it is killed");
    assert_eq!(down.end().code, -1);
    drop(held);
    assert!(
        site.read(&format!("{FOLDER}/lock"))
            .contains("`labctl down`")
    );
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

/// No decision is made by the clock: whatever time the state was written at, it says the same.
#[test]
fn a_clock_that_was_wrong_changes_nothing() {
    let site = Site::tutorial();
    site.ok("up --local");
    for year in ["1970", "2199"] {
        let mut state = site.state();
        let at = json!(format!("{year}-01-01T00:00:00Z"));
        state["created_at"] = at.clone();
        let steps = state["steps"].as_object_mut().expect("steps");
        steps.values_mut().for_each(|step| step["at"] = at.clone());
        site.write(FILE, state.to_string());
        site.ok("status");
        let ended = changes(&site.ok("up --local --json").events());
        assert_eq!(count(&ended, "unchanged"), 15, "{year}: {ended:?}");
    }
    let endpoint = site.endpoint();
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

#[test]
fn what_a_killed_run_was_about_to_write_is_swept() {
    let site = Site::tutorial();
    site.ok("up --local");
    site.write(&format!("{FOLDER}/.stateA1b2C3"), "{\"version\":");
    site.ok("up --local");
    assert!(!site.has(&format!("{FOLDER}/.stateA1b2C3")));
    site.write(&format!("{FOLDER}/.stateA1b2C3"), "{\"version\":");
    site.ok("down");
    assert!(!site.has(FOLDER));
}
