//! The doors of a real twin: the inbox's address, AWS's names, header names, and memory after hostile clients.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use serde_json::{Value, json};

use crate::{
    harness::{Said, Site},
    twin,
};

fn connect(origin: &str) -> TcpStream {
    let address = origin.strip_prefix("http://").expect("plain HTTP");
    TcpStream::connect(address).expect("a twin")
}

/// What labctl prints as the inbox's address.
fn inbox(site: &Site) -> String {
    let status = site.ok("local status --json").json();
    status["inbox"].as_str().expect("an address").to_owned()
}

#[test]
fn the_inbox_has_an_address_of_its_own() {
    let site = Site::tutorial();
    let started = site.ok("local start --port 0").out;
    let page = inbox(&site);
    assert!(started.contains(&page), "{started}");
    assert!(
        !page.starts_with(&format!("{}/", site.endpoint())),
        "{page}"
    );
    let up = site.ok("up --local");
    for said in [up, site.ok("status"), site.ok("local inbox")] {
        assert!(said.out.contains(&page), "{page}: {said:?}");
    }
    assert_eq!(site.status()["outputs"]["inbox"], page.as_str());
    assert_eq!(twin::get(&page, None).status, 200);
    // A bookmark stays good.
    site.ok("local stop");
    site.ok("local start");
    assert_eq!(inbox(&site), page);
    site.ok("local stop");
    let port = page.trim_end_matches("/_local/").rsplit(':').next();
    let port: u16 = port.and_then(|port| port.parse().ok()).expect("a port");
    let taken = TcpListener::bind(("127.0.0.1", port)).expect("free");
    site.ok("local start");
    assert_ne!(inbox(&site), page);
    assert_eq!(twin::get(&inbox(&site), None).status, 200);
    drop(taken);
}

#[test]
fn a_twin_of_aws_endpoint_url_says_where_its_inbox_is() {
    let site = Site::tutorial();
    site.ok("local start --port 0");
    let mut command = site.command(["up", "--yes"]);
    command.env("AWS_ENDPOINT_URL", site.endpoint());
    let up = Said::of(command.envs([
        ("AWS_ACCESS_KEY_ID", "111122223333"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ]));
    let up = up.code(0);
    assert!(up.out.contains(&inbox(&site)), "{up:?}");
}

#[test]
fn aws_names_are_asked_for_at_the_start() {
    let site = Site::empty();
    let ask = |endpoint: &str| {
        let mut stream = connect(endpoint);
        let request =
            "GET / HTTP/1.1\r\nHost: iam.us-east-1.amazonaws.com\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    };
    let started = site.ok("local start --port 0 --json").json();
    assert_eq!(started["aws_names"], false);
    let refused = ask(&site.endpoint());
    assert!(
        refused.contains("labctl local start --aws-names"),
        "{refused}"
    );
    site.labctl("local start --aws-names")
        .code(1)
        .complains(&["AWS's host names", "labctl local stop"]);
    site.ok("local stop");
    let started = site.ok("local start --aws-names --json").json();
    assert_eq!(started["aws_names"], true);
    let answer = ask(&site.endpoint());
    assert!(answer.contains("Missing Authentication Token"), "{answer}");
    // For one start only.
    site.ok("local stop");
    site.ok("local start");
    assert!(ask(&site.endpoint()).contains("--aws-names"));
}

const ECHO: &str = "\
lab: names
region: us-east-1
functions:
  echo: { name: names-echo, runtime: python3.13, handler: m.h, source: src }
api:
  name: names-api
  routes:
    GET /echo: { function: echo, authorizer: none }
    POST /echo: { function: echo, authorizer: none }
  stage: dev
";

/// Sends a request on a connection that stays open; the event that the handler was given.
fn event(stream: &mut BufReader<TcpStream>, head: &str, body: &str) -> Value {
    let request = format!("{head}\r\n{body}");
    stream
        .get_mut()
        .write_all(request.as_bytes())
        .expect("sent");
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).expect("a head");
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("a body");
    serde_json::from_slice(&body).expect("an event")
}

#[test]
fn handlers_see_header_names_as_the_client_wrote_them() {
    let site = Site::empty();
    site.write("lab.yaml", ECHO);
    let echo = "import json\ndef h(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n";
    site.write("src/m.py", echo);
    site.ok("up --local");
    let status = site.status();
    let url = status["outputs"]["invoke_url"].as_str().expect("a URL");
    let path = url.strip_prefix(&site.endpoint()).expect("the twin's");
    let mut stream = BufReader::new(connect(&site.endpoint()));
    // Each on the same connection; bodies lie between the heads.
    for (method, headers, body, wanted) in [
        (
            "GET",
            "x-tEaM: red\r\nX-Team-ID: 7\r\nACCEPT: */*\r\n",
            "",
            json!({"x-tEaM": ["red"], "X-Team-ID": ["7"], "ACCEPT": ["*/*"]}),
        ),
        (
            "POST",
            "X-tEAM: blue\r\nx-team-id: 8\r\ncontent-LENGTH: 16\r\n",
            "X-Smuggled: a\r\n\r",
            json!({"X-tEAM": ["blue"], "x-team-id": ["8"]}),
        ),
        (
            "POST",
            "X-Many: 1\r\nx-one: 1\r\nX-Many: 2\r\nTransfer-Encoding: chunked\r\n",
            "b\r\nx-not: here\r\n0\r\n\r\n",
            json!({"X-Many": ["1", "2"], "x-one": ["1"]}),
        ),
        (
            "GET",
            "x-empty:\r\nX_Under: a:b\r\nauthorization: none\r\nx-tEaM: again\r\n",
            "",
            json!({"x-empty": [""], "X_Under": ["a:b"], "authorization": ["none"], "x-tEaM": ["again"]}),
        ),
    ] {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}");
        let event = event(&mut stream, &head, body);
        let given = event["multiValueHeaders"].as_object().expect("headers");
        let mut sent = given.clone();
        // Of the gateway's own.
        sent.retain(|name, _| {
            name != "Host" && !name.starts_with("X-Forwarded") && name != "X-Amzn-Trace-Id"
        });
        assert_eq!(Value::from(sent), wanted, "{head}");
        for (name, values) in given {
            let last = values.as_array().and_then(|values| values.last());
            assert_eq!(event["headers"].get(name), last, "{name}");
        }
    }
}

