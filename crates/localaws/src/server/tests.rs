//! The listener and the folder, driven over TCP.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod asked;
#[cfg(target_os = "linux")]
mod door;
mod edges;
mod faults;
mod guard;
mod inbox;
#[cfg(unix)]
mod killed;
mod limits;
mod routes;
mod rules;

use std::{fs, io::ErrorKind, path::PathBuf};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Limits, Running, start, start_within};
use crate::{app::Config, ids};

/// A folder for a twin; it goes with this.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("localaws-{}", ids::uuid())))
    }

    async fn start_within(&self, limits: Limits) -> Running {
        let config = Config::at(self.0.clone());
        start_within(config, limits).await.unwrap()
    }

    async fn start_with_aws_names(&self) -> Running {
        let mut config = Config::at(self.0.clone());
        config.aws_names = true;
        start(config).await.unwrap()
    }

    async fn try_start(&self) -> std::io::Result<Running> {
        start(Config::at(self.0.clone())).await
    }

    async fn start(&self) -> Running {
        self.try_start().await.unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// A connection to an address like `http://127.0.0.1:PORT`.
async fn connect_to(origin: &str) -> TcpStream {
    let address = origin.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

async fn connect(twin: &Running) -> TcpStream {
    connect_to(twin.endpoint()).await
}

/// All that comes back until the connection closes.
async fn raw(twin: &Running, request: &str) -> String {
    raw_to(twin.endpoint(), request).await
}

async fn raw_to(origin: &str, request: &str) -> String {
    let mut stream = connect_to(origin).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// A request with a body; the headers end with CRLF each.
async fn send(twin: &Running, line: &str, headers: &str, body: &str) -> String {
    let host = if headers.contains("Host:") {
        ""
    } else {
        "Host: localhost\r\n"
    };
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\n{host}{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    raw(twin, &(head + body)).await
}

fn signed(service: &str) -> String {
    format!(
        "Authorization: AWS4-HMAC-SHA256 Credential=111122223333/20260101/us-east-1/{service}/aws4_request, \
         SignedHeaders=host, Signature=0\r\n"
    )
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

async fn iam(twin: &Running, form: &str) -> String {
    let headers = signed("iam") + "Content-Type: application/x-www-form-urlencoded\r\n";
    send(twin, "POST /", &headers, form).await
}

async fn stop(twin: Running) {
    let answer = send(&twin, "POST /_local/stop", "x-localaws: 1\r\n", "").await;
    assert_eq!(status(&answer), "200", "{answer}");
    twin.wait().await.unwrap();
}

const CREATE: &str = "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=\
    %7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%2C%22Action%22%3A\
    %22sts%3AAssumeRole%22%7D%7D";
const GET: &str = "Action=GetRole&Version=2010-05-08&RoleName=r";

#[tokio::test]
async fn a_world_outlives_its_twin() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let answer = iam(&twin, CREATE).await;
    assert_eq!(status(&answer), "200", "{answer}");
    let busy = folder.try_start().await.err().map(|e| e.kind());
    assert_eq!(busy, Some(ErrorKind::ResourceBusy));
    stop(twin).await;
    // As a twin killed while it wrote leaves it.
    let left = format!(".world.{}.new", "0123456789abcdef".repeat(2));
    fs::write(folder.0.join(&left), "{\"acc").unwrap();
    let twin = folder.start().await;
    assert!(!folder.names().contains(&left));
    assert_eq!(status(&iam(&twin, GET).await), "200");
    iam(&twin, "Action=DeleteRole&Version=2010-05-08&RoleName=r").await;
    stop(twin).await;
    assert_eq!(status(&iam(&folder.start().await, GET).await), "404");
}

#[tokio::test]
async fn every_account_outlives_its_twin() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let of = |account: &str| {
        let headers = signed("iam") + "Content-Type: application/x-www-form-urlencoded\r\n";
        headers.replace("111122223333", account)
    };
    let accounts = ["000000000001", "111122223333", "999999999999"];
    for account in accounts {
        let answer = send(&twin, "POST /", &of(account), CREATE).await;
        assert_eq!(status(&answer), "200", "{answer}");
    }
    stop(twin).await;
    let twin = folder.start().await;
    for account in accounts {
        let answer = send(&twin, "POST /", &of(account), GET).await;
        assert!(
            answer.contains(&format!("arn:aws:iam::{account}:role/r")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_world_that_cannot_be_read_is_kept() {
    let folder = Folder::new();
    fs::create_dir(&folder.0).unwrap();
    fs::write(folder.0.join("world.json"), "{\"acc").unwrap();
    let error = folder.try_start().await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let names = folder.names();
    let kept = names
        .iter()
        .find(|name| name.starts_with("world.json."))
        .unwrap();
    assert!(error.to_string().contains(kept.as_str()), "{error}");
    assert!(!names.contains(&"world.json".to_owned()), "{names:?}");
    assert_eq!(fs::read_to_string(folder.0.join(kept)).unwrap(), "{\"acc");

    let twin = folder.start().await;
    iam(&twin, CREATE).await;
    stop(twin).await;
    assert!(folder.names().contains(kept));
}

#[tokio::test]
async fn odd_requests_are_the_clients_fault() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let deep = "[".repeat(100_000);
    let json = |service: &str, target: &str| {
        let signed = signed(service);
        format!("{signed}X-Amz-Target: {target}\r\nContent-Type: application/x-amz-json-1.1\r\n")
    };
    let logs = json("logs", "Logs_20140328.DescribeLogGroups");
    let form = signed("iam") + "Content-Type: application/x-www-form-urlencoded\r\n";
    let (iam, lambda) = (signed("iam"), signed("lambda"));
    for (line, headers, body, wanted) in [
        ("OPTIONS *", "", "", "403"),
        ("CONNECT localhost:1", "Host: localhost:1\r\n", "", "403"),
        ("HEAD /", "", "", "403"),
        ("HEAD /", logs.as_str(), "{}", "200"),
        ("GET /%", &lambda, "", "404"),
        ("GET /2015-03-31/functions/%ff", &lambda, "", "400"),
        ("GET /2015-03-31/functions/%00", &lambda, "", "400"),
        (
            "GET /2015-03-31/functions?MaxItems=1e99",
            &lambda,
            "",
            "400",
        ),
        ("GET /?%", "", "", "400"),
        ("POST /", &logs, &deep, "400"),
        ("POST /", &logs, "{\"limit\": 1e400}", "400"),
        ("POST /", &logs, "{\"limit\": 1e300}", "400"),
        ("POST /", &logs, "{\"limit\": \"1\"}", "400"),
        ("POST /", &logs, "[]", "400"),
        ("POST /", &logs, "{", "400"),
        ("POST /", &form, "Action=%", "400"),
        ("POST /", &form, "", "400"),
        (
            "POST /",
            &form,
            "Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member.1.Key.x.y=1",
            "400",
        ),
        (
            "POST /",
            &form,
            "Action=ListRoles&Version=2010-05-08&MaxItems=99999999999",
            "400",
        ),
        ("POST /", &iam, "{}", "400"),
        ("PUT /", &form, "Action=Nonsense", "400"),
    ] {
        let answer = send(&twin, line, headers, body).await;
        let shown: String = body.chars().take(40).collect();
        assert_eq!(status(&answer), wanted, "{line} {shown}: {answer}");
    }
}

#[tokio::test]
async fn a_stop_waits_for_no_silent_client() {
    let folder = Folder::new();
    let twin = folder.start().await;
    // One has been answered and may ask again, one never says all of its request.
    let mut idle = connect(&twin).await;
    let ask = "GET /_local/health.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    idle.write_all(ask.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let mut silent = connect(&twin).await;
    let part = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab";
    silent.write_all(part.as_bytes()).await.unwrap();
    stop(twin).await;
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
}
