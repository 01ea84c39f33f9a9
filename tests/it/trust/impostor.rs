//! Another program on the twin's port.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use super::elsewhere;
use crate::harness::{Said, Site};

const RECORD: &str = ".labctl/local/daemon.json";

/// Answers everything as a twin would, and keeps what it was sent.
struct Impostor {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Impostor {
    fn new(pid: u64, proof: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut head = vec![0; 64 << 10];
                let count = stream.read(&mut head).unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..count]).into_owned();
                let endpoint = format!("http://127.0.0.1:{port}");
                let mut body = json!({
                    "service": "localaws", "version": env!("CARGO_PKG_VERSION"), "pid": pid,
                    "endpoint": endpoint, "inbox": endpoint,
                });
                if let Some(proof) = proof {
                    // What was asked, or anything else.
                    let nonce = head
                        .split("nonce=")
                        .nth(1)
                        .and_then(|rest| rest.split(' ').next());
                    body["proof"] = match proof {
                        "nonce" => nonce.unwrap_or_default().into(),
                        proof => proof.into(),
                    };
                }
                hears.lock().expect("heard").push(head);
                let body = body.to_string();
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
            }
        });
        Self { port, heard }
    }

    /// It was asked for its health at most.
    #[track_caller]
    fn has_heard_nothing(&self, after: &str) {
        let heard = std::mem::take(&mut *self.heard.lock().expect("heard"));
        for head in heard {
            let lower = head.to_lowercase();
            assert!(
                head.starts_with("GET /_local/health.json"),
                "{after}: {head}"
            );
            assert!(!lower.contains("authorization"), "{after}: {head}");
        }
    }
}

const ALL: [&str; 12] = [
    "status",
    "plan --local",
    "verify",
    "token",
    "call GET /demo",
    "logs",
    "up --local",
    "reset --to 1 --yes",
    "down",
    "local start",
    "local stop",
    "local inbox",
];

/// It holds the lock of the record, as a program that has the folder would, and knows all but the secret.
#[test]
fn nothing_is_sent_to_who_does_not_know_the_secret() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    site.ok("local stop");
    let good: Value = serde_json::from_str(&site.read(RECORD)).expect("JSON");
    let pid = good["pid"].as_u64().expect("a pid");
    let secret = good["secret"].as_str().expect("a secret");
    assert_eq!(secret.len(), 64);
    for proof in [None, Some("nonce"), Some("")] {
        let impostor = Impostor::new(pid, proof);
        let mut record = good.clone();
        record["endpoint"] = format!("http://127.0.0.1:{}", impostor.port).into();
        fs::write(site.path(RECORD), record.to_string()).expect("a file");
        let file = File::open(site.path(RECORD)).expect("a file");
        file.lock().expect("a lock");
        let told = format!("port {} answers, but is not this lab's twin", impostor.port);
        for line in ALL {
            let said = site.labctl(line);
            assert_eq!(said.code, 1, "{line}: {said:?}");
            let _ = said.complains(&[&told]);
            impostor.has_heard_nothing(line);
        }
        assert_eq!(site.labctl("local status").code, 4);
        impostor.has_heard_nothing("local status");
        drop(file);
        // Without the lock it is not asked at all.
        for line in ["status", "verify", "token", "down"] {
            let said = site.labctl(line).code(1);
            assert!(said.err.contains("is not running"), "{line}: {}", said.err);
        }
        assert!(impostor.heard.lock().expect("heard").is_empty());
    }
    fs::write(site.path(RECORD), good.to_string()).expect("a file");
    site.ok("local start");
    site.ok("down");
}

/// A port that another program has taken since is named.
#[test]
fn a_taken_port_is_told() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    let port = site
        .endpoint()
        .rsplit(':')
        .next()
        .map(str::to_owned)
        .expect("a port");
    site.ok("local stop");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).expect("the port");
    let told = format!("port {port} answers, but is not this lab's twin");
    let _ = site
        .labctl("status")
        .code(1)
        .complains(&[&told, "local start"]);
    let _ = site.labctl("local inbox").code(1).complains(&[&told]);
    drop(listener);
    let said = site.labctl("status").code(1);
    assert!(!said.err.contains("answers"), "{}", said.err);
    site.ok("local start");
    site.ok("down");
}

/// Each start has a secret of its own, which no output shows.
#[test]
fn a_twin_that_started_anew_is_known() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    let secret = || {
        let record: Value = serde_json::from_str(&site.read(RECORD)).expect("JSON");
        record["secret"].as_str().expect("a secret").to_owned()
    };
    let first = secret();
    site.ok("local stop");
    site.ok("local start");
    assert_ne!(secret(), first);
    site.ok("status");
    for line in [
        "local status --json",
        "local list --json",
        "local start --json",
        "-vv status",
    ] {
        let said = site.ok(line);
        assert!(
            !said.out.contains(&secret()) && !said.err.contains(&secret()),
            "{line}"
        );
    }
    site.ok("down");
}

/// A twin of an older labctl has no secret: it may be stopped, and nothing else.
#[test]
fn a_twin_without_a_secret_is_to_be_started_again() {
    let site = Site::tutorial();
    site.ok("local start");
    let good: Value = serde_json::from_str(&site.read(RECORD)).expect("JSON");
    let pid = good["pid"].as_u64().expect("a pid");
    let impostor = Impostor::new(pid, None);
    let mut record = good.clone();
    record.as_object_mut().expect("fields").remove("secret");
    record["endpoint"] = format!("http://127.0.0.1:{}", impostor.port).into();
    fs::write(site.path("other.json"), record.to_string()).expect("a file");
    let file = File::open(site.path("other.json")).expect("a file");
    file.lock().expect("a lock");
    fs::rename(site.path(RECORD), site.path("kept.json")).expect("a file");
    fs::rename(site.path("other.json"), site.path(RECORD)).expect("a file");
    for line in ["up --local", "local start", "local inbox"] {
        let _ = site
            .labctl(line)
            .code(1)
            .complains(&["of an older labctl", "local stop"]);
        impostor.has_heard_nothing(line);
    }
    // Whoever is to agree to the folder stops it first: the world that it writes then has no seal.
    for line in ["trust", "status"] {
        let said = Said::of(&mut elsewhere(&site, line)).code(2);
        let _ = said.complains(&["twin of an older labctl runs in", "local stop --dir "]);
        impostor.has_heard_nothing(line);
    }
    fs::rename(site.path("kept.json"), site.path(RECORD)).expect("a file");
    Said::of(&mut elsewhere(&site, "local stop")).code(0);
}
