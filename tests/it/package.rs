//! Source folders: what is packed is inside of them, and a file.

use std::{
    ffi::OsStr, fs, os::unix::ffi::OsStrExt, os::unix::fs::symlink, os::unix::net::UnixListener,
    process::Command,
};

use crate::harness::{Said, Site};

const SOURCE: &str = "artifacts/hello";

/// Packs, and calls nothing.
fn pack(site: &Site) -> Said {
    let script = "ulimit -v 2097152; exec timeout -s KILL 120 \"$0\" up --local --dry-run";
    let mut command = site.program("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_labctl")]);
    Said::of(&mut command)
}

fn make(site: &Site, program: &str, args: &[&str]) {
    let done = site.program(program).args(args).status().expect("it runs");
    assert!(done.success(), "{program} {args:?}");
}

#[test]
fn links_are_not_followed() {
    let site = Site::tutorial();
    pack(&site).code(0);
    site.write("outside/secret.py", "secret");
    let links = [
        ("../../outside/secret.py", "file.py"),
        ("../../outside", "folder"),
        ("lambda_function.py", "inside.py"),
        ("nowhere", "broken"),
        ("..", "up"),
        (".", "itself"),
        ("/dev/zero", "device"),
    ];
    for (to, name) in links {
        let path = site.path(SOURCE).join(name);
        symlink(to, &path).expect("a link");
        pack(&site)
            .code(2)
            .complains(&[name, "links are not packed"]);
        fs::remove_file(path).expect("there");
    }
    // A second name of a file is a file.
    fs::hard_link(
        site.path("outside/secret.py"),
        site.path(SOURCE).join("hard.py"),
    )
    .expect("a link");
    pack(&site).code(0);
}

#[test]
fn a_source_folder_that_is_a_link_stays_in_the_labs_folder() {
    let site = Site::tutorial();
    fs::rename(site.path(SOURCE), site.path("moved")).expect("moved");
    symlink("../moved", site.path(SOURCE)).expect("a link");
    pack(&site).code(0);
    fs::remove_file(site.path(SOURCE)).expect("there");
    fs::rename(site.path("moved"), site.path("../elsewhere")).expect("moved");
    symlink("../../elsewhere", site.path(SOURCE)).expect("a link");
    pack(&site)
        .code(2)
        .complains(&["leads out of the lab's folder by a link"]);
}

#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let site = Site::tutorial();
    let path = |name: &str| format!("{SOURCE}/{name}");
    make(&site, "mkfifo", &[&path("pipe")]);
    pack(&site)
        .code(2)
        .complains(&["pipe", "neither a file nor a folder"]);
    fs::remove_file(site.path(&path("pipe"))).expect("there");

    let _listener = UnixListener::bind(site.path(&path("socket"))).expect("a socket");
    pack(&site)
        .code(2)
        .complains(&["socket", "neither a file nor a folder"]);
    fs::remove_file(site.path(&path("socket"))).expect("there");

    // The handler itself.
    fs::remove_file(site.path(&path("lambda_function.py"))).expect("there");
    make(&site, "mkfifo", &[&path("lambda_function.py")]);
    pack(&site)
        .code(2)
        .complains(&["has no `lambda_function.py`"]);
}

#[test]
fn names_that_a_zip_cannot_hold_are_told() {
    let site = Site::tutorial();
    let name = OsStr::from_bytes(b"caf\xe9.py");
    fs::write(site.path(SOURCE).join(name), "").expect("a file");
    pack(&site)
        .code(2)
        .complains(&["caf", "the file name is not UTF-8"]);
}

#[test]
fn what_lambda_would_not_take_is_refused_before_any_call() {
    let site = Site::tutorial();
    let hole = |name: &str, bytes: u64| {
        let file = fs::File::create(site.path(SOURCE).join(name)).expect("a file");
        file.set_len(bytes).expect("a file with a hole");
    };
    hole("hole", 251 << 20);
    pack(&site)
        .code(2)
        .complains(&[SOURCE, "262144000", "unpacked"]);
    hole("hole", 1 << 40);
    pack(&site).code(2).complains(&["unpacked"]);
    fs::remove_file(site.path(SOURCE).join("hole")).expect("there");
    // What cannot be made smaller.
    make(
        &site,
        "sh",
        &[
            "-c",
            "head -c 53000000 /dev/urandom > artifacts/hello/noise",
        ],
    );
    pack(&site).code(2).complains(&[SOURCE, "52428800"]);
}

/// As a user who is not root, whom everything is open to.
#[test]
fn what_cannot_be_read_is_told() {
    let site = Site::tutorial();
    let file = site.path(SOURCE).join("closed.py");
    fs::write(&file, "").expect("a file");
    let nobody = "chmod 000 artifacts/hello/closed.py; chmod 711 .. .; \
                  exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$0\" up --local --dry-run";
    let own = "chmod 000 artifacts/hello/closed.py; exec \"$0\" up --local --dry-run";
    let root = site
        .program("id")
        .arg("-u")
        .output()
        .expect("id runs")
        .stdout
        == b"0\n";
    let mut command: Command = site.program("sh");
    command.args([
        "-c",
        if root { nobody } else { own },
        env!("CARGO_BIN_EXE_labctl"),
    ]);
    Said::of(&mut command)
        .code(2)
        .complains(&["closed.py", "Permission denied"]);
}

/// What changes while it is read would be neither the old nor the new.
#[test]
fn a_file_that_grows_is_packed_whole_or_not_at_all() {
    let site = Site::tutorial();
    site.write(&format!("{SOURCE}/growing"), vec![b' '; 5 << 20]);
    let mut writer = site.program("sh");
    // Ends with the folder, at the latest.
    let script = "while echo line >> artifacts/hello/growing; do :; done";
    let mut writer = writer.args(["-c", script]).spawn().expect("sh runs");
    let refused = (0..200).map(|_| pack(&site)).find(|said| said.code != 0);
    writer.kill().expect("there");
    writer.wait().expect("there");
    let refused = refused.expect("a file that changes is seen to").code(2);
    refused.complains(&["growing", "changed while it was packed"]);
}
