//! Whose the folders are, and what Git is told of them.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
};

use super::LAB;
use crate::harness::Site;

const NOBODY: u32 = 65534;

#[test]
fn a_folder_that_others_can_change_is_refused() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    for (folder, lines) in [
        (
            ".labctl",
            &[
                "up --local",
                "status",
                "down",
                "local status",
                "local start",
            ][..],
        ),
        (LAB, &["up --local", "status", "down", "token"]),
        (
            ".labctl/local",
            &["up --local", "status", "down", "local stop"],
        ),
    ] {
        for mode in [0o777, 0o770, 0o720, 0o702] {
            fs::set_permissions(site.path(folder), fs::Permissions::from_mode(mode)).expect("ours");
            for line in lines {
                let said = site.labctl(line);
                assert_eq!(said.code, 1, "{line} with {folder} {mode:o}: {said:?}");
                let _ = said.complains(&[folder, "other users", "chmod -R go-w"]);
            }
        }
        fs::set_permissions(site.path(folder), fs::Permissions::from_mode(0o755)).expect("ours");
        site.ok("status");
    }
    site.ok("down");
}

/// The files that say what labctl does, and commands that read them.
const FILES: [(&str, &[&str]); 6] = [
    (
        "cognito-authorizer/state.json",
        &["up --local", "status", "down"],
    ),
    ("cognito-authorizer/lock", &["up --local", "down"]),
    ("cognito-authorizer/tokens.json", &["token"]),
    ("local/world.json", &["up --local", "local start", "down"]),
    ("local/daemon.json", &["status", "local status"]),
    ("local/lock", &["status", "local stop"]),
];

#[test]
fn a_file_that_others_can_change_is_refused() {
    let site = Site::tutorial();
    site.ok("up --local");
    site.ok("token");
    let user = fs::metadata(site.path("")).expect("a folder").uid();
    for (file, lines) in FILES {
        let path = site.path(".labctl").join(file);
        for (line, mode) in lines.iter().zip([0o666, 0o620, 0o602]) {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
            let said = site.labctl(line);
            assert_eq!(said.code, 1, "{line} with {file} {mode:o}: {said:?}");
            let _ = said.complains(&[file, "other users", "chmod -R go-w"]);
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
        // Only root can make the case.
        if chown(&path, Some(NOBODY), None).is_ok() {
            let said = site.labctl(lines[0]);
            assert_eq!(said.code, 1, "{file}: {said:?}");
            let chown = format!("chown -R {user}");
            let _ = said.complains(&[file, "belongs to user 65534", &chown]);
        }
        chown(&path, Some(user), None).expect("ours");
    }
    site.ok("status");
    site.ok("down");
}

/// Only root can give a folder away, and so make the case.
#[test]
fn a_folder_of_another_user_is_refused() {
    let site = Site::tutorial();
    let user = fs::metadata(site.path("")).expect("a folder").uid();
    site.ok("up --local --until 1");
    if chown(site.path(".labctl"), Some(NOBODY), None).is_err() {
        return;
    }
    for folder in [".labctl", LAB, ".labctl/local"] {
        chown(site.path(folder), Some(NOBODY), None).expect("root may");
        for line in ["up --local", "status", "down"] {
            let said = site.labctl(line);
            assert_eq!(said.code, 1, "{line} with {folder}: {said:?}");
            let chown = format!("chown -R {user}");
            let _ = said.complains(&[folder, "belongs to user 65534", &chown]);
        }
        chown(site.path(folder), Some(user), None).expect("root may");
    }
    site.ok("down");
}

#[test]
fn git_ignores_what_labctl_keeps() {
    let site = Site::tutorial();
    let ignore = ".labctl/.gitignore";
    site.ok("up --local --until 1");
    assert_eq!(site.read(ignore), "*\n");
    site.ok("down");
    assert_eq!(site.read(ignore), "*\n", "`down` leaves it");

    for line in ["up --local --until 1", "local stop", "local start"] {
        fs::remove_file(site.path(ignore)).expect("a file");
        site.ok(line);
        if line == "local stop" {
            site.write(ignore, "# mine");
            continue;
        }
        assert_eq!(site.read(ignore), "*\n", "{line} writes a missing one");
    }
    site.write(ignore, "# mine");
    site.ok("up --local --until 1");
    assert_eq!(site.read(ignore), "# mine", "what is there stays");

    let mine = site.path("../mine");
    for there in [false, true] {
        if there {
            fs::write(&mine, "mine").expect("a file");
        }
        fs::remove_file(site.path(ignore)).expect("a file");
        std::os::unix::fs::symlink(&mine, site.path(ignore)).expect("a link");
        site.ok("up --local --until 1");
        assert_eq!(mine.exists(), there, "no link is followed");
    }
    assert_eq!(fs::read_to_string(&mine).expect("a file"), "mine");
    site.ok("down");
}
