//! Links, other files and other users' folders.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use serde::Deserialize;

use crate::{
    Dir, How, Refused,
    json::{JsonError, from_slice},
    shown,
};

fn refused(error: &std::io::Error) -> String {
    Refused::of(error).map_or_else(|| format!("not refused: {error}"), Refused::to_string)
}

#[test]
fn links_are_followed_above_the_lab_s_own_folder_only() {
    let root = tempfile::tempdir().unwrap();
    let real = root.path().join("real");
    Dir::make(&real.join(".labctl/lab")).unwrap();
    symlink(&real, root.path().join("way")).unwrap();
    Dir::open(&root.path().join("way/.labctl/lab")).unwrap();

    let victim = root.path().join("victim");
    fs::create_dir(&victim).unwrap();
    for (link, path) in [
        (".labctl", ".labctl/lab"),
        (".labctl", ".labctl"),
        (".labctl/lab", ".labctl/lab"),
        (".labctl/lab", ".labctl/lab/deeper"),
        ("plain", "plain"),
    ] {
        for target in [victim.as_path(), Path::new("nowhere")] {
            let base = tempfile::tempdir().unwrap();
            let link = base.path().join(link);
            if let Some(parent) = link.parent().filter(|p| !p.exists()) {
                fs::create_dir(parent).unwrap();
            }
            symlink(target, &link).unwrap();
            let path = base.path().join(path);
            for dir in [Dir::open(&path), Dir::make(&path)] {
                let told = refused(&dir.unwrap_err());
                assert_eq!(
                    told,
                    format!(
                        "{} is a link, and labctl follows no links here",
                        link.display()
                    )
                );
            }
            assert!(link.is_symlink());
        }
    }
    assert_eq!(fs::read_dir(victim).unwrap().count(), 0);
}

