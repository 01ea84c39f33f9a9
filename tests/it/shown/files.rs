//! Files that somebody else may have written, and their names.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};

use super::{evil, shows_safely};
use crate::harness::{Running, Site};

const STATE: &str = ".labctl/cognito-authorizer/state.json";
const LOCK: &str = ".labctl/cognito-authorizer/lock";
const RECORD: &str = ".labctl/local/daemon.json";

/// Each text of a JSON value, one after the other, replaced.
fn replaced(value: &Value, evil: &str) -> Vec<Value> {
    fn texts(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::String(_) => found.push(at.to_owned()),
            Value::Array(all) => {
                for (n, value) in all.iter().enumerate() {
                    texts(value, &format!("{at}/{n}"), found);
                }
            }
            Value::Object(all) => {
                for (name, value) in all {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    texts(value, &format!("{at}/{name}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    texts(value, "", &mut found);
    let one = |at: &String| {
        let mut copy = value.clone();
        *copy.pointer_mut(at).expect("a text") = json!(evil);
        copy
    };
    found.iter().map(one).collect()
}

#[test]
fn states() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    let states = replaced(&site.state(), &evil());
    assert!(states.len() > 15, "{}", states.len());
    let commands: [&[&str]; 4] = [&["output"], &["status"], &["down", "--dry-run"], &["logs"]];
    // A command for each, and each command for many.
    for (state, args) in states.iter().zip(commands.iter().cycle()) {
        site.write(STATE, state.to_string());
        shows_safely_whatever(&site, args);
    }
    site.write(STATE, format!("{}{{", evil()));
    shows_safely_whatever(&site, &["down", "--yes"]);
}

/// Told or not: a bad value is refused with a part of it, or never shown.
fn shows_safely_whatever(site: &Site, args: &[&str]) {
    for json in [None, Some("--json")] {
        let said = crate::harness::Said::of(&mut site.command(args.iter().copied().chain(json)));
        for text in [&said.out, &said.err] {
            assert_eq!(super::unsafe_in(text, false), None, "{args:?}: {text:?}");
        }
    }
    let said = crate::harness::Said::of(&mut site.terminal(&args.join(" ")));
    assert_eq!(
        super::unsafe_in(&said.out, true),
        None,
        "{args:?}: {:?}",
        said.out
    );
}

#[test]
fn locks() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    fs::write(site.path(LOCK), evil()).expect("a lock");
    let held = fs::File::open(site.path(LOCK)).expect("a lock");
    held.lock().expect("nobody else's");
    for args in [["up", "--local"], ["down", "--yes"]] {
        shows_safely_whatever(&site, &args);
    }
}

#[test]
fn records_of_twins() {
    let site = Site::tutorial();
    site.ok("local start --port 0");
    let record: Value = serde_json::from_str(&site.read(RECORD)).expect("JSON");
    site.ok("local stop");
    for record in replaced(&record, &evil()) {
        site.write(RECORD, record.to_string());
        let held = fs::File::open(site.path(RECORD)).expect("a record");
        held.lock().expect("nobody else's");
        for args in [
            &["local", "status"][..],
            &["local", "list"],
            &["up", "--local", "--dry-run"],
        ] {
            shows_safely_whatever(&site, args);
        }
    }
    fs::remove_file(site.path(RECORD)).expect("removed");
}

/// git keeps any name, and links.
#[test]
fn names_of_files() {
    let site = Site::tutorial();
    let name = evil().replace(['\\', '/'], "");
    let name: String = name.chars().take(90).collect();
    symlink("/etc/passwd", site.path(&format!("artifacts/hello/{name}"))).expect("a link");
    shows_safely(&site, &["up", "--local"], &[], true);
    let file = format!("artifacts/{name}.yaml");
    site.write(&file, "lab: 1\n");
    shows_safely(&site, &["plan", "--file", &file], &[], true);
    // A folder whose own name has them.
    let file = format!("{name}/lab.yaml");
    site.write(&file, site.read("lab.yaml"));
    shows_safely(&site, &["local", "start", "--dir", &name], &[], true);
    shows_safely(&site, &["local", "list"], &[], true);
    shows_safely(&site, &["status", "--file", &file], &[], true);
    site.ok("local stop --all");
}

/// The twin's log has paths that anybody asks for, and is read with other tools too.
#[test]
fn logs_of_the_twin() {
    use std::io::{Read, Write};
    let site = Site::tutorial();
    site.ok("local start --port 0");
    let endpoint = site.endpoint();
    let mut stream =
        std::net::TcpStream::connect(endpoint.trim_start_matches("http://")).expect("the twin");
    let path = "/PWN\u{9b}2J\u{202e}\u{200b}\u{85}";
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
    )
    .expect("sent");
    stream
        .read_to_string(&mut String::new())
        .expect("an answer");
    let log = site.read(".labctl/local/twin.log");
    assert!(super::unsafe_in(&log, false).is_none(), "{log:?}");
    // An older twin may have written it as it came.
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(site.path(".labctl/local/twin.log"))
        .expect("a log");
    writeln!(file, "{}", evil()).expect("written");
    file.write_all(b"\xff\x9b2J").expect("written");
    shows_safely(&site, &["local", "logs"], &[], true);
    let mut follow = Running::start(&mut site.command(["local", "logs", "--follow"]));
    follow.hears("PWN");
    follow.child.kill().expect("it ends");
    assert_eq!(super::unsafe_in(&follow.end().out, false), None);
}