/// A number of /proc/PID/status, in MB.
fn memory(pid: u64, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|n| n.parse::<u64>().ok())
        .expect("a number")
        / 1024
}

/// A POST of so many bytes, and what the twin answers.
fn post(endpoint: &str, headers: &str, body: &[u8]) -> String {
    let mut stream = connect(endpoint);
    let head = format!(
        "POST /2015-03-31/functions HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    let sent = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
    let mut answer = String::new();
    // The twin may have had enough before everything was sent.
    let _ = sent.and_then(|()| stream.read_to_string(&mut answer).map(drop));
    answer
}

#[cfg(target_os = "linux")]
#[test]
fn large_requests_leave_no_memory_behind() {
    const MOST_LEFT: u64 = 64;
    const MOST_AT_ONCE: u64 = 256;
    let site = Site::empty();
    let started = site.ok("local start --port 0 --json").json();
    let pid = started["pid"].as_u64().expect("a pid");
    let endpoint = site.endpoint();
    let scope = twin::Account::new(&endpoint, "000000000000").scope("lambda");
    let signed = format!("Authorization: {scope}\r\n");
    let zip = "A".repeat(10 << 20);
    let call = json!({
        "FunctionName": "f", "Role": "arn:aws:iam::000000000000:role/x", "Runtime": "python3.13",
        "Handler": "m.h", "Code": {"ZipFile": zip},
    });
    let call = call.to_string();
    let raw = vec![b'a'; 72_000_000];
    let before = memory(pid, "VmRSS");
    for (headers, body, count, wanted) in [
        ("", raw.as_slice(), 20, "403"),
        (signed.as_str(), call.as_bytes(), 12, "400"),
    ] {
        thread::scope(|scope| {
            let asked: Vec<_> = (0..count)
                .map(|_| scope.spawn(|| post(&endpoint, headers, body)))
                .collect();
            for answer in asked {
                let answer = answer.join().expect("no panic");
                assert_eq!(answer.get(9..12), Some(wanted), "{answer}");
            }
        });
    }
    // Two hundred clients that begin a large body, or a head, and never go on.
    let mut hostile = Vec::new();
    for n in 0..200 {
        let mut stream = connect(&endpoint);
        let begun = if n % 2 == 0 {
            format!(
                "POST /2015-03-31/functions HTTP/1.1\r\nHost: localhost\r\n{signed}Content-Length: 70000000\r\n\r\n"
            )
        } else {
            "GET / HTTP/1.1\r\nX: ".to_owned()
        };
        let begun = begun + &"a".repeat(60_000);
        stream.write_all(begun.as_bytes()).expect("sent");
        hostile.push(stream);
    }
    assert_eq!(
        twin::get(&format!("{endpoint}/_local/health.json"), None).status,
        200
    );
    let (left, peak) = (memory(pid, "VmRSS"), memory(pid, "VmHWM"));
    assert!(
        left < before + MOST_LEFT,
        "{before} MB before, {left} MB now"
    );
    assert!(
        peak < before + MOST_AT_ONCE,
        "{before} MB before, {peak} MB at most"
    );
}
