//! Other programs and other users on this machine: labctl talks only to its own twin, and the twin only to its owner.

use std::{
    fs::File,
    io::{ErrorKind, Write},
    net::{Ipv4Addr, TcpListener},
    process::Command,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::{
    harness::{Running, Said, Site},
    ready::PASSWORD,
    twin,
    unruly::{Whim, proxy_on},
};

const RECORD: &str = ".labctl/local/daemon.json";

/// Writes a twin's record, without its lock.
fn record(site: &Site, endpoint: &str, pid: u32) {
    let version = env!("CARGO_PKG_VERSION");
    let daemon = json!({ "endpoint": endpoint, "pid": pid, "version": version });
    site.write(RECORD, daemon.to_string());
}

/// Listens on a port of this machine; `0`: any.
fn free(port: u16) -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a free port")
}

/// Takes the port of a twin that has stopped.
fn take(site: &Site) -> TcpListener {
    let record: Value = serde_json::from_str(&site.read(RECORD)).expect("a record");
    let endpoint = record["endpoint"].as_str().expect("an endpoint");
    let port = endpoint.rsplit(':').next().and_then(|p| p.parse().ok());
    let port: u16 = port.expect("a port");
    // Another test's program may have it, and lets it go.
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Err(e) if e.kind() == ErrorKind::AddrInUse => std::thread::yield_now(),
            listener => return listener.expect("a free port"),
        }
    }
}

/// Locks the record, as a running twin does.
fn hold(site: &Site) -> File {
    let file = File::open(site.path(RECORD)).expect("a record");
    file.lock().expect("nobody else's");
    file
}

/// A program that claims to be the twin with a given pid. It forwards everything else to a twin of its own and keeps
/// the requests.
struct Impostor {
    _own: Site,
    endpoint: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Impostor {
    fn of(pid: u32) -> Self {
        Self::on(free(0), pid)
    }

    fn on(listener: TcpListener, pid: u32) -> Self {
        let own = Site::empty();
        own.ok("local start --port 0");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::clone(&heard);
        let health = json!({
            "service": "localaws",
            "version": env!("CARGO_PKG_VERSION"),
            "pid": pid,
            "endpoint": own.endpoint(),
        });
        let health: &str = Box::leak(health.to_string().into_boxed_str());
        let endpoint = proxy_on(listener, &own.endpoint(), move |call| {
            asked.lock().expect("no panic").push(call.to_owned());
            let is_health = call.starts_with("GET /_local/health.json");
            is_health.then_some(Whim::Answer(200, "", health))
        });
        Self {
            _own: own,
            endpoint,
            heard,
        }
    }

    fn port(&self) -> &str {
        self.endpoint.rsplit(':').next().expect("a port")
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().expect("no panic"))
    }
}

#[test]
fn sends_nothing_to_a_program_on_a_dead_twins_port() {
    let site = Site::tutorial();
    site.edit(
        "- email: student@example.com",
        "- email: student@example.com\n    - password_env: STUDENT_PASSWORD\n      email: worker@example.com",
    );
    let started = site.ok("local start --port 0 --json").json();
    let pid = u32::try_from(started["pid"].as_u64().expect("a pid")).expect("a pid");
    site.ok("local stop");
    // Another program takes its port, and knows its pid: `ps` shows it to every user.
    let impostor = Impostor::on(take(&site), pid);
    site.labctl("local status").code(4);
    site.labctl("local inbox")
        .code(1)
        .complains(&["not running"]);
    site.ok("local stop");
    assert_eq!(impostor.heard(), Vec::<String>::new());

    let mut up = site.command(["up", "--local"]);
    let up = Said::of(up.env("STUDENT_PASSWORD", PASSWORD)).code(0);
    let moved = format!(
        "port {} was this lab's and another program has taken it; addresses have changed: {} is now {}",
        impostor.port(),
        impostor.endpoint,
        site.endpoint()
    );
    assert!(up.out.contains(&moved), "no {moved:?} in:\n{}", up.out);
    site.ok("verify");
    site.ok("status");
    site.ok("local inbox");
    site.ok("token");
    // Killed: its record stays.
    let pid = site.ok("local status --json").json()["pid"].clone();
    let killed = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status();
    assert!(killed.expect("kill runs").success());
    drop(hold(&site));
    let pid = u32::try_from(pid.as_u64().expect("a pid")).expect("a pid");
    let second = Impostor::on(take(&site), pid);
    for line in ["verify", "status", "token", "down", "local inbox"] {
        site.labctl(line).code(1).complains(&["not running"]);
    }
    site.ok("local start");
    site.ok("verify");
    site.ok("down");
    assert_eq!(impostor.heard(), Vec::<String>::new());
    assert_eq!(second.heard(), Vec::<String>::new());
}

