//! Files that mean harm: labctl answers at once, within 1 GiB, and shows little of them.

mod labs;

use std::fmt::Write as _;

use crate::harness::{Said, Site};

/// The program under a limit of 1 GiB of memory; one that takes 90 s (on a busy machine; alone it takes less than one) is killed, which is exit code 137.
fn confined(site: &Site, line: &str) -> Said {
    let script = "ulimit -v 1048576; exec timeout -s KILL 90 \"$0\" \"$@\"";
    let mut command = site.program("sh");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_labctl")])
        .args(line.split(' '));
    Said::of(&mut command)
}

#[test]
fn a_file_that_means_harm_is_told_in_a_few_lines() {
    let site = Site::empty();
    let mut wrong = String::new();
    for (name, bytes, words) in labs::files() {
        site.write("lab.yaml", bytes);
        let said = confined(&site, "up --local");
        // Sentences are broken into lines.
        let flat = said.err.replace("\n  │ ", " ");
        let shown = said.out.len() + said.err.len();
        let unruly =
            |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        if said.code != 2 || !flat.contains(words) || shown > 100_000 || said.err.contains(unruly) {
            let err: String = said.err.chars().take(500).collect();
            let _ = writeln!(
                wrong,
                "{name}: exit {}, {shown} bytes, no {words:?}:\n{err}",
                said.code
            );
        }
        // For programs, the same: one line of JSON.
        let event = confined(&site, "up --local --json").code(2).json();
        let unreadable = event["message"]
            .as_str()
            .is_some_and(|m| m.contains("at most"));
        if event["exit"] != 2
            || event["problems"].as_array().is_none_or(Vec::is_empty) != unreadable
        {
            let _ = writeln!(wrong, "{name}: {:.300}", event.to_string());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(!site.has(".labctl"), "nothing was begun");
}

#[test]
fn what_is_not_a_file_is_refused_and_not_waited_for() {
    let site = Site::tutorial();
    let fifo = |name: &str| {
        let made = site
            .program("mkfifo")
            .arg(name)
            .status()
            .expect("mkfifo runs");
        assert!(made.success(), "{name}");
    };
    fifo("pipe.yaml");
    for name in ["pipe.yaml", "/dev/zero", "/dev/stdin", "artifacts"] {
        confined(&site, &format!("up --local --file {name}"))
            .code(2)
            .complains(&[name, "not a file"]);
    }
    assert!(!site.has(".labctl"));
}

/// Texts that are not a state, or a wild one.
fn states(good: &str) -> Vec<(&'static str, Vec<u8>)> {
    let with = |member: &str, value: &str| {
        let mut state: serde_json::Value = serde_json::from_str(good).expect("JSON");
        state[member] = "@".into();
        state.to_string().replace("\"@\"", value)
    };
    let texts = [
        ("nothing", String::new()),
        ("10 MB of brackets", "[".repeat(10 << 20)),
        ("10 MB of blanks", " ".repeat(10 << 20)),
        ("10 MB of numbers", format!("[{}1]", "1,".repeat(5 << 20))),
        (
            "nested",
            with(
                "lab",
                &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
            ),
        ),
        ("nested objects", "{\"a\":".repeat(100_000)),
        ("half of it", good[..good.len() / 2].to_owned()),
        ("twice", format!("{good}{good}")),
        ("CRLF and tail", format!("{}\0", good.replace('\n', "\r\n"))),
        ("half a pair", with("lab", "\"\\ud800\"")),
        ("a huge number", with("version", &"9".repeat(100_000))),
        ("a fraction", with("version", "1.5")),
        ("nothing as version", with("version", "null")),
        ("a list of steps", with("steps", "[]")),
        ("steps of numbers", with("steps", "{\"a\": 1}")),
        (
            "a time of no year",
            with("created_at", "\"0000-99-99T00:00:00Z\""),
        ),
        (
            "a far time",
            with("created_at", "\"+999999999-01-01T00:00:00Z\""),
        ),
        ("marked", format!("\u{feff}{good}")),
    ];
    let mut all: Vec<_> = texts
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    all.extend([
        (
            "not UTF-8",
            [b"{\"lab\": \"\xff\xfe\"".as_slice(), good.as_bytes()].concat(),
        ),
        ("zeros", vec![0; 4096]),
    ]);
    all
}

#[test]
fn a_state_that_is_none_is_told_and_left_as_it_is() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    let path = ".labctl/cognito-authorizer/state.json";
    let mut wrong = String::new();
    for (name, bytes) in states(&site.read(path)) {
        site.write(path, &bytes);
        for line in ["status", "verify"] {
            let said = confined(&site, line);
            let left = std::fs::read(site.path(path)).is_ok_and(|now| now == bytes);
            let told = said.err.contains("state.json") && said.err.contains("→");
            if said.code != 1 || !told || said.err.len() > 1000 || !left {
                let err: String = said.err.chars().take(500).collect();
                let _ = writeln!(
                    wrong,
                    "{name}: {line}: exit {}, left {left}:\n{err}",
                    said.code
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    let huge = std::fs::File::create(site.path(path)).expect("a file");
    huge.set_len(2 << 30).expect("a file with a hole");
    confined(&site, "status").code(1).complains(&["state.json"]);
}

/// Bodies of the size that a function's zip may have, but of small values.
#[test]
fn a_twin_stays_small_whatever_it_is_sent() {
    let site = Site::tutorial();
    confined(&site, "local start").code(0);
    let endpoint = site.endpoint();
    let send = |service: &str, path: &str, kind: &str, body: String| {
        let scope = format!("Credential=111122223333/20260101/us-east-1/{service}/aws4_request");
        ureq::post(format!("{endpoint}{path}"))
            .config()
            .http_status_as_error(false)
            .build()
            .header("authorization", format!("AWS4-HMAC-SHA256 {scope}"))
            .header("content-type", kind)
            .header(
                "x-amz-target",
                "AWSCognitoIdentityProviderService.CreateUserPool",
            )
            .send(body)
            .expect("the twin answers")
            .status()
            .as_u16()
    };
    let json = "application/x-amz-json-1.1";
    let filled = |part: &str, mb: usize| {
        let parts = part.repeat((mb << 20) / part.len());
        format!("{{\"a\": [{parts}0]}}")
    };
    for part in ["[],", "{\"\":0},", "0,"] {
        assert_eq!(
            send("cognito-idp", "/", json, filled(part, 10)),
            413,
            "{part}"
        );
        let code = send("lambda", "/2015-03-31/functions", json, filled(part, 60));
        assert_eq!(code, 413, "{part}");
    }
    let form = "application/x-www-form-urlencoded";
    let fields = format!(
        "Action=ListRoles&Version=2010-05-08{}",
        "&a=".repeat(3 << 20)
    );
    assert_eq!(send("iam", "/", form, fields), 413);
    // One long text is no such thing.
    let long = format!("{{\"PoolName\": \"{}\"}}", ",".repeat(10 << 20));
    assert_eq!(send("cognito-idp", "/", json, long), 400);
    for deep in ["[", "{\"a\":"] {
        assert_eq!(
            send("cognito-idp", "/", json, deep.repeat(100_000)),
            400,
            "{deep}"
        );
    }
    site.ok("up --local");
}
