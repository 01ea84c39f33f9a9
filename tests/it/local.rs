//! The twin in the background.

use std::{
    fs::File,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
};

use crate::{
    harness::{Said, Site},
    twin,
};

#[test]
fn start_status_stop() {
    let site = Site::empty();
    site.labctl("local status").code(4);
    let started = site.ok("local start --port 0 --json").json();
    let status = site.ok("local status --json").json();
    assert_eq!(status["running"], true);
    assert_eq!(
        (&status["endpoint"], &status["pid"]),
        (&started["endpoint"], &started["pid"])
    );
    let endpoint = site.endpoint();
    assert!(endpoint.starts_with("http://127.0.0.1:"));
    assert_eq!(twin::get(&format!("{endpoint}/_local/"), None).status, 200);
    // Starting twice is no error, another port is.
    site.ok("local start");
    site.labctl("local start --port 1")
        .code(1)
        .complains(&[&endpoint, "labctl local stop"]);
    site.ok("local stop");
    site.ok("local stop");
    let status = site.labctl("local status --json").code(4).json();
    assert_eq!(status["running"], false);
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    let site = Site::empty();
    site.labctl(&format!("local start --port {port}"))
        .code(1)
        .complains(&[&format!("port {port}"), "--port 0"]);
}

#[test]
fn commands_without_a_running_twin_say_how_to_start_it() {
    let site = Site::tutorial();
    site.ok("up --local");
    site.ok("local stop");
    for line in ["status", "verify", "down", "local inbox"] {
        site.labctl(line)
            .code(1)
            .complains(&["not running", "labctl local start"]);
    }
    // What it held is still there.
    site.ok("local start");
    site.ok("status");
    site.ok("verify");
    site.ok("down");
}

#[test]
fn up_starts_a_stopped_twin_again() {
    let site = Site::tutorial();
    // Not the usual port: another test's twin would take it meanwhile.
    site.ok("local start --port 0");
    site.ok("up --local");
    let endpoint = site.endpoint();
    site.ok("local stop");
    let up = site.ok("up --local");
    assert!(up.out.contains("15 unchanged"), "{}", up.out);
    assert_eq!(site.endpoint(), endpoint, "it keeps its address");
}

#[test]
fn a_twin_of_another_version_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let daemon =
        format!(r#"{{"service":"localaws","endpoint":"{endpoint}","pid":1,"version":"0.0.9"}}"#);
    let answer = daemon.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let length = answer.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
            );
        }
    });
    let site = Site::tutorial();
    site.write(".labctl/local/daemon.json", daemon);
    // As a twin holds it while it runs.
    let record = File::open(site.path(".labctl/local/daemon.json")).expect("a record");
    record.lock().expect("nobody else's");
    site.labctl("up --local")
        .code(1)
        .complains(&["0.0.9", "labctl local stop"]);
}

#[test]
fn without_python_up_says_what_to_install() {
    let site = Site::tutorial();
    let said = Said::of(site.command(["up", "--local"]).env("PATH", site.path("")));
    said.code(1).complains(&["python3", "install"]);
    assert!(!site.has(".labctl/cognito-authorizer"), "nothing was begun");
}

#[test]
fn mail_is_shown_newest_first_and_by_address() {
    let site = Site::tutorial();
    site.ok("up --local");
    let empty = site.ok("local inbox --json").json();
    assert_eq!(empty.as_array().map(Vec::len), Some(0));
    site.ok("verify");
    site.ok("verify");
    let mails = site.ok("local inbox student@example.com --json").json();
    let mails = mails.as_array().expect("a list");
    assert_eq!(mails.len(), 2);
    for mail in mails {
        assert_eq!(mail["to"], "student@example.com");
        let code = mail["code"].as_str().expect("a code");
        assert_eq!(code.len(), 8);
        assert!(mail["text"].as_str().is_some_and(|t| t.contains(code)));
    }
    assert!(mails[0]["at"].as_str() >= mails[1]["at"].as_str());
    let other = site.ok("local inbox other@example.com --json").json();
    assert_eq!(other.as_array().map(Vec::len), Some(0));
    let page = format!(
        "{}/_local/inbox.json?to=student%40example.com",
        site.endpoint()
    );
    assert_eq!(
        twin::get(&page, None).json(),
        serde_json::Value::from(mails.clone())
    );
}