#[test]
fn believes_only_locked_loopback_records() {
    let site = Site::empty();
    let impostor = Impostor::of(7);
    let port = impostor.port();
    record(&site, &impostor.endpoint, 7);
    // The valid record first: labctl asks the address in it.
    let held = hold(&site);
    let status = site.ok("local status --json").json();
    assert_eq!(status["endpoint"], impostor.endpoint.as_str());
    assert_eq!(impostor.heard().len(), 1);
    drop(held);
    record(&site, &impostor.endpoint, 8);
    let held = hold(&site);
    site.labctl("local status").code(4);
    assert_eq!(impostor.heard().len(), 1, "another pid");
    drop(held);
    record(&site, &impostor.endpoint, 7);
    site.labctl("local status").code(4);
    for endpoint in [
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("http://[::1]:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        format!("http://0.0.0.0:{port}"),
        format!("http://127.1:{port}"),
        format!("http://u@127.0.0.1:{port}"),
        format!("http://127.0.0.1:1@127.0.0.1:{port}"),
        format!("http://127.0.0.1:1@localhost:{port}"),
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/?http://127.0.0.1:{port}"),
        format!("http://127.0.0.1:0{port}"),
        "http://127.0.0.1:0".to_owned(),
        "http://127.0.0.1:70000".to_owned(),
        "http://127.0.0.1".to_owned(),
        String::new(),
    ] {
        record(&site, &endpoint, 7);
        let _held = hold(&site);
        site.labctl("local status").code(4);
        assert_eq!(impostor.heard(), Vec::<String>::new(), "{endpoint}");
    }
    let daemon = site.read(RECORD);
    let padded = format!("{}{daemon}", " ".repeat(1 << 20));
    for text in ["", "{}", "[]", "null", "{", &padded] {
        site.write(RECORD, text);
        let _held = hold(&site);
        site.labctl("local status").code(4);
    }
    // 1 TB, sparse.
    let huge = File::create(site.path(RECORD)).expect("a file");
    huge.set_len(1 << 40).expect("a sparse file");
    let _held = hold(&site);
    site.labctl("local status").code(4);
    assert_eq!(impostor.heard(), Vec::<String>::new());
}

#[test]
fn ends_endless_health_answers() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    for length in ["content-length: 1000000000000\r\n\r\n", "\r\n"] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let site = Site::empty();
        record(&site, &format!("http://{address}"), 7);
        let _held = hold(&site);
        let talks = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut sent = 0;
            let mut told = stream
                .write_all(head)
                .and(stream.write_all(length.as_bytes()));
            while told.is_ok() {
                told = stream.write_all(&[b' '; 1 << 12]);
                sent += 1 << 12;
            }
            sent
        });
        site.labctl("local status").code(4);
        let sent = talks.join().expect("no panic");
        assert!(sent < 100 << 20, "{sent} bytes");
    }
}

