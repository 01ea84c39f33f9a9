//! Links, pipes and folders in the place of labctl's own files and folders.

use std::{fs, os::unix::fs::symlink, path::Path};

use super::{LAB, Put, STATE, Victim};
use crate::{
    harness::{FUNCTION, Said, Site},
    twin,
};

const UP: &str = "up --local --until 1";
/// All that use the lab's folder.
const ALL: &[&str] = &[UP, "down", "down --local", "status", "token", "local start"];
const STATEFUL: &[&str] = &[UP, "down", "down --local", "status", "token"];
const CHANGING: &[&str] = &[UP, "down", "down --local"];
/// All that use the twin.
const TWIN: &[&str] = &[
    UP,
    "down --local",
    "local start",
    "local stop",
    "local status",
    "local inbox",
    "local serve --port 0",
];

/// `labctl …`, ended (code 124) when it hangs.
fn in_time(site: &Site, line: &str) -> Said {
    let mut command = site.program("timeout");
    command.args(["60", env!("CARGO_BIN_EXE_labctl")]);
    Said::of(command.args(line.split(' ')).arg("--trust"))
}

/// Nothing is followed, nothing hangs, and the error names the place and what to type.
#[test]
fn what_is_not_labctls_own_is_refused_and_named() {
    let folders = [(".labctl", ALL), (LAB, STATEFUL), (".labctl/local", TWIN)];
    let files = [
        ("cognito-authorizer/lock", CHANGING, "lock"),
        ("cognito-authorizer/state.json", STATEFUL, "thesis"),
        ("local/lock", TWIN, "lock"),
        ("local/daemon.json", TWIN, "thesis"),
        ("local/daemon.log", TWIN, "daemon.log"),
        ("local/twin.log", TWIN, "twin.log"),
        ("local/twin.log.1", TWIN, "thesis"),
        ("local/world.json", TWIN, "thesis"),
    ];
    let folders = folders.map(|(place, lines)| (place.to_owned(), lines, "", true));
    let files = files.map(|(file, lines, of)| (format!(".labctl/{file}"), lines, of, false));
    for (place, lines, of, folder) in folders.into_iter().chain(files) {
        let kinds = if folder {
            [Put::Link, Put::Dangling, Put::File, Put::Pipe]
        } else {
            [Put::Link, Put::Dangling, Put::Folder, Put::Pipe]
        };
        for put in kinds {
            let site = Site::tutorial();
            let victim = Victim::beside(&site);
            let path = site.path(&place);
            put.at(&path, &victim.path(of));
            let kind = fs::symlink_metadata(&path)
                .expect("it is there")
                .file_type();
            for line in lines {
                let what = format!("{line} with {put:?} at {place}");
                let said = in_time(&site, line);
                assert_eq!(said.code, 1, "{what}: {said:?}");
                let _ = said.complains(&[&place, put.told(folder), "→", "same command"]);
                victim.is_unharmed(&what);
                let now = fs::symlink_metadata(&path).map(|about| about.file_type());
                assert_eq!(now.ok(), Some(kind), "{what}");
                assert!(!site.has("nowhere") && !site.has("../nowhere"), "{what}");
            }
        }
    }
}