#[test]
fn state_and_keys_are_for_the_owner_only() {
    let site = Site::tutorial();
    site.ok("up --local");
    site.ok("verify");
    site.ok("local stop");
    let mut private = Vec::new();
    let mut folders = vec![site.path(".labctl")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let meta = entry.metadata().expect("metadata");
            if meta.is_dir() {
                folders.push(entry.path());
            }
            private.push((entry.path(), meta.permissions().mode() & 0o077));
        }
    }
    assert!(
        private.iter().any(|(path, _)| path.ends_with("world.json")),
        "{private:?}"
    );
    let open: Vec<_> = private.iter().filter(|(_, others)| *others != 0).collect();
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn logs_show_what_was_asked() {
    let site = Site::tutorial();
    site.ok("up --local");
    let logs = site.ok("local logs").out;
    for operation in ["CreateFunction", "CreateUserPool", "CreateDeployment"] {
        assert!(logs.contains(operation), "{operation} in:\n{logs}");
    }
}

/// A command of a site that shares another one's home: both are this user's.
fn with_home(site: &Site, home: &Site, line: &str) -> Said {
    let mut command = site.command(line.split_whitespace());
    Said::of(command.env("HOME", home.path("../home")))
}

fn listed(site: &Site) -> Vec<serde_json::Value> {
    let json = site.ok("local list --json").json();
    json.as_array().expect("a list").clone()
}

#[test]
fn list_shows_the_twins_that_run_and_stop_all_ends_them() {
    let (one, two) = (Site::tutorial(), Site::tutorial());
    assert_eq!(listed(&one).len(), 0);
    assert!(one.ok("local list").out.contains("No local AWS"));
    one.ok("up --local");
    with_home(&two, &one, "local start").code(0);
    let all = listed(&one);
    assert_eq!(all.len(), 2, "{all:?}");
    let ours = all
        .iter()
        .find(|twin| twin["endpoint"] == one.endpoint().as_str())
        .expect("ours");
    assert_eq!(ours["labs"], serde_json::json!(["cognito-authorizer"]));
    assert!(
        ours["dir"]
            .as_str()
            .is_some_and(|dir| dir.ends_with("lab/.labctl/local")),
        "{ours}"
    );
    let out = one.ok("local list").out;
    assert!(
        out.contains(&one.endpoint())
            && out.contains("cognito-authorizer")
            && out.contains("no lab"),
        "{out}"
    );
    // What a killed twin leaves is no twin.
    let other = all.iter().find(|twin| twin != &ours).expect("the other");
    let pid = other["pid"].to_string();
    let killed = std::process::Command::new("kill")
        .args(["-KILL", &pid])
        .status();
    assert!(killed.expect("kill runs").success());
    while with_home(&two, &one, "local status").code == 0 {}
    let all = listed(&one);
    assert_eq!(all.len(), 1, "{all:?}");
    with_home(&two, &one, "local start").code(0);
    let stopped = one.ok("local stop --all --json").json();
    assert_eq!(
        stopped["stopped"].as_array().map(Vec::len),
        Some(2),
        "{stopped}"
    );
    assert_eq!(listed(&one).len(), 0);
    one.labctl("local status").code(4);
    with_home(&two, &one, "local status").code(4);
    one.ok("local stop --all");
    // What they held is kept.
    one.ok("local start");
    one.ok("verify");
}

#[test]
fn an_unused_twin_ends_and_keeps_what_it_holds() {
    let site = Site::tutorial();
    site.ok("up --local");
    site.ok("local stop");
    for (idle, code) in [("0s", 2), ("soon", 2), ("1s", 0)] {
        site.labctl(&format!("local start --idle {idle}"))
            .code(code);
    }
    let lock = std::fs::File::open(site.path(".labctl/local/lock")).expect("the twin's lock");
    lock.lock().expect("the twin ends");
    drop(lock);
    site.labctl("local status").code(4);
    site.ok("local start --idle off");
    site.ok("verify");
}

#[test]
fn a_twin_whose_folder_is_deleted_ends() {
    let site = Site::tutorial();
    site.ok("local start");
    // Held open before it is deleted: what the twin locks, and releases when it ends.
    let lock = std::fs::File::open(site.path(".labctl/local/lock")).expect("the twin's lock");
    std::fs::remove_dir_all(site.path(".labctl")).expect("it can be deleted");
    lock.lock().expect("the twin ends");
    drop(lock);
    assert_eq!(listed(&site).len(), 0);
}