#[test]
fn warns_when_the_port_was_taken() {
    let site = Site::tutorial();
    let warnings = |started: &Value| started["warnings"].as_array().cloned().expect("a list");
    // Neither accepts nor answers, and is gone when it is dropped.
    let taken = || {
        let other = take(&site);
        let address = other.local_addr().expect("an address");
        let words = format!(
            "port {} was this lab's and another program has taken it; addresses have changed: http://{address} is \
             now http://127.0.0.1:",
            address.port()
        );
        (other, words)
    };

    let first = site.ok("local start --json").json();
    assert_eq!(warnings(&first), Vec::<Value>::new());
    let again = site.ok("local start --json").json();
    assert_eq!(warnings(&again), Vec::<Value>::new());
    site.ok("local stop");

    let (other, words) = taken();
    let started = site.ok("local start --json").json();
    let told = warnings(&started);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].as_str().is_some_and(|told| told.contains(&words)),
        "{told:?}"
    );
    site.ok("local stop");
    let same = site.ok("local start --json").json();
    assert_eq!(warnings(&same), Vec::<Value>::new(), "told once");
    site.ok("local stop");
    drop(other);

    for line in [
        "local start",
        "local start --quiet",
        "up --local",
        "up --local --quiet",
    ] {
        let (_other, words) = taken();
        let said = site.ok(line);
        assert!(said.out.contains(&words), "{line}: {said:?}");
        site.ok("local stop");
    }
    let (other, _) = taken();
    let bars = site.terminal("up --local").output().expect("script runs");
    let bars = String::from_utf8_lossy(&bars.stdout).into_owned();
    assert!(bars.contains("has taken it"), "{bars}");
    site.ok("local stop");
    drop(other);
    let (other, words) = taken();
    let events = site.ok("up --local --json").events();
    let told = events.iter().find(|event| event["event"] == "warning");
    let told = told
        .and_then(|event| event["message"].as_str())
        .unwrap_or_default();
    assert!(told.contains(&words), "{events:?}");
    site.ok("local stop");
    drop(other);
    // No warning for a port that the user chose.
    let (_other, _) = taken();
    let asked = site.ok("local start --port 0 --json").json();
    assert_eq!(warnings(&asked), Vec::<Value>::new());
}