#[test]
fn only_files_are_opened_and_nothing_hangs() {
    let root = tempfile::tempdir().unwrap();
    let dir = Dir::make(&root.path().join(".labctl")).unwrap();
    let other = root.path().join("other");
    fs::write(&other, "theirs").unwrap();
    symlink(&other, dir.path().join("link")).unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    fs::create_dir(dir.path().join("folder")).unwrap();
    let pipe = std::process::Command::new("mkfifo")
        .arg(dir.path().join("pipe"))
        .status();
    assert!(pipe.unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    for (name, what) in [
        ("link", "is a link"),
        ("dangling", "is a link"),
        ("folder", "is a folder, not a file"),
        ("pipe", "is a named pipe, not a file"),
        ("socket", "is a socket, not a file"),
    ] {
        for how in [How::Read, How::Change, How::Append, How::Empty] {
            let told = refused(&dir.file(name, how).unwrap_err());
            assert!(told.contains(what), "{name} {how:?}: {told}");
        }
        let told = refused(&dir.check(&["absent", name]).unwrap_err());
        assert!(told.contains(what), "{name}: {told}");
        let taken = dir.file(name, How::New).unwrap_err();
        assert_eq!(taken.kind(), std::io::ErrorKind::AlreadyExists, "{name}");
    }
    assert_eq!(fs::read_to_string(&other).unwrap(), "theirs");
    assert!(!dir.path().join("nowhere").exists());
}

#[test]
fn a_folder_that_others_can_change_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let lab = root.path().join(".labctl/lab");
    let dir = Dir::make(&lab).unwrap();
    for (path, mode, fine) in [
        (dir.path(), 0o777, false),
        (dir.path(), 0o770, false),
        (dir.path(), 0o702, false),
        (dir.path(), 0o755, true),
        (dir.path().parent().unwrap(), 0o720, false),
        (dir.path().parent().unwrap(), 0o700, true),
    ] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        for opened in [Dir::open(&lab), Dir::make(&lab)] {
            match opened {
                Ok(_) => assert!(fine, "{mode:o}"),
                Err(e) => {
                    let hint = Refused::of(&e).unwrap().hint();
                    let chmod = format!("`chmod -R go-w {}`", path.display());
                    assert!(!fine && hint.contains(&chmod), "{mode:o}: {hint}");
                }
            }
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn a_file_is_replaced_whole_and_what_is_left_is_swept() {
    let root = tempfile::tempdir().unwrap();
    let dir = Dir::make(&root.path().join("own")).unwrap();
    dir.replace("a", ".a", b"1").unwrap();
    dir.replace("a", ".a", b"2").unwrap();
    assert_eq!(dir.read("a", 9).unwrap(), b"2");
    assert!(dir.read("a", 0).is_err());
    drop(dir.temp(".a").unwrap());
    assert_eq!(dir.names().unwrap(), ["a"]);

    let mut left = dir.temp(".a").unwrap();
    std::io::Write::write_all(left.file(), b"3").unwrap();
    assert_eq!(
        left.persist("a").unwrap_err().kind(),
        std::io::ErrorKind::AlreadyExists
    );
    assert_eq!(dir.read("a", 9).unwrap(), b"2");

    std::mem::forget(dir.temp(".a").unwrap());
    let link = format!(".a.{}.new", "0".repeat(32));
    symlink("a", dir.path().join(&link)).unwrap();
    fs::write(dir.path().join(".a.mine"), "").unwrap();
    dir.sweep(".a");
    let mut names = dir.names().unwrap();
    names.sort();
    assert_eq!(names, [link.as_str(), ".a.mine", "a"]);
}

#[test]
fn what_is_removed_is_removed_without_following_links() {
    let root = tempfile::tempdir().unwrap();
    let dir = Dir::make(&root.path().join("own")).unwrap();
    let kept = root.path().join("kept");
    fs::create_dir_all(kept.join("in")).unwrap();
    fs::create_dir_all(dir.path().join("a/b/c")).unwrap();
    fs::write(dir.path().join("a/b/file"), "").unwrap();
    symlink(&kept, dir.path().join("a/b/link")).unwrap();
    symlink(&kept, dir.path().join("link")).unwrap();
    dir.remove_all("a").unwrap();
    dir.remove_all("link").unwrap();
    assert!(dir.names().unwrap().is_empty());
    assert!(kept.join("in").is_dir());
}

#[test]
fn git_is_told_once_to_ignore_the_folder() {
    let root = tempfile::tempdir().unwrap();
    let lab = root.path().join(".labctl/lab");
    let ignore = root.path().join(".labctl/.gitignore");
    Dir::make(&lab).unwrap();
    assert_eq!(fs::read_to_string(&ignore).unwrap(), "*\n");
    fs::write(&ignore, "mine").unwrap();
    Dir::make(&lab).unwrap();
    assert_eq!(fs::read_to_string(&ignore).unwrap(), "mine");
    fs::remove_file(&ignore).unwrap();
    Dir::open(&lab).unwrap();
    assert!(!ignore.exists(), "who reads makes nothing");
    Dir::make(&lab).unwrap();
    assert_eq!(fs::read_to_string(&ignore).unwrap(), "*\n");
    fs::remove_file(&ignore).unwrap();
    let other = root.path().join("other");
    for exists in [false, true] {
        if exists {
            fs::write(&other, "theirs").unwrap();
        }
        let _ = fs::remove_file(&ignore);
        symlink(&other, &ignore).unwrap();
        Dir::make(&lab).unwrap();
        assert_eq!(other.exists(), exists);
    }
    assert_eq!(fs::read_to_string(&other).unwrap(), "theirs");
    assert!(!lab.join(".gitignore").exists());
}

#[test]
fn a_bad_field_is_named_and_shown_tamely() {
    #[derive(Debug, Deserialize)]
    struct Outer {
        #[serde(rename = "list")]
        _list: std::collections::BTreeMap<String, Vec<u8>>,
    }
    let read = |json: &str| from_slice::<Outer>(json.as_bytes()).unwrap_err();
    for (json, field) in [
        (r#"{"list": {"a b": [1, "x"]}}"#, r#"list["a b"][1]"#),
        (r#"{"list": {"a": [1, null]}}"#, "list.a[1]"),
        (r#"{"list": 7}"#, "list"),
        ("{}", ""),
        ("[7]", "[0]"),
    ] {
        let JsonError::Mismatch(found) = read(json) else {
            panic!("{json} is whole");
        };
        assert_eq!(found.field, field, "{json}");
    }
    for torn in [
        "",
        "{",
        r#"{"list": {"a": [1"#,
        r#"{"list": {}} x"#,
        "\u{0}",
    ] {
        assert!(matches!(read(torn), JsonError::Torn(_)), "{torn}");
    }
    let long = "\u{1b}]0;x\u{7}".repeat(1_000_000);
    let json = serde_json::json!({ "list": { long.as_str(): [long.as_str()] } }).to_string();
    let JsonError::Mismatch(found) = read(&json) else {
        panic!("it is whole");
    };
    for text in [found.to_string(), shown(&long)] {
        assert!(
            text.len() < 3000 && !text.contains(char::is_control),
            "{text}"
        );
    }
    assert_eq!(shown("a\u{1b}\u{202e}ß"), "`a\\u{1b}\\u{202e}ß`");
}
