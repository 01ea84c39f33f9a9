//! The user's own lists and key, when they are not as labctl wrote them.

use std::fs;

use crate::harness::Site;

/// Each is named with what is wrong and what to do; nothing is lost, and `--trust` goes on.
#[test]
fn a_broken_list_is_named_and_stays() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    let home = site.path("../home/.local/state/labctl");
    for (file, texts) in [
        (
            "folders.json",
            &[
                ("", "not a list as labctl writes it"),
                (
                    r#"{"version":1,"entries":[{"id""#,
                    "not a list as labctl writes it",
                ),
                ("{\"version\":1,\"entries\":[\"\\u001b[2J\"]}", "entries[0]"),
                (r#"{"version":9,"pages":[]}"#, "a newer labctl wrote it"),
            ][..],
        ),
        (
            "key",
            &[("", "this file has 0"), ("short", "this file has 5")],
        ),
    ] {
        let path = home.join(file);
        let good = fs::read(&path).expect("a file");
        for (text, told) in texts {
            fs::write(&path, text).expect("a file");
            for line in ["status", "down --yes", "up --local", "trust"] {
                let said = site.labctl(line).code(1);
                assert!(!said.err.contains('\u{1b}'), "{:?}", said.err);
                let _ = said.complains(&[file, told, "nothing was changed", "mv "]);
            }
            site.ok("status --trust");
            assert_eq!(fs::read_to_string(&path).expect("a file"), *text);
        }
        fs::write(&path, good).expect("a file");
        site.ok("status");
    }
    // Without the list of runs labctl asks more, and says why.
    let path = home.join("runs.json");
    let good = fs::read(&path).expect("a file");
    fs::write(&path, "{").expect("a file");
    let said = site.ok("status");
    let _ = said.complains(&["runs.json", "not a list as labctl writes it"]);
    assert_eq!(fs::read(&path).expect("a file"), b"{");
    fs::write(&path, good).expect("a file");
    site.ok("down");
}

/// Folders that were deleted go from the list with the next that is added.
#[test]
fn deleted_folders_are_forgotten() {
    let site = Site::tutorial();
    for lab in ["a", "b"] {
        site.ok(&format!("init {lab}"));
        site.ok(&format!("--file {lab}/lab.yaml local start"));
        site.ok(&format!("--file {lab}/lab.yaml local stop"));
        let listed = site.ok("trust --list --json").json();
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
        assert!(
            listed[0]["path"]
                .as_str()
                .is_some_and(|p| p.ends_with(&format!("{lab}/.labctl")))
        );
        fs::remove_dir_all(site.path(lab)).expect("a folder");
    }
}