/// Runs a shell as another user. Only root can: `None` otherwise, with a line that libtest does not capture.
pub(crate) fn nobody(site: &Site, script: &str) -> Option<Said> {
    let id = site.program("id").arg("-u").output().expect("id runs");
    if id.stdout != b"0\n" {
        let said = "SKIPPED: checks of other users' connections need root\n";
        std::io::stderr()
            .write_all(said.as_bytes())
            .expect("stderr");
        return None;
    }
    let mut command = site.program("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .args(["bash", "-c", script])
        .current_dir("/");
    Some(Said::of(&mut command).code(0))
}

/// A script that sends requests on one connection and prints everything that comes back.
fn script(address: &str, port: &str, requests: &[String]) -> String {
    let requests = requests.concat().replace('\r', "\\r").replace('\n', "\\n");
    format!("exec 3<>/dev/tcp/{address}/{port}; printf '%b' '{requests}' >&3; timeout 60 cat <&3")
}

fn request(line: &str, more: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\nx-localaws: 1\r\n{more}\r\n")
}

#[test]
fn refuses_other_users() {
    let site = Site::empty();
    let started = site.ok("local start --port 0 --json").json();
    assert_eq!(started["any_user"], false);
    let endpoint = site.endpoint();
    let port = endpoint.rsplit(':').next().expect("a port");
    twin::role(&endpoint, "mine", &[]);
    twin::forget_calls(&endpoint);
    let scope = twin::Account::new(&endpoint, "000000000000").scope("iam");
    let signed = format!("Authorization: {scope}\r\n");
    let requests = [
        request("GET /_local/inbox.json", ""),
        request("GET /_local/health.json", ""),
        request("DELETE /_local/accounts/000000000000", ""),
        request("POST /_local/stop", ""),
        request(
            "GET /?Action=DeleteRole&Version=2010-05-08&RoleName=mine",
            &signed,
        ),
        request("GET /_api/abcdefghij/dev/demo", ""),
        "garbage\r\n\r\n".to_owned(),
        String::new(),
    ];
    for address in ["127.0.0.1", "::ffff:127.0.0.1"] {
        // Each on a connection of its own, then all on one.
        let alone = requests.iter().map(std::slice::from_ref);
        for requests in alone.chain([requests.as_slice()]) {
            let Some(said) = nobody(&site, &script(address, port, requests)) else {
                return;
            };
            assert!(
                said.out.starts_with("HTTP/1.1 403 "),
                "{requests:?}: {said:?}"
            );
            assert!(
                said.out.contains("labctl local start --any-user"),
                "{said:?}"
            );
            assert_eq!(said.out.matches("HTTP/1.1").count(), 1, "{said:?}");
        }
    }
    assert_eq!(twin::calls(&endpoint), Vec::<String>::new());
    assert_eq!(
        twin::iam(&endpoint, "Action=GetRole&RoleName=mine").status,
        200
    );
    let logs = site.ok("local logs").out;
    assert!(
        logs.contains("refused a connection of user 65534"),
        "{logs}"
    );
}

#[test]
fn refuses_closed_connections() {
    let site = Site::empty();
    let started = site.ok("local start --port 0 --json").json();
    let endpoint = site.endpoint();
    let port = endpoint.rsplit(':').next().expect("a port");
    twin::role(&endpoint, "mine", &[]);
    let signal = |name: &str| {
        let pid = started["pid"].to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.expect("kill runs").success());
    };
    let wish = request("DELETE /_local/accounts/000000000000", "");
    let wish = wish.replace('\r', "\\r").replace('\n', "\\n");
    let mut logs = site.program("timeout");
    logs.arg("60").arg(env!("CARGO_BIN_EXE_labctl"));
    let mut logs = Running::start(logs.args(["local", "logs", "--follow"]));
    // The kernel accepts the connection and its data. The twin sees them after the client is gone.
    signal("-STOP");
    let said = nobody(
        &site,
        &format!("exec 3<>/dev/tcp/127.0.0.1/{port}; printf '%b' '{wish}' >&3; exec 3>&-"),
    );
    signal("-CONT");
    if said.is_some() {
        logs.hears("refused a connection without a user");
        assert_eq!(
            twin::iam(&endpoint, "Action=GetRole&RoleName=mine").status,
            200
        );
    }
    logs.signal("TERM");
    let _ = logs.end();
}

#[test]
fn any_user_holds_until_the_twin_stops() {
    let site = Site::empty();
    let started = site.ok("local start --port 0 --any-user");
    for words in ["--any-user", "every user of this machine"] {
        assert!(started.out.contains(words), "{started:?}");
    }
    let endpoint = site.endpoint();
    let port = endpoint.rsplit(':').next().expect("a port");
    let health = [request("GET /_local/health.json", "Connection: close\r\n")];
    let ask = || nobody(&site, &script("127.0.0.1", port, &health));
    if let Some(said) = ask() {
        assert!(said.out.starts_with("HTTP/1.1 200 "), "{said:?}");
    }
    let status = site.ok("local status");
    assert!(
        status.out.contains("every user of this machine"),
        "{status:?}"
    );
    assert_eq!(site.ok("local status --json").json()["any_user"], true);
    // Until it stops.
    site.ok("local start --any-user");
    site.ok("local stop");
    let started = site.ok("local start --json").json();
    assert_eq!(
        (&started["any_user"], &started["warnings"]),
        (&json!(false), &json!([]))
    );
    if let Some(said) = ask() {
        assert!(said.out.starts_with("HTTP/1.1 403 "), "{said:?}");
    }
    site.labctl("local start --any-user")
        .code(1)
        .complains(&["serves only you", "labctl local stop"]);
    site.ok("local stop");
    let open = site.ok("local start --any-user --json").json();
    assert_eq!(
        (
            &open["any_user"],
            &open["warnings"].as_array().map(Vec::len)
        ),
        (&json!(true), &Some(1))
    );
}
