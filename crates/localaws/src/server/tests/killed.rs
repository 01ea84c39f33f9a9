//! A twin that is a process of its own, started by this test program as another of itself.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{Folder, signed};
use crate::{app::Config, server::start};

const DIR: &str = "LOCALAWS_TEST_DIR";

/// No test, but the twin that the tests here start.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "serves until it is killed"]
async fn serve() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let twin = start(Config::at(dir.into())).await.unwrap();
    let mut errors = std::io::stderr();
    writeln!(errors, "\n{}", twin.endpoint()).unwrap();
    twin.wait().await.unwrap();
}

struct Process {
    child: Child,
    address: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// With the file mode mask that lets everybody do everything.
    fn start(dir: &Path) -> Self {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "umask 000; exec \"$@\"", "sh"])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "--nocapture",
                "server::tests::killed::serve",
            ])
            .env(DIR, dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| {
            let address = line.strip_prefix("http://")?;
            Some(address.to_owned())
        });
        Self {
            child,
            address: address.unwrap(),
        }
    }

    /// Sends a request and reads its answer's body.
    fn ask(&self, line: &str, headers: &str, body: &str) -> Value {
        use std::io::Read;
        let mut stream = self.send(line, headers, body);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(&answer[9..10], "2", "{line}: {answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(body).unwrap_or_default()
    }

    fn send(&self, line: &str, headers: &str, body: &str) -> std::net::TcpStream {
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    /// A function with one file.
    fn function(&self, name: &str, runtime: &str, file: &str, source: &str) {
        let role = "arn:aws:iam::111122223333:role/r";
        let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file(file, SimpleFileOptions::default()).unwrap();
        zip.write_all(source.as_bytes()).unwrap();
        let zip = BASE64_STANDARD.encode(zip.finish().unwrap().into_inner());
        let input = json!({"FunctionName": name, "Role": role, "Runtime": runtime, "Handler": "m.h",
                           "Timeout": 900, "Code": {"ZipFile": zip}});
        let input = input.to_string();
        self.ask("POST /2015-03-31/functions", &signed("lambda"), &input);
        let line = format!("GET /2015-03-31/functions/{name}/configuration");
        let active = || self.ask(&line, &signed("lambda"), "")["State"] == "Active";
        until("the function", active);
    }
}

fn role(twin: &Process) {
    let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C\
                 %22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%7D%2C%22Action%22%3A\
                 %22sts%3AAssumeRole%22%7D%7D";
    let form =
        format!("Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument={trust}");
    let headers = signed("iam") + "Content-Type: application/x-www-form-urlencoded\r\n";
    twin.ask("POST /", &headers, &form);
}

/// Whether a process runs; one that ended but nobody waited for does not.
fn runs(pid: &str) -> bool {
    let told = Command::new("ps")
        .args(["-o", "stat=", "-p", pid])
        .output()
        .unwrap();
    let state = String::from_utf8(told.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// Waits, for a minute at most.
fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..6000 {
        if so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain for {what}");
}

/// Tells a port of this test its process and its child's. Handlers see no file of the test.
const PYTHON: &str = "import os, socket, subprocess, sys
def h(event, context):
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
    with socket.create_connection(('127.0.0.1', event['port'])) as told:
        told.sendall(f'{os.getpid()} {child.pid}'.encode())
    while event['busy']: pass
";
const NODE: &str = "import { connect } from 'node:net';
import { spawn } from 'node:child_process';
export const h = async ({ port, busy }) => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600000)'], { stdio: 'ignore' });
  await new Promise((go) => connect(port, '127.0.0.1').end(`${process.pid} ${child.pid}`).on('close', go));
  for (; busy;);
};
";

/// The processes that a handler tells.
fn told(listener: &std::net::TcpListener) -> Vec<String> {
    let (mut stream, _) = listener.accept().unwrap();
    let mut told = String::new();
    std::io::Read::read_to_string(&mut stream, &mut told).unwrap();
    told.split(' ').map(str::to_owned).collect()
}

#[test]
fn a_killed_twin_takes_its_handlers_along() {
    for (runtime, file, source) in [
        ("python3.13", "m.py", PYTHON),
        ("nodejs22.x", "m.mjs", NODE),
    ] {
        let folder = Folder::new();
        let mut twin = Process::start(&folder.0);
        role(&twin);
        let mut pids = Vec::new();
        let mut connections = Vec::new();
        for (name, busy) in [("idle", false), ("busy", true)] {
            twin.function(name, runtime, file, source);
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let event = json!({"port": port, "busy": busy}).to_string();
            let line = format!("POST /2015-03-31/functions/{name}/invocations");
            connections.push(twin.send(&line, &signed("lambda"), &event));
            pids.extend(told(&listener));
        }
        assert_eq!(pids.len(), 4);
        assert!(pids.iter().all(|pid| runs(pid)), "{pids:?}");
        // SIGKILL: nothing of the twin's own code runs any more.
        twin.child.kill().unwrap();
        twin.child.wait().unwrap();
        for pid in &pids {
            until("the end of a handler and its child", || !runs(pid));
        }
    }
}

#[test]
fn an_ended_account_takes_its_handlers_and_mail_along() {
    let folder = Folder::new();
    let twin = Process::start(&folder.0);
    role(&twin);
    twin.function("f", "python3.13", "m.py", PYTHON);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let event = json!({"port": port, "busy": false}).to_string();
    let line = "POST /2015-03-31/functions/f/invocations";
    twin.ask(line, &signed("lambda"), &event);
    let pids = told(&listener);
    assert!(pids.iter().all(|pid| runs(pid)), "{pids:?}");

    let cognito = |operation: &str, input: Value| {
        let target = format!("X-Amz-Target: AWSCognitoIdentityProviderService.{operation}\r\n");
        twin.ask(
            "POST /",
            &(signed("cognito-idp") + &target),
            &input.to_string(),
        )
    };
    let input = json!({"PoolName": "p", "UsernameAttributes": ["email"]});
    let pool = cognito("CreateUserPool", input)["UserPool"]["Id"].clone();
    let user = json!({"UserPoolId": pool, "Username": "a@example.com", "DesiredDeliveryMediums": ["EMAIL"]});
    cognito("AdminCreateUser", user);
    let mail = || twin.ask("GET /_local/inbox.json", "", "");
    assert_eq!(mail()[0]["account"], "111122223333");

    let line = "DELETE /_local/accounts/111122223333";
    twin.ask(line, "x-localaws: 1\r\n", "");
    assert_eq!(mail(), json!([]));
    for pid in &pids {
        until("the end of a handler and its child", || !runs(pid));
    }
    let code = fs::read_dir(folder.0.join("lambda")).unwrap();
    assert_eq!(code.count(), 0);
}

/// Every file and folder within, with its mode.
fn modes(path: &Path, found: &mut Vec<(String, u32, bool)>) {
    let about = fs::symlink_metadata(path).unwrap();
    let mode = about.permissions().mode() & 0o777;
    found.push((path.display().to_string(), mode, about.is_dir()));
    if about.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            modes(&entry.unwrap().path(), found);
        }
    }
}

#[test]
fn files_are_their_owners_whatever_the_umask() {
    let folder = Folder::new();
    let dir = folder.0.join("made").join("by the twin");
    let mut twin = Process::start(&dir);
    role(&twin);
    twin.function(
        "f",
        "python3.13",
        "m.py",
        "def h(event, context): return 1\n",
    );
    let line = "POST /2015-03-31/functions/f/invocations";
    twin.ask(line, &signed("lambda"), "{}");
    twin.ask("POST /_local/stop", "x-localaws: 1\r\n", "");
    twin.child.wait().unwrap();
    let mut found = Vec::new();
    modes(&folder.0, &mut found);
    let names = found
        .iter()
        .filter_map(|(path, ..)| path.rsplit('/').next());
    let names: Vec<_> = names.collect();
    for name in ["world.json", "twin.log", "lock", "m.py"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for (path, mode, folder) in found {
        let wanted = if folder { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{path}: {mode:o}");
    }
}