/// A second name of a file of the user's: what is written into one is written into the other.
#[test]
fn a_file_with_a_second_name_is_not_written() {
    for (place, line) in [
        ("cognito-authorizer/lock", "down"),
        ("local/daemon.log", "local start --port 0"),
        ("local/twin.log", "local start --port 0"),
        ("local/lock", "local start --port 0"),
    ] {
        let site = Site::tutorial();
        let victim = Victim::beside(&site);
        let path = site.path(&format!(".labctl/{place}"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::hard_link(victim.path("thesis"), &path).expect("a second name");
        let said = in_time(&site, line);
        assert_eq!(said.code, 1, "{line}, {place}: {said:?}");
        let _ = said.complains(&[place, "more than one name"]);
        victim.is_unharmed(place);
    }
}

/// What `export spa` writes goes into the folder that it is given, and into nothing that was put there.
#[test]
fn an_export_goes_through_no_link() {
    let site = Site::ready("refresh-rotation");
    let victim = Victim::beside(&site);
    site.ok("up --local --quiet");
    let refuse = |folder: &str| {
        let said = in_time(&site, &format!("export spa {folder}"));
        assert_eq!(said.code, 2, "{folder}: {said:?}");
        victim.is_unharmed(folder);
        assert!(!site.has("nowhere") && !site.has("../nowhere"), "{folder}");
    };
    Put::Link.at(&site.path("linked"), &victim.folder);
    refuse("linked");
    for (name, put) in [
        ("index.html", Put::Link),
        ("app.js", Put::Dangling),
        ("config.js", Put::Pipe),
        ("config.js", Put::Folder),
    ] {
        let folder = format!("app-{put:?}");
        Put::at(
            put,
            &site.path(&format!("{folder}/{name}")),
            &victim.path("thesis"),
        );
        refuse(&folder);
    }
    site.ok("export spa app");
    site.ok("export spa app");
}

/// A student's changes in an exported app stay, and each is named; what nobody changed is written anew.
#[test]
fn an_edited_app_is_kept() {
    let site = Site::ready("refresh-rotation");
    site.ok("up --local");
    site.ok("export spa app");
    let files = ["index.html", "app.css", "app.js", "config.js"].map(|name| format!("app/{name}"));
    let written: Vec<String> = files.iter().map(|file| site.read(file)).collect();
    for (file, text) in files.iter().zip(&written) {
        for edited in [
            text.replacen("labctl", "labctl ", 3)
                .replace("labctl  export spa", "labctl export spa"),
            format!("{text}\n/* mine */\n"),
            text.replacen('\n', "\n\n", 1),
        ] {
            if edited == *text {
                continue;
            }
            site.write(file, &edited);
            let said = site.ok("export spa app");
            assert!(
                said.out.contains(&format!("kept {file}")) && said.out.contains("--force"),
                "{}",
                said.out
            );
            assert_eq!(site.read(file), edited);
            let json = site.ok("export spa app --json").json();
            assert_eq!(json["kept"], serde_json::json!([file]));
            let others = files.len() - 1;
            assert_eq!(
                json["written"].as_array().map(Vec::len),
                Some(others),
                "{json}"
            );
            let forced = site.ok("export spa app --force").out;
            assert!(!forced.contains("kept"), "{forced}");
            assert_eq!(site.read(file), *text);
        }
    }
    // New ids are no edit.
    site.ok("down");
    site.ok("up --local");
    assert!(!site.ok("export spa app").out.contains("kept"));
    assert_ne!(site.read("app/config.js"), written[2]);
}

/// The user may keep labs, or a home, behind links.
#[test]
fn above_the_labs_own_folder_links_are_the_users_affair() {
    let site = Site::tutorial();
    let way = site.path("../way");
    symlink(site.path(""), &way).expect("a link");
    let file = way.join("lab.yaml").display().to_string();
    let ok = |line: &str| {
        let words = line.split(' ').chain(["--file", &file]);
        let mut command = site.command(words);
        Said::of(command.current_dir(site.path("../home"))).code(0)
    };
    for line in ["up --local --until 1", "status", "down", "local stop"] {
        ok(line);
    }
}

#[test]
fn tokens_go_through_no_link() {
    let site = Site::tutorial();
    site.ok("up --local");
    let victim = Victim::beside(&site);
    for name in ["tokens.json", "tokens.lock"] {
        let path = site.path(LAB).join(name);
        // Of the tries before.
        let _ = fs::remove_file(&path);
        for put in [Put::Link, Put::Dangling, Put::Pipe, Put::Folder] {
            put.at(&path, &victim.path("thesis"));
            in_time(&site, "token")
                .code(1)
                .complains(&[name, put.told(false), "→"]);
            victim.is_unharmed(&format!("token with {put:?} at {name}"));
            if path.is_dir() {
                fs::remove_dir(&path).expect("a folder");
            } else {
                fs::remove_file(&path).expect("a file");
            }
        }
    }
    site.ok("token");
    // Forgotten with the lab: of a link, the link.
    fs::remove_file(site.path(LAB).join("tokens.json")).expect("a file");
    Put::Link.at(&site.path(LAB).join("tokens.json"), &victim.path("thesis"));
    site.ok("down");
    victim.is_unharmed("down");
    assert!(!site.has(LAB));
}

/// The twin deletes folders of code: of a function that goes, and of code that was replaced.
#[test]
fn code_of_functions_is_kept_and_deleted_through_no_link() {
    for linked in ["lambda", "lambda/function"] {
        let site = Site::tutorial();
        site.ok("up --local");
        site.ok("local stop");
        let victim = Victim::beside(&site);
        let all = site.path(".labctl/local/lambda");
        let (place, target) = if linked == "lambda" {
            let function = only(&all);
            let name = function.file_name().expect("a name");
            fs::create_dir(victim.path("lambda").join(name)).expect("a folder");
            fs::write(victim.path("lambda").join(name).join("file"), "x").expect("a file");
            (all, victim.path("lambda"))
        } else {
            (only(&all), victim.folder.clone())
        };
        let victim = Victim {
            before: super::everything(&victim.folder),
            ..victim
        };
        let plant = || {
            fs::remove_dir_all(&place).expect("a folder");
            symlink(&target, &place).expect("a link");
        };
        plant();
        for line in ["local start", "up --local", "down"] {
            let _ = site.labctl(line).code(1).complains(&["is a link"]);
        }
        victim.is_unharmed("a start");
        fs::remove_file(&place).expect("a link");
        fs::create_dir(&place).expect("a folder");
        // While the twin runs, it looks for itself.
        site.ok("local start");
        let endpoint = site.endpoint();
        plant();
        let function = format!("/2015-03-31/functions/{FUNCTION}");
        twin::rest(&endpoint, "lambda", "DELETE", &function, None);
        victim.is_unharmed("the function's end");
        // The link itself may have gone with the function.
        if place.is_symlink() {
            fs::remove_file(&place).expect("a link");
        }
        site.ok("down");
    }
}

fn only(folder: &Path) -> std::path::PathBuf {
    let mut all = fs::read_dir(folder).expect("a folder").flatten();
    all.next().expect("one").path()
}

#[test]
fn only_files_that_labctl_left_are_swept() {
    let site = Site::tutorial();
    let random = "0123456789abcdef".repeat(2);
    let swept = format!("{LAB}/.state.{random}.new");
    site.write(&swept, "{\"version\":");
    let victim = Victim::beside(&site);
    let link = site
        .path(LAB)
        .join(format!(".state.{}.new", "a".repeat(32)));
    symlink(victim.path("thesis"), &link).expect("a link");
    let folder = format!("{LAB}/.state.{}.new", "b".repeat(32));
    fs::create_dir(site.path(&folder)).expect("a folder");
    let kept = [
        ".statement.pdf",
        ".state",
        ".state.json",
        ".stateA1b2C3",
        ".state.new",
    ];
    for name in kept {
        site.write(&format!("{LAB}/{name}"), "mine");
    }
    for line in [UP, "down"] {
        site.ok(line);
        assert!(!site.has(&swept), "{line}");
        assert!(link.is_symlink() && site.has(&folder), "{line}");
        for name in kept {
            assert_eq!(site.read(&format!("{LAB}/{name}")), "mine", "{line}");
        }
    }
    assert!(!site.has(STATE));
    victim.is_unharmed("up and down");
}
